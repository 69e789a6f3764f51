/** Compares an ordinary log read with one that skips verification of the kubelet. */
import type {Connection} from '../../cluster/cluster-client.ts';
import {explainMessage} from '../../server-messages/explain-message.ts';
import {messageAuthor} from '../../server-messages/message-author.ts';
import type {Author, LogDifferentialFacts, Observation} from '../evidence.ts';
import {isFromKubelet, readLogByte, type ReadLog} from './log-byte.ts';
import {makeObservation} from './probe-request.ts';

/**
A read that is refused only with verification was verified; one that is refused also without it met the certificate of an egress proxy.
Reads a second time only if the first was refused at the certificate. Never throws.
*/
export async function readLogDifferential(
	connection: Pick<Connection, 'request' | 'id'>,
	log: ReadLog,
	process: string | null,
): Promise<Observation<LogDifferentialFacts>> {
	const normal = await readOnce(connection, log, {skipsCheck: false});
	const found = resultOf(normal);
	const skipping = found === 'certificate-refused' ? await readOnce(connection, log, {skipsCheck: true}) : null;
	const facts = {
		normal: found,
		skipping: skipping === null ? 'not-tried' : resultOf(skipping),
		text: normal.ok ? null : normal.text,
	} as const;
	const refused = [normal, ...(skipping ? [skipping] : [])].filter(read => resultOf(read) === 'certificate-refused');
	const isOfApiserver =
		refused.length > 0 && refused.every(({text}) => messageAuthor(text, {...log, addresses: log.kubeletAddresses}) === 'apiserver');
	return logObservation(log, facts, {process, connection: connection.id, ...(isOfApiserver && {authors: ['apiserver']})});
}

/** The kubelet answered one read. */
export function logAnswer(log: Pick<ReadLog, 'namespace' | 'pod' | 'node'>, end: ConnectionEnd): Observation<LogDifferentialFacts> {
	return logObservation(log, {normal: 'ok', skipping: 'not-tried', text: null}, end);
}

type ConnectionEnd = Pick<Observation<LogDifferentialFacts>, 'process' | 'connection'> & {authors?: readonly Author[]};

function logObservation(
	{namespace, pod, node}: Pick<ReadLog, 'namespace' | 'pod' | 'node'>,
	facts: Omit<LogDifferentialFacts, 'node'>,
	end: ConnectionEnd,
): Observation<LogDifferentialFacts> {
	return makeObservation('log-differential', `GET pods/log of ${namespace}/${pod}`, {...facts, node}, {...end, active: true});
}

/** `ok`: the kubelet answered. `status` is 0 without a response. */
type LogRead = {ok: boolean; status: number; text: string};

function resultOf({ok, status, text}: LogRead): LogDifferentialFacts['normal'] {
	if (ok) {
		return 'ok';
	}

	const explained = explainMessage(text, {status});
	return explained?.wrapper === 'log' && explained.rule.proves.tls === 'refused' ? 'certificate-refused' : 'failed';
}

async function readOnce(connection: Pick<Connection, 'request'>, log: ReadLog, {skipsCheck}: {skipsCheck: boolean}): Promise<LogRead> {
	try {
		const answer = await readLogByte(connection, log, {skipsCheck, timeoutMs: 35_000});
		return {ok: isFromKubelet(answer), status: answer.status, text: answer.body};
	} catch (error) {
		return {ok: false, status: 0, text: (error as Error).message};
	}
}
