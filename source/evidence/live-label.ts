/** One label while its connection is watched: its life so far, told at each change, and waited upon. */
import type {Clock} from './clock.ts';
import type {Path} from './evidence.ts';
import {reduceLabelState, type LabelState, type LabelEvent} from './label-state.ts';

export type LabelHost = {
	clock: Clock;
	/** What a life reads as now. */
	pathOf(state: LabelState): Path;
	emit(id: string, path: Path): void;
};

export class LiveLabel {
	readonly id: string;
	readonly #host: LabelHost;
	readonly #waiters = new Set<() => void>();
	#state: LabelState;
	#isWatched = true;

	constructor(id: string, state: LabelState, host: LabelHost) {
		this.id = id;
		this.#state = state;
		this.#host = host;
	}

	get state(): LabelState {
		return this.#state;
	}

	/** False once nobody is told of it any more. */
	get isWatched(): boolean {
		return this.#isWatched;
	}

	get isChecking(): boolean {
		return this.#isWatched && this.#state.phase === 'checking';
	}

	get path(): Path {
		return this.#host.pathOf(this.#state);
	}

	/** As it would read if this happened now. */
	pathAfter(event: LabelEvent): Path {
		return this.#host.pathOf(reduceLabelState(this.#state, event));
	}

	/** Takes what happened; it is told with what happens next. */
	apply(event: LabelEvent): void {
		if (this.#isWatched) {
			this.#state = reduceLabelState(this.#state, event);
			this.#notifyWaiters();
		}
	}

	/** Takes what happened, and tells it. What is over changes no more, and is told no more. */
	emit(event: LabelEvent): void {
		const before = this.#state;
		this.apply(event);
		if (this.#state !== before) {
			this.emitAgain();
		}
	}

	/** As it reads now: what is known of its process or its cluster may have changed. */
	emitAgain(): void {
		if (this.#isWatched) {
			this.#host.emit(this.id, this.path);
		}
	}

	/** Nobody is told any more. */
	stop(): void {
		this.#isWatched = false;
	}

	/** Until that holds no longer, or the time is over. */
	async waitWhile(holds: () => boolean, ms: number): Promise<void> {
		if (ms <= 0 || !holds()) {
			return;
		}

		const {promise, resolve} = Promise.withResolvers<void>();
		const callOff = this.#host.clock.after(ms, resolve);
		const measure = () => {
			if (!holds()) {
				resolve();
			}
		};

		this.#waiters.add(measure);
		await promise;
		this.#waiters.delete(measure);
		callOff();
	}

	#notifyWaiters(): void {
		for (const measure of this.#waiters) {
			measure();
		}
	}
}
