/** One tail: request and reader. Its view is in the state. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {ContainerSelection, FollowTargets} from '../../streams/logs/follow-logs.ts';
import type {LineRemap} from './insert-lines.ts';
import {wholeTail} from './line-buffer.ts';
import type {Store} from '../frame/store.ts';
import {chooseJson} from './json-lines.ts';
import {showTailFailure} from './tail-entry.ts';
import {emptyTail, restartTail, type SincePreset, type TailView} from './tail-view.ts';
import type {TailCluster} from './tail-clusters.ts';
import type {TailSink} from './tail-events.ts';
import {TailReader} from './tail-reader.ts';

export type TailRequest = {
	title: string;
	target: string;
	/** `null` for a selector, several targets or several clusters. */
	onlyTarget: string | null;
	containers: ContainerSelection;
	targets(cluster: ClusterClient, signal: AbortSignal): Promise<FollowTargets>;
};

export type TrackedLine = {readonly number: number; readonly hasMoved: boolean; release(): void};

/** Time to find matches again. */
const rescanMs = 200;

export class TailRun implements TailSink {
	readonly id: string;
	request: TailRequest;
	/** Equal keys show the open tail instead of a new one. */
	key = '';
	/** Lines per second, including backlog. */
	inflow = 0;
	readonly #onMoved = new Set<(moved: LineRemap) => void>();
	readonly #store: Store;
	readonly #clusters: readonly TailCluster[];
	#reader: TailReader | null = null;

	constructor(id: string, request: TailRequest, {store, clusters}: {store: Store; clusters: readonly TailCluster[]}) {
		this.id = id;
		this.request = request;
		this.#store = store;
		this.#clusters = clusters;
	}

	/** Empty after the tail was closed. */
	get view(): TailView {
		return this.#store.state.tails.get(this.id) ?? emptyTail(this.id, this.request.title);
	}

	set view(view: TailView) {
		this.#store.dispatch({type: 'tail', view});
	}

	changed(): void {
		this.view = {...chooseJson(this.view)};
		showTailFailure(this.#store, this);
	}

	start(since: SincePreset, previous = false): void {
		this.stop();
		this.view.buffer.clear();
		this.view = restartTail(this.view, since, {previous, now: Date.now()});
		this.#reader = new TailReader(this, this.#clusters);
		void this.#reader.run();
		this.changed();
	}

	stop(): void {
		this.#reader?.stop();
	}

	tick(): void {
		this.inflow = this.#reader?.tick() ?? 0;
	}

	scan(budgetMs: number): boolean {
		const {searchIndex, shownIndex, buffer} = this.view;
		const isDone = searchIndex?.advance(buffer, budgetMs) ?? true;
		return (shownIndex?.advance(buffer, budgetMs) ?? true) && isDone;
	}

	/** Approximate lines per log, `null` for all. */
	async loadOlder(maxLines: number | null): Promise<void> {
		await this.#reader?.loadOlder(maxLines);
	}

	mark(text: string): void {
		this.view.buffer.append(wholeTail, Date.now(), 0, 'mark', Buffer.from(text));
		this.changed();
	}

	/** `number` stays that of the same line until `release`. */
	trackLine(number: number): TrackedLine {
		const move = (to: LineRemap) => {
			tracked.number = to(tracked.number);
			tracked.hasMoved = true;
		};

		const tracked = {number, hasMoved: false, release: () => void this.#onMoved.delete(move)};
		this.#onMoved.add(move);
		return tracked;
	}

	remapLines(moved: LineRemap): void {
		this.#store.dispatch({type: 'lines-moved', id: this.id, moved});
		for (const remap of this.#onMoved) {
			remap(moved);
		}

		this.scan(rescanMs);
	}
}
