/** An object that helps where it may be read. */
import {toSpokeError} from '../errors/spoke-error.ts';
import type {ClusterClient} from './cluster-client.ts';

/** `null` where the user may not read it. @throws SpokeError for any other failure, ERR_NOT_FOUND among them */
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
