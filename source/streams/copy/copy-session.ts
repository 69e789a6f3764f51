/** One run of the copy program in a container. */
import type {Writable} from 'node:stream';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import type {ConnectionObserver, ResolvedTarget} from '../connection-observer.ts';
import {objectPath, podResource} from '../../targets/resource-names.ts';
import type {PodObject} from '../../targets/pod-object.ts';
import {isShellMissing} from '../remote-command/is-shell-missing.ts';
import {openRemoteCommand, type RemoteCommand} from '../remote-command/open-remote-command.ts';
import {ByteReader, EndOfBytes, TooLong} from './byte-reader.ts';
import type {CopyDirection, CopyListener} from './copy-events.ts';
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
	/** As in `RetryOptions`. */
	retries: number;
	listener: CopyListener;
	/** Called before local files are replaced, with their paths. Aborting the signal keeps them. */
	beforeReplacing?(paths: readonly string[]): Promise<void>;
};

const maxStderrBytes = 4096;

/** Above it is 128 and the number of a signal. */
const maxOwnStatus = 128;

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
			assertGreeting(String(await session.line()));
			return session;
		} catch (error) {
			session.close();
			throw error;
		}
	}

	/** A signal ended the program, as when its pod is deleted or its container restarts. */
	wasKilled = false;
	readonly #command: RemoteCommand;
	readonly #stdin: Writable;
	readonly #reader: ByteReader;
	readonly #signal: AbortSignal;
	readonly #abort = () => {
		this.#command.close();
	};
	#stderr = '';
	#sending: Promise<void> = Promise.resolve();
	#sendError: unknown;

	private constructor(command: RemoteCommand, {signal}: CopySessionOptions) {
		this.#command = command;
		this.#stdin = command.stdin!;
		this.#signal = signal;
		this.#stdin.on('error', () => undefined);
		this.#reader = new ByteReader(command.stdout);
		command.stderr!.on('data', (chunk: Buffer) => {
			this.#stderr = (this.#stderr + chunk.toString()).slice(0, maxStderrBytes);
		});
		signal.addEventListener('abort', this.#abort, {once: true});
	}

	/** Sent while the responses are read. A request can be followed by bytes. */
	send(requests: Iterable<Buffer> | AsyncIterable<Buffer>): void {
		this.#sending = this.#sending.then(async () => this.#write(requests));
		this.#sending.catch((error: unknown) => {
			this.#sendError ??= error;
			this.#command.close();
		});
	}

	/** Then the program ends, so that nobody waits forever for the bytes of a file that is shorter than its size. */
	sendLast(requests: Iterable<Buffer> | AsyncIterable<Buffer>): void {
		this.send(withEnd(requests));
	}

	/** @throws SpokeError */
	async line(): Promise<Buffer> {
		return this.#read(async () => this.#reader.line());
	}

	/** @throws SpokeError */
	async name(): Promise<Buffer> {
		return this.#read(async () => this.#reader.name());
	}

	/** @throws SpokeError ERR_PROTOCOL for another line */
	async expect(expected: string): Promise<void> {
		const line = await this.line();
		if (line.toString('latin1') !== expected) {
			throw unexpected(line);
		}
	}

	/** @throws SpokeError */
	async *bytes(count: number): AsyncGenerator<Buffer> {
		try {
			yield* this.#reader.bytes(count);
		} catch (error) {
			throw await this.#failure(error);
		}
	}

	close(): void {
		this.#signal.removeEventListener('abort', this.#abort);
		this.#command.close();
	}

	async #write(requests: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<void> {
		for await (const bytes of requests) {
			if (!this.#stdin.writable) {
				return;
			}

			if (!this.#stdin.write(bytes) && !this.#stdin.destroyed) {
				await drained(this.#stdin);
			}
		}
	}

	async #read<Value>(read: () => Promise<Value>): Promise<Value> {
		try {
			return await read();
		} catch (error) {
			throw await this.#failure(error);
		}
	}

	/** Why the output ended: the failure of the stream, of the container, or of the program. */
	async #failure(error: unknown): Promise<Error> {
		this.#signal.throwIfAborted();
		if (this.#sendError !== undefined) {
			return this.#sendError as Error;
		}

		if (error instanceof TooLong) {
			return new SpokeError('ERR_PROTOCOL', 'the copy program in the container sent a line that is too long', {leg: 3});
		}

		if (!(error instanceof EndOfBytes)) {
			return error as Error;
		}

		try {
			const status = await this.#command.outcome;
			this.wasKilled = Number(status) > maxOwnStatus;
			return new SpokeError('ERR_COPY_INCOMPLETE', `the copy program in the container ended early, with status ${status}`, {
				text: this.#stderr === '' ? null : this.#stderr,
			});
		} catch (thrown) {
			const lost = thrown as SpokeError;
			return isShellMissing(lost) ? lost.withChanges({remedy: `the image has no sh: ${otherImageRemedy}`}) : lost;
		}
	}
}

/** Also resolves when the stream is closed. */
async function drained(stream: Writable): Promise<void> {
	const {promise, resolve} = Promise.withResolvers<void>();
	const go = () => {
		resolve();
	};

	stream.once('drain', go).once('close', go);
	await promise;
	stream.off('drain', go).off('close', go);
}

async function* withEnd(requests: Iterable<Buffer> | AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
	yield* requests;
	yield requestLine('end');
}

export function requestLine(text: string): Buffer {
	return Buffer.from(`${text}\n`);
}

const otherImageRemedy = 'pass --debug-image=busybox to add a debug container to the pod and copy through it';

/** Whether a debug container can copy what this image cannot. */
export function needsDebugContainer(error: SpokeError): boolean {
	return isShellMissing(error) || error.remedy === otherImageRemedy;
}

function assertGreeting(greeting: string): void {
	const lacks = /^spoke-cp 1(?: ([\w =]+))?$/.exec(greeting);
	if (lacks?.[1] !== undefined) {
		throw new SpokeError('ERR_COPY_INCOMPLETE', `the image has no ${lacks[1].replaceAll(/ (?!with|iflag)/g, ', ')}`, {
			remedy: otherImageRemedy,
		});
	}

	if (!lacks) {
		throw greetingErrors.get(greeting)?.() ?? unexpected(Buffer.from(greeting));
	}
}

/** Of the program in a debug container. */
const greetingErrors = new Map<string, () => SpokeError>([
	[
		'spoke-cp unseen',
		() =>
			new SpokeError(
				'ERR_COPY_INCOMPLETE',
				'the debug container sees no process of the container: the container restarted, or its runtime does not share processes',
			),
	],
	[
		'spoke-cp denied',
		() =>
			new SpokeError('ERR_COPY_INCOMPLETE', 'the debug container is not allowed to read the files of the container', {
				remedy: 'pass --debug-profile=sysadmin, if the namespace admits privileged containers',
			}),
	],
]);

export function unexpected(line: Buffer): SpokeError {
	return new SpokeError('ERR_PROTOCOL', 'the copy program in the container sent an unexpected line', {
		text: line.subarray(0, 200).toString(),
		leg: 3,
	});
}

/** The sessions of one copy, all in the same pod. */
export class CopySessions {
	readonly #options: CopySessionOptions;
	readonly #direction: CopyDirection;
	#isFirst = true;

	constructor(options: CopySessionOptions, direction: CopyDirection) {
		this.#options = options;
		this.#direction = direction;
	}

	/** @throws SpokeError as `CopySession.open`; ERR_TARGET_GONE if another pod has the name now */
	async open(signal = this.#options.signal): Promise<CopySession> {
		const options = {...this.#options, signal};
		if (!this.#isFirst) {
			await assertSamePod(options);
		}

		this.#isFirst = false;
		return CopySession.open(options, this.#direction);
	}
}

/** A stateful set gives a new pod the name of the old one, and other files. */
async function assertSamePod({cluster, target: {namespace, name, uid}, signal}: CopySessionOptions): Promise<void> {
	const pod = await cluster.json<PodObject>({path: objectPath(podResource, namespace ?? 'default', name), signal});
	if (uid !== null && pod.metadata.uid !== uid) {
		throw new SpokeError('ERR_TARGET_GONE', `pod ${name} was replaced while it was copied`, {remedy: 'start the copy again'});
	}
}
