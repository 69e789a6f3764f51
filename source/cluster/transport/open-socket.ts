/** Sockets to the apiserver, with optional proxy and TLS. */
import type {Duplex} from 'node:stream';
import type {Socket} from 'node:net';
import type {TLSSocket} from 'node:tls';
import type {X509Certificate} from 'node:crypto';
import {rejectOnAbort} from '../../base/async/clock.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import type {SocketFacts} from '../cluster-client.ts';
import type {ClientCertificate} from '../tls/trust.ts';
import {dialTls, JudgeFirstError, startTls, type TlsSettings, UntrustedServerError, secureContextFor} from '../tls/start-tls.ts';
import {dialTimeoutMs, dialTcp, noop} from './dial-tcp.ts';
import {HttpClient} from './http-client.ts';
import {connectThroughProxy, type ProxyAddress} from './connect-through-proxy.ts';
import {joinHostPort, type ServerAddress} from './server-url.ts';
import {formatRfc3339Seconds} from '../../base/text/formats.ts';
import {userAgent} from '../../base/version.ts';

export type DialRoute = {
	server: ServerAddress;
	/** `tls` for an https:// proxy has the cluster's settings, as in Go's http.Transport. */
	proxy: {address: ProxyAddress; from: 'proxy-url' | 'environment'; tls: TlsSettings | null} | null;
	tls: TlsSettings | null;
	/** Per step; 0 keeps the defaults. */
	timeoutMs: number;
	/** @see SocketFacts.isMarkedAsSandbox */
	isMarkedAsSandbox: boolean;
};

export type OpenSocket = {
	socket: Duplex;
	/** The same socket, if the server has chosen HTTP/2. */
	http2: TLSSocket | null;
	facts: Omit<SocketFacts, 'clientAuth' | 'clientCertificateSha256' | 'clientCertificateDates'>;
	/** Whether requests need the absolute form: an HTTP proxy in front of a plain http:// server. */
	absoluteForm: boolean;
};

/** A balancer can lead each connection to another replica, with a certificate of its own. */
const maxRounds = 5;

const responseTimeoutMs = 2000;

/** A smaller clock difference is normal. */
const minSkewMs = 60_000;

/** @throws SpokeError ERR_APISERVER_UNREACHABLE, ERR_APISERVER_TLS; the signal's reason */
export async function openSocket(route: DialRoute, client: ClientCertificate | null, options: OpenOptions = {}): Promise<OpenSocket> {
	for (let round = 1; ; round++) {
		try {
			return await openOnce(route, client, options);
		} catch (error) {
			if (error instanceof UntrustedServerError && error.refusal.dates) {
				throw await withClockSkew(error, route, options);
			}

			if (!(error instanceof JudgeFirstError) || round > maxRounds) {
				throw error;
			}

			if (client) {
				await Promise.all(Array.from({length: round}, async () => judgeWithoutClient(route, options)));
			}
		}
	}
}

/** @throws SpokeError as `openSocket` */
async function judgeWithoutClient(route: DialRoute, options: OpenOptions): Promise<void> {
	try {
		const {socket} = await openSocket(route, null, options);
		socket.destroy();
	} catch (error) {
		const {code, message} = error as SpokeError;
		throw code === 'ERR_APISERVER_TLS' && !(error instanceof UntrustedServerError)
			? new SpokeError(code, `${message}, before its certificate could be judged`, {
					remedy: 'a client certificate needs TLS 1.3 with this server',
				})
			: error;
	}
}

type OpenOptions = {signal?: AbortSignal | undefined; offersHttp2?: boolean | undefined};

/** Reads the server's time on another connection, which trusts nobody and sends nothing of the user's. */
async function withClockSkew(error: UntrustedServerError, route: DialRoute, {signal}: OpenOptions): Promise<UntrustedServerError> {
	try {
		const {socket} = await openOnce({...route, tls: route.tls && {...route.tls, insecure: true}}, null, {signal});
		const skew = await clockSkew(socket, error.leaf, new Date());
		socket.on('error', noop).destroy();
		const {refusal, leaf} = error;
		const text = `${refusal.text}; ${skew}`;
		return skew === null
			? error
			: new UntrustedServerError(peerNameOf(route), {...refusal, text, remedy: 'set this machine’s clock'}, leaf);
	} catch {
		return error;
	}
}

async function openOnce(route: DialRoute, client: ClientCertificate | null, {signal, offersHttp2}: OpenOptions): Promise<OpenSocket> {
	const {server, proxy, tls} = route;
	const peerName = peerNameOf(route);
	if (tls) {
		// Reports an unusable pair before dialing.
		secureContextFor(tls.insecure ? null : tls.trust, client);
	}

	const limit = dialTimeout(route.timeoutMs);
	if (tls && !proxy) {
		const handshake = {host: server.host, peerName, settings: tls, client, offersHttp2, signal};
		const {socket, facts} = await dialTls(handshake, {port: server.port, dialMs: limit});
		return {socket, http2: http2Socket(socket), absoluteForm: false, facts: factsOf(route, socket, facts)};
	}

	const first = proxy ? proxyDialOptions(proxy) : {host: server.host, port: server.port, peerName};
	const tcp = await dialTcp({...first, timeoutMs: limit}, signal);
	const absoluteForm = proxy !== null && proxy.address.scheme !== 'socks5' && tls === null;
	const stream = proxy ? await throughProxy(tcp, route, proxy, absoluteForm, signal) : tcp;
	const secured = tls ? await startTls(stream, {host: server.host, peerName, settings: tls, client, offersHttp2, signal}) : null;
	return {
		socket: secured?.socket ?? stream,
		http2: secured && http2Socket(secured.socket),
		absoluteForm,
		facts: factsOf(route, tcp, secured?.facts ?? null),
	};
}

function http2Socket(socket: TLSSocket): TLSSocket | null {
	return socket.alpnProtocol === 'h2' ? socket : null;
}

/** Of the server, in messages. */
export function peerNameOf({server}: DialRoute): string {
	return `the apiserver ${server.shown}`;
}

function proxyDialOptions({address: {host, port, shown}, from}: NonNullable<DialRoute['proxy']>) {
	const setting = from === 'proxy-url' ? 'proxy-url of this cluster' : 'HTTPS_PROXY and NO_PROXY in the environment';
	return {host, port, peerName: `the proxy ${shown}`, remedy: `check ${setting}, and the connection to the proxy`};
}

function factsOf({server, proxy, isMarkedAsSandbox}: DialRoute, tcp: Socket, tls: OpenSocket['facts']['tls']): OpenSocket['facts'] {
	return {
		scheme: server.scheme,
		server: joinHostPort(server.host, server.port),
		remoteAddress: endpoint(tcp.remoteAddress, tcp.remotePort),
		proxy: proxy && {url: proxy.address.shown, from: proxy.from},
		isMarkedAsSandbox,
		tls,
		connectedAt: new Date().toISOString(),
	};
}

/** @throws SpokeError ERR_APISERVER_UNREACHABLE; the signal's reason */
async function throughProxy(
	tcp: Socket,
	{server, timeoutMs}: DialRoute,
	{address: proxy, tls}: NonNullable<DialRoute['proxy']>,
	absoluteForm: boolean,
	signal?: AbortSignal,
): Promise<Duplex> {
	const stream = tls
		? (await startTls(tcp, {host: proxy.host, peerName: `the proxy ${proxy.shown}`, settings: tls, client: null, signal})).socket
		: tcp;
	if (absoluteForm) {
		return stream;
	}

	const timer = setTimeout(() => {
		stream.destroy(new Error('it did not respond'));
	}, dialTimeout(timeoutMs));
	try {
		await rejectOnAbort(async () => connectThroughProxy(stream, proxy, server.host, server.port), signal);
		return stream;
	} catch (error) {
		stream.destroy();
		throw error;
	} finally {
		clearTimeout(timer);
	}
}

function dialTimeout(timeoutMs: number): number {
	return timeoutMs > 0 ? Math.min(timeoutMs, dialTimeoutMs) : dialTimeoutMs;
}

function endpoint(address: string | undefined, port: number | undefined): string | null {
	return address === undefined || port === undefined ? null : joinHostPort(address.replace(/^::ffff:(?=\d+\.)/, ''), port);
}

/**
Describes a wrong local clock in one sentence, or returns `null`. The server is not trusted: it receives no user data, and its response is
only a hint.
*/
export async function clockSkew(socket: Duplex, leaf: X509Certificate, now: Date): Promise<string | null> {
	const serverTime = await serverDate(socket).catch(() => null);
	if (!serverTime || !(serverTime >= new Date(leaf.validFrom) && serverTime <= new Date(leaf.validTo))) {
		return null;
	}

	const skewMs = now.getTime() - serverTime.getTime();
	return Math.abs(skewMs) < minSkewMs
		? null
		: `clock skew: this machine’s clock is ${formatSkew(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead of' : 'behind'} the server’s (${formatRfc3339Seconds(serverTime)})`;
}

async function serverDate(socket: Duplex): Promise<Date> {
	const client = new HttpClient(socket, {peerName: 'the server', isInteractive: false, canPipeline: false});
	const headers = {Host: 'apiserver', 'User-Agent': userAgent, Connection: 'close'};
	const response = await client.send({method: 'HEAD', target: '/', headers, timeoutMs: responseTimeoutMs});
	return new Date(response.headers.date ?? '');
}

function formatSkew(ms: number): string {
	const minutes = Math.round(ms / 60_000);
	return minutes < 120 ? `${minutes} min` : minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 60 / 24)} days`;
}
