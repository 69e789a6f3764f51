/** Whose turn is it on a socket that carries one answer after the other? */
import {rejectOnAbort} from '../abortable.ts';
import {responseTimeoutError} from './http-request.ts';

export type WaitOptions = {
	/** Milliseconds; 0 is none. */
	limitMs: number;
	signal: AbortSignal | undefined;
	/** For messages: `the apiserver https://…`. */
	what: string;
};

export class ResponseQueue {
	#last: Promise<void> = Promise.resolve();

	/**
	Waits until all who came before are done. Who gives up leaves its place to the next.
	@returns what is to be called when one's own answer is whole, or nobody wants it any more
	@throws SpokeError ERR_APISERVER_TIMEOUT; the signal's reason
	*/
	async next(patience: WaitOptions): Promise<() => void> {
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

async function orGiveUp(before: Promise<void>, {limitMs, signal, what}: WaitOptions): Promise<void> {
	const {promise, reject} = Promise.withResolvers<never>();
	const timer =
		limitMs > 0
			? setTimeout(() => {
					reject(responseTimeoutError(what, limitMs));
				}, limitMs)
			: undefined;
	try {
		await rejectOnAbort(async () => Promise.race([before, promise]), signal);
	} finally {
		clearTimeout(timer);
	}
}
