/** Opens a log of a node through the apiserver's node proxy. */
import type {Readable} from 'node:stream';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {canICommand} from '../../cluster/request-attributes.ts';
import {SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import {parseProxyTarget} from '../../targets/proxy-target.ts';
import {sanitizeLine} from '../../text/sanitize.ts';
import type {ConnectionObserver} from '../connection-observer.ts';
import {type ProxyResponse, sendProxyRequest} from '../proxy/proxy-request.ts';
import {resolveProxyTarget} from '../proxy/resolve-proxy-target.ts';
import {isDirectory, nodeLogPath, type NodeLogQuery} from './node-log-query.ts';

type NodeLogRequest = {
	/** As typed: `node/n1`. */
	target: string;
	query: NodeLogQuery;
	/** Time for the response headers. */
	timeoutMs: number;
};

/**
The body must be read or destroyed.
@throws SpokeError ERR_NODE_LOGS with the kubelet's reason, ERR_NOT_FOUND for a node or file, ERR_FORBIDDEN, ERR_SECOND_LEG
*/
export async function openNodeLog(
	cluster: ClusterClient,
	{target, query, timeoutMs}: NodeLogRequest,
	{observer, signal}: {observer: ConnectionObserver | undefined; signal: AbortSignal},
): Promise<Readable> {
	const resolved = await resolveProxyTarget(cluster, parseProxyTarget(target), cluster.facts.namespace, signal);
	const request = {method: 'GET', path: nodeLogPath(query), headers: {}, timeoutMs};
	const response = await sendProxyRequest(cluster, resolved, request, {observer, signal}).catch((thrown: unknown) => {
		throw withPermission(toSpokeError(thrown), cluster);
	});
	const refusal = refusalIn(response, target, query);
	if (refusal) {
		response.body.destroy();
		throw refusal;
	}

	return response.body;
}

function withPermission(error: SpokeError, {facts}: ClusterClient): SpokeError {
	const check = canICommand({verb: 'get', resource: 'nodes/proxy', namespace: null}, facts);
	return error.code === 'ERR_FORBIDDEN'
		? error.withChanges({
				remedy: `node logs require get on nodes/proxy: check with \`${check}\`. No role of spoke contains it, because it also allows commands in every pod of the node (docs/permissions.md)`,
			})
		: error;
}

function refusalIn({status, headers, bodyStart}: ProxyResponse, target: string, query: NodeLogQuery): SpokeError | null {
	// A kubelet that ignores the query serves the list of the directory.
	if (status === 200 && query.kind === 'services' && (headers['content-type'] ?? '').startsWith('text/html')) {
		return new SpokeError(
			'ERR_NODE_LOGS',
			`the kubelet of ${target} does not support log queries: it returned the list of /var/log instead`,
			{
				remedy: `set enableSystemLogQuery: true in the kubelet’s configuration (before 1.36, also the feature gate NodeLogQuery), or read a file: ${listFilesHint}`,
			},
		);
	}

	if (status < 300) {
		return null;
	}

	const text = bodyStart.toString('utf8').trim();
	if (query.kind === 'file' && status === 301 && !isDirectory(query)) {
		return new SpokeError('ERR_USAGE', `${target}: /var/log/${query.file} is a directory`, {
			remedy: `list it with --query '/${query.file}/'`,
		});
	}

	if (query.kind === 'file' && status === 404 && text === noFile) {
		return new SpokeError('ERR_NOT_FOUND', `${target} has no /var/log/${query.file}`, {leg: 3, text, remedy: listFilesHint});
	}

	return new SpokeError('ERR_NODE_LOGS', `the kubelet of ${target} responded with status ${status}: ${sanitizeLine(text).slice(0, 1000)}`, {
		text,
		remedy: remedies.get(text) ?? null,
	});
}

export const listFilesHint = '--query / lists the files of /var/log';

/** @see https://github.com/golang/go/blob/go1.26.0/src/net/http/fs.go toHTTPError */
const noFile = '404 page not found';

/** @see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/server/server.go InstallSystemLogHandler, InstallDebuggingDisabledHandlers */
const remedies: ReadonlyMap<string, string> = new Map([
	['logs endpoint is disabled.', 'set enableSystemLogHandler: true in the kubelet’s configuration'],
	['Debug endpoints are disabled.', 'set enableDebuggingHandlers: true in the kubelet’s configuration'],
]);
