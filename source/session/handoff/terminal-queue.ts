/** Serializes use of the terminal. */
import {setTimeout as delay} from 'node:timers/promises';
import {Semaphore} from '../../async/semaphore.ts';
import type {SessionTerminal} from '../../terminal/session-terminal.ts';
import type {SessionDisplay} from '../screen/session-display.ts';
import type {Store} from '../store.ts';

const waitMs = 500;

export type TerminalQueueContext = {
	store: Pick<Store, 'hold' | 'letGo'>;
	terminal: Pick<SessionTerminal, 'handOff' | 'lend'>;
	screen: Pick<SessionDisplay, 'isTaken' | 'suspended'>;
};

export class TerminalQueue {
	readonly #takers: TerminalQueueContext;
	readonly #turns = new Semaphore(1);

	constructor(takers: TerminalQueueContext) {
		this.#takers = takers;
	}

	async handOff<Result>(work: () => Promise<Result>): Promise<Result> {
		const {screen, terminal} = this.#takers;
		return this.#next(async () => (screen.isTaken ? screen.suspended(async () => terminal.handOff(work)) : work()));
	}

	async lend<Result>(take: (bytes: Buffer) => void, work: () => Promise<Result>): Promise<Result> {
		const {screen, terminal} = this.#takers;
		return this.#next(async () => screen.suspended(async () => terminal.lend(take, work)));
	}

	/** Resolves after a timeout at the latest, because spoke does not end a pager. */
	async over(): Promise<void> {
		await Promise.race([this.#turns.run(async () => {}), delay(waitMs, undefined, {ref: false})]);
	}

	async #next<Result>(work: () => Promise<Result>): Promise<Result> {
		return this.#turns.run(async () => {
			const {store} = this.#takers;
			store.hold();
			try {
				return await work();
			} finally {
				store.letGo();
			}
		});
	}
}
