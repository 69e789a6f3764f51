/** Reads that tolerate a missing permission. */
import {toSpokeError} from '../errors/spoke-error.ts';
import type {ClusterClient} from './cluster-client.ts';

/** `null` without permission. @throws SpokeError for any other failure, including ERR_NOT_FOUND */
export async function readIfAllowed<T>(cluster: Pick<ClusterClient, 'json'>, path: string, signal?: AbortSignal): Promise<T | null> {
	return ifAllowed(async () => cluster.json<T>({path, ...(signal && {signal})}));
}

/** `null` without permission. @throws any other failure of `read` */
export async function ifAllowed<T>(read: () => Promise<T>): Promise<T | null> {
	try {
		return await read();
	} catch (thrown) {
		if (toSpokeError(thrown).code === 'ERR_FORBIDDEN') {
			return null;
		}

		throw thrown;
	}
}
