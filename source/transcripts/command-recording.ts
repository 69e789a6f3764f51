/** Records a remote command to a transcript. Loaded only to record one. */
import {setTimeout as delay} from 'node:timers/promises';
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {readSelfSubject} from '../cluster/self-review.ts';
import {toSpokeError} from '../errors/spoke-error.ts';
import type {Path} from '../evidence/evidence.ts';
import type {UpgradeAttempt, RemoteCommand} from '../streams/remote-command/open-remote-command.ts';
import {quoteForShell} from '../text/quote-for-shell.ts';
import {version} from '../version.ts';
import {type TranscriptHeader, transcriptFormat} from './transcript.ts';
import {ensureTranscriptKey} from './transcript-key.ts';
import {type RecordingEnd, type StreamName, TranscriptWriter} from './transcript-writer.ts';

export type RecordRequest = {
	file: string;
	/** Whether to record the input, too. */
	input: boolean;
};

/** `isRemote`: the command ended by itself, with this status. */
export type RunEnd = {exitStatus: number; isRemote: boolean; detached: boolean};

type RecordOptions = {env: NodeJS.ProcessEnv; warn: (notice: string) => void};

/** Creates the file, and the user's key if there is none. @throws SpokeError ERR_LOCAL_FILE */
export function startRecording(request: RecordRequest, options: RecordOptions): CommandRecording {
	return new CommandRecording(request, options);
}

/** How long the command waits for the apiserver to name its user. The same as for what decides a requirement. */
const selfReviewTimeoutMs = 10_000;

export class CommandRecording {
	/** Replaced while the terminal is lent. */
	warn: RecordOptions['warn'];
	readonly #request: RecordRequest;
	readonly #env: NodeJS.ProcessEnv;
	readonly #writer: TranscriptWriter;
	#user: Promise<TranscriptHeader['user']> = Promise.resolve(null);
	#isTerminal = false;
	#isAttach = false;

	constructor(request: RecordRequest, {env, warn}: RecordOptions) {
		this.#request = request;
		this.warn = warn;
		this.#env = env;
		const privateKey = ensureTranscriptKey(env);
		this.#writer = new TranscriptWriter(request.file, {
			privateKey,
			onFailure: error => {
				this.warn(`the recording stopped, and the command continues: cannot write ${request.file}: ${error.message}`);
			},
		});
		if (privateKey === null) {
			warn('the transcript is not signed: there is no home directory for a key');
		}
	}

	get file(): string {
		return this.#request.file;
	}

	get isInputRecorded(): boolean {
		return this.#request.input;
	}

	/** Why the transcript is not complete; `null` if all was written. */
	get failure(): Error | null {
		return this.#writer.failure;
	}

	/** Asks the apiserver for the user's name while the target is being resolved. */
	identify(cluster: ClusterClient, signal: AbortSignal): void {
		const {user} = cluster.facts;
		const named = user === null ? null : {name: user, from: 'kubeconfig' as const};
		this.#user = Promise.race([
			readSelfSubject(cluster, signal).then(
				subject => (subject === null ? named : {name: subject.user, from: 'apiserver' as const}),
				() => named,
			),
			delay(selfReviewTimeoutMs, named, {ref: false}),
		]);
	}

	async begin(
		cluster: ClusterClient,
		{target, command, stdin, tty, requirements}: Pick<TranscriptHeader, 'target' | 'command' | 'stdin' | 'tty' | 'requirements'>,
		{stdout}: {stdout: NodeJS.WriteStream},
	): Promise<void> {
		const {columns: width, rows: height} = stdout.isTTY && stdout.columns > 0 ? stdout : {columns: 80, rows: 24};
		const {TERM: terminal, SHELL: shell} = this.#env;
		const {context, server} = cluster.facts;
		this.#isTerminal = tty;
		this.#isAttach = command.length === 0;
		this.#writer.begin(
			{
				width,
				height,
				command: command.map(word => quoteForShell(word)).join(' '),
				env: {...(terminal !== undefined && {TERM: terminal}), ...(shell !== undefined && {SHELL: shell})},
			},
			{
				format: transcriptFormat,
				version,
				recordedAt: new Date().toISOString(),
				user: await this.#user,
				cluster: {context, server},
				target,
				command,
				stdin,
				tty,
				inputRecorded: this.#request.input,
				requirements,
			},
		);
	}

	readonly onPath = (path: Path): void => {
		if (this.#writer.hasBegun) {
			this.#writer.path(path);
		}
	};

	readonly onUpgradeAttempt = (attempt: UpgradeAttempt): void => {
		this.#writer.request({kind: 'TranscriptRequest', ...attempt});
	};

	/** `stdin`: the input of the command, unless the caller gives it to `onInput`. Returns a function that stops it. */
	follow(command: RemoteCommand, {stdin, stdout}: {stdin?: NodeJS.ReadStream; stdout: NodeJS.WriteStream}): () => void {
		const record = (stream: StreamName) => (chunk: Buffer) => {
			this.#writer.data(stream, chunk, {raw: this.#isTerminal});
		};

		const [onOutput, onError] = [record('stdout'), record('stderr')];
		command.stdout.on('data', onOutput);
		command.stderr?.on('data', onError);
		if (command.stdin) {
			stdin?.on('data', this.onInput);
		}

		const onResize = () => {
			this.#writer.resize(stdout);
		};

		if (this.#isTerminal) {
			stdout.on('resize', onResize);
		}

		return () => {
			command.stdout.off('data', onOutput);
			command.stderr?.off('data', onError);
			stdin?.off('data', this.onInput);
			stdout.off('resize', onResize);
		};
	}

	/** Records it only if the request says so. */
	readonly onInput = (chunk: Buffer): void => {
		if (this.#request.input) {
			this.#writer.data('stdin', chunk, {raw: this.#isTerminal});
		}
	};

	/** The end of an attach is that of the output: no runtime reports the status of the process on it. */
	end({exitStatus, isRemote, detached}: RunEnd): void {
		this.#end({
			how: detached ? 'detached' : !isRemote ? 'interrupted' : this.#isAttach ? 'output-ended' : 'exited',
			remoteExitStatus: isRemote && !this.#isAttach ? exitStatus : null,
			error: null,
		});
	}

	/** Without a file if nothing was recorded yet. */
	fail(thrown: unknown): void {
		const {code, message} = toSpokeError(thrown);
		this.#end({how: code === 'ERR_STREAM_LOST' ? 'stream-lost' : 'failed', remoteExitStatus: null, error: {code, message}});
	}

	/** Removes the file of a command that was not requested. */
	discard(): void {
		this.#writer.discard();
	}

	#end(end: RecordingEnd): void {
		if (this.#writer.hasBegun) {
			this.#writer.end(end, {inputRecorded: this.#request.input});
		} else {
			this.discard();
		}
	}
}
