/** A time limit for all of a request. */
import {anySignal} from '../async/abortable.ts';
import {SpokeError} from '../errors/spoke-error.ts';

export type TimeoutOptions = {
	timeoutMs: number;
	/** Of the error. */
	message: string;
	signal?: AbortSignal | undefined;
};

/**
`work` gets a signal that is aborted after `timeoutMs` or with `signal`.
@throws SpokeError ERR_APISERVER_TIMEOUT; what `work` throws
*/
export async function withTimeout<Value>(
	{timeoutMs, message, signal}: TimeoutOptions,
	work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
	const timeout = new AbortController();
	const timer = setTimeout(() => {
		timeout.abort(new SpokeError('ERR_APISERVER_TIMEOUT', message));
	}, timeoutMs).unref();
	try {
		return await work(anySignal(timeout.signal, signal));
	} catch (error) {
		throw timeout.signal.aborted && !signal?.aborted ? timeout.signal.reason : error;
	} finally {
		clearTimeout(timer);
	}
}
