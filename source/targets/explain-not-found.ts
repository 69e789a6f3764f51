/** Missing objects and namespaces. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {toSpokeError, type SpokeError} from '../errors/spoke-error.ts';
import {quoteForShell} from '../text/quote-for-shell.ts';

/** An apiserver responds the same for a missing namespace as for a missing object. The remedy lists what there is. */
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
	return namespaceError?.startsWith('namespaces ')
		? error.withChanges({message: namespaceError, remedy: 'list them with `kubectl get namespaces`'})
		: error.withChanges({
				message: `${error.message} in namespace ${JSON.stringify(namespace)}`,
				remedy: `list them with \`kubectl get ${error.message.split(' ', 1)[0]} -n ${quoteForShell(namespace)}\``,
			});
}

/** A better message is not worth a long wait. */
const namespaceReadTimeoutMs = 5000;

/** Excludes the 404 of a gateway. */
const notFoundMessage = /^[a-z.]+ ".*" not found$/;

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
