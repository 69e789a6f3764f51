/** One label while its connection is watched: its life so far, told at each change, and waited upon. */
import type {Clock} from './clock.ts';
import type {Path} from './evidence.ts';
import {reduceLabelState, type LabelState, type LabelEvent} from './label-state.ts';

export type LabelHost = {
	clock: Clock;
	/** What a life reads as now. */
	pathOf(life: LabelState): Path;
	tell(id: string, path: Path): void;
};

export class LiveLabel {
	readonly id: string;
	readonly #place: LabelHost;
	readonly #waiting = new Set<() => void>();
	#life: LabelState;
	#isWatched = true;

	constructor(id: string, life: LabelState, place: LabelHost) {
		this.id = id;
		this.#life = life;
		this.#place = place;
	}

	get life(): LabelState {
		return this.#life;
	}

	/** False once nobody is told of it any more. */
	get isWatched(): boolean {
		return this.#isWatched;
	}

	get isChecking(): boolean {
		return this.#isWatched && this.#life.phase === 'checking';
	}

	get path(): Path {
		return this.#place.pathOf(this.#life);
	}

	/** As it would read if this happened now. */
	pathAfter(event: LabelEvent): Path {
		return this.#place.pathOf(reduceLabelState(this.#life, event));
	}

	/** Takes what happened; it is told with what happens next. */
	note(event: LabelEvent): void {
		if (this.#isWatched) {
			this.#life = reduceLabelState(this.#life, event);
			this.#look();
		}
	}

	/** Takes what happened, and tells it. What is over changes no more, and is told no more. */
	tell(event: LabelEvent): void {
		const before = this.#life;
		this.note(event);
		if (this.#life !== before) {
			this.tellAgain();
		}
	}

	/** As it reads now: what is known of its process or its cluster may have changed. */
	tellAgain(): void {
		if (this.#isWatched) {
			this.#place.tell(this.id, this.path);
		}
	}

	/** Nobody is told any more. */
	leave(): void {
		this.#isWatched = false;
	}

	/** Until that holds no longer, or the time is over. */
	async whileIt(holds: () => boolean, ms: number): Promise<void> {
		if (ms <= 0 || !holds()) {
			return;
		}

		const {promise, resolve} = Promise.withResolvers<void>();
		const callOff = this.#place.clock.after(ms, resolve);
		const look = () => {
			if (!holds()) {
				resolve();
			}
		};

		this.#waiting.add(look);
		await promise;
		this.#waiting.delete(look);
		callOff();
	}

	#look(): void {
		for (const look of this.#waiting) {
			look();
		}
	}
}
