/** One request through the apiserver proxy, from the command line to stdout. */
import {type FileHandle, open} from 'node:fs/promises';
import {Readable} from 'node:stream';
import {setTimeout as sleep} from 'node:timers/promises';
import {assertAccess, proxyAccess} from '../../actions/access.ts';
import {clampTimerMs} from '../../cluster/clamp-timer-ms.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {createClusterClient} from '../../cluster/create-cluster-client.ts';
import {parseDuration} from '../../command-line/parse-duration.ts';
import {exitStatus, exitStatusForSignal} from '../../errors/exit-status.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {noticeLine} from '../../output/notice-line.ts';
import {createOutputWriter} from '../../output/output-writer.ts';
import {reportPaths} from '../../output/path-reporter.ts';
import type {ConnectionObserver} from '../../streams/connection-observer.ts';
import {preconnect} from '../../streams/preconnect.ts';
import {runsCommands, runsKubeletCommands} from '../../streams/proxy/command-path.ts';
import {parseHeader, type ProxyRequest, type ProxyResponse, sendProxyRequest} from '../../streams/proxy/proxy-request.ts';
import {type ResolvedProxyTarget, resolveProxyTarget} from '../../streams/proxy/resolve-proxy-target.ts';
import {truncatedResponseError} from '../../streams/proxy/truncated-response.ts';
import {parseProxyTarget, type ProxyTarget} from '../../targets/proxy-target.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import {Sanitizer} from '../../text/sanitize.ts';
import type {Invocation} from '../command.ts';
import {runWebSocket} from './run-websocket.ts';
import {listenerFlags, type proxySpec} from './spec.ts';

/** The apiserver gives up reaching a backend after 30 s; the rest is the backend's own time. */
const answerMs = 120_000;

type ProxyInvocation = Invocation<typeof proxySpec.flags>;

/** @throws SpokeError ERR_BACKEND_ANSWER (1) for a status of 400 or more, ERR_SECOND_LEG (11) where the backend was not reached, ERR_USAGE… */
export async function runOneRequest(invocation: ProxyInvocation, method: string, text: string): Promise<number> {
	const {flags, env, stderr, interrupted} = invocation;
	const target = parseProxyTarget(text);
	const headers = Object.fromEntries(flags.header.map(line => parseHeader(line)));
	refuseContradictions(invocation, method);
	const reached = await createClusterClient(flags, env);
	const paths = reportPaths(reached, {mode: flags.path, stderr});
	const {cluster, close} = preconnect(reached, {signal: interrupted, witness: paths.observer});
	try {
		const resolved = await resolveProxyTarget(cluster, target, cluster.facts.namespace, interrupted);
		assertAccess(
			`proxy ${method.toLowerCase()} ${target.input}${target.path}`,
			proxyAccess({
				// Dot segments that leave the target stay within it here, but a gateway in between may clean them.
				method,
				runsCommands:
					runsCommands(resolved.base + target.path) || (resolved.purpose.feature === 'node-proxy' && runsKubeletCommands(target.path)),
				websocket: flags.websocket,
			}),
			{readOnly: flags['read-only']},
		);
		return flags.websocket
			? await runWebSocket(cluster, resolved, {path: target.path, headers, protocols: flags.protocol}, invocation, paths.observer)
			: await exchange({cluster, witness: paths.observer}, resolved, {target, method, headers}, invocation);
	} catch (error) {
		if (interrupted.aborted) {
			return exitStatusForSignal(interrupted.reason);
		}

		throw error;
	} finally {
		close();
		await paths.finished();
		reached.close();
	}
}

type Means = {cluster: ClusterClient; witness: ConnectionObserver | undefined};
type Asked = {target: ProxyTarget; method: string; headers: Readonly<Record<string, string>>};

async function exchange(
	{cluster, witness}: Means,
	resolved: ResolvedProxyTarget,
	{target, method, headers}: Asked,
	invocation: ProxyInvocation,
): Promise<number> {
	const {flags, stdout, stderr, interrupted} = invocation;
	const output = createOutputWriter(stdout);
	const sent = await bodyOf(invocation);
	const timeoutMs = limitOf(flags['request-timeout']);
	const answer = await sendProxyRequest(
		cluster,
		resolved,
		{method, path: target.path, headers, timeoutMs, ...sent},
		{
			witness,
			signal: AbortSignal.any([interrupted, output.closed]),
		},
	);
	if (sent.body instanceof Readable && sent.bodyBytes === undefined && !sent.body.readableEnded) {
		stderr.write(
			noticeLine(
				'the answer began before the body was sent: of one whose length it does not know the apiserver may have dropped up to 256 KiB; --data-file FILE tells the length',
				stderr,
			),
		);
	}

	if (flags.include) {
		stderr.write(headText(answer));
	}

	await printBody(answer, output, stdout.isTTY);
	const {status, statusText} = answer;
	if (status >= 300 && status < 400 && answer.headers.location !== undefined) {
		stderr.write(noticeLine(`redirected to ${answer.headers.location}: not followed`, stderr));
	}

	if (status >= 400 && !flags['no-fail']) {
		const plainToTls = status === 400 && answer.bodyStart.toString().includes('Client sent an HTTP request to an HTTPS server');
		throw new SpokeError(
			'ERR_BACKEND_ANSWER',
			`${target.input} answered ${status} ${statusText}`,
			plainToTls ? {remedy: 'it speaks TLS: put https: before the name'} : {},
		);
	}

	return exitStatus.ok;
}

async function printBody(
	{bodyStart: begun, body}: ProxyResponse,
	output: ReturnType<typeof createOutputWriter>,
	terminal: boolean,
): Promise<void> {
	const sanitiser = terminal ? new Sanitizer({colours: 'keep'}) : null;
	const shown = (piece: Buffer) => sanitiser?.write(piece) ?? piece;
	try {
		await output.write(shown(begun));
		for await (const piece of body as AsyncIterable<Buffer>) {
			await output.write(shown(piece));
		}
	} catch (error) {
		throw error instanceof SpokeError || output.closed.aborted ? (output.closed.reason ?? error) : truncatedResponseError(error);
	} finally {
		body.destroy();
	}

	await output.write(sanitiser?.end() ?? '');
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
		// What the kernel makes up as it is read says that it has no bytes.
		const bytes = stats.isFile() && stats.size > 0 ? stats.size : null;
		return {body: Readable.from(bytesOf(handle, file, bytes), {objectMode: false}), ...(bytes !== null && {bodyBytes: bytes})};
	} catch (error) {
		throw unreadable(file, error);
	}
}

/** A folder opens like a file, and a disk may fail later: both are told when they are read. Of one that grows what it had is sent. */
async function* bytesOf(handle: FileHandle, file: string, bytes: number | null): AsyncGenerator<Buffer> {
	let missing = bytes ?? 0;
	try {
		for await (const piece of handle.createReadStream(bytes === null ? {} : {end: bytes - 1})) {
			missing -= (piece as Buffer).length;
			yield piece as Buffer;
		}
	} catch (error) {
		throw unreadable(file, error);
	}

	if (bytes !== null && missing > 0) {
		throw unreadable(file, new Error(`it became ${missing} bytes shorter while it was sent`));
	}
}

function unreadable(file: string, error: unknown): SpokeError {
	return new SpokeError('ERR_LOCAL_FILE', `${file} cannot be read: ${(error as Error).message}`, {cause: error});
}

function limitOf(text: string): number {
	const limit = /^\d+$/.test(text) ? Number(text) * 1000 : (parseDuration(text) ?? 0);
	return limit > 0 ? clampTimerMs(limit) : answerMs;
}

function refuseContradictions({flags, given}: ProxyInvocation, method: string): void {
	const wrong = listenerFlags.find(name => given.has(name));
	if (wrong !== undefined) {
		throw new SpokeError('ERR_USAGE', `--${wrong} is for the listener: spoke proxy without ${method.toLowerCase()}`);
	}

	if (given.has('protocol') && !flags.websocket) {
		throw new SpokeError('ERR_USAGE', '--protocol goes with --websocket');
	}

	if (flags.data !== undefined && flags['data-file'] !== undefined) {
		throw new SpokeError('ERR_USAGE', 'one of --data and --data-file is allowed');
	}

	const body = flags.data !== undefined || flags['data-file'] !== undefined;
	if (body && (method === 'GET' || method === 'HEAD')) {
		throw new SpokeError('ERR_USAGE', `${method.toLowerCase()} has no body: --data and --data-file are for post, put, patch and delete`);
	}

	if (flags.websocket && (method !== 'GET' || flags['no-fail'] || flags.include)) {
		throw new SpokeError('ERR_USAGE', '--websocket goes with get, and not with --include or --no-fail');
	}
}

/** Whoever writes slower than this wants each piece passed on. */
const pauseMs = 100;

/** More is not kept in memory. */
const mostBytes = 64 * 1024 * 1024;

/** What comes without a pause is gathered and so has a length, as `ProxyRequest.bodyBytes` says what for; anything else is sent as it comes. */
async function readStdinBody(stdin: Readable): Promise<Uint8Array | Readable> {
	const pieces: Buffer[] = [];
	const iterator = stdin[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
	for (let bytes = 0, next = iterator.next(); ; next = iterator.next()) {
		const settled = new AbortController();
		const read = await Promise.race([next, sleep(pauseMs, null, {signal: settled.signal}).catch(() => null)]);
		settled.abort();
		if (read?.done === true) {
			return Buffer.concat(pieces);
		}

		if (read === null || bytes + read.value.length > mostBytes) {
			return Readable.from(asItComes(pieces, next, iterator), {objectMode: false});
		}

		pieces.push(read.value);
		bytes += read.value.length;
	}
}

async function* asItComes(
	pieces: readonly Buffer[],
	first: Promise<IteratorResult<Buffer>>,
	iterator: AsyncIterator<Buffer>,
): AsyncGenerator<Buffer> {
	yield* pieces;
	for (let read = await first; read.done !== true; read = await iterator.next()) {
		yield read.value;
	}
}
