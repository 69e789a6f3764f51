/** The tools `forward` and `stop_forward`, which exist only with `--allow-forward`. */
import {rejectOnAbort} from '../../async/abortable.ts';
import type {FlagSpec} from '../../command-line/flag-spec.ts';
import {parseCommandLine} from '../../command-line/parse-command-line.ts';
import {exitStatus} from '../../errors/exit-status.ts';
import {SpokeError, type ErrorObject} from '../../errors/spoke-error.ts';
import type {Path} from '../../evidence/evidence.ts';
import {parsePortSpec} from '../../streams/port-forward/port-spec.ts';
import type {BoundAddress} from '../../streams/port-forward/forward-event.ts';
import {portForwardSpec} from '../port-forward/spec.ts';
import {UnsettledPaths} from '../port-forward/path-events.ts';
import {streamInvocation, type McpCall, type McpTool} from './mcp-tool.ts';

/** Each holds a port and a tunnel. */
const maxForwards = 8;

const portFlag = {
	name: 'port',
	kind: 'string',
	value: '[LOCAL:]REMOTE',
	help: 'port number or name in the pod or service; :REMOTE picks a free local port, LOCAL:REMOTE sets it',
} as const satisfies FlagSpec;

const localPortFlag = {
	name: 'local-port',
	kind: 'integer',
	value: 'PORT',
	help: 'local port of the forward',
} as const satisfies FlagSpec;

const forwardFlags = [...portForwardSpec.flags, portFlag] as const;

/** The forwards of one `spoke mcp`, which end with it. */
export class McpForwards {
	readonly tools: readonly McpTool[];
	readonly #forwards = new Set<McpForward>();

	constructor() {
		this.tools = [
			{
				name: 'forward',
				title: 'Forward of a local port',
				about:
					'Opens a local port on loopback (127.0.0.1 and ::1) that leads to a port of a pod, service or workload. It stays open until stop_forward or the end of spoke mcp. The results are PortForwardEvent objects: ready has the local addresses.',
				target: 'required',
				parameters: [portFlag],
				required: ['port'],
				place: 'namespace',
				isReadOnly: false,
				run: async call => this.#start(call),
			},
			{
				name: 'stop_forward',
				title: 'End of a forward',
				about: 'Closes the local port of a forward and its connections.',
				target: 'none',
				parameters: [localPortFlag],
				required: ['local-port'],
				place: 'none',
				isReadOnly: false,
				run: async call => this.#stop(call),
			},
		];
	}

	/** Ends all forwards. */
	async close(): Promise<void> {
		await Promise.all([...this.#forwards].map(async forward => forward.stop()));
	}

	async #start(call: McpCall): Promise<number> {
		const invocation = streamInvocation(forwardFlags, call, ['--output=json', '--address=localhost']);
		const port = invocation.flags.port!;
		parsePortSpec(port);
		const {command} = await import('../port-forward/run.ts');
		this.#assertRoom();
		const forward = new McpForward(
			async (stdout, interrupted) =>
				command.run({...invocation, positionals: [call.target!, port], stdout: stdout as unknown as NodeJS.WriteStream, interrupted}),
			call,
		);
		this.#forwards.add(forward);
		try {
			await forward.ready(call.interrupted);
			return exitStatus.ok;
		} catch (error) {
			this.#forwards.delete(forward);
			await forward.stop();
			throw error;
		}
	}

	/** Forgets those that have ended: until now, stop_forward could say why. */
	#assertRoom(): void {
		for (const forward of this.#forwards) {
			if (forward.hasEnded) {
				this.#forwards.delete(forward);
			}
		}

		if (this.#forwards.size >= maxForwards) {
			throw new SpokeError('ERR_USAGE', `${maxForwards} forwards are open, at the local ports ${this.#localPorts}`, {
				remedy: 'end one with stop_forward',
			});
		}
	}

	get #localPorts(): string {
		return [...this.#forwards].map(({localPort}) => localPort ?? 'not open yet').join(', ') || 'none';
	}

	async #stop({argv, stdout}: McpCall): Promise<number> {
		const port = parseCommandLine([localPortFlag], argv).flags['local-port']!;
		const forward = [...this.#forwards].find(({localPort}) => localPort === port);
		if (forward === undefined) {
			throw new SpokeError('ERR_NOT_FOUND', `no forward has the local port ${port}`, {
				leg: 0,
				remedy: `local ports of forwards: ${this.#localPorts}`,
			});
		}

		this.#forwards.delete(forward);
		stdout.write(await forward.stop());
		return exitStatus.ok;
	}
}

type PrintedEvent =
	| {event: 'ready'; listen: readonly BoundAddress[]}
	| {event: 'path'; forward: string; path: Path}
	| {event: 'all-ready'}
	| {event: 'ended'; error: ErrorObject | null};

type EventOutput = {write(line: string): boolean};

class McpForward {
	localPort: number | null = null;
	hasEnded = false;
	readonly #stopping = new AbortController();
	readonly #paths = new UnsettledPaths();
	readonly #ready = Promise.withResolvers<void>();
	readonly #running: Promise<number>;
	/** Gets the events until it is ready. */
	#starting: Pick<McpCall, 'stdout' | 'onPath'> | null;
	#last = '';

	constructor(run: (stdout: EventOutput, interrupted: AbortSignal) => Promise<number>, starting: Pick<McpCall, 'stdout' | 'onPath'>) {
		this.#starting = starting;
		this.#ready.promise.catch(() => undefined);
		const stdout: EventOutput = {
			write: line => {
				this.#print(line);
				return true;
			},
		};
		this.#running = run(stdout, this.#stopping.signal);
		this.#running.then(
			() => {
				this.#end(new SpokeError('ERR_STREAM_LOST', 'the forward ended before it was ready'));
			},
			(error: unknown) => {
				this.#end(error);
			},
		);
	}

	/** Resolves when the local port is open and its path is known. @throws SpokeError of the forward, or the reason of `interrupted` */
	async ready(interrupted: AbortSignal): Promise<void> {
		try {
			await rejectOnAbort(async () => {
				await this.#ready.promise;
				await this.#paths.settled();
			}, interrupted);
		} finally {
			this.#starting = null;
		}
	}

	/** Resolves to its last event, as a line. */
	async stop(): Promise<string> {
		this.#stopping.abort('SIGINT');
		await this.#running.catch(() => undefined);
		return this.#last;
	}

	#print(line: string): void {
		const event = JSON.parse(line) as PrintedEvent;
		switch (event.event) {
			case 'ready': {
				this.localPort = event.listen[0]?.port ?? null;
				break;
			}

			case 'path': {
				this.#paths.update(event.forward, event.path);
				this.#starting?.onPath(event.path);
				return;
			}

			case 'all-ready': {
				this.#ready.resolve();
				break;
			}

			case 'ended': {
				this.#last = line;
				if (event.error !== null) {
					this.#ready.reject(errorOf(event.error));
				}

				return;
			}

			default: {
				return;
			}
		}

		this.#starting?.stdout.write(line);
	}

	#end(error: unknown): void {
		this.hasEnded = true;
		this.#ready.reject(error);
	}
}

function errorOf({code, message, ...options}: ErrorObject): SpokeError {
	return new SpokeError(code, message, options);
}
