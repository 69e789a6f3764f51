/** TCP connections with a timeout. */
import {connect, isIP, type Socket} from 'node:net';
import {rejectOnAbort} from '../../base/async/clock.ts';
import {closeSync, openSync, readFileSync} from 'node:fs';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {joinHostPort} from './server-url.ts';
import {descriptorOf} from '../../wire/node-internals.ts';

/** Time for the name lookup and the TCP handshake. */
export const dialTimeoutMs = 15_000;

/** As in Go's dialer: survives a network outage of seconds. */
const keepAliveIdleMs = 30_000;

/** Longer than a normal connect: Node abandons an address after this time, whereas RFC 8305 keeps trying. */
export const addressAttemptTimeoutMs = 1000;

/** For what opens before the next accept: eight tunnels at once, the label's requests, the kubeconfig's files. */
const reserve = 24;

let limit: number | undefined;
let highest = 0;

export const raiseLimitRemedy = 'raise the limit on open files with `ulimit -n`';

/**
With keep-alive, the kernel notices a silent loss.
@throws SpokeError ERR_APISERVER_UNREACHABLE on leg 1
*/
export async function dialTcp({host, port, ...options}: DialOptions, signal?: AbortSignal): Promise<Socket> {
	signal?.throwIfAborted();
	assertNameOrAddress(host, options);
	const socket = connect({host, port, autoSelectFamilyAttemptTimeout: addressAttemptTimeoutMs});
	await waitForConnect(socket, {host, port, ...options}, signal);
	return socket;
}

/** `remedy` replaces that of apiserver errors. */
type DialOptions = {host: string; port: number; peerName: string; timeoutMs: number; remedy?: string};

/** @throws SpokeError ERR_APISERVER_UNREACHABLE, after destroying the socket */
export async function waitForConnect(
	socket: Socket,
	{host, port, peerName, timeoutMs, remedy}: DialOptions,
	signal?: AbortSignal,
): Promise<void> {
	const {promise, resolve, reject} = Promise.withResolvers<void>();
	const timer = setTimeout(() => {
		reject(unreachableError(peerName, `dial tcp ${joinHostPort(host, port)}: i/o timeout after ${timeoutMs / 1000} s`, {remedy}));
	}, timeoutMs);
	const failed = (error: Error) => {
		const fix = isDescriptorLimit(error) ? raiseLimitRemedy : remedy;
		reject(unreachableError(peerName, dialText(error, host, port), {cause: error, remedy: fix}));
	};

	socket.once('connect', resolve).once('error', failed);
	try {
		await rejectOnAbort(async () => promise, signal);
		socket.off('error', failed).setNoDelay(true).setKeepAlive(true, keepAliveIdleMs);
	} catch (error) {
		socket.on('error', noop).destroy();
		throw error;
	} finally {
		clearTimeout(timer);
	}
}

/**
The C library reads `127.1`, `0177.0.0.1` and `2130706433` as addresses; kubectl looks them up as names.
@throws SpokeError ERR_APISERVER_UNREACHABLE
*/
export function assertNameOrAddress(host: string, {peerName, remedy}: Pick<DialOptions, 'peerName' | 'remedy'>): void {
	if (isIP(host) === 0 && /^(?:0x[\da-f]*|\d+)(?:\.(?:0x[\da-f]*|\d+)){0,3}\.?$/i.test(host)) {
		throw unreachableError(peerName, `dial tcp: lookup ${host}: no such host`, {
			remedy: remedy ?? 'write an IPv4 address as four decimal numbers, for example 127.0.0.1',
		});
	}
}

export function unreachableError(
	peerName: string,
	why: string,
	{cause, remedy}: {cause?: unknown; remedy?: string | undefined} = {},
): SpokeError {
	return new SpokeError('ERR_APISERVER_UNREACHABLE', `${peerName} cannot be reached: ${why}`, {
		text: why,
		cause,
		...(remedy !== undefined && {remedy}),
	});
}

const errnoTexts: Readonly<Record<string, string>> = {
	ECONNREFUSED: 'connection refused',
	EHOSTUNREACH: 'no route to host',
	ENETUNREACH: 'network is unreachable',
	ETIMEDOUT: 'connection timed out',
	EADDRNOTAVAIL: 'cannot assign requested address',
	EACCES: 'permission denied',
	ECONNRESET: 'connection reset by peer',
	EPIPE: 'broken pipe',
	EMFILE: 'too many open files',
	ENFILE: 'too many open files in system',
};

/** Uses Go's error text, which users search for. */
function dialText(error: Error, host: string, port: number): string {
	const first = (error instanceof AggregateError ? error.errors[0] : error) as NodeJS.ErrnoException & {address?: string; port?: number};
	if (first.code === 'ENOTFOUND' || first.code === 'EAI_AGAIN') {
		return `dial tcp: lookup ${host}: ${first.code === 'ENOTFOUND' ? 'no such host' : 'temporary failure in name resolution'}`;
	}

	return `dial tcp ${joinHostPort(first.address ?? host, first.port ?? port)}: connect: ${errnoTexts[first.code ?? ''] ?? first.message}`;
}

/** Without a listener an `error` event ends the process. */
export function noop(): void {
	// Reported elsewhere.
}

/**
Whether enough descriptors are left after `accepted`. Otherwise libuv would close new connections silently (`uv__emfile_trick`). Opens the
reserve to find out, except while less than half of the limit was ever in use.
*/
export function hasFreeDescriptors(accepted: Socket): boolean {
	limit ??= readLimit();
	// The system assigns the lowest free number, so the highest shows how many were in use at once.
	const number = descriptorOf(accepted);
	highest = Math.max(highest, number ?? 0);
	if (number !== undefined && highest < limit / 2) {
		return true;
	}

	const opened: number[] = [];
	try {
		do {
			opened.push(openSync('/dev/null', 'r'));
			highest = Math.max(highest, opened[0]!);
		} while (highest >= limit / 2 && opened.length < reserve);
		return true;
	} catch (error) {
		return !isDescriptorLimit(error);
	} finally {
		for (const descriptor of opened) {
			closeSync(descriptor);
		}
	}
}

export function isDescriptorLimit(error: unknown): boolean {
	return ['EMFILE', 'ENFILE'].includes((error as NodeJS.ErrnoException).code ?? '');
}

export function descriptorLimitError(): SpokeError {
	const shown = limit === undefined || limit === 0 ? '' : `, which is ${limit}`;
	return new SpokeError('ERR_LOCAL_LIMIT', `the connection was closed: this process reached its limit on open files (ulimit -n)${shown}`);
}

/** 0 where the system does not report it, as on macOS. There, each accept opens the reserve, which takes 0.1 ms. */
function readLimit(): number {
	try {
		const [, soft = '0'] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
		return Number(soft);
	} catch {
		return 0;
	}
}
