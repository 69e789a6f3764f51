/** One run of the copy program in a container. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import type {ConnectionObserver} from '../connection-observer.ts';
import type {ResolvedTarget} from '../../cluster/targets/parse-target.ts';
import {isShellMissing} from '../remote-command/command-channels.ts';
import {openRemoteCommand, type RemoteCommand} from '../remote-command/open-remote-command.ts';
import type {CopyDirection, CopyListener} from './copy-passes.ts';
import {copyCommand} from './copy-program.ts';

export type CopySessionOptions = {
	cluster: ClusterClient;
	/** With the container that the copy program runs in. */
	target: ResolvedTarget;
	/** If that is a debug container: the id of the container whose files are copied. Otherwise `null`. */
	containerId: string | null;
	observer?: ConnectionObserver | undefined;
	signal: AbortSignal;
	environment: NodeJS.ProcessEnv;
};

/** What a copy needs, in both directions. */
export type CopyOptions = CopySessionOptions & {
	/** A relative path in the container is relative to its working directory. */
	source: string;
	destination: string;
	/** Modes and times of the source. */
	preserve: boolean;
	/** Losses in a row without a file that is done before the copy fails. Negative: no limit. */
	retries: number;
	listener: CopyListener;
	/** Called before local files are replaced, with their paths. Aborting the signal keeps them. */
	beforeReplacing?(paths: readonly string[]): Promise<void>;
};

const maxLineBytes = 64 * 1024;

/**
The letter of an access and a path, or the target of a link. PATH_MAX of Linux is 4096 with the NUL, and is that of the whole path below the
source: the copy program asks the kernel for it, which finds no longer one. A link cannot have a longer target.
*/
const maxNameBytes = 4096;

const maxStderrBytes = 4096;

type SessionCommand = Pick<RemoteCommand, 'stdin' | 'stdout' | 'stderr' | 'outcome' | 'close'>;

export class CopySession {
	/** @throws SpokeError as `openRemoteCommand`; one that `needsDebugContainer` if the image lacks a shell or a program */
	static async open(options: CopySessionOptions, direction: CopyDirection): Promise<CopySession> {
		const {cluster, target, containerId, observer, signal, environment} = options;
		const command = await openRemoteCommand(
			cluster,
			{feature: 'exec', target, command: copyCommand(containerId, direction), stdin: true, tty: false},
			{signal, environment, ...(observer && {observer})},
		);
		const session = new CopySession(command, options);
		try {
			const greeting = await session.line();
			if (greeting !== 'spoke-cp 1') {
				throw greetingError(greeting);
			}

			return session;
		} catch (error) {
			session.close();
			throw error;
		}
	}

	/** By a signal: its status is then 128 and more, as when the pod is deleted or the container restarts. */
	wasKilled = false;
	readonly #command: SessionCommand;
	readonly #chunks: AsyncIterator<Buffer>;
	readonly #signal: AbortSignal;
	readonly #abort = () => {
		this.#command.close();
	};
	#rest: Buffer = Buffer.alloc(0);
	#stderr = '';
	#sending: Promise<void> = Promise.resolve();
	#sendError: unknown;

	constructor(command: SessionCommand, {signal}: Pick<CopySessionOptions, 'signal'>) {
		this.#command = command;
		this.#signal = signal;
		command.stdin!.on('error', () => undefined);
		this.#chunks = command.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
		command.stderr!.on('data', (chunk: Buffer) => {
			this.#stderr = (this.#stderr + chunk.toString()).slice(0, maxStderrBytes);
		});
		signal.addEventListener('abort', this.#abort, {once: true});
	}

	request(text: string): void {
		this.send([requestLine(text)]);
	}

	/** Sent while the responses are read. A request can be followed by bytes. */
	send(requests: Iterable<Buffer> | AsyncIterable<Buffer>): void {
		this.#sending = this.#sending.then(async () => this.#write(requests));
		this.#sending.catch((error: unknown) => {
			this.#sendError ??= error;
			this.#command.close();
		});
	}

	/** Without the line feed, with one character per byte. @throws SpokeError */
	async line(): Promise<string> {
		return this.#until(0x0a, maxLineBytes);
	}

	/** Up to a NUL, which no file name contains, as `line`. @throws SpokeError */
	async name(): Promise<string> {
		return this.#until(0, maxNameBytes);
	}

	/** @throws SpokeError ERR_PROTOCOL for another line */
	async expect(expected: string): Promise<void> {
		const line = await this.line();
		if (line !== expected) {
			throw unexpected(line);
		}
	}

	/** Exactly `count` bytes, as they arrive. @throws SpokeError */
	async *bytes(count: number): AsyncGenerator<Buffer> {
		for (let missing = count; missing > 0;) {
			const taken = (await this.#next()).subarray(0, missing);
			this.#rest = this.#rest.subarray(taken.length);
			missing -= taken.length;
			yield taken;
		}
	}

	close(): void {
		this.#signal.removeEventListener('abort', this.#abort);
		this.#command.close();
	}

	async #write(requests: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<void> {
		const stdin = this.#command.stdin!;
		for await (const bytes of requests) {
			if (!stdin.writable) {
				return;
			}

			// Called for a stream that is closed, too.
			const {promise: flushed, resolve} = Promise.withResolvers<unknown>();
			if (!stdin.write(bytes, resolve)) {
				await flushed;
			}
		}
	}

	async #until(delimiter: number, maxBytes: number): Promise<string> {
		const pieces: Buffer[] = [];
		let length = 0;
		for (let end = -1; end < 0;) {
			const chunk = await this.#next();
			end = chunk.indexOf(delimiter);
			const piece = end < 0 ? chunk : chunk.subarray(0, end);
			this.#rest = chunk.subarray(piece.length + 1);
			length += piece.length;
			if (length > maxBytes) {
				throw new SpokeError('ERR_PROTOCOL', 'the copy program in the container sent a line that is too long', {leg: 3});
			}

			pieces.push(piece);
		}

		return Buffer.concat(pieces).toString('latin1');
	}

	/** What has arrived and is not read yet; never empty. */
	async #next(): Promise<Buffer> {
		while (this.#rest.length === 0) {
			const result = await this.#chunks.next().catch((error: unknown) => {
				this.#signal.throwIfAborted();
				throw error;
			});
			if (result.done) {
				throw await this.#failure();
			}

			this.#rest = result.value;
		}

		return this.#rest;
	}

	/** Why the output ended: the failure of the stream, of the container, or of the program. */
	async #failure(): Promise<unknown> {
		this.#signal.throwIfAborted();
		if (this.#sendError !== undefined) {
			return this.#sendError;
		}

		try {
			const status = await this.#command.outcome;
			this.wasKilled = Number(status) > 128;
			return new SpokeError('ERR_COPY_INCOMPLETE', `the copy program in the container ended early, with status ${status}`, {
				text: this.#stderr === '' ? null : this.#stderr,
			});
		} catch (thrown) {
			const lost = thrown as SpokeError;
			return isShellMissing(lost) ? lost.withChanges({remedy: `the image has no sh: ${otherImageRemedy}`}) : lost;
		}
	}
}

export function requestLine(text: string): Buffer {
	return Buffer.from(`${text}\n`);
}

const otherImageRemedy = 'pass --debug-image=busybox to add a debug container to the pod and copy through it';

/** Whether a debug container can copy what this image cannot. */
export function needsDebugContainer(error: SpokeError): boolean {
	return isShellMissing(error) || error.remedy === otherImageRemedy;
}

function greetingError(greeting: string): SpokeError {
	const lacks = /^spoke-cp 1 ([\w =]+)$/.exec(greeting)?.[1];
	if (lacks !== undefined) {
		return new SpokeError('ERR_COPY_INCOMPLETE', `the image has no ${lacks.replaceAll(/ (?!with|iflag)/g, ', ')}`, {
			remedy: otherImageRemedy,
		});
	}

	const [problem, remedy] = debugContainerProblems.get(greeting) ?? [];
	return problem === undefined
		? unexpected(greeting)
		: new SpokeError('ERR_COPY_INCOMPLETE', `the debug container ${problem}`, {remedy: remedy ?? null});
}

const debugContainerProblems = new Map([
	['spoke-cp unseen', ['sees no process of the container: the container restarted, or its runtime does not share processes']],
	[
		'spoke-cp denied',
		['is not allowed to read the files of the container', 'pass --debug-profile=sysadmin, if the namespace admits privileged containers'],
	],
]);

export function unexpected(line: string): SpokeError {
	return new SpokeError('ERR_PROTOCOL', 'the copy program in the container sent an unexpected line', {
		text: line.slice(0, 200),
		leg: 3,
	});
}
