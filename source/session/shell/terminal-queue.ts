/** Serializes use of the terminal. */
import {setTimeout as delay} from 'node:timers/promises';
import {Semaphore} from '../../async/semaphore.ts';
import type {SessionTerminal} from '../frame/session-terminal.ts';
import type {SessionDisplay} from '../frame/session-display.ts';
import type {Store} from '../frame/store.ts';

const waitMs = 500;

export type TerminalQueueContext = {
	store: Pick<Store, 'hold' | 'release'>;
	terminal: Pick<SessionTerminal, 'handOff' | 'lend'>;
	screen: Pick<SessionDisplay, 'isTaken' | 'suspended'>;
};

export class TerminalQueue {
	readonly #context: TerminalQueueContext;
	readonly #users = new Semaphore(1);

	constructor(context: TerminalQueueContext) {
		this.#context = context;
	}

	/** Gives the terminal to another program (pager, editor, credential plugin). */
	async handOff<Result>(work: () => Promise<Result>): Promise<Result> {
		const {screen, terminal} = this.#context;
		return this.#next(async () => (screen.isTaken ? screen.suspended(async () => terminal.handOff(work)) : work()));
	}

	/** Keeps the terminal but passes all input to `onBytes`, for a remote shell. */
	async lend<Result>(onBytes: (bytes: Buffer) => void, work: () => Promise<Result>): Promise<Result> {
		const {screen, terminal} = this.#context;
		return this.#next(async () => screen.suspended(async () => terminal.lend(onBytes, work)));
	}

	/** Resolves when the queue is empty, or after `waitMs`: a pager can keep running, and spoke does not end it. */
	async waitUntilFree(): Promise<void> {
		await Promise.race([this.#users.run(async () => {}), delay(waitMs, undefined, {ref: false})]);
	}

	async #next<Result>(work: () => Promise<Result>): Promise<Result> {
		return this.#users.run(async () => {
			const {store} = this.#context;
			store.hold();
			try {
				return await work();
			} finally {
				store.release();
			}
		});
	}
}
