/** `spoke proxy VERB`. */
import {type FileHandle, open} from 'node:fs/promises';
import {Readable} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import {isUtf8} from 'node:buffer';
import {once} from 'node:events';
import {assertAccess, proxyAccess} from '../../session/actions/access.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {exitStatus} from '../../base/errors/exit-status.ts';
import {isSpokeError, SpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import {describeRedirect, tlsBackendFix} from '../../report/descriptions/describe-proxy.ts';
import {noticeLine, createOutputWriter} from '../../report/output/output-writer.ts';
import type {ConnectionObserver} from '../../streams/connection-observer.ts';
import {runsCommands, runsKubeletCommands} from '../../streams/proxy/request-path.ts';
import {
	parseHeader,
	type ProxyRequest,
	type ProxyResponse,
	sendProxyRequest,
	openProxyWebSocket,
} from '../../streams/proxy/proxy-request.ts';
import {type ResolvedProxyTarget, resolveProxyTarget} from '../../streams/proxy/resolve-proxy-target.ts';
import {truncatedResponseError} from '../../streams/proxy/response-origin.ts';
import {parseProxyTarget, type ProxyTarget} from '../../cluster/targets/proxy-target.ts';
import {sanitizeLine, Sanitizer, sanitize} from '../../base/text/sanitize.ts';
import type {Invocation} from '../command.ts';
import {parseResponseTimeout, runStreams, type StreamRun} from '../stream-client.ts';
import {listenerFlags, type proxySpec} from './spec.ts';
import {locateTunnelLoss} from '../../streams/locate-loss.ts';
import {readLineBlocks} from '../../streams/logs/line-blocks.ts';
import {lineEnd} from '../../streams/logs/log-lines.ts';
import {isNormalClose, WebSocketMessages, type WebSocketCloseResult} from '../../wire/websocket-messages.ts';
import {assertUsage} from '../usage.ts';

type ProxyInvocation = Invocation<typeof proxySpec.flags>;

/** Shorter than every common idle timeout. */
const pingEveryMs = 20_000;

const closeMs = 5000;

/** @throws SpokeError ERR_BACKEND_ANSWER (1) for a status of 400 or more, ERR_SECOND_LEG (11) if the backend was not reached, ERR_USAGE… */
export async function runOneRequest(invocation: ProxyInvocation, method: string, text: string): Promise<number> {
	const {flags, stderr, interrupted} = invocation;
	const target = parseProxyTarget(text);
	const headers = Object.fromEntries(flags.header.map(line => parseHeader(line)));
	assertCompatibleFlags(invocation, method);
	return runStreams(invocation, {stderr}, async ({cluster, observer}) => {
		const resolved = await resolveProxyTarget(cluster, target, cluster.facts.namespace, interrupted);
		assertAccess(
			`proxy ${method.toLowerCase()} ${target.input}${target.path}`,
			proxyAccess({
				// Dot segments stay within the target here, but a gateway may clean them.
				method,
				runsCommands:
					runsCommands(resolved.base + target.path) || (resolved.purpose.feature === 'node-proxy' && runsKubeletCommands(target.path)),
				websocket: flags.websocket,
			}),
			{readOnly: flags['read-only']},
		);
		return flags.websocket
			? runWebSocket(cluster, resolved, {path: target.path, headers, protocols: flags.protocol}, invocation, observer)
			: exchange({cluster, observer}, resolved, {target, method, headers}, invocation);
	});
}

type RequestInput = {target: ProxyTarget; method: string; headers: Readonly<Record<string, string>>};

async function exchange(
	{cluster, observer}: StreamRun,
	resolved: ResolvedProxyTarget,
	{target, method, headers}: RequestInput,
	invocation: ProxyInvocation,
): Promise<number> {
	const {flags, stdout, stderr, interrupted} = invocation;
	const output = createOutputWriter(stdout);
	const sent = await bodyOf(invocation);
	const timeoutMs = parseResponseTimeout(flags['request-timeout']);
	const response = await sendProxyRequest(
		cluster,
		resolved,
		{method, path: target.path, headers, timeoutMs, ...sent},
		{
			observer,
			signal: AbortSignal.any([interrupted, output.closed]),
		},
	);
	if (sent.body instanceof Readable && sent.bodyBytes === undefined && !sent.body.readableEnded) {
		stderr.write(
			noticeLine(
				'the response started before the body was sent: without a known length, the apiserver may have dropped up to 256 KiB; --data-file FILE sends the length',
				stderr,
			),
		);
	}

	if (flags.include) {
		stderr.write(headText(response));
	}

	await printBody(response, output, stdout.isTTY);
	const {status, statusText} = response;
	const redirect = describeRedirect(status, response.headers.location);
	if (redirect) {
		stderr.write(noticeLine(redirect.text, stderr));
	}

	if (status >= 400 && !flags['no-fail']) {
		throw new SpokeError('ERR_BACKEND_ANSWER', `${target.input} responded with ${status} ${statusText}`, {
			remedy: tlsBackendFix(status, response.bodyStart.toString()),
		});
	}

	return exitStatus.ok;
}

async function printBody(
	{bodyStart: begun, body}: ProxyResponse,
	output: ReturnType<typeof createOutputWriter>,
	terminal: boolean,
): Promise<void> {
	const sanitizer = terminal ? new Sanitizer({colors: 'keep'}) : null;
	const shown = (chunk: Buffer) => sanitizer?.write(chunk) ?? chunk;
	try {
		await output.write(shown(begun));
		for await (const chunk of body as AsyncIterable<Buffer>) {
			await output.write(shown(chunk));
		}
	} catch (error) {
		throw isSpokeError(error) || output.closed.aborted ? (output.closed.reason ?? error) : truncatedResponseError(error);
	} finally {
		body.destroy();
	}

	await output.write(sanitizer?.end() ?? '');
	await output.finished();
}

function headText({status, statusText, headers}: ProxyResponse): string {
	const lines = Object.entries(headers).flatMap(([name, value]) => [value ?? ''].flat().map(one => `${name}: ${one}`));
	return [`HTTP/1.1 ${status} ${statusText}`, ...lines, ''].map(line => `${sanitizeLine(line)}\n`).join('');
}

async function bodyOf({flags, stdin}: ProxyInvocation): Promise<Pick<ProxyRequest, 'body' | 'bodyBytes'>> {
	const file = flags['data-file'];
	if (file === undefined) {
		return flags.data === undefined ? {} : {body: flags.data};
	}

	if (file === '-') {
		return {body: await readStdinBody(stdin)};
	}

	try {
		const handle = await open(file);
		const stats = await handle.stat();
		// Generated files, as in /proc, report a size of 0.
		const bytes = stats.isFile() && stats.size > 0 ? stats.size : null;
		return {body: Readable.from(bytesOf(handle, file, bytes), {objectMode: false}), ...(bytes !== null && {bodyBytes: bytes})};
	} catch (error) {
		throw fileError(file, error);
	}
}

/** A directory opens like a file, and a disk can fail later. If the file grows, its original size is sent. */
async function* bytesOf(handle: FileHandle, file: string, bytes: number | null): AsyncGenerator<Buffer> {
	let missing = bytes ?? 0;
	try {
		for await (const chunk of handle.createReadStream(bytes === null ? {} : {end: bytes - 1})) {
			missing -= (chunk as Buffer).length;
			yield chunk as Buffer;
		}
	} catch (error) {
		throw fileError(file, error);
	}

	if (bytes !== null && missing > 0) {
		throw fileError(file, new Error(`it shrank by ${missing} bytes while it was sent`));
	}
}

function fileError(file: string, error: unknown): SpokeError {
	return new SpokeError('ERR_LOCAL_FILE', `cannot read ${file}: ${(error as Error).message}`, {cause: error});
}

function assertCompatibleFlags({flags, given}: ProxyInvocation, method: string): void {
	const wrong = listenerFlags.find(({name}) => given.has(name));
	assertUsage(wrong === undefined, `--${wrong?.name} applies only to the local API proxy: run spoke proxy without ${method.toLowerCase()}`);
	assertUsage(!given.has('protocol') || flags.websocket, '--protocol requires --websocket');
	assertUsage(flags.data === undefined || flags['data-file'] === undefined, '--data and --data-file are mutually exclusive');
	const body = flags.data !== undefined || flags['data-file'] !== undefined;
	assertUsage(
		!body || (method !== 'GET' && method !== 'HEAD'),
		`${method.toLowerCase()} has no body: use --data and --data-file with post, put, patch or delete`,
	);
	assertUsage(
		!flags.websocket || (method === 'GET' && !flags['no-fail'] && !flags.include),
		'--websocket requires get, and cannot be combined with --include or --no-fail',
	);
}

/** A writer that pauses this long is interactive: its body is streamed. */
const pauseMs = 100;

const maxBufferedBytes = 64 * 1024 * 1024;

/** Input without a pause is buffered, so that its length is known (see `ProxyRequest.bodyBytes`). */
async function readStdinBody(stdin: Readable): Promise<Uint8Array | Readable> {
	const chunks: Buffer[] = [];
	const iterator = stdin[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
	for (let bytes = 0, next = iterator.next(); ; next = iterator.next()) {
		const settled = new AbortController();
		const read = await Promise.race([next, delay(pauseMs, null, {signal: settled.signal}).catch(() => null)]);
		settled.abort();
		if (read?.done === true) {
			return Buffer.concat(chunks);
		}

		if (read === null || bytes + read.value.length > maxBufferedBytes) {
			return Readable.from(streamedBody(chunks, next, iterator), {objectMode: false});
		}

		chunks.push(read.value);
		bytes += read.value.length;
	}
}

async function* streamedBody(
	chunks: readonly Buffer[],
	first: Promise<IteratorResult<Buffer>>,
	iterator: AsyncIterator<Buffer>,
): AsyncGenerator<Buffer> {
	yield* chunks;
	for (let read = await first; read.done !== true; read = await iterator.next()) {
		yield read.value;
	}
}

/** @throws SpokeError ERR_STREAM_LOST without a Close frame, or with a code other than 1000 */
async function runWebSocket(
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
