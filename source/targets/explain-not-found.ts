/** What is not there, the object or its whole namespace? */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {toSpokeError, type SpokeError} from '../errors/spoke-error.ts';

/**
An apiserver answers for an object in a namespace that does not exist as for one that is not in it: the namespace is looked for, where that is allowed.
`thrown` itself for anything but the apiserver's word that the object is not found.
*/
export async function explainNotFound(
	cluster: Pick<ClusterClient, 'json'>,
	thrown: unknown,
	namespace: string,
	signal?: AbortSignal,
): Promise<SpokeError> {
	const error = toSpokeError(thrown);
	if (error.code !== 'ERR_NOT_FOUND' || !notFoundMessage.test(error.message)) {
		return error;
	}

	const namespaceError = await readNamespaceError(cluster, namespace, signal);
	const message = namespaceError?.startsWith('namespaces ') ? namespaceError : `${error.message} in namespace ${JSON.stringify(namespace)}`;
	return error.withChanges({message});
}

/** A better word for the failure is worth no long wait. */
const namespaceReadTimeoutMs = 5000;

/** `pods "web" not found`, and not the 404 of something that stands before the apiserver. */
const notFoundMessage = /^[a-z.]+ ".*" not found$/;

/** The apiserver's words when it says that there is no such namespace; `null` for all else. */
async function readNamespaceError(
	cluster: Pick<ClusterClient, 'json'>,
	namespace: string,
	signal: AbortSignal | undefined,
): Promise<string | null> {
	try {
		await cluster.json({
			path: `/api/v1/namespaces/${encodeURIComponent(namespace)}`,
			timeoutMs: namespaceReadTimeoutMs,
			...(signal && {signal}),
		});
		return null;
	} catch (thrown) {
		const {code, message} = toSpokeError(thrown);
		return code === 'ERR_NOT_FOUND' && notFoundMessage.test(message) ? message : null;
	}
}
