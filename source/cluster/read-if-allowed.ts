/** Reads that tolerate a missing permission. */
import {toSpokeError} from '../errors/spoke-error.ts';
import type {ClusterClient} from './cluster-client.ts';

/** `null` without permission. @throws SpokeError for any other failure, including ERR_NOT_FOUND */
export async function readIfAllowed<T>(cluster: Pick<ClusterClient, 'json'>, path: string, signal?: AbortSignal): Promise<T | null> {
	try {
		return await cluster.json<T>({path, ...(signal && {signal})});
	} catch (thrown) {
		if (toSpokeError(thrown).code === 'ERR_FORBIDDEN') {
			return null;
		}

		throw thrown;
	}
}
