/** Waits for an apiserver before its logs are followed. */
import {abortableDelay} from '../../async/abortable.ts';
import {backoffMs} from '../../async/backoff.ts';
import {continuousMs} from '../../async/clock.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {toSpokeError, type SpokeError} from '../../errors/spoke-error.ts';
import type {ApiserverEvent} from './log-events.ts';

const responseTimeoutMs = 10_000;
const retryBackoff = {initialMs: 500, maxMs: 5000, jitter: [0.5, 1.5]} as const;

/**
Yields nothing if the apiserver responds at once, whatever it says. Otherwise yields the outage once, and its end.
@throws SpokeError for what waiting does not fix, such as a certificate that is refused
*/
export async function* waitForApiserver(cluster: ClusterClient, signal: AbortSignal): AsyncGenerator<ApiserverEvent, void> {
	const startedAt = continuousMs();
	for (let attempt = 1; ; attempt++) {
		const error = await outageOf(cluster, signal);
		if (error === null) {
			if (attempt > 1) {
				yield {type: 'apiserver-reached', outageMs: continuousMs() - startedAt};
			}

			return;
		}

		if (attempt === 1) {
			yield {type: 'apiserver-unreachable', error};
		}

		await abortableDelay(backoffMs(attempt, retryBackoff), signal);
	}
}

/** `null` if it responds. */
async function outageOf(cluster: ClusterClient, signal: AbortSignal): Promise<SpokeError | null> {
	try {
		const {body} = await cluster.request({path: '/version', timeoutMs: responseTimeoutMs, signal});
		body.resume();
		return null;
	} catch (thrown) {
		signal.throwIfAborted();
		const error = toSpokeError(thrown);
		if (error.code === 'ERR_APISERVER_UNREACHABLE' || error.code === 'ERR_APISERVER_TIMEOUT') {
			return error;
		}

		throw error;
	}
}
