/** A WebSocket through the apiserver proxy: one line per message. */
import {isUtf8} from 'node:buffer';
import {once} from 'node:events';
import type {Readable} from 'node:stream';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {toSpokeError, SpokeError} from '../../errors/spoke-error.ts';
import {exitStatus} from '../../errors/exit-status.ts';
import {createOutputWriter} from '../../output/output-writer.ts';
import {locateTunnelLoss} from '../../streams/locate-loss.ts';
import type {ConnectionObserver} from '../../streams/connection-observer.ts';
import {readLineBlocks} from '../../streams/logs/line-blocks.ts';
import {lineEnd} from '../../streams/logs/log-lines.ts';
import {openProxyWebSocket} from '../../streams/proxy/proxy-request.ts';
import type {ResolvedProxyTarget} from '../../streams/proxy/resolve-proxy-target.ts';
import {sanitize} from '../../text/sanitize.ts';
import {isNormalClose, WebSocketMessages, type WebSocketCloseResult} from '../../wire/websocket-messages.ts';
import type {Invocation} from '../command.ts';

/** Shorter than every common idle timeout. */
const pingEveryMs = 20_000;

const closeMs = 5000;

/** @throws SpokeError ERR_STREAM_LOST without a Close frame, or with a code other than 1000 */
export async function runWebSocket(
	cluster: ClusterClient,
	resolved: ResolvedProxyTarget,
	asked: {path: string; headers: Readonly<Record<string, string>>; protocols: readonly string[]},
	{stdin, stdout, interrupted}: Pick<Invocation, 'stdin' | 'stdout' | 'interrupted'>,
	observer: ConnectionObserver | undefined,
): Promise<number> {
	const output = createOutputWriter(stdout);
	const {upgraded, closed} = await openProxyWebSocket(cluster, resolved, asked, {observer, signal: interrupted});
	const messages = new WebSocketMessages(upgraded.socket, {pingIntervalMs: pingEveryMs, closeTimeoutMs: closeMs});
	const ending = Promise.withResolvers<WebSocketCloseResult>();
	messages.on('close', ending.resolve);
	messages.on('message', (payload, binary) => {
		messages.pause();
		const text = stdout.isTTY ? sanitize(payload.toString('utf8'), {colors: 'keep'}) : payload;
		const bytes = binary && !stdout.isTTY ? payload : Buffer.concat([Buffer.from(text), Buffer.from('\n')]);
		void Promise.resolve(output.write(bytes)).then(
			() => {
				messages.resume();
			},
			() => {
				messages.destroy();
			},
		);
	});
	sendLines(stdin, messages, ending.promise).catch((error: unknown) => {
		messages.destroy(toSpokeError(error));
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
			throw await locateTunnelLoss(cluster, error, 'the backend');
		}

		if (!isNormalClose(code)) {
			throw new SpokeError('ERR_STREAM_LOST', `the backend closed the WebSocket with code ${code}`, {leg: 3, text: reason});
		}

		await output.finished();
		return exitStatus.ok;
	} finally {
		interrupted.removeEventListener('abort', stop);
		stdin.destroy();
		closed();
	}
}

async function sendLines(stdin: Readable, messages: WebSocketMessages, ended: Promise<unknown>): Promise<void> {
	const send = async (line: Buffer) => {
		// A text message would alter bytes that are not UTF-8.
		if (!messages.send(line, {binary: !isUtf8(line)})) {
			await Promise.race([once(messages, 'drain'), ended]);
		}
	};

	const {remainder} = await readLineBlocks(stdin, async block => {
		for (let from = 0, end: number; from < block.length; from = end) {
			end = lineEnd(block, from);
			await send(block.subarray(from, block[end - 2] === 0x0d && end - from > 1 ? end - 2 : end - 1));
		}
	});
	await (remainder.length > 0 ? send(remainder) : undefined);
	messages.close();
}
