/** Whose turn is it on a socket that carries one answer after the other? */
import {orAborted} from '../or-aborted.ts';
import {answerTimeout} from './exchange.ts';

export type Patience = {
	/** Milliseconds; 0 is none. */
	limitMs: number;
	signal: AbortSignal | undefined;
	/** For messages: `the apiserver https://…`. */
	what: string;
};

export class AnswerTurns {
	#last: Promise<void> = Promise.resolve();

	/**
	Waits until all who came before are done. Who gives up leaves its place to the next.
	@returns what is to be called when one's own answer is whole, or nobody wants it any more
	@throws SpokeError ERR_APISERVER_TIMEOUT; the signal's reason
	*/
	async next(patience: Patience): Promise<() => void> {
		const before = this.#last;
		const {promise, resolve: done} = Promise.withResolvers<void>();
		this.#last = before.then(async () => promise);
		try {
			await orGiveUp(before, patience);
			return done;
		} catch (error) {
			done();
			throw error;
		}
	}
}

async function orGiveUp(before: Promise<void>, {limitMs, signal, what}: Patience): Promise<void> {
	const {promise, reject} = Promise.withResolvers<never>();
	const timer = limitMs > 0
		? setTimeout(() => {
			reject(answerTimeout(what, limitMs));
		}, limitMs)
		: undefined;
	try {
		await orAborted(async () => Promise.race([before, promise]), signal);
	} finally {
		clearTimeout(timer);
	}
}
