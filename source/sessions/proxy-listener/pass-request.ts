/** One request of a local client, passed to the apiserver, and its answer back. */
import type {IncomingMessage, ServerResponse} from 'node:http';
import {pipeline} from 'node:stream/promises';
import type {Readable} from 'node:stream';
import type {ClusterAccess} from '../../cluster/cluster-access.ts';
import type {ApiResponse} from '../../cluster/connection.ts';
import {asSpokeError, type SpokeError} from '../../errors/spoke-error.ts';
import {saidByKubeletOfLog} from '../../failures/kubelets-log-words.ts';
import type {ConnectionWitness} from '../connection-witness.ts';
import {logRefusal} from '../logs/log-refusal.ts';
import {cutAnswer} from '../proxy/cut-answer.ts';
import {isOwnRedirect, mayBeApiservers, mostOfAnError, saidByApiserver} from '../proxy/said-by-apiserver.ts';
import {connectWitnessed} from '../witnessed-connection.ts';
import {clientLeft} from './failed-request.ts';
import {headersToApiserver, headersToClient} from './passed-headers.ts';
import type {ProxiedTargets} from './proxied-targets.ts';

export type PassingMeans = {cluster: ClusterAccess; targets: ProxiedTargets; witness: ConnectionWitness | undefined; keepaliveMs: number};

/**
The client that goes away ends the request, and nothing else does: an upload, a followed log without a line or a backend may take any time.
@throws SpokeError when the apiserver was not reached; ERR_STREAM_LOST when its answer was cut, which is no word on how the connection went; `clientLeft`
*/
export async function passRequest({cluster, targets, witness}: PassingMeans, path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
	const gone = new AbortController();
	response.once('close', () => {
		gone.abort(clientLeft());
	});
	const asked = {
		method: request.method ?? 'GET', path, headers: headersToApiserver(request.headers), timeoutMs: 0, signal: gone.signal,
		...hasBody(request) && {body: request},
	};
	const proxied = await targets.find(path);
	if (!proxied) {
		await passAnswer(response, await cluster.request(asked));
		return;
	}

	const {purpose, base, behind} = proxied;
	const connection = await connectWitnessed(cluster, purpose, witness, gone.signal);
	let cut: SpokeError | undefined;
	try {
		const answer = await connection.request({...asked, path: base + behind});
		const {status, headers, body} = answer;
		const begun = status >= 400 ? beginningOf(body) : null;
		// Of a log's answers only a 200 is the kubelet's as it came: a 204 says that the pod is on no node yet, and of any other the apiserver makes a Status.
		const mayBeTheirs = (words: Buffer) => purpose.feature === 'logs' ? status !== 200 : mayBeApiservers(status, headers, words);
		const opened = (words: Buffer) => witness?.opened?.(connection, purpose, {carrier: 'http', protocol: null, mayBeApiservers: mayBeTheirs(words)});
		if (!begun && !isOwnRedirect(status, behind)) {
			opened(nothing);
		}

		await passAnswer(response, answer).catch((error: unknown) => {
			cut = asSpokeError(error);
		});
		// Whose refusal it is shows in its words only, and the client does not wait for them.
		const words = begun?.();
		const said = words && saidByApiserver(status, headers, words, purpose);
		const noLog = words && purpose.feature === 'logs' && saidByKubeletOfLog(status, words.toString('utf8')) !== null;
		if (noLog) {
			witness?.answered?.(connection, purpose);
			witness?.failed?.(connection, purpose, logRefusal({status, headers, body: words.toString('utf8')}));
		} else if (said) {
			witness?.failed?.(connection, purpose, said);
		} else if (words) {
			opened(words);
		}
	} catch (thrown) {
		if (!gone.signal.aborted) {
			witness?.failed?.(connection, purpose, asSpokeError(thrown));
		}

		throw thrown;
	} finally {
		witness?.closed?.(connection, purpose);
		connection.close();
	}

	if (cut) {
		throw cut;
	}
}

const nothing = Buffer.alloc(0);

/** Gathers while the body is passed on; gives what came, or `undefined` where that is not enough to judge by. */
function beginningOf(body: Readable): () => Buffer | undefined {
	const pieces: Buffer[] = [];
	let bytes = 0;
	body.on('data', (piece: Buffer) => {
		if (bytes < mostOfAnError) {
			pieces.push(piece);
		}

		bytes += piece.length;
	});
	return () => body.readableEnded || bytes >= mostOfAnError ? Buffer.concat(pieces) : undefined;
}

/** How the end of a client shows on an answer that is on its way to it. */
const ofClient: ReadonlySet<string | undefined> = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ERR_OUTPUT_CLOSED']);

/** @throws SpokeError ERR_STREAM_LOST when it was cut; a client that is gone needs nothing */
async function passAnswer(response: ServerResponse, {status, statusText, headers, body}: ApiResponse): Promise<void> {
	response.writeHead(status, statusText, headersToClient(headers));
	response.flushHeaders();
	try {
		await pipeline(body, response);
	} catch (error) {
		// It must not look whole.
		response.destroy();
		if (!ofClient.has((error as NodeJS.ErrnoException).code)) {
			throw cutAnswer(error);
		}
	}
}

function hasBody({headers}: IncomingMessage): boolean {
	return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}
