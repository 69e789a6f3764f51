/** Loads older lines of a tail. */
import {toSpokeError} from '../../errors/spoke-error.ts';
import type {LogSource} from '../../streams/logs/log-events.ts';
import type {OpenLogOptions} from '../../streams/logs/open-log.ts';
import type {OlderLines, TailSource} from './tail-view.ts';
import {formatNumber} from '../../text/formats.ts';
import {loadOlderLines, type JoinPoints, type OlderLinesLoaded} from './load-older-lines.ts';
import type {TailClusters} from './tail-targets.ts';
import {sourceName} from './tail-sources.ts';
import type {TailSink} from './tail-events.ts';

export class OlderLinesLoader {
	readonly #tail: TailSink;
	readonly #clusters: Pick<TailClusters, 'of'>;
	readonly #points: JoinPoints;
	readonly #signal: AbortSignal;
	#loading: {isAll: boolean; done: Promise<void>} | null = null;

	constructor(tail: TailSink, clusters: Pick<TailClusters, 'of'>, points: JoinPoints, signal: AbortSignal) {
		this.#tail = tail;
		this.#clusters = clusters;
		this.#points = points;
		this.#signal = signal;
	}

	/** Approximate lines per log, `null` for all. A running read also serves later requests. */
	async load(maxLines: number | null): Promise<void> {
		while (this.#loading) {
			const {isAll, done} = this.#loading;
			await done;
			const {phase} = this.#tail.view.older;
			if (maxLines !== null || isAll || phase === 'none' || phase === 'full') {
				return;
			}
		}

		const done = this.#load(maxLines).finally(() => {
			this.#loading = null;
		});
		this.#loading = {isAll: maxLines === null, done};
		await done;
	}

	async #load(maxLines: number | null): Promise<void> {
		const {buffer} = this.#tail.view;
		if (buffer.first > 0) {
			this.#update({phase: 'full', note: `${formatNumber(buffer.first)} older lines were dropped`});
			return;
		}

		this.#update({phase: 'reading', read: 0, note: ''});
		try {
			const loaded = await loadOlderLines(buffer, this.#points, {
				maxLines,
				signal: this.#signal,
				cluster: source => this.#clusters.of(source).access,
				options: source => this.#readAs(source),
				progress: read => {
					this.#update({read});
				},
			});
			this.#tail.remapLines(loaded.moved);
			this.#update(olderAfter(loaded, this.#tail.view.sources));
		} catch (thrown) {
			this.#update({phase: 'unread', note: toSpokeError(thrown).message});
		}
	}

	#readAs(source: LogSource): OpenLogOptions {
		const {
			request: {target: asked},
		} = this.#tail;
		const {namespace, pod, uid, node, container} = source;
		return {
			observer: this.#clusters.of(source).observer,
			target: {asked, kind: 'Pod', namespace, name: pod, uid, node, container, chosenFrom: 1},
		};
	}

	#update(to: Partial<OlderLines>): void {
		if (!this.#signal.aborted) {
			const {view} = this.#tail;
			this.#tail.view = {...view, older: {...view.older, ...to}};
			this.#tail.changed();
		}
	}
}

function olderAfter({dropped, isAll, problems}: OlderLinesLoaded, sources: readonly TailSource[]): Partial<OlderLines> {
	if (dropped > 0) {
		return {phase: 'full', note: `${formatNumber(dropped)} older lines were dropped: the tail is full`};
	}

	const [first, ...others] = problems;
	const more = others.length > 0 ? `, and ${others.length} more` : '';
	return {phase: isAll ? 'none' : 'unread', note: first ? `${sourceName(sources[first.index]!)}: ${first.message}${more}` : ''};
}
