/** A socket to the apiserver, through a proxy where one is set and with TLS where the URL says so, and what it is. */
import type {Duplex} from 'node:stream';
import type {Socket} from 'node:net';
import type {SocketFacts} from '../connection.ts';
import {rejectOnAbort} from '../abortable.ts';
import {type ClientCertificate, secureContextFor, dialTls, startTls, type TlsSettings} from '../tls/start-tls.ts';
import {dialTimeoutMs, dialTcp} from './dial-tcp.ts';
import {connectThroughProxy} from './connect-through-proxy.ts';
import type {ProxyAddress} from './proxy-url.ts';
import {joinHostPort, type ServerAddress} from './server-url.ts';

export type DialRoute = {
	server: ServerAddress;
	/** `tls` is set exactly for an https:// proxy: its certificate is judged with the cluster's own settings, as Go's http.Transport does. */
	proxy: {address: ProxyAddress; from: 'proxy-url' | 'environment'; tls: TlsSettings | null} | null;
	/** Set exactly when the server's scheme is https. */
	tls: TlsSettings | null;
	/** At most this long for each step, milliseconds; 0 leaves our own limits. */
	limitMs: number;
};

export type OpenSocket = {
	socket: Duplex;
	/** All but who we are on it, which only the caller knows. */
	facts: Omit<SocketFacts, 'clientAuth' | 'shownCertificate' | 'shownDates'>;
	/** Requests go to an HTTP proxy in absolute form (plain http:// servers only). */
	absoluteForm: boolean;
};

/**
Connected, secured and judged: ready for the first request.
@throws SpokeError ERR_APISERVER_UNREACHABLE, ERR_APISERVER_TLS; the signal's reason
*/
export async function openSocket(route: DialRoute, client: ClientCertificate | null, signal?: AbortSignal): Promise<OpenSocket> {
	const {server, proxy, tls} = route;
	const what = `the apiserver ${server.shown}`;
	if (tls) {
		// A pair that cannot be used is said before anybody is called.
		secureContextFor(client);
	}

	const limit = dialLimit(route.limitMs);
	if (tls && !proxy) {
		const {socket, facts} = await dialTls({host: server.host, what, settings: tls, client, signal}, {port: server.port, dialMs: limit});
		return {socket, absoluteForm: false, facts: factsOf(route, socket, facts)};
	}

	const first = proxy ? dialledProxy(proxy) : {host: server.host, port: server.port, what};
	const tcp = await dialTcp({...first, limitMs: limit}, signal);
	const absoluteForm = proxy !== null && proxy.address.scheme !== 'socks5' && tls === null;
	const way = proxy ? await throughProxy(tcp, route, proxy, absoluteForm, signal) : tcp;
	const secured = tls ? await startTls(way, {host: server.host, what, settings: tls, client, signal}) : null;
	return {socket: secured?.socket ?? way, absoluteForm, facts: factsOf(route, tcp, secured?.facts ?? null)};
}

function dialledProxy({address: {host, port, shown}, from}: NonNullable<DialRoute['proxy']>) {
	const setting = from === 'proxy-url' ? 'proxy-url of this cluster' : 'HTTPS_PROXY and NO_PROXY in the environment';
	return {host, port, what: `the proxy ${shown}`, remedy: `check ${setting}, and the way to the proxy`};
}

function factsOf({server, proxy}: DialRoute, tcp: Socket, tls: OpenSocket['facts']['tls']): OpenSocket['facts'] {
	return {
		scheme: server.scheme,
		server: joinHostPort(server.host, server.port),
		remoteAddress: endpoint(tcp.remoteAddress, tcp.remotePort),
		localAddress: endpoint(tcp.localAddress, tcp.localPort),
		proxy: proxy && {url: proxy.address.shown, from: proxy.from},
		tls,
		connectedAt: new Date().toISOString(),
	};
}

/** @throws SpokeError ERR_APISERVER_UNREACHABLE with the proxy's own words; the signal's reason */
async function throughProxy(
	tcp: Socket,
	{server, limitMs}: DialRoute,
	{address: proxy, tls}: NonNullable<DialRoute['proxy']>,
	absoluteForm: boolean,
	signal?: AbortSignal,
): Promise<Duplex> {
	const way = tls
		? (await startTls(tcp, {host: proxy.host, what: `the proxy ${proxy.shown}`, settings: tls, client: null, signal})).socket
		: tcp;
	if (absoluteForm) {
		return way;
	}

	const timer = setTimeout(() => {
		way.destroy(new Error('it did not answer'));
	}, dialLimit(limitMs));
	try {
		await rejectOnAbort(async () => connectThroughProxy(way, proxy, server.host, server.port), signal);
		return way;
	} catch (error) {
		way.destroy();
		throw error;
	} finally {
		clearTimeout(timer);
	}
}

/** The shorter of the user's limit, where there is one, and ours. */
function dialLimit(limitMs: number): number {
	return limitMs > 0 ? Math.min(limitMs, dialTimeoutMs) : dialTimeoutMs;
}

function endpoint(address: string | undefined, port: number | undefined): string | null {
	return address === undefined || port === undefined ? null : joinHostPort(address.replace(/^::ffff:(?=\d+\.)/, ''), port);
}
