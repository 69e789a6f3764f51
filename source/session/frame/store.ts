/** Session state. Draws keys at once and data at a limited rate. */
import {reduceSession, type SessionEvent} from './session-reducer.ts';
import {currentList, type SessionState} from './session-state.ts';

export class Store {
	#state: SessionState;
	readonly #draw: () => void;
	readonly #intervalMs: () => number;
	#timer: NodeJS.Timeout | null = null;
	#drawnAt = 0;
	#held = 0;
	#nested = 0;
	#isDue = false;
	#isClosed = false;

	constructor(state: SessionState, draw: () => void, intervalMs: () => number) {
		this.#state = state;
		this.#draw = draw;
		this.#intervalMs = intervalMs;
	}

	get state(): SessionState {
		return this.#state;
	}

	dispatch(event: SessionEvent): void {
		if (this.apply(event)) {
			this.drawSoon();
		}
	}

	dispatchNow(event: SessionEvent): void {
		this.apply(event);
		this.drawNow();
	}

	/** Draws nothing. Whether the state has changed. */
	apply(event: SessionEvent): boolean {
		const before = this.#state;
		let state = reduceSession(before, event);
		const list = currentList(state);
		if (list) {
			state = reduceSession(state, {type: 'list', list: list.name, event: {type: 'window', rows: state.listRows}});
		}

		this.#state = state;
		return state !== before;
	}

	/** After the interval since the last frame. */
	drawSoon(): void {
		if (this.#isClosed) {
			return;
		}

		this.#timer ??= setTimeout(
			() => {
				this.#timer = null;
				this.drawNow();
			},
			Math.max(0, this.#drawnAt + this.#intervalMs() - performance.now()),
		);
	}

	drawNow(): void {
		if (this.#timer) {
			clearTimeout(this.#timer);
			this.#timer = null;
		}

		if (this.#nested > 0) {
			this.#isDue = true;
		} else if (this.#held === 0 && !this.#isClosed) {
			this.#drawnAt = performance.now();
			this.#draw();
		}
	}

	/** Draws at most once for all that `work` changes. */
	drawOnce(work: () => void): void {
		this.#nested++;
		try {
			work();
		} finally {
			this.#nested--;
			if (this.#isDue && this.#nested === 0) {
				this.#isDue = false;
				this.drawNow();
			}
		}
	}

	/** Stops drawing until each `hold` was followed by a `release`. */
	hold(): void {
		this.#held++;
	}

	release(): void {
		this.#held--;
		this.drawNow();
	}

	/** Later events change the state but are not drawn. */
	close(): void {
		this.#isClosed = true;
		if (this.#timer) {
			clearTimeout(this.#timer);
		}
	}
}
