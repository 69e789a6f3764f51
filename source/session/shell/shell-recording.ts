/** Transcripts of the shells of a session. */
import {join} from 'node:path';
import {prepareDirectory} from '../../command-line/private-files.ts';
import {errorTable} from '../../errors/error-table.ts';
import {SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import type {Labeler} from '../../evidence/connection-labeler.ts';
import {requirementsOn} from '../../evidence/require-connection.ts';
import {type PathReporter, reportLabels} from '../../output/path-reporter.ts';
import type {ConnectionObserver, ResolvedTarget} from '../../streams/connection-observer.ts';
import type {RemoteCommand} from '../../streams/remote-command/open-remote-command.ts';
import type {CommandRecording} from '../../transcripts/command-recording.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import type {OpenCluster, Session} from '../frame/session.ts';
import type {RecordingSettings} from '../frame/session-state.ts';
import {toFileName, expandHome} from '../frame/save-as.ts';
import type {ShellTarget} from './debug-container-form.ts';

/** `:record DIR [--record-input]` or `:record off`. @throws SpokeError ERR_LOCAL_FILE */
export function recordTyped(session: Session, {typed, input}: {typed: string; input: boolean}): void {
	const {recording} = session.store.state;
	if (typed === 'off') {
		session.store.dispatchNow({type: 'recording', recording: null});
		session.showMessage(recording === null ? 'no shell is recorded' : 'later shells are not recorded');
	} else if (typed !== '') {
		const directory = expandHome(typed, session.env);
		prepareDirectory(directory);
		recordShells(session, {directory, input});
	} else if (recording === null) {
		session.showMessage('type :record DIR', 'warn');
	} else {
		session.showMessage(describeSettings(recording));
	}
}

/** Of every later shell, attach and debug container, on every cluster. */
export function recordShells(session: Session, recording: RecordingSettings): void {
	session.store.dispatchNow({type: 'recording', recording});
	session.showMessage(describeSettings(recording));
}

function describeSettings({directory, input}: RecordingSettings): string {
	const place = sanitizeLine(directory);
	return input ? `later shells and what you type are recorded in ${place}` : `later shells are recorded in ${place}, without what you type`;
}

/**
Creates the file, before anything happens in the cluster.
@returns `null` if the session does not record
@throws SpokeError ERR_LOCAL_FILE
*/
export async function startShellRecording(session: Session, {cluster, pod, container}: ShellTarget): Promise<ShellRecording | null> {
	const {recording} = session.store.state;
	if (recording === null) {
		return null;
	}

	const {name, namespace = cluster.access.facts.namespace} = pod.metadata;
	const words = `${new Date().toISOString().replaceAll(':', '')}-${namespace}-${name}-${container}`;
	const request = {file: join(recording.directory, `${toFileName(words, 'shell')}.cast`), input: recording.input};
	const {startRecording} = await import('../../transcripts/command-recording.ts');
	try {
		prepareDirectory(recording.directory);
		const warn = (notice: string) => {
			session.showMessage(notice, 'warn');
		};

		return new ShellRecording(session, cluster, startRecording(request, {env: session.env, warn}));
	} catch (thrown) {
		const {code, message, remedy} = toSpokeError(thrown);
		const own = remedy === errorTable[code].remedy ? '' : `${remedy}; `;
		throw new SpokeError(code, message, {
			remedy: `${own}\`:record DIR\` names another directory, and \`:record off\` stops recording`,
			cause: thrown,
		});
	}
}

/** As `RemoteCommand` ends, or `detached` by keys of spoke. */
export type ShellOutcome = number | 'closed' | 'detached';

type CommandRequest = {target: ResolvedTarget; command: readonly string[]; stdin: boolean; tty: boolean};

/** The transcript of one shell or attach. */
export class ShellRecording {
	readonly #session: Session;
	readonly #cluster: OpenCluster;
	readonly #recording: CommandRecording;
	readonly #paths: PathReporter & {observer: ConnectionObserver};

	constructor(session: Session, cluster: OpenCluster, recording: CommandRecording) {
		this.#session = session;
		this.#cluster = cluster;
		this.#recording = recording;
		this.#paths = reportLabels(createStreamLabeler(cluster.labeler), 'never', () => {}, recording.onPath);
	}

	/** Labels the connections of this shell, in the session and in the transcript. */
	get observer(): ConnectionObserver {
		return this.#paths.observer;
	}

	get onUpgradeAttempt(): CommandRecording['onUpgradeAttempt'] {
		return this.#recording.onUpgradeAttempt;
	}

	get onInput(): CommandRecording['onInput'] {
		return this.#recording.onInput;
	}

	/** Begins the transcript, and ends it if `open` fails or the user cancels it. */
	async open(request: CommandRequest, signal: AbortSignal, open: () => Promise<RemoteCommand>): Promise<RemoteCommand> {
		const {access} = this.#cluster;
		this.#recording.identify(access, signal);
		await this.#recording.begin(access, {...request, requirements: requirementsOn(access)}, this.#session.terminal);
		try {
			return await open();
		} catch (thrown) {
			await this.end(signal.aborted ? Promise.resolve('closed') : Promise.reject(toSpokeError(thrown)));
			throw thrown;
		}
	}

	/** Returns a function that stops it. The caller gives the input to `onInput`. */
	follow(command: RemoteCommand): () => void {
		return this.#recording.follow(command, {stdout: this.#session.terminal.stdout});
	}

	/** Ends the transcript. */
	async end(outcome: Promise<ShellOutcome>): Promise<void> {
		const [ended] = await Promise.allSettled([outcome]);
		const {aborted: isClosing} = this.#session.closing;
		await this.#paths.finished(isClosing ? {timeoutMs: 0} : {});
		if (ended.status === 'rejected') {
			this.#recording.fail(ended.reason);
		} else {
			const {value} = ended;
			const isRemote = typeof value === 'number';
			this.#recording.end({exitStatus: isRemote ? value : 0, isRemote, detached: value === 'detached' && !isClosing});
		}
	}

	discard(): void {
		void this.#paths.finished({timeoutMs: 0});
		this.#recording.discard();
	}

	describeStart(): string {
		if (this.#recording.failure !== null) {
			return this.describeEnd();
		}

		return `${this.#recording.isInputRecorded ? 'Output and input are' : 'Output is'} recorded in ${sanitizeLine(this.#recording.file)}`;
	}

	describeEnd(): string {
		return `Transcript${this.#recording.failure === null ? '' : ', incomplete'}: ${sanitizeLine(this.#recording.file)}`;
	}

	reportEnd(): void {
		this.#session.showMessage(this.describeEnd(), this.#recording.failure === null ? 'plain' : 'warn');
	}
}

/** A labeler for `reportLabels` that has only the labels of one stream. Closing it does not close the cluster’s labeler. */
export function createStreamLabeler(labeler: Labeler): Labeler {
	const {labels, observer} = labeler;
	const connections = new Set<string>();
	return {
		labels,
		observer: {
			...observer,
			async beforeUse(connection, purpose) {
				connections.add(connection.id);
				await observer.beforeUse?.(connection, purpose);
			},
			// If `beforeUse` times out, the stream opens on a new connection, for which `beforeUse` is not called.
			onOpened(connection, purpose, about) {
				connections.add(connection.id);
				observer.onOpened?.(connection, purpose, about);
			},
			onFailed(connection, purpose, error) {
				if (connection) {
					connections.add(connection.id);
				}

				observer.onFailed?.(connection, purpose, error);
			},
		},
		onLabel: listener =>
			labeler.onLabel((id, label) => {
				if (connections.has(id)) {
					listener(id, label);
				}
			}),
		close() {},
	};
}
