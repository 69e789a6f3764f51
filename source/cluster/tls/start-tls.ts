/** TLS handshake of one socket. */
import {type X509Certificate, constants} from 'node:crypto';
import {isIP, type TcpNetConnectOpts} from 'node:net';
import type {Duplex} from 'node:stream';
import {connect, type ConnectionOptions, type TLSSocket, createSecureContext, type SecureContext} from 'node:tls';
import {rejectOnAbort} from '../../base/async/clock.ts';
import {isSpokeError, SpokeError} from '../../base/errors/spoke-error.ts';
import type {SocketFacts} from '../cluster-client.ts';
import {addressAttemptTimeoutMs, assertNameOrAddress, unreachableError, waitForConnect, noop} from '../transport/dial-tcp.ts';
import {onreadOptions} from '../transport/read-coalescer.ts';
import {type ClientCertificate, validateCertificatePair, type Trust, peerFacts, type PeerFacts, takePeerChain} from './trust.ts';
import {type CertificateRefusal, chainRefusal, earlyRefusal, signedChain, unusableProblem} from './judge-server.ts';

export type TlsSettings = {
	trust: Trust;
	insecure: boolean;
	/** Name for SNI and verification; `null` means the host. */
	serverName: string | null;
	/** If shorter than the default; 0 keeps the default. */
	timeoutMs: number;
};

/** As Go's http.Transport in client-go. */
const handshakeTimeoutMs = 10_000;

type SecuredSocket = {socket: TLSSocket; facts: NonNullable<SocketFacts['tls']>};

type HandshakeOptions = {
	host: string;
	/** Name of the peer in messages: `the apiserver https://…`. */
	peerName: string;
	settings: TlsSettings;
	client: ClientCertificate | null;
	/** Offers HTTP/2 as well (RFC 7301). */
	offersHttp2?: boolean | undefined;
	signal?: AbortSignal | undefined;
};

type Known = {
	/** Fingerprints of the chains that OpenSSL has verified in this process. */
	verified: Set<string>;
	/** PEM of what a trusted certificate has signed, of chains that OpenSSL has followed to another root. */
	crossSigned: readonly string[];
	/** Weak, so that a renewed key is not retained. */
	contexts: WeakMap<ClientCertificate | typeof noClient, SecureContext>;
};

const noClient = {};
const noTrust: Trust = {from: 'kubeconfig-ca', pem: []};
const known = new WeakMap<Trust, Known>();

/** Those of Go's crypto/tls (1.26), at OpenSSL's level 1: RSA keys of 1024 bits, no SHA-1 signatures. */
const ciphers = [
	...['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
	...['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305', 'AES128-SHA', 'AES256-SHA'].flatMap(suite => [
		`ECDHE-ECDSA-${suite}`,
		`ECDHE-RSA-${suite}`,
	]),
	'@SECLEVEL=1',
].join(':');

/** The server's certificate was refused, and nothing of yours was sent. */
export class UntrustedServerError extends SpokeError {
	readonly refusal: CertificateRefusal;
	readonly leaf: X509Certificate;

	constructor(peerName: string, refusal: CertificateRefusal, leaf: X509Certificate) {
		super('ERR_APISERVER_TLS', `${peerName} is not trusted: tls: failed to verify certificate: ${refusal.text}`, refusal);
		this.refusal = refusal;
		this.leaf = leaf;
	}
}

/** OpenSSL is to judge the chain on another connection first: one without the client certificate. Nothing of yours was sent. */
export class JudgeFirstError extends SpokeError {
	constructor(peerName: string) {
		super('ERR_APISERVER_TLS', `${peerName} shows another certificate on each connection`, {
			remedy: 'with TLS 1.2, a client certificate needs a server that always shows the same certificate',
		});
	}
}

/**
Verifies chain and name before a byte of yours leaves. NODE_TLS_REJECT_UNAUTHORIZED has no effect, and sessions are never resumed, so the
peer's certificate is always this handshake's.
@throws SpokeError ERR_APISERVER_TLS, ERR_APISERVER_UNREACHABLE, ERR_CLIENT_CERTIFICATE
*/
export async function startTls(raw: Duplex, handshake: HandshakeOptions): Promise<SecuredSocket> {
	try {
		return await completeHandshake(judged(connect({socket: raw, ...handshakeOptions(handshake)}), handshake), handshake);
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
	const judgedSocket = judged(connect(dialOptions), handshake);
	await waitForConnect(judgedSocket.socket, {host, port, peerName, timeoutMs: dialMs}, signal);
	return completeHandshake(judgedSocket, handshake);
}

function handshakeOptions({host, settings, client, offersHttp2}: HandshakeOptions) {
	const name = settings.serverName ?? host;
	return {
		secureContext: secureContextFor(settings.insecure ? null : settings.trust, client),
		...(isIP(name.replace(/^\[(.*)\]$/, '$1')) === 0 && {servername: name.replace(/\.+$/, '')}),
		ALPNProtocols: [...(offersHttp2 ? ['h2'] : []), 'http/1.1'],
		// Go asks for it, too. Here it is for the event: see `judged`.
		requestOCSP: true,
		rejectUnauthorized: !settings.insecure,
		// The name is judged earlier.
		checkServerIdentity: () => undefined,
	};
}

type JudgedSocket = {socket: TLSSocket; /** Empty until the server has sent them. */ sent: X509Certificate[]};

/**
OpenSSL emits the event when it has verified the server's signature and not built the client's flight yet, in TLS 1.2 and 1.3, and without
an OCSP response, too. In TLS 1.3, Node refuses the chain before it writes that flight; in TLS 1.2, after it: there a client certificate
needs a chain that OpenSSL has verified before.
*/
function judged(socket: TLSSocket, handshake: HandshakeOptions): JudgedSocket {
	const sent: X509Certificate[] = [];
	socket.once('OCSPResponse', () => {
		sent.push(...takePeerChain(socket));
		const refusal = refusalBeforeFlight({socket, sent}, handshake);
		if (refusal) {
			socket.destroy(refusal);
		}
	});
	return {socket, sent};
}

function refusalBeforeFlight({socket, sent}: JudgedSocket, handshake: HandshakeOptions): SpokeError | null {
	const {
		host,
		peerName,
		settings: {insecure, trust, serverName},
		client,
	} = handshake;
	const unusable = unusableProblem(sent);
	if (unusable !== null) {
		return new SpokeError('ERR_CERTIFICATE_UNUSABLE', `${peerName} sent a certificate that cannot be used: ${unusable}`, {text: unusable});
	}

	const refusal = insecure ? null : earlyRefusal(sent, serverName ?? host, trust, new Date());
	if (refusal) {
		return new UntrustedServerError(peerName, refusal, sent[0]!);
	}

	const mayLeave = insecure || client === null || socket.getProtocol() !== 'TLSv1.2' || verifiedChains(trust).has(fingerprintOf(sent));
	return mayLeave ? null : new JudgeFirstError(peerName);
}

function fingerprintOf(sent: readonly X509Certificate[]): string {
	return sent.map(({fingerprint256}) => fingerprint256).join();
}

async function completeHandshake({socket, sent}: JudgedSocket, handshake: HandshakeOptions): Promise<SecuredSocket> {
	const {peerName, settings, signal} = handshake;
	const timeoutMs = settings.timeoutMs > 0 ? Math.min(settings.timeoutMs, handshakeTimeoutMs) : handshakeTimeoutMs;
	const {promise, resolve, reject} = Promise.withResolvers<void>();
	const timer = setTimeout(() => {
		reject(unreachableError(peerName, `net/http: TLS handshake timeout after ${timeoutMs / 1000} s`));
	}, timeoutMs);
	const failed = (error: NodeJS.ErrnoException) => {
		const isChain = socket.authorizationError && sent.length > 0;
		reject(isChain ? refusalByOpenssl(error, sent, handshake) : handshakeError(error, peerName));
	};

	const closed = () => {
		reject(unreachableError(peerName, 'EOF: it closed the connection during the TLS handshake'));
	};

	socket.once('secureConnect', resolve).once('error', failed).once('close', closed);
	try {
		await rejectOnAbort(async () => promise, signal);
		return {socket, facts: verifiedFacts({socket, sent}, handshake)};
	} catch (error) {
		socket.on('error', noop).destroy();
		throw error;
	} finally {
		clearTimeout(timer);
		socket.off('secureConnect', resolve).off('error', failed).off('close', closed);
	}
}

function refusalByOpenssl(
	error: NodeJS.ErrnoException,
	sent: readonly X509Certificate[],
	{peerName, settings}: HandshakeOptions,
): SpokeError {
	const chain = signedChain(sent, settings.trust);
	return error.code === 'SELF_SIGNED_CERT_IN_CHAIN' && preferCrossSigned(settings.trust, chain)
		? new JudgeFirstError(peerName)
		: new UntrustedServerError(peerName, chainRefusal(error, chain, new Date()), sent[0]!);
}

function handshakeError(error: NodeJS.ErrnoException, peerName: string): SpokeError {
	if (isSpokeError(error)) {
		return error;
	}

	const {code = '', message} = error;
	if (
		/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD_LAYER_FAILURE|wrong version number|packet length too long/.test(
			`${code} ${message}`,
		)
	) {
		const text = 'http: server gave HTTP response to HTTPS client';
		const remedy = 'check the server URL: it may need http:// or another port';
		return new SpokeError('ERR_APISERVER_TLS', `${peerName} does not speak TLS: ${text}`, {text, remedy, cause: error});
	}

	if (/unsupported_protocol|protocol_version|protocol version/i.test(`${code} ${message}`)) {
		const [text, remedy] = ['tls: protocol version not supported', 'upgrade TLS on the server'];
		return new SpokeError('ERR_APISERVER_TLS', `${peerName} offers no TLS 1.2 or later: ${text}`, {text, remedy, cause: error});
	}

	const alert = /alert(?: |_)([a-z_ ]+)/i.exec(`${message} ${code}`)?.[1]?.toLowerCase();
	const why = alert ? `remote error: tls: ${alert.replaceAll('_', ' ')}` : message;
	return code === 'ECONNRESET' || code === 'EPIPE'
		? unreachableError(peerName, 'read: connection reset by peer during the TLS handshake', {cause: error})
		: new SpokeError('ERR_APISERVER_TLS', `TLS with ${peerName} failed: ${why}`, {text: message, cause: error});
}

function verifiedFacts(
	{socket, sent}: JudgedSocket,
	{host, peerName, settings: {insecure, trust, serverName}}: HandshakeOptions,
): SecuredSocket['facts'] {
	if (sent.length === 0 || (!insecure && !socket.authorized)) {
		throw new SpokeError('ERR_APISERVER_TLS', `${peerName} presented no certificate that was judged`, {remedy: 'check the server address'});
	}

	if (!insecure) {
		verifiedChains(trust).add(fingerprintOf(sent));
	}

	let peer: PeerFacts | undefined;
	return {
		verified: !insecure,
		skippedBy: insecure ? 'insecure-skip-tls-verify' : null,
		protocol: socket.getProtocol() ?? 'unknown',
		serverName: serverName ?? host,
		trust: trust.from,
		get peer() {
			// Only labels need it.
			peer ??= peerFacts(signedChain(sent, insecure ? null : trust));
			return peer;
		},
	};
}

function knownOf(trust: Trust): Known {
	const found = known.get(trust) ?? {verified: new Set(), crossSigned: [], contexts: new WeakMap()};
	known.set(trust, found);
	return found;
}

/** Trusts nobody if `trust` is `null`. @throws SpokeError ERR_CLIENT_CERTIFICATE */
export function secureContextFor(trust: Trust | null, client: ClientCertificate | null): SecureContext {
	const {contexts, crossSigned} = knownOf(trust ?? noTrust);
	const context = contexts.get(client ?? noClient) ?? newContext(trust ?? noTrust, crossSigned, client);
	contexts.set(client ?? noClient, context);
	return context;
}

/** Has the fingerprints of the chains, leaf first. */
function verifiedChains(trust: Trust): Set<string> {
	return knownOf(trust).verified;
}

/**
A server that renews its root sends the new one self-signed, and signed by the old one, too, as `k3s certificate rotate-ca` makes them.
OpenSSL takes the first that fits, but those of its own store before it. Only what a trusted certificate has signed goes there, and nothing
that is a root to OpenSSL. Without partial chains the store trusts only roots, so OpenSSL still judges every link.
@returns whether there are any, for the next connection
*/
function preferCrossSigned(trust: Trust, chain: readonly X509Certificate[]): boolean {
	const crossSigned = chain.slice(1).filter(one => signedChain([one], trust).length > 1 && !one.checkIssued(one));
	known.set(trust, {...knownOf(trust), crossSigned: crossSigned.map(one => one.toString()), contexts: new WeakMap()});
	return crossSigned.length > 0;
}

function newContext({pem}: Trust, crossSigned: readonly string[], client: ClientCertificate | null): SecureContext {
	try {
		return createSecureContext({
			ca: [...pem, ...crossSigned],
			// As Go: a trusted certificate need not be a root.
			allowPartialTrustChain: crossSigned.length === 0,
			...(client && {cert: client.certificate, key: client.key}),
			minVersion: 'TLSv1.2',
			ciphers,
			secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
		});
	} catch (error) {
		if (client) {
			// OpenSSL has rejected the pair; this finds the reason.
			validateCertificatePair(client.certificate, client.key);
		}

		throw error;
	}
}
