/** Recordings of the shells of a session. */
import {join} from 'node:path';
import {prepareDirectory} from '../../base/command-line/private-files.ts';
import {errorTable} from '../../base/errors/error-table.ts';
import {SpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import type {Labeler} from '../../evidence/connection-labeler.ts';
import {type PathReporter, reportLabels} from '../../report/output/path-reporter.ts';
import type {ConnectionObserver} from '../../streams/connection-observer.ts';
import type {CommandRecording} from '../../streams/remote-command/command-recording.ts';
import type {CommandRequest, RemoteCommand} from '../../streams/remote-command/open-remote-command.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
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
	const {CommandRecording} = await import('../../streams/remote-command/command-recording.ts');
	try {
		prepareDirectory(recording.directory);
		const warn = (notice: string) => {
			session.showMessage(notice, 'warn');
		};

		return new ShellRecording(session, cluster, new CommandRecording(request, {warn}));
	} catch (thrown) {
		const {code, message, remedy} = toSpokeError(thrown);
		const own = remedy === errorTable[code].remedy ? '' : `${remedy}; `;
		throw new SpokeError(code, message, {
			remedy: `${own}\`:record DIR\` names another directory, and \`:record off\` stops recording`,
			cause: thrown,
		});
	}
}

/** The recording of one shell or attach. */
export class ShellRecording {
	readonly #session: Session;
	readonly #recording: CommandRecording;
	readonly #paths: PathReporter & {observer: ConnectionObserver};

	constructor(session: Session, cluster: OpenCluster, recording: CommandRecording) {
		this.#session = session;
		this.#recording = recording;
		this.#paths = reportLabels(createStreamLabeler(cluster.labeler), 'never', () => {}, {onPath: recording.onPath});
	}

	/** Labels the connections of this shell, in the session and in the recording. */
	get observer(): ConnectionObserver {
		return this.#paths.observer;
	}

	get onInput(): CommandRecording['onInput'] {
		return this.#recording.onInput;
	}

	/** Returns a function that stops it. The caller gives the input to `onInput`. */
	follow(command: RemoteCommand, request: CommandRequest): () => void {
		return this.#recording.follow(command, request, {stdout: this.#session.terminal.stdout});
	}

	/** Removes the file if nothing ran. */
	async end(): Promise<void> {
		await this.#paths.finished(this.#session.closing.aborted || !this.#recording.hasBegun ? {timeoutMs: 0} : {});
		this.#recording.end();
	}

	describeStart(): string {
		return `${this.#recording.isInputRecorded ? 'Output and input are' : 'Output is'} recorded in ${sanitizeLine(this.#recording.file)}`;
	}

	describeEnd(): string {
		return `Recording${this.#recording.failure === null ? '' : ', incomplete'}: ${sanitizeLine(this.#recording.file)}`;
	}

	reportEnd(): void {
		if (this.#recording.hasBegun) {
			this.#session.showMessage(this.describeEnd(), this.#recording.failure === null ? 'plain' : 'warn');
		}
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
