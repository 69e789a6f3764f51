/** Records a remote command to a transcript. Loaded only for `--record`. */
import {setTimeout as delay} from 'node:timers/promises';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {readSelfSubject} from '../../cluster/self-review.ts';
import {exitStatus} from '../../errors/exit-status.ts';
import {SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import type {Path} from '../../evidence/evidence.ts';
import type {UpgradeAttempt, RemoteCommand} from '../../streams/remote-command/open-remote-command.ts';
import {quoteForShell} from '../../text/quote-for-shell.ts';
import {type TranscriptHeader, transcriptFormat} from '../../transcripts/transcript.ts';
import {ensureTranscriptKey} from '../../transcripts/transcript-key.ts';
import {type RecordingEnd, type StreamName, TranscriptWriter} from '../../transcripts/transcript-writer.ts';
import {version} from '../../version.ts';
import type {Invocation} from '../command.ts';
import type {RecordRequest} from './record-flags.ts';
import type {RunEnd} from './run-recorded.ts';

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
	#stopFollowing = (): void => {};

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

	/** Ends the recording with what `run` ends with. @throws SpokeError of `run`, or ERR_LOCAL_FILE if the transcript is not complete */
	async during(run: () => Promise<RunEnd>): Promise<RunEnd> {
		let end: RunEnd;
		try {
			end = await run();
		} catch (thrown) {
			const {code, message} = toSpokeError(thrown);
			this.#end({how: code === 'ERR_STREAM_LOST' ? 'stream-lost' : 'failed', remoteExitStatus: null, error: {code, message}});
			throw thrown;
		}

		this.#end({how: this.#howEnded(end), remoteExitStatus: end.isRemote && !this.#isAttach ? end.exitStatus : null, error: null});
		const {failure} = this.#writer;
		if (failure !== null) {
			throw new SpokeError(
				'ERR_LOCAL_FILE',
				`the transcript ${this.#request.file} is incomplete: ${failure.message}; the command ended with status ${end.exitStatus}`,
				{exitStatus: exitStatus.execOwnFailure, cause: failure},
			);
		}

		return end;
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
		{stdout}: Pick<Invocation, 'stdout'>,
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

	follow(command: RemoteCommand, {stdin, stdout}: Pick<Invocation, 'stdin' | 'stdout'>): void {
		const record = (stream: StreamName) => (chunk: Buffer) => {
			this.#writer.data(stream, chunk, {raw: this.#isTerminal});
		};

		command.stdout.on('data', record('stdout'));
		command.stderr?.on('data', record('stderr'));
		const onInput = record('stdin');
		if (command.stdin && this.#request.input) {
			stdin.on('data', onInput);
		}

		const onResize = () => {
			this.#writer.resize(stdout);
		};

		if (this.#isTerminal) {
			stdout.on('resize', onResize);
		}

		this.#stopFollowing = () => {
			stdout.off('resize', onResize);
			stdin.off('data', onInput);
		};
	}

	/** The end of an attach is that of the output: no runtime reports the status of the process on it. */
	#howEnded({isRemote, detached}: RunEnd): RecordingEnd['how'] {
		return detached ? 'detached' : !isRemote ? 'interrupted' : this.#isAttach ? 'output-ended' : 'exited';
	}

	#end(end: RecordingEnd): void {
		this.#stopFollowing();
		if (this.#writer.hasBegun) {
			this.#writer.end(end, {inputRecorded: this.#request.input});
		} else {
			this.#writer.discard();
		}
	}
}
