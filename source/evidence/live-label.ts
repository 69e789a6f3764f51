/** One label while its connection is watched. */
import type {Clock} from '../async/clock.ts';
import type {Path} from './evidence.ts';
import {reduceLabelState, type LabelState, type LabelEvent} from './label-state.ts';

export type LabelHost = {
	clock: Clock;
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

	get isWatched(): boolean {
		return this.#isWatched;
	}

	get isChecking(): boolean {
		return this.#isWatched && this.#state.phase === 'checking';
	}

	get path(): Path {
		return this.#host.pathOf(this.#state);
	}

	pathAfter(event: LabelEvent): Path {
		return this.#host.pathOf(reduceLabelState(this.#state, event));
	}

	/** Reported with the next event. */
	apply(event: LabelEvent): void {
		if (this.#isWatched) {
			this.#state = reduceLabelState(this.#state, event);
			this.#notifyWaiters();
		}
	}

	/** An ended label does not change and is not reported again. */
	emit(event: LabelEvent): void {
		const before = this.#state;
		this.apply(event);
		if (this.#state !== before) {
			this.emitAgain();
		}
	}

	emitAgain(): void {
		if (this.#isWatched) {
			this.#host.emit(this.id, this.path);
		}
	}

	stop(): void {
		this.#isWatched = false;
	}

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
