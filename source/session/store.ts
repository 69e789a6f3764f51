/** Holds the session's state, and says when the screen is due: at once after a key, and at a measured pace for data. */
import {layout} from '../state/layout.ts';
import {reduceSession, type SessionEvent} from '../state/session-reducer.ts';
import {listHere, type SessionState} from '../state/session-state.ts';

export class Store {
	#state: SessionState;
	readonly #draw: () => void;
	readonly #paceMs: () => number;
	#timer: NodeJS.Timeout | null = null;
	#drawnAt = 0;
	#held = 0;
	#together = 0;
	#isDue = false;
	#isClosed = false;

	/** `paceMs` is the least time between two frames that no key asked for. */
	constructor(state: SessionState, draw: () => void, paceMs: () => number) {
		this.#state = state;
		this.#draw = draw;
		this.#paceMs = paceMs;
	}

	get state(): SessionState {
		return this.#state;
	}

	/** Data: drawn when its time comes. */
	data(event: SessionEvent): void {
		if (this.#reduce(event)) {
			this.later();
		}
	}

	/** A key, or what answers one: drawn at once. */
	now(event: SessionEvent): void {
		this.#reduce(event);
		this.drawNow();
	}

	later(): void {
		if (this.#isClosed) {
			return;
		}

		this.#timer ??= setTimeout(
			() => {
				this.#timer = null;
				this.drawNow();
			},
			Math.max(0, this.#drawnAt + this.#paceMs() - performance.now()),
		);
	}

	drawNow(): void {
		if (this.#timer) {
			clearTimeout(this.#timer);
			this.#timer = null;
		}

		if (this.#together > 0) {
			this.#isDue = true;
		} else if (this.#held === 0 && !this.#isClosed) {
			this.#drawnAt = performance.now();
			this.#draw();
		}
	}

	/** What `work` changes at once is one frame, when it is done: a key goes through several hands. */
	together(work: () => void): void {
		this.#together++;
		try {
			work();
		} finally {
			this.#together--;
			if (this.#isDue && this.#together === 0) {
				this.#isDue = false;
				this.drawNow();
			}
		}
	}

	/** Until it is let go as often as it was held, nothing is drawn: somebody else has the terminal, or more is to come. */
	hold(): void {
		this.#held++;
	}

	letGo(): void {
		this.#held--;
		this.drawNow();
	}

	/** What comes from now on is known, and drawn by nobody: the screen is about to go. */
	close(): void {
		this.#isClosed = true;
		if (this.#timer) {
			clearTimeout(this.#timer);
		}
	}

	#reduce(event: SessionEvent): boolean {
		const before = this.#state;
		let state = reduceSession(before, event);
		const list = listHere(state);
		if (list) {
			state = reduceSession(state, {type: 'list', list: list.name, event: {type: 'window', rows: layout(state).main}});
		}

		this.#state = state;
		return state !== before;
	}
}
