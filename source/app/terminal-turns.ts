/** One at a time leaves the screen: a credential plugin that must ask waits for the end of a shell. */
import {setTimeout as delay} from 'node:timers/promises';
import type {Store} from './store.ts';

const waitMs = 500;

export class TerminalTurns {
	readonly #store: Store;
	#last: Promise<void> = Promise.resolve();

	constructor(store: Store) {
		this.#store = store;
	}

	/** Nothing is drawn while `work` has the terminal. */
	async next<Result>(work: () => Promise<Result>): Promise<Result> {
		const before = this.#last;
		const {promise, resolve} = Promise.withResolvers<void>();
		this.#last = promise;
		await before;
		this.#store.hold();
		try {
			return await work();
		} finally {
			this.#store.letGo();
			resolve();
		}
	}

	/** When the screen is back, or cannot be waited for any longer: a pager that goes on is not ours to end. */
	async over(): Promise<void> {
		await Promise.race([this.#last, delay(waitMs, undefined, {ref: false})]);
	}
}
