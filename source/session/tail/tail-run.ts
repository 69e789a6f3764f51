/** One tail: request, view and reader. */
import type {ContainerSelection, FollowTargets} from '../../streams/logs/follow-logs.ts';
import type {LineRemap} from './insert-lines.ts';
import {chooseJson, countJsonLines} from './json-fields.ts';
import {restartTail, remapTail, type SincePreset, type TailView} from './tail-view.ts';
import {TailReader, type TailSink, type TailContext} from './tail-reader.ts';

export type TailRequest = {
	title: string;
	asked: string;
	containers: ContainerSelection;
	targets(signal: AbortSignal): Promise<FollowTargets>;
};

/** Time to find matches again. */
const rescanMs = 200;

export class TailRun implements TailSink {
	readonly id: string;
	ask: TailRequest;
	/** Equal keys show the open tail instead of a new one. */
	key = '';
	view: TailView;
	/** Lines per second, including backlog. */
	inflow = 0;
	readonly onMoved = new Set<(moved: LineRemap) => void>();
	readonly changed: () => void;
	readonly #means: TailContext;
	#reading: TailReader | null = null;

	constructor(id: string, ask: TailRequest, view: TailView, {changed, ...means}: TailContext & {changed: () => void}) {
		this.id = id;
		this.ask = ask;
		this.view = view;
		this.changed = () => {
			this.view = chooseJson(this.view);
			changed();
		};
		this.#means = means;
	}

	start(since: SincePreset, previous = false): void {
		this.stop();
		this.view.buffer.clear();
		this.view = restartTail(this.view, since, {previous, now: Date.now()});
		this.#reading = new TailReader(this, this.#means);
		void this.#reading.run();
		this.changed();
	}

	stop(): void {
		this.#reading?.stop();
	}

	tick(): void {
		this.inflow = this.#reading?.tick() ?? 0;
	}

	scan(budgetMs: number): boolean {
		const {searchIndex, shownIndex, buffer} = this.view;
		const isDone = searchIndex?.advance(buffer, budgetMs) ?? true;
		return (shownIndex?.advance(buffer, budgetMs) ?? true) && isDone;
	}

	/** Approximate lines per log, `null` for all. */
	async loadOlder(most: number | null): Promise<void> {
		await this.#reading?.loadOlder(most);
	}

	mark(text: string): void {
		this.view.buffer.append(-1, Date.now(), 0, 'mark', Buffer.from(text));
		this.changed();
	}

	tellMoved(moved: LineRemap): void {
		this.view = remapTail(this.view, moved);
		if (this.view.json) {
			this.view = {...this.view, counters: {...this.view.counters, json: countJsonLines(this.view.buffer)}};
		}

		for (const tell of this.onMoved) {
			tell(moved);
		}

		this.scan(rescanMs);
	}
}
