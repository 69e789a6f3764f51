/** One tail: its request, and its reader. Its view is in the state. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {parseTarget} from '../../cluster/targets/parse-target.ts';
import type {ContainerSelection, FollowTargets} from '../../streams/logs/follow-logs.ts';
import {resolveFollowTargets} from '../../streams/logs/resolve-follow-targets.ts';
import type {Session} from '../frame/session.ts';
import type {Store} from '../frame/store.ts';
import type {LineRemap} from './insert-lines.ts';
import {jsonShare, wholeTail} from './line-buffer.ts';
import {TailReader, type TailCluster} from './tail-reader.ts';
import {emptyTail, restartTail, type SincePreset, type TailView} from './tail-view.ts';

export type TailOptions = {
	/** `null` with a selector means all namespaces. Without one, that of each context. */
	namespace?: string | null;
	targets: readonly string[];
	selector: string | null;
	containers: ContainerSelection;
};

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

export class TailRun {
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
		await this.#reader?.older.load(maxLines);
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

/** Without a choice of the user, JSON is readable when most lines are JSON, until few are. */
function chooseJson(view: TailView): TailView {
	if (view.jsonChoice !== null) {
		return view;
	}

	const share = jsonShare(view.buffer);
	const json = share > 0.5 || (view.json && share >= 0.25);
	return json === view.json ? view : {...view, json};
}

/** @throws SpokeError ERR_USAGE for an invalid target */
export function createTailRequest({namespace, targets, selector, containers}: TailOptions): TailRequest {
	const parsed = targets.map(target => parseTarget(target));
	const [first, ...others] = targets;
	const onlyTarget = selector === null && others.length === 0 ? (first ?? null) : null;
	const title = selector === null ? `${targets.length} targets` : `${namespace === null ? '-A ' : ''}-l ${selector}`;
	return {
		title: onlyTarget ?? title,
		target: selector === null ? targets.join(' ') : `-l ${selector}`,
		onlyTarget,
		containers,
		async targets(cluster, signal) {
			const own = cluster.facts.namespace;
			return selector === null
				? resolveFollowTargets(cluster, parsed, namespace ?? own, signal)
				: {
						kind: 'scope',
						scope: {namespace: namespace === undefined ? own : namespace, labelSelector: selector},
						canAppear: async () => true,
					};
		},
	};
}

/** Called once per second. Ends the tails whose row was closed. */
export function tickTails({store, work}: Pick<Session, 'store' | 'work'>): void {
	for (const {id, run} of work.list('tail')) {
		if (store.state.tails.has(id)) {
			run.tick();
		} else {
			void work.end(id);
		}
	}
}
