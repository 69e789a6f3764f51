/** Reports the paths of a one-shot on stderr, as lines or objects. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import type {Path} from '../evidence/evidence.ts';
import {labelTimings} from '../evidence/label-timings.ts';
import {isChecking} from '../evidence/path-line.ts';
import {createLabeler, type Label, type Labeler} from '../evidence/connection-labeler.ts';
import type {ConnectionObserver} from '../streams/connection-observer.ts';
import {sanitizeLine} from '../text/sanitize.ts';
import {jsonLine} from './json-line.ts';
import type {TextStream} from './notice-line.ts';

export type PathMode = 'auto' | 'always' | 'never' | 'json';

export type PathReporter = {
	/** `undefined` if no path is reported, so that nothing is read for it either. */
	observer: ConnectionObserver | undefined;
	/** Waits for paths that `always` and `json` have not reported, by default at most 2 s. */
	finished(options?: {timeoutMs?: number}): Promise<void>;
};

/**
`auto` reports only on a terminal: leg 1 at once, leg 2 when known, without waiting. `always` and `json` report each connection when its
label settles. All report again if an open connection's label changes. `onPath` receives what `json` reports, in every mode.
*/
export function reportPaths(
	cluster: ClusterClient,
	{mode, stderr, onPath}: {mode: PathMode; stderr: TextStream; onPath?: ((path: Path) => void) | undefined},
): PathReporter {
	const written = mode === 'auto' && !stderr.isTTY ? 'never' : mode;
	if (written === 'never' && !onPath) {
		return {observer: undefined, finished: async () => undefined};
	}

	const labeler = createLabeler(cluster, {waitsForMetrics: written !== 'auto' || onPath !== undefined});
	const write = (text: string) => {
		stderr.write(text);
	};

	return reportLabels(labeler, written, write, onPath);
}

export function reportLabels(
	labeler: Labeler,
	mode: PathMode,
	write: (text: string) => void,
	onPath?: (path: Path) => void,
): PathReporter & {observer: ConnectionObserver} {
	return new LabelReporter(labeler, mode, write, onPath);
}

class LabelReporter implements PathReporter {
	readonly observer: ConnectionObserver;
	readonly #labeler: Labeler;
	readonly #mode: PathMode;
	readonly #write: (text: string) => void;
	readonly #onPath: ((path: Path) => void) | undefined;
	readonly #unsettled = new Map<string, Label>();
	/** `null` for a connection that was closed before its use. */
	readonly #reported = new Map<string, Path | null>();
	/** Connections on which a stream has opened, with what reports their end to the labeler. */
	readonly #used = new Map<string, () => void>();
	readonly #lines = new Set<string>();
	/** Closes that are passed to the labeler only when the label settles. */
	readonly #delayedCloses = new Map<string, () => void>();
	readonly #stopListening: () => void;
	#whenSettled: (() => void) | undefined;
	#hasFinished = false;

	constructor(labeler: Labeler, mode: PathMode, write: (text: string) => void, onPath?: (path: Path) => void) {
		this.#labeler = labeler;
		this.#mode = mode;
		this.#write = write;
		this.#onPath = onPath;
		this.observer = this.#observerOn(labeler.observer);
		this.#stopListening = labeler.onLabel((id, label) => {
			if (isChecking(label)) {
				this.#checking(id, label);
			} else {
				this.#settled(id, label.path);
			}
		});
	}

	async finished({timeoutMs = labelTimings.finishTimeoutMs}: {timeoutMs?: number} = {}): Promise<void> {
		if (this.#mode !== 'auto' || this.#onPath) {
			await this.#allSettled(timeoutMs);
		}

		this.#hasFinished = true;
		for (const id of [...this.#unsettled.keys()]) {
			this.#end(id);
		}

		if (this.#mode !== 'auto' || this.#onPath) {
			for (const {path} of this.#unsettled.values()) {
				this.#onPath?.(path);
				this.#report(path);
			}
		}

		this.#stopListening();
		for (const close of this.#delayedCloses.values()) {
			close();
		}

		this.#labeler.close();
	}

	#observerOn(observer: ConnectionObserver): ConnectionObserver {
		return {
			...observer,
			onOpened: (connection, purpose, about) => {
				this.#used.set(connection.id, () => {
					observer.onClosed?.(connection, purpose);
				});
				observer.onOpened?.(connection, purpose, about);
			},
			onClosed: (connection, purpose) => {
				this.#closed(connection.id, () => {
					observer.onClosed?.(connection, purpose);
				});
			},
		};
	}

	#checking(id: string, label: Label): void {
		if (this.#mode === 'auto' && (!this.#unsettled.has(id) || label.path.legs[1]?.tls.state !== 'unknown')) {
			this.#report(label.path);
		}

		this.#unsettled.set(id, label);
	}

	#settled(id: string, path: Path): void {
		this.#unsettled.delete(id);
		const last = this.#reported.get(id);
		const isFirst = last === undefined;
		const isNews = !isFirst && last !== null && keyOf(last) !== keyOf(path) && (path.about === 'open-connection' || isRefusal(path));
		if (isFirst || isNews) {
			this.#reported.set(id, path);
			this.#onPath?.(path);
			this.#report(path);
		}

		if (path.about === 'ended-connection') {
			this.#forget(id);
		}

		this.#whenSettled?.();
		queueMicrotask(() => {
			this.#delayedCloses.get(id)?.();
			this.#delayedCloses.delete(id);
		});
	}

	#closed(id: string, close: () => void): void {
		if (!this.#used.has(id)) {
			// It timed out before its use, so the stream uses another connection.
			this.#reported.set(id, null);
			this.#unsettled.delete(id);
		}

		// A short read ends before its leg 2 is known, so let the label settle first.
		if (this.#unsettled.has(id)) {
			this.#delayedCloses.set(id, close);
		} else {
			close();
			this.#forget(id);
		}
	}

	/** Nothing more is read for a stream that has ended, so its label must not end as `checking`. */
	#end(id: string): void {
		const close = this.#delayedCloses.get(id) ?? this.#used.get(id);
		this.#delayedCloses.delete(id);
		close?.();
	}

	/** A followed log can outlive any number of connections. */
	#forget(id: string): void {
		this.#reported.delete(id);
		this.#used.delete(id);
	}

	async #allSettled(timeoutMs: number): Promise<void> {
		if (this.#unsettled.size === 0) {
			return;
		}

		const {promise, resolve} = Promise.withResolvers<void>();
		const timer = setTimeout(resolve, timeoutMs);
		this.#whenSettled = () => {
			if (this.#unsettled.size === 0) {
				clearTimeout(timer);
				resolve();
			}
		};

		await promise;
	}

	/** The same line is written once. An object is written again, because its basis may have changed. */
	#report(path: Path): void {
		if (this.#mode === 'never') {
			return;
		}

		if (this.#mode === 'json') {
			this.#write(jsonLine(path));
			return;
		}

		const line = `${sanitizeLine(path.line)}${this.#hasFinished ? endNote(path, this.#mode) : ''}\n`;
		if (!this.#lines.has(line)) {
			this.#lines.add(line);
			this.#write(line);
		}
	}
}

function keyOf({line, legs}: Path): string {
	return `${line} ${legs.map(({tls, route}) => `${tls.basis} ${route.basis}`).join(' ')}`;
}

/** Why leg 2 is unknown, if its label had not settled when the command ended. */
function endNote({about, legs, unused}: Path, mode: PathMode): string {
	const isUndetermined =
		!unused &&
		about === 'ended-connection' &&
		legs[1] !== undefined &&
		(legs[1].tls.state === 'unknown' || legs[1].route.state === 'unknown');
	return isUndetermined ? ` (the stream ended before leg 2 was determined${mode === 'auto' ? '; --path=always waits longer' : ''})` : '';
}

/** A refusal can come long after a command was opened, and must be reported. */
function isRefusal({phase, legs}: Path): boolean {
	return phase === 'failed' && legs[1]?.tls.state === 'refused';
}
