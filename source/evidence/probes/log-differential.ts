/** Reads one byte of a log, and compares an ordinary read with one that skips verification of the kubelet. */
import type {IncomingHttpHeaders} from 'node:http';
import type {Connection} from '../../cluster/cluster-client.ts';
import {explainMessage, kubeletLogRefusal} from '../../cluster/server-messages/explain-message.ts';
import type {LogDifferentialFacts, Observation} from '../evidence.ts';
import {makeObservation, readText, type Requester} from './probe-request.ts';
import type {SpokeError} from '../../base/errors/spoke-error.ts';
import {errorFromResponse} from '../../cluster/error-from-response.ts';
import {objectPath, podResource} from '../../cluster/targets/resource-names.ts';

export type ReadLog = {
	namespace: string;
	pod: string;
	container: string;
	node: string | null;
};

/** `body`: the byte, or the text of a failure. */
export type LogByteResponse = {connection: string; status: number; headers: IncomingHttpHeaders; body: string};

/**
A read that is refused only with verification was verified; one that is refused also without it met the certificate of an egress proxy.
Reads a second time only if the first was refused at the certificate. Never throws.
*/
export async function readLogDifferential(
	connection: Pick<Connection, 'request' | 'id'>,
	log: ReadLog,
	process: string | null,
): Promise<Observation<LogDifferentialFacts>> {
	const {result: normal, text} = await readOnce(connection, log, {skipsCheck: false});
	const skipping = normal === 'certificate-refused' ? (await readOnce(connection, log, {skipsCheck: true})).result : 'not-tried';
	return logObservation(log, {normal, skipping, text}, {process, connection: connection.id});
}

/** The kubelet answered one read. */
export function logAnswer(log: Omit<ReadLog, 'container'>, end: ConnectionEnd): Observation<LogDifferentialFacts> {
	return logObservation(log, {normal: 'ok', skipping: 'not-tried', text: null}, end);
}

type ConnectionEnd = Pick<Observation<LogDifferentialFacts>, 'process' | 'connection'>;

function logObservation(
	{namespace, pod, node}: Omit<ReadLog, 'container'>,
	facts: Omit<LogDifferentialFacts, 'node'>,
	end: ConnectionEnd,
): Observation<LogDifferentialFacts> {
	return makeObservation('log-differential', `GET pods/log of ${namespace}/${pod}`, {...facts, node}, {...end, active: true});
}

/** `ok`: the kubelet answered. */
type LogRead = {result: LogDifferentialFacts['normal']; text: string | null};

async function readOnce(connection: Pick<Connection, 'request'>, log: ReadLog, {skipsCheck}: {skipsCheck: boolean}): Promise<LogRead> {
	try {
		const answer = await readLogByte(connection, log, {skipsCheck, timeoutMs: 35_000});
		if (isFromKubelet(answer)) {
			return {result: 'ok', text: null};
		}

		const explained = explainMessage(answer.body, {status: answer.status});
		const isRefused = explained?.wrapper === 'log' && explained.rule.proves.tls === 'refused';
		return {result: isRefused ? 'certificate-refused' : 'failed', text: answer.body};
	} catch (error) {
		return {result: 'failed', text: (error as Error).message};
	}
}

/** @throws SpokeError without a response in `timeoutMs` */
export async function readLogByte(
	requester: Requester,
	{namespace, pod, container}: Omit<ReadLog, 'node'>,
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
