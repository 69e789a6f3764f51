/** One tail: what it was asked for, its view, and the reading that fills it. */
import type {ContainerSelection, FollowTargets} from '../../streams/logs/follow-logs.ts';
import type {LineRemap} from '../../state/tail/insert-lines.ts';
import {countJsonLines} from '../../state/tail/json-fields.ts';
import {restartTail, remapTail, type SincePreset, type TailView} from '../../state/tail/tail-view.ts';
import {TailReader, type TailSink, type TailContext} from './tail-reader.ts';

export type TailRequest = {
	title: string;
	/** As typed, for labels. */
	asked: string;
	containers: ContainerSelection;
	/** Resolved anew for each read from another beginning. */
	targets(signal: AbortSignal): Promise<FollowTargets>;
};

/** After lines were put between others, for finding again what was found. */
const rescanMs = 200;

export class TailRun implements TailSink {
	readonly id: string;
	ask: TailRequest;
	/** Tells tails apart: asking for the same one again shows it. */
	key = '';
	view: TailView;
	/** Lines that came in the second before, what logs held before among them. */
	inflow = 0;
	/** Told when lines stand elsewhere. */
	readonly onMoved = new Set<(moved: LineRemap) => void>();
	readonly changed: () => void;
	readonly #means: TailContext;
	#reading: TailReader | null = null;

	/** `changed` is told when there is something to draw. */
	constructor(id: string, ask: TailRequest, view: TailView, {changed, ...means}: TailContext & {changed: () => void}) {
		this.id = id;
		this.ask = ask;
		this.view = view;
		this.changed = changed;
		this.#means = means;
	}

	/** Begins, or begins anew from another point; the lines so far are let go. */
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

	/** Once a second: how many lines came, and how many of them live. */
	tick(): void {
		this.inflow = this.#reading?.tick() ?? 0;
	}

	/** Looks for matches in what was not looked at yet; true when all is done. */
	scan(budgetMs: number): boolean {
		const {searchIndex, shownIndex, buffer} = this.view;
		const isDone = searchIndex?.advance(buffer, budgetMs) ?? true;
		return (shownIndex?.advance(buffer, budgetMs) ?? true) && isDone;
	}

	/** Reads about so many lines of each log before the first ones here, `null` all, once at a time. The view shows how far it is, and why when it cannot be done. */
	async loadOlder(most: number | null): Promise<void> {
		await this.#reading?.loadOlder(most);
	}

	/** A line of the person's own in the stream. */
	mark(text: string): void {
		this.view.buffer.append(-1, Date.now(), 0, 'mark', Buffer.from(text));
		this.changed();
	}

	/** Lines were put between others: whatever points at lines goes with them. */
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
