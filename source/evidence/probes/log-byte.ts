/** Reads one byte of a log, which the apiserver fetches from the kubelet. */
import type {IncomingHttpHeaders} from 'node:http';
import type {SpokeError} from '../../errors/spoke-error.ts';
import {errorFromResponse} from '../../cluster/error-from-response.ts';
import {explainMessage} from '../../server-messages/explain-message.ts';
import {kubeletLogRefusal} from '../../server-messages/kubelet-log-refusal.ts';
import {objectPath, podResource} from '../../targets/resource-names.ts';
import {readText, type Requester} from './probe-request.ts';

export type ReadLog = {
	namespace: string;
	pod: string;
	container: string;
	node: string | null;
	/** `host:port` of all that the apiserver could dial; `null` if the node cannot be read. */
	kubeletAddresses: readonly string[] | null;
};

/** `body`: the byte, or the text of a failure. */
export type LogByteResponse = {connection: string; status: number; headers: IncomingHttpHeaders; body: string};

/** @throws SpokeError without a response in `timeoutMs` */
export async function readLogByte(
	requester: Requester,
	{namespace, pod, container}: Pick<ReadLog, 'namespace' | 'pod' | 'container'>,
	{timeoutMs, skipsCheck = false}: {timeoutMs: number; skipsCheck?: boolean},
): Promise<LogByteResponse> {
	const query = new URLSearchParams({
		container,
		tailLines: '1',
		limitBytes: '1',
		...(skipsCheck && {insecureSkipTLSVerifyBackend: 'true'}),
	});
	const response = await requester.request({
		path: `${objectPath(podResource, namespace, pod, 'log')}?${query}`,
		headers: {Accept: '*/*'},
		timeoutMs,
		// A kubelet can send the head and then stall.
		wholeTimeoutMs: timeoutMs,
	});
	return {
		connection: response.connection.id,
		status: response.status,
		headers: response.headers,
		body: await readText(response, 64 * 1024),
	};
}

/** A kubelet that says why it has no log has answered, too. */
export function isFromKubelet({status, body}: Pick<LogByteResponse, 'status' | 'body'>): boolean {
	return status === 200 || kubeletLogRefusal(status, body) !== null;
}

/** The apiserver refused the request itself: leg 2 was not tried. Only for an answer that is not the kubelet's. */
export function isFromApiserver({status, body}: Pick<LogByteResponse, 'status' | 'body'>): boolean {
	const rule = explainMessage(body, {status})?.rule;
	return rule ? rule.leg !== 2 : status === 400 || status === 403 || status === 404;
}

export function logByteError({status, body, headers}: LogByteResponse): SpokeError {
	return errorFromResponse({status, body, headers}, {resource: 'pods/log'});
}
