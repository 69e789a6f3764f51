/** Reports the paths of a one-shot on stderr, as lines or objects. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {Path} from '../../evidence/evidence.ts';
import {labelTimings} from '../../evidence/label-timings.ts';
import {isChecking} from '../../evidence/path-line.ts';
import {createLabeler, type Label, type Labeler} from '../../evidence/connection-labeler.ts';
import type {ConnectionObserver} from '../../streams/connection-observer.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import {jsonLine, type TextStream} from './output-writer.ts';

export type PathMode = 'auto' | 'always' | 'never' | 'json';

export type PathReporter = {
	/** `undefined` if no path is reported, so that nothing is read for it either. */
	observer: ConnectionObserver | undefined;
	/** Waits for paths that `always` and `json` have not reported, by default at most 2 s. */
	finished(options?: {timeoutMs?: number}): Promise<void>;
};

/**
`auto` reports only on a terminal: leg 1 at once, leg 2 when known, without waiting. `always` and `json` report each connection when its
label settles. All report again if an open connection's label changes. `onPath` receives what `json` reports, in every mode. With `joins`,
a line waits for those of other pods, and equal ones become one.
*/
export function reportPaths(
	cluster: ClusterClient,
	{mode, stderr, ...options}: {mode: PathMode; stderr: TextStream} & ReportOptions,
): PathReporter {
	const written = mode === 'auto' && !stderr.isTTY ? 'never' : mode;
	if (written === 'never' && !options.onPath) {
		return {observer: undefined, finished: async () => undefined};
	}

	const labeler = createLabeler(cluster, {waitsForMetrics: written !== 'auto' || options.onPath !== undefined});
	return reportLabels(labeler, written, text => stderr.write(text), options);
}

type ReportOptions = {onPath?: ((path: Path) => void) | undefined; joins?: boolean | undefined};

export function reportLabels(
	labeler: Labeler,
	mode: PathMode,
	write: (text: string) => void,
	{onPath, joins = false}: ReportOptions = {},
): PathReporter & {observer: ConnectionObserver} {
	const waits = mode !== 'auto' || onPath !== undefined;
	const lines = new PathLines(write, joins);
	const writePath = (path: Path) => {
		if (mode === 'json') {
			write(jsonLine(path));
		} else if (mode !== 'never') {
			lines.take(path, hasFinished ? endNote(path, mode) : '');
		}
	};

	let hasFinished = false;
	const unsettled = new Map<string, Label>();
	/** `null` for a connection that was closed before its use. */
	const reported = new Map<string, Path | null>();
	/** Connections on which a stream has opened, with what reports their end to the labeler. */
	const used = new Map<string, () => void>();
	/** Closes that are passed to the labeler only when the label settles. */
	const delayedCloses = new Map<string, () => void>();
	let whenSettled = () => {};
	const report = (path: Path) => {
		onPath?.(path);
		writePath(path);
	};

	/** A followed log can outlive any number of connections. */
	const forget = (id: string) => {
		reported.delete(id);
		used.delete(id);
	};

	const checking = (id: string, label: Label) => {
		if (mode === 'auto' && (!unsettled.has(id) || label.path.legs[1]?.tls.state !== 'unknown')) {
			writePath(label.path);
		}

		unsettled.set(id, label);
	};

	const settled = (id: string, path: Path) => {
		unsettled.delete(id);
		const last = reported.get(id);
		if (last === undefined || (last !== null && keyOf(last) !== keyOf(path) && (path.about === 'open-connection' || isRefusal(path)))) {
			reported.set(id, path);
			report(path);
		}

		if (path.about === 'ended-connection') {
			forget(id);
		}

		whenSettled();
		queueMicrotask(() => {
			delayedCloses.get(id)?.();
			delayedCloses.delete(id);
		});
	};

	const closed = (id: string, close: () => void) => {
		if (!used.has(id)) {
			// It timed out before its use, so the stream uses another connection.
			reported.set(id, null);
			unsettled.delete(id);
		}

		// A short read ends before its leg 2 is known, so let the label settle first.
		if (unsettled.has(id)) {
			delayedCloses.set(id, close);
		} else {
			close();
			forget(id);
		}
	};

	const allSettled = async (timeoutMs: number) => {
		const {promise, resolve} = Promise.withResolvers<void>();
		const timer = setTimeout(resolve, timeoutMs);
		whenSettled = () => {
			if (unsettled.size === 0) {
				clearTimeout(timer);
				resolve();
			}
		};

		whenSettled();
		await promise;
	};

	const stopListening = labeler.onLabel((id, label) => {
		if (isChecking(label)) {
			checking(id, label);
		} else {
			settled(id, label.path);
		}
	});
	const {observer} = labeler;
	return {
		observer: {
			...observer,
			onOpened(connection, purpose, about) {
				used.set(connection.id, () => {
					observer.onClosed?.(connection, purpose);
				});
				observer.onOpened?.(connection, purpose, about);
			},
			onClosed(connection, purpose) {
				closed(connection.id, () => {
					observer.onClosed?.(connection, purpose);
				});
			},
		},
		async finished({timeoutMs = labelTimings.finishTimeoutMs} = {}) {
			if (waits) {
				await allSettled(timeoutMs);
			}

			hasFinished = true;
			// Nothing more is read for a stream that has ended, so its label must not end as `checking`.
			for (const id of [...unsettled.keys()]) {
				const close = delayedCloses.get(id) ?? used.get(id);
				delayedCloses.delete(id);
				close?.();
			}

			for (const {path} of waits ? unsettled.values() : []) {
				report(path);
			}

			lines.flush();
			stopListening();
			for (const close of delayedCloses.values()) {
				close();
			}

			labeler.close();
		},
	};
}

/** The paths of pods that are opened together settle within this time, which no follow notices. */
const joinMs = 500;
const maxNamedKubelets = 3;

/** A line is written if it is another one than the last of its target, or the first of a target and not that of another. */
class PathLines {
	readonly #write: (text: string) => void;
	readonly #joins: boolean;
	/** The last line of each target. */
	readonly #written = new Map<string, string>();
	/** The next line of each target. */
	readonly #waiting = new Map<string, PodLine>();
	#timer: NodeJS.Timeout | undefined;

	constructor(write: (text: string) => void, joins: boolean) {
		this.#write = write;
		this.#joins = joins;
	}

	take(path: Path, note: string): void {
		const {feature, target} = path;
		const pod = `${target.namespace} ${target.name}`;
		const about = `${feature} ${pod} ${target.container}`;
		const isOfOne = !this.#joins || note !== '';
		const isLater = [this.#written, this.#waiting].some(lines => (isOfOne ? lines.has(about) : lines.size > 0));
		if (path.phase === 'checking' && path.legs[1]?.tls.state === 'unknown' && isLater) {
			// What is known of its last connection, or of other pods, stays until this one is known.
			return;
		}

		this.#waiting.set(about, {pod, line: `${sanitizeLine(path.line)}${note}`});
		if (this.#joins) {
			this.#timer ??= setTimeout(() => {
				this.flush();
			}, joinMs);
		} else {
			this.flush();
		}
	}

	flush(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		const known = new Set(this.#written.values());
		const changed = new Set<string>();
		for (const [about, {line}] of this.#waiting) {
			const last = this.#written.get(about);
			if (last === undefined ? !known.has(line) : last !== line) {
				changed.add(line);
			}

			this.#written.set(about, line);
		}

		const shown = this.#waiting.values().filter(({line}) => changed.has(line));
		for (const group of Map.groupBy(shown, ({line}) => line.replace(kubeletName, '')).values()) {
			this.#write(`${joinLines(group)}\n`);
		}

		this.#waiting.clear();
	}
}

type PodLine = {pod: string; line: string};

const kubeletName = / kubelet (\S+)/;

/** `lines` differ at most in the name of the kubelet. */
function joinLines(lines: readonly PodLine[]): string {
	const [{line}] = lines as [PodLine];
	const pods = new Set(lines.map(({pod}) => pod)).size;
	if (pods === 1) {
		return line;
	}

	const kubelets = [...new Set(lines.flatMap(one => kubeletName.exec(one.line)?.[1] ?? []))].sort();
	const named = kubelets.length > maxNamedKubelets ? ` ${kubelets.length} kubelets` : ` kubelets ${kubelets.join(', ')}`;
	const counted = line.replace(/^path/, `path (${pods} pods)`);
	return kubelets.length > 1 ? counted.replace(kubeletName, named) : counted;
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
