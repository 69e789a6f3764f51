/** TLS handshake of one socket. */
import {X509Certificate} from 'node:crypto';
import {isIP, type TcpNetConnectOpts} from 'node:net';
import type {Duplex} from 'node:stream';
import {connect, type ConnectionOptions, createSecureContext, DEFAULT_CIPHERS, type TLSSocket} from 'node:tls';
import {rejectOnAbort} from '../../async/abortable.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {formatRfc3339Seconds} from '../../text/format-time.ts';
import {userAgent} from '../../version.ts';
import type {SocketFacts} from '../connection.ts';
import {addressAttemptTimeoutMs, assertNameOrAddress, unreachableError, waitForConnect} from '../transport/dial-tcp.ts';
import {noop} from '../transport/noop.ts';
import {onreadOptions} from '../transport/onread-buffers.ts';
import {validateCertificatePair} from './client-certificate.ts';
import type {ParsedCertificate} from './parse-certificate.ts';
import {peerChain, peerFacts, type PeerFacts, signedPrefix} from './peer-facts.ts';
import type {Trust} from './trust.ts';
import {keyProblem, parsePeerChain, verifyCertificate} from './verify-certificate.ts';

export type TlsSettings = {
	trust: Trust;
	insecure: boolean;
	/** Name for SNI and verification; `null` means the host. */
	serverName: string | null;
	/** If shorter than the default; 0 keeps the default. */
	timeoutMs: number;
};

export type ClientCertificate = {certificate: Buffer; key: Buffer};

/** As Go's http.Transport in client-go. */
const handshakeTimeoutMs = 10_000;

export type SecuredSocket = {socket: TLSSocket; facts: NonNullable<SocketFacts['tls']>};

export type HandshakeOptions = {
	host: string;
	/** Name of the peer in messages: `the apiserver https://…`. */
	peerName: string;
	settings: TlsSettings;
	client: ClientCertificate | null;
	/** Offers HTTP/2 as well (RFC 7301). */
	offersHttp2?: boolean | undefined;
	signal?: AbortSignal | undefined;
};

/**
Verifies chain and name before sending a byte. NODE_TLS_REJECT_UNAUTHORIZED has no effect, and sessions are never resumed, so the peer's
certificate is always this handshake's.
@throws SpokeError ERR_APISERVER_TLS, ERR_APISERVER_UNREACHABLE, ERR_CLIENT_CERTIFICATE
*/
export async function startTls(raw: Duplex, handshake: HandshakeOptions): Promise<SecuredSocket> {
	try {
		return await completeHandshake(connect({socket: raw, ...handshakeOptions(handshake)}), handshake);
	} catch (error) {
		raw.destroy();
		throw error;
	}
}

/**
Reading is cheaper than over a given socket.
@throws as `startTls`
*/
export async function dialTls(handshake: HandshakeOptions, {port, dialMs}: {port: number; dialMs: number}): Promise<SecuredSocket> {
	const {host, peerName, signal} = handshake;
	signal?.throwIfAborted();
	assertNameOrAddress(host, {peerName});
	// The types of TLS omit some dial options that Node accepts.
	const dialOptions: ConnectionOptions & TcpNetConnectOpts = {
		host,
		port,
		autoSelectFamilyAttemptTimeout: addressAttemptTimeoutMs,
		onread: onreadOptions(),
		...handshakeOptions(handshake),
	};
	const socket = connect(dialOptions);
	await waitForConnect(socket, {host, port, peerName, timeoutMs: dialMs}, signal);
	return completeHandshake(socket, handshake);
}

function nameOf({host, settings: {serverName}}: HandshakeOptions): string {
	return serverName ?? host;
}

function handshakeOptions(handshake: HandshakeOptions) {
	const name = nameOf(handshake);
	return {
		secureContext: secureContextFor(handshake.client),
		...(isIP(name.replace(/^\[(.*)\]$/, '$1')) === 0 && {servername: name.replace(/\.+$/, '')}),
		ALPNProtocols: [...(handshake.offersHttp2 ? ['h2'] : []), 'http/1.1'],
		rejectUnauthorized: false,
		checkServerIdentity: () => undefined,
	};
}

async function completeHandshake(socket: TLSSocket, handshake: HandshakeOptions): Promise<SecuredSocket> {
	const {
		peerName,
		settings: {timeoutMs},
		signal,
	} = handshake;
	try {
		await waitForHandshake(socket, peerName, timeoutMs > 0 ? Math.min(timeoutMs, handshakeTimeoutMs) : handshakeTimeoutMs, signal);
		return {socket, facts: await verifiedFacts(socket, handshake)};
	} catch (error) {
		socket.on('error', noop).destroy();
		throw error;
	}
}

/** Weak, so that a renewed key is not retained. */
const contexts = new WeakMap<ClientCertificate | typeof noClient, ReturnType<typeof createSecureContext>>();
const noClient = {};

/** @throws SpokeError ERR_CLIENT_CERTIFICATE */
export function secureContextFor(client: ClientCertificate | null) {
	const context = contexts.get(client ?? noClient) ?? newContext(client);
	contexts.set(client ?? noClient, context);
	return context;
}

function newContext(client: ClientCertificate | null) {
	try {
		return createSecureContext({
			// spoke verifies by Go's rules. Node also skips chains that OpenSSL did not verify.
			ca: [],
			...(client && {cert: client.certificate, key: client.key}),
			minVersion: 'TLSv1.2',
			// OpenSSL's level 1, as Go: RSA keys of 1024 bits, no SHA-1 signatures.
			ciphers: `${DEFAULT_CIPHERS}:@SECLEVEL=1`,
		});
	} catch (error) {
		if (client) {
			// OpenSSL has rejected the pair; this finds the reason.
			validateCertificatePair(client.certificate, client.key);
		}

		throw error;
	}
}

async function waitForHandshake(socket: TLSSocket, peerName: string, timeoutMs: number, signal?: AbortSignal): Promise<void> {
	const {promise, resolve, reject} = Promise.withResolvers<void>();
	const timer = setTimeout(() => {
		reject(unreachableError(peerName, `net/http: TLS handshake timeout after ${timeoutMs / 1000} s`));
	}, timeoutMs);
	const failed = (error: Error) => {
		reject(handshakeError(error, peerName));
	};

	const closed = () => {
		reject(unreachableError(peerName, 'EOF: it closed the connection during the TLS handshake'));
	};

	socket.once('secureConnect', resolve).once('error', failed).once('close', closed);
	try {
		await rejectOnAbort(async () => promise, signal);
	} finally {
		clearTimeout(timer);
		socket.off('secureConnect', resolve).off('error', failed).off('close', closed);
	}
}

function handshakeError(error: NodeJS.ErrnoException, peerName: string): SpokeError {
	const {code = '', message} = error;
	if (isNoTls(code, message)) {
		const text = 'http: server gave HTTP response to HTTPS client';
		const remedy = 'check the server URL: it may need http:// or another port';
		return new SpokeError('ERR_APISERVER_TLS', `${peerName} does not speak TLS: ${text}`, {text, remedy, cause: error});
	}

	if (/unsupported_protocol|protocol_version|protocol version/i.test(`${code} ${message}`)) {
		const text = 'tls: protocol version not supported';
		return new SpokeError('ERR_APISERVER_TLS', `${peerName} offers no TLS 1.2 or later: ${text}`, {
			text,
			remedy: 'upgrade TLS on the server',
			cause: error,
		});
	}

	const alert = /alert(?: |_)([a-z_ ]+)/i.exec(`${message} ${code}`)?.[1]?.toLowerCase();
	const why = alert ? `remote error: tls: ${alert.replaceAll('_', ' ')}` : message;
	return code === 'ECONNRESET' || code === 'EPIPE'
		? unreachableError(peerName, 'read: connection reset by peer during the TLS handshake', {cause: error})
		: new SpokeError('ERR_APISERVER_TLS', `TLS with ${peerName} failed: ${why}`, {text: message, cause: error});
}

function isNoTls(code: string, message: string): boolean {
	return (
		/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD_LAYER_FAILURE/.test(code) ||
		/wrong version number|packet length too long/.test(message)
	);
}

async function verifiedFacts(socket: TLSSocket, handshake: HandshakeOptions): Promise<NonNullable<SocketFacts['tls']>> {
	const {
		peerName,
		settings: {insecure, trust},
	} = handshake;
	const name = nameOf(handshake);
	const sent = parsePeerChain(peerChain(socket), peerName);
	const [own] = sent;
	let verified: readonly ParsedCertificate[] | null = null;
	if (!insecure) {
		if (!own) {
			throw new SpokeError('ERR_APISERVER_TLS', `${peerName} presented no certificate`, {remedy: 'check the server address'});
		}

		const now = new Date();
		const verification = verifyCertificate(sent, name, trust, now);
		if (verification.refused) {
			const {text, remedy, dates} = verification.refused;
			// The server would not understand the request of an HTTP/1.1 client.
			const skew = dates && socket.alpnProtocol !== 'h2' ? await clockSkew(socket, new X509Certificate(own.raw), now) : null;
			throw new SpokeError(
				'ERR_APISERVER_TLS',
				`${peerName} is not trusted: tls: failed to verify certificate: ${text}${skew === null ? '' : `; ${skew}`}`,
				{
					text,
					remedy: skew === null ? remedy : 'set this machine’s clock',
				},
			);
		}

		verified = verification.chain;
	}

	const problem = own ? keyProblem(own) : null;
	if (problem !== null) {
		throw new SpokeError('ERR_CERTIFICATE_UNUSABLE', `${peerName} sent a certificate that cannot be used: ${problem}`, {text: problem});
	}

	let peer: PeerFacts | null | undefined;
	return {
		verified: !insecure,
		skippedBy: insecure ? 'insecure-skip-tls-verify' : null,
		protocol: socket.getProtocol() ?? 'unknown',
		serverName: name,
		trust: trust.from,
		get peer() {
			// Only labels need it, and for a new certificate it costs as much as the verification.
			peer ??= own ? peerFacts(own, verified ?? signedPrefix(sent)) : null;
			return peer;
		},
	};
}

const responseTimeoutMs = 2000;
const maxHeadBytes = 16 * 1024;

/** A smaller clock difference is normal. */
const minSkewMs = 60_000;

/**
Describes a wrong local clock in one sentence, or returns `null`. The rejected socket receives no user data, and its response is only a
hint.
*/
export async function clockSkew(socket: TLSSocket, leaf: X509Certificate, now: Date): Promise<string | null> {
	const serverTime = await serverDate(socket);
	if (!serverTime || serverTime < new Date(leaf.validFrom) || serverTime > new Date(leaf.validTo)) {
		return null;
	}

	const skewMs = now.getTime() - serverTime.getTime();
	return Math.abs(skewMs) < minSkewMs
		? null
		: `clock skew: this machine’s clock is ${formatSkew(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead of' : 'behind'} the server’s (${formatRfc3339Seconds(serverTime)})`;
}

async function serverDate(socket: TLSSocket): Promise<Date | null> {
	const {promise, resolve} = Promise.withResolvers<string>();
	const timer = setTimeout(() => {
		resolve('');
	}, responseTimeoutMs);
	let head = '';
	const read = (chunk: Buffer) => {
		head += chunk.toString('latin1');
		if (head.includes('\r\n\r\n') || head.length > maxHeadBytes) {
			resolve(head);
		}
	};

	const ended = () => {
		resolve(head);
	};

	socket.on('data', read).once('error', ended).once('close', ended);
	socket.write(`HEAD / HTTP/1.1\r\nHost: apiserver\r\nUser-Agent: ${userAgent}\r\nConnection: close\r\n\r\n`);
	try {
		const date = /^date: *(.+)$/im.exec(await promise)?.[1];
		const time = date === undefined ? NaN : Date.parse(date);
		return Number.isNaN(time) ? null : new Date(time);
	} finally {
		clearTimeout(timer);
		socket.off('data', read);
	}
}

function formatSkew(ms: number): string {
	const minutes = Math.round(ms / 60_000);
	return minutes < 120 ? `${minutes} min` : minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 60 / 24)} days`;
}
