/** Recognizes a 401 that the apiserver itself sent, after which credentials are renewed. */
import {Readable} from 'node:stream';
import {explainMessage} from '../server-messages/explain-message.ts';
import {maxErrorPrefixBytes} from './body-limits.ts';
import type {RequestOptions} from './connection.ts';
import {readBodyPrefix} from './read-body-prefix.ts';
import {isReplayable} from './transport/encode-request.ts';
import type {HttpRequest, HttpResult} from './transport/exchange.ts';

type Response = Extract<HttpResult, {kind: 'response'}>;

/** A backend can send any text. */
const toBackend = /\/(?:nodes|pods|services)\/[^/]+\/proxy(?:\/|$)/;

/** A POST that only reads. */
const review = /^\/apis\/(?:authentication|authorization)\.k8s\.io\//;

const toKubelet = /\/pods\/[^/]+\/(?:log|exec|attach|portforward)$/;

/**
Whether the credentials were rejected, and not those of the apiserver at a kubelet or of a user at a backend. On a path to a kubelet, that
is a Status with a certain message; a hostile kubelet can imitate it for exec, attach and port-forward. May replace `response.body`.
*/
export async function areCredentialsRejected(path: string, response: Response): Promise<boolean> {
	const resource = withoutQuery(path);
	if (response.status !== 401 || toBackend.test(resource)) {
		return false;
	}

	if (!toKubelet.test(resource)) {
		return true;
	}

	if (!response.headers['content-type']?.startsWith('application/json')) {
		return false;
	}

	const text = await readBodyPrefix(response.body, maxErrorPrefixBytes);
	response.body = Readable.from([Buffer.from(text)]);
	return explainMessage(text, {status: 401})?.rule.code === 'ERR_CREDENTIALS';
}

/** Whether a request that was answered with a 401 can be sent again: it has no effect, and no backend has answered it. */
export function canSendAgain(
	path: string,
	{method = 'GET', kind, body}: {method?: string; kind?: HttpRequest['kind']; body?: RequestOptions['body'] | undefined},
): boolean {
	const hasNoEffect = method === 'GET' || method === 'HEAD' || kind !== undefined || review.test(path);
	return hasNoEffect && isReplayable({body}) && !toBackend.test(withoutQuery(path));
}

function withoutQuery(path: string): string {
	return path.split('?', 1)[0]!;
}
