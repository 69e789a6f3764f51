/** Recognizes a 401 of the apiserver, and decides whether to send the request again. */
import {Readable} from 'node:stream';
import {explainMessage} from '../server-messages/explain-message.ts';
import {maxErrorPrefixBytes} from './body-limits.ts';
import type {RequestOptions} from './connection.ts';
import {readBodyPrefix} from './read-body-prefix.ts';
import {isReplayable} from './transport/encode-request.ts';
import type {HttpRequest, HttpResult} from './transport/exchange.ts';

type PlainResponse = Extract<HttpResult, {kind: 'response'}>;

/** A backend can send any text. */
const proxyPath = /\/(?:nodes|pods|services)\/[^/]+\/proxy(?:\/|$)/;

/** A POST that only reads. */
const reviewPath = /^\/apis\/(?:authentication|authorization)\.k8s\.io\//;

const kubeletStreamPath = /\/pods\/[^/]+\/(?:log|exec|attach|portforward)$/;

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
