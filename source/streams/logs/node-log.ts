/** Opens a log of a node through the apiserver's node proxy. */
import type {Readable} from 'node:stream';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {canICommand} from '../../cluster/error-from-response.ts';
import {SpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import {parseProxyTarget} from '../../cluster/targets/proxy-target.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import type {ConnectionObserver} from '../connection-observer.ts';
import {type ProxyResponse, sendProxyRequest} from '../proxy/proxy-request.ts';
import {resolveProxyTarget} from '../proxy/resolve-proxy-target.ts';
import {escapeRegExp} from '../../base/text/search-patterns.ts';
import {readLineBlocks} from './line-blocks.ts';
import {truncatedResponseError} from '../proxy/response-origin.ts';

type NodeLogRequest = {
	/** As typed: `node/n1`. */
	target: string;
	query: NodeLogQuery;
	/** Time for the response headers. */
	timeoutMs: number;
};

export type NodeLogQuery = ServiceQuery | FileQuery;

/** Up to four, each with its unit in the journal or its file `NAME`, `NAME.log` or `NAME/NAME.log`. */
type ServiceQuery = {kind: 'services'; services: readonly string[]; options: NodeLogOptions};

/** Below `/var/log`, without a leading slash. With a slash at its end, or empty: the names in that directory. */
type FileQuery = {kind: 'file'; file: string};

/** The kubelet applies them to the journal only. */
export type NodeLogOptions = {
	/** RFC 3339. The kubelet passes it to journalctl without its zone, which is then that of the node. */
	sinceTime?: string;
	tailLines?: number;
	/** 0: the current boot; -1: the one before. */
	boot?: number;
	/** A PCRE2 expression on Linux. */
	pattern?: string;
};

const entities: ReadonlyMap<string, string> = new Map([
	['&amp;', '&'],
	['&lt;', '<'],
	['&gt;', '>'],
	['&#34;', '"'],
	['&#39;', "'"],
]);

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

const listFilesHint = '--query / lists the files of /var/log';

/** @see https://github.com/golang/go/blob/go1.26.0/src/net/http/fs.go toHTTPError */
const noFile = '404 page not found';

/** @see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/server/server.go InstallSystemLogHandler, InstallDebuggingDisabledHandlers */
const remedies: ReadonlyMap<string, string> = new Map([
	['logs endpoint is disabled.', 'set enableSystemLogHandler: true in the kubelet’s configuration'],
	['Debug endpoints are disabled.', 'set enableDebuggingHandlers: true in the kubelet’s configuration'],
]);

/**
The request's path after `…/proxy`. A file is requested by its path, because a kubelet serves that without `enableSystemLogQuery`, too.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/kubelet.go#L1852
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/kubelet_server_journal.go newNodeLogQuery
*/
function nodeLogPath(query: NodeLogQuery): string {
	if (query.kind === 'file') {
		return `/logs/${query.file
			.split('/')
			.map(part => encodeURIComponent(part))
			.join('/')}`;
	}

	const parameters = new URLSearchParams(query.services.map((service): [string, string] => ['query', service]));
	for (const [name, value] of Object.entries(query.options)) {
		parameters.set(name, String(value));
	}

	return `/logs/?${parameters.toString()}`;
}

function isDirectory({file}: FileQuery): boolean {
	return file === '' || file.endsWith('/');
}

/**
Passes on whole lines, and of a directory a name per line.
@throws SpokeError ERR_NOT_FOUND or ERR_NODE_LOGS if the kubelet wrote that it could not read a log, ERR_STREAM_LOST if truncated
*/
export async function readNodeLog(
	body: Readable,
	{target, query}: {target: string; query: NodeLogQuery},
	onBlock: (block: Buffer) => Promise<void>,
): Promise<void> {
	const failures: string[] = [];
	const linesOf =
		query.kind === 'services' ? withoutFailures(query.services, failures) : isDirectory(query) ? namesIn : (block: Buffer) => block;
	const pass = async (block: Buffer) => {
		const lines = linesOf(block);
		if (lines.length > 0) {
			await onBlock(lines);
		}
	};

	const {remainder, error} = await readLineBlocks(body, pass);
	await pass(remainder);
	if (error) {
		throw truncatedResponseError(error);
	}

	if (failures.length > 0) {
		throw failureError(target, failures);
	}
}

/**
Takes the kubelet's own lines out of a block, because the response that contains them is a success.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/kubelet_server_journal.go copyForBoot, copyServiceLogs, heuristicsCopyFileLogs
*/
function withoutFailures(services: readonly string[], failures: string[]): (block: Buffer) => Buffer {
	const name = `(?:${services.map(service => escapeRegExp(service)).join('|')})`;
	const messages = [
		`log not found for ${name}`,
		`error getting log for ${name}: .*`,
		'error: journal output not available',
		'failed to get logging cmd: .*',
		'context error: .*',
		String.raw`options present and query resolved to log files for \[.*\]`,
	];
	// The line feed before a message is the kubelet's, too.
	const pattern = new RegExp(String.raw`(?:^|\n)(${messages.join('|')})\n(?:try without specifying options\n)?`, 'g');
	return block => {
		const text = block.toString('latin1');
		const kept = text.replaceAll(pattern, (_, message: string) => {
			failures.push(sanitizeLine(Buffer.from(message, 'latin1').toString('utf8')));
			return '';
		});
		return kept.length === text.length ? block : Buffer.from(kept, 'latin1');
	};
}

function failureError(target: string, failures: readonly string[]): SpokeError {
	const text = failures.join('; ');
	return failures.every(failure => failure.startsWith('log not found for '))
		? new SpokeError('ERR_NOT_FOUND', `${target}: ${text}: no unit in the journal and no file in /var/log has this name`, {
				leg: 3,
				text,
				remedy: `${listFilesHint}; without journalctl on the node, a kubelet finds no units`,
			})
		: new SpokeError('ERR_NODE_LOGS', `the kubelet of ${target} could not read the log: ${text}`, {
				text,
				remedy: text.startsWith('options present') ? 'this service logs to a file, which is sent whole: omit the other flags' : null,
			});
}

/** Go's list of a directory: a link per line. @see https://github.com/golang/go/blob/go1.26.0/src/net/http/fs.go dirList */
function namesIn(block: Buffer): Buffer {
	const names = [...block.toString('utf8').matchAll(/<a href="[^"]*">(.*?)<\/a>/gs)].map(([, name = '']) =>
		name.replaceAll(/&[^;]+;/g, unescaped),
	);
	return Buffer.from(names.map(name => `${sanitizeLine(name)}\n`).join(''));
}

function unescaped(entity: string): string {
	return entities.get(entity) ?? entity;
}
