/** Errors from responses other than 2xx. */
import type {IncomingHttpHeaders} from 'node:http';
import {Readable} from 'node:stream';
import {SpokeError} from '../base/errors/spoke-error.ts';
import {errorFromExplanation, explainMessage} from './server-messages/explain-message.ts';
import {kubectlLine, statusMessage} from './server-messages/unwrap-message.ts';
import {formatRfc3339Seconds} from '../base/text/formats.ts';
import type {SocketFacts, ClusterInfo, RequestOptions} from './cluster-client.ts';
import {isReplayable, type HttpRequest, type HttpResult} from './transport/exchange.ts';
import {maxErrorPrefixBytes, readBodyPrefix} from './transport/response-body.ts';
import {quoteForShell} from '../base/text/escaping.ts';

export type ErrorResponse = {
	status: number;
	body: string;
	headers: IncomingHttpHeaders;
	/** The connection of the response, whose client certificate may be the cause. */
	connection?: PresentedOn;
};

export type ErrorResponseContext = Partial<RequestAttributes> & {identity?: ImpersonatedIdentity};

/** `namespace` is `null` for cluster-scoped resources and all namespaces. */
type RequestAttributes = {verb: string; resource: string; namespace: string | null};

const verbs: Readonly<Record<string, string>> = {POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete'};

export type ImpersonatedIdentity = Pick<ClusterInfo, 'impersonating' | 'impersonatedGroups'>;

const clusterScoped: ReadonlySet<string> = new Set([
	'nodes',
	'namespaces',
	'certificatesigningrequests',
	'clusterroles',
	'clusterrolebindings',
]);

/** Keeps the server's message in `text`. */
export function errorFromResponse(response: ErrorResponse, context: ErrorResponseContext = {}): SpokeError {
	const base = baseError(response, context);
	const asKubectl = kubectlLine(response.body);
	const error = asKubectl === null ? base : base.withChanges({asKubectl, cause: base.cause});
	return error.code === 'ERR_CREDENTIALS' ? explainRejectedCertificate(error, response) : error;
}

function baseError({status, body, headers}: ErrorResponse, context: ErrorResponseContext): SpokeError {
	const explained = explainMessage(body, {status});
	// A kubelet never responds to a request that ends at the apiserver: a gateway did.
	if (explained && (explained.rule.leg === 1 || reachesKubelet(context.resource)) && !unexplainedRules.has(explained.rule.id)) {
		return errorFromExplanation(explained);
	}

	const text = statusMessage(body) || body.trim() || `HTTP ${status}`;
	const line = text
		.trim()
		.replaceAll(/\s*\n\s*/g, ' ')
		.slice(0, 1000);
	switch (status) {
		case 401: {
			return new SpokeError('ERR_CREDENTIALS', `the apiserver does not accept your credentials: ${line}`, {text});
		}

		case 403: {
			return forbidden(line, text, context);
		}

		case 404: {
			return (statusMessage(body) && line !== noSuchPath) || reachesKubelet(context.resource)
				? new SpokeError('ERR_NOT_FOUND', line, {text})
				: new SpokeError('ERR_NOT_FOUND', `no such API at the server URL: ${line}`, {text, remedy: 'check the server URL and its path'});
		}

		case 301:
		case 302:
		case 303:
		case 307:
		case 308: {
			return new SpokeError(
				'ERR_APISERVER_ANSWER',
				`the apiserver redirects to ${headers.location ?? 'nowhere'}; redirects are not followed`,
				{text, remedy: 'check the server URL, or log in again'},
			);
		}

		default: {
			return line === 'Client sent an HTTP request to an HTTPS server.'
				? new SpokeError('ERR_APISERVER_ANSWER', 'the apiserver requires HTTPS, but the server URL says http://', {
						text,
						remedy: 'use https:// in the server URL',
					})
				: new SpokeError('ERR_APISERVER_ANSWER', `the apiserver responded with ${status}: ${line}`, {text});
		}
	}
}

/**
Of a path that no handler serves: plain text, and a Status since 1.38.
@see https://github.com/kubernetes/kubernetes/blob/v1.38.0-beta.0/staging/src/k8s.io/apiserver/pkg/util/notfoundhandler/not_found_handler.go
*/
const noSuchPath = '404 page not found';

/** R2 does not improve on the server's message; P5 is about a pod of the proxy's target. */
const unexplainedRules: ReadonlySet<string> = new Set(['R2', 'P5']);

function reachesKubelet(resource: string | undefined): boolean {
	return resource === undefined || /\/(?:log|exec|attach|portforward|proxy)$/.test(resource);
}

function forbidden(line: string, text: string, {verb, resource, namespace = null, identity}: ErrorResponseContext): SpokeError {
	if (!verb || !resource) {
		return new SpokeError('ERR_FORBIDDEN', line, {text});
	}

	const message = line.includes('cannot') ? line : `not allowed to ${verb} ${resource}: ${line}`;
	if (line.includes('User "system:anonymous" ') && (identity?.impersonating ?? null) === null) {
		return new SpokeError('ERR_FORBIDDEN', message, {
			text,
			remedy: 'the apiserver recognized no credentials in the request: log in, or check the user of this context',
		});
	}

	// Checked as the impersonated user, the permission would be refused in the same way.
	const impersonation = /cannot (impersonate\S*) resource "([^"]+)" in API group "([^"]*)"/.exec(line);
	if (impersonation) {
		const [, refusedVerb, refusedResource, group] = impersonation as unknown as [string, string, string, string];
		const check = `kubectl auth can-i ${refusedVerb} ${refusedResource}${group === '' ? '' : `.${group}`}`;
		return new SpokeError('ERR_FORBIDDEN', message, {
			text,
			remedy: `request permission to impersonate, or omit it; check with \`${check}\``,
		});
	}

	return new SpokeError('ERR_FORBIDDEN', message, {
		text,
		remedy: `request permission; check with \`${canICommand({verb, resource, namespace}, identity)}\``,
	});
}

type PresentedOn = {facts: Pick<SocketFacts, 'clientCertificateDates'>};

/** The apiserver gives no reason for a 401: a certificate date may be violated. */
function explainRejectedCertificate(
	error: SpokeError,
	{headers, connection}: {headers: IncomingHttpHeaders; connection?: PresentedOn},
): SpokeError {
	const dates = connection?.facts.clientCertificateDates;
	if (!dates) {
		return error;
	}

	const {notBefore, notAfter} = dates;
	const now = serverNow(headers.date);
	if (now > notAfter) {
		return withFact(
			error,
			`your client certificate expired at ${formatRfc3339Seconds(notAfter)}`,
			'renew the client certificate of this context’s user, or log in again',
		);
	}

	return now < notBefore
		? withFact(
				error,
				`your client certificate is not valid before ${formatRfc3339Seconds(notBefore)}`,
				'check the clocks of the apiserver and of the certificate’s issuer, or wait until then',
			)
		: error;
}

function serverNow(date: string | undefined): Date {
	const time = Date.parse(date ?? '');
	return Number.isNaN(time) ? new Date() : new Date(time);
}

function withFact(error: SpokeError, fact: string, remedy: string): SpokeError {
	return error.withChanges({message: `${error.message}; ${fact}`, remedy});
}

/**
`…/pods/web/log` is `get pods/log`; `/flagz` is its own resource.
@see https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb
*/
export function requestAttributes(method: string, path: string): RequestAttributes {
	const [plain = '', query = ''] = path.split('?', 2);
	const parts = plain.split('/').filter(part => part !== '');
	const afterVersion = parts[0] === 'api' ? parts.slice(2) : parts[0] === 'apis' ? parts.slice(3) : [];
	// `/namespaces/NAME` is a resource, not in a namespace.
	const isInNamespace = afterVersion[0] === 'namespaces' && afterVersion.length > 2;
	const segments = isInNamespace ? afterVersion.slice(2) : afterVersion;
	const namespace = isInNamespace ? decodeURIComponent(afterVersion[1]!) : null;
	const [resource, name, subresource] = segments;
	if (resource === undefined) {
		return {verb: method.toLowerCase(), resource: plain, namespace: null};
	}

	const isWatch = query !== '' && new URLSearchParams(query).has('watch');
	const readVerb = isWatch ? 'watch' : name === undefined ? 'list' : 'get';
	return {verb: verbs[method] ?? readVerb, resource: subresource === undefined ? resource : `${resource}/${subresource}`, namespace};
}

export function canICommand({verb, resource, namespace}: RequestAttributes, identity: ImpersonatedIdentity | undefined): string {
	// `kubectl auth can-i` reads `pods/log` as the pod named log.
	const [plain = '', subresource] = resource.startsWith('/') ? [resource] : resource.split('/', 2);
	const everywhere = !resource.startsWith('/') && !clusterScoped.has(plain);
	return [
		'kubectl auth can-i',
		verb,
		quoteForShell(plain),
		...(subresource === undefined ? [] : [`--subresource=${quoteForShell(subresource)}`]),
		...(namespace === null ? (everywhere ? ['-A'] : []) : ['-n', quoteForShell(namespace)]),
		...(identity?.impersonating ? ['--as', quoteForShell(identity.impersonating)] : []),
		...(identity?.impersonating ? identity.impersonatedGroups.flatMap(group => ['--as-group', quoteForShell(group)]) : []),
	].join(' ');
}

/**
Whether the apiserver rejected the user's credentials. A kubelet can also send a 401 (it rejects those of the apiserver), and so can a
backend. On a path to a kubelet, only the apiserver's own Status counts, which a hostile kubelet can imitate for exec, attach and
port-forward. May replace `response.body`.
*/
export async function areCredentialsRejected(path: string, response: PlainResponse): Promise<boolean> {
	if (response.status !== 401 || isProxyPath(path)) {
		return false;
	}

	if (!kubeletStreamPath.test(withoutQuery(path))) {
		return true;
	}

	if (!response.headers['content-type']?.startsWith('application/json')) {
		return false;
	}

	const text = await readBodyPrefix(response.body, maxErrorPrefixBytes);
	response.body = Readable.from([Buffer.from(text)]);
	return explainMessage(text, {status: 401})?.rule.code === 'ERR_CREDENTIALS';
}

/** Whether a request can be sent again after a 401: it changes nothing, and it did not go to a backend. */
export function canSendAgain(
	path: string,
	{method = 'GET', kind, body}: {method?: string; kind?: HttpRequest['kind']; body?: RequestOptions['body'] | undefined},
): boolean {
	const hasNoEffect = method === 'GET' || method === 'HEAD' || kind !== undefined || reviewPath.test(path);
	return hasNoEffect && isReplayable({body}) && !isProxyPath(path);
}

export function isProxyPath(path: string): boolean {
	return proxyPath.test(withoutQuery(path));
}

function withoutQuery(path: string): string {
	return path.split('?', 1)[0]!;
}

type PlainResponse = Extract<HttpResult, {kind: 'response'}>;

/** A backend can send any text. */
const proxyPath = /\/(?:nodes|pods|services)\/[^/]+\/proxy(?:\/|$)/;

/** A POST that only reads. */
const reviewPath = /^\/apis\/(?:authentication|authorization)\.k8s\.io\//;

const kubeletStreamPath = /\/pods\/[^/]+\/(?:log|exec|attach|portforward)$/;
