/** A WebSocket through the apiserver proxy, joined to stdin and stdout: a line is a message, a message is a line. */
import {createInterface} from 'node:readline';
import type {ClusterAccess} from '../../cluster/cluster-access.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {exitStatus} from '../../errors/exit-status.ts';
import {writeThrough} from '../../output/write-through.ts';
import {tunnelLoss} from '../../sessions/lost-leg.ts';
import type {ConnectionWitness} from '../../sessions/connection-witness.ts';
import {openProxyWebSocket} from '../../sessions/proxy/proxy-request.ts';
import type {ResolvedProxyTarget} from '../../sessions/proxy/resolve-proxy-target.ts';
import {sanitise} from '../../text/sanitise.ts';
import {isPlainClose, WebSocketMessages, type WebSocketEnding} from '../../wire/websocket-messages.ts';
import type {Invocation} from '../command.ts';

/** Below every common idle limit. */
const pingEveryMs = 20_000;

/** How long the other side may take to answer our Close. */
const closeMs = 5000;

/** The end of stdin closes the WebSocket. @throws SpokeError ERR_STREAM_LOST when it ended without a Close, or with another code than 1000 */
export async function talkOverWebSocket(cluster: ClusterAccess, resolved: ResolvedProxyTarget, asked: {path: string; headers: Readonly<Record<string, string>>; protocols: readonly string[]}, {stdin, stdout, interrupted}: Pick<Invocation, 'stdin' | 'stdout' | 'interrupted'>, witness: ConnectionWitness | undefined): Promise<number> {
	const output = writeThrough(stdout);
	const {upgraded, closed} = await openProxyWebSocket(cluster, resolved, asked, {witness, signal: interrupted});
	const messages = new WebSocketMessages(upgraded.socket, upgraded.head, {pingEveryMs, closeMs});
	const lines = createInterface({input: stdin});
	let ended = false;
	const ending = Promise.withResolvers<WebSocketEnding>();
	messages.on('close', ending.resolve);
	messages.on('message', (payload, binary) => {
		messages.pause();
		const text = stdout.isTTY ? sanitise(payload.toString('utf8'), {colours: 'keep'}) : payload;
		void output.write(binary && !stdout.isTTY ? payload : Buffer.concat([Buffer.from(text), Buffer.from('\n')])).then(() => {
			messages.resume();
		}, () => {
			messages.destroy();
		});
	});
	lines.on('line', line => {
		if (messages.send(Buffer.from(line), {binary: false})) {
			return;
		}

		lines.pause();
	});
	messages.on('drain', () => {
		// What was written before stdin ended may leave after it.
		if (!ended) {
			lines.resume();
		}
	});
	lines.on('close', () => {
		ended = true;
		messages.close();
	});
	const stop = () => {
		messages.close();
	};

	interrupted.addEventListener('abort', stop);
	try {
		const {code, reason, error} = await ending.promise;
		if (output.closed.aborted) {
			throw output.closed.reason;
		}

		interrupted.throwIfAborted();
		if (error) {
			throw await tunnelLoss(cluster, error, 'the backend');
		}

		if (!isPlainClose(code)) {
			throw new SpokeError('ERR_STREAM_LOST', `the backend closed the WebSocket with code ${code}`, {leg: 3, text: reason});
		}

		await output.finished();
		return exitStatus.ok;
	} finally {
		interrupted.removeEventListener('abort', stop);
		lines.close();
		stdin.destroy();
		closed();
	}
}
