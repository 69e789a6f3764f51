/** TCP connections, and TLS to kubelets, with Go's error messages. */
import {once} from 'node:events';
import {createConnection, type Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import {connect, type TLSSocket} from 'node:tls';
import type {AddressPlan, HostPort} from '../network/address-plan.ts';
import {noop} from '../network/sockets.ts';
import {apiTime} from '../objects/kube-object.ts';
import type {KeyPair} from '../certificates/issuer.ts';

export type KubeletTrust = {
	/** `--kubelet-certificate-authority`; `null` disables verification. */
	authority: string | null;
	identity: KeyPair | null;
};

/** @throws DialError */
export async function connectFrom(plan: AddressPlan, from: string, to: HostPort, timeoutMs: number): Promise<Socket> {
	const {address: host, port} = plan.locate(to);
	const localAddress = plan.sourceOf(from);
	const socket = createConnection({host, port, allowHalfOpen: true, ...(localAddress !== undefined && {localAddress})});
	try {
		await once(socket, 'connect', {signal: AbortSignal.timeout(timeoutMs)});
	} catch (error) {
		socket.destroy();
		throw new DialError(goDialText(to, error as NodeJS.ErrnoException));
	}

	return socket.setNoDelay(true).on('error', noop);
}

/** @throws DialError */
export type Dial = (to: HostPort) => Promise<Duplex>;

/** A failed dial, with the text that a real apiserver prints. */
export class DialError extends Error {}

/** @see net/dial.go, net.OpError */
function goDialText({address, port}: HostPort, error: NodeJS.ErrnoException): string {
	const texts: Readonly<Record<string, string>> = {
		ECONNREFUSED: 'connect: connection refused',
		EHOSTUNREACH: 'connect: no route to host',
		ENETUNREACH: 'connect: network is unreachable',
		ETIMEDOUT: 'i/o timeout',
		ABORT_ERR: 'i/o timeout',
	};
	return `dial tcp ${address}:${port}: ${texts[error.code ?? ''] ?? error.message}`;
}

/**
Opens TLS to a kubelet or, if `authority` and `identity` are null, to another server. Its timeout is 10 s for logs and the node proxy, none
for upgrades (measured on 1.36.3).
@throws DialError with the text after `Get "https://…": ` or `error dialing backend: `
*/
export async function openTls(dial: Dial, to: HostPort, {authority, identity}: KubeletTrust, timeoutMs: number | null): Promise<TLSSocket> {
	const carrier = await dial(to);
	const secure = connect({
		socket: carrier,
		rejectUnauthorized: false,
		checkServerIdentity: () => undefined,
		ALPNProtocols: [],
		...(authority !== null && {ca: authority}),
		...(identity !== null && {cert: identity.chain, key: identity.key}),
	});
	const {promise, resolve, reject} = Promise.withResolvers<void>();
	const timer =
		timeoutMs === null
			? undefined
			: setTimeout(() => {
					reject(new DialError('net/http: TLS handshake timeout'));
				}, timeoutMs);
	secure.once('secureConnect', resolve);
	secure.once('error', (error: NodeJS.ErrnoException) => {
		reject(new DialError(handshakeText(error, carrier)));
	});
	secure.once('close', () => {
		reject(new DialError('EOF'));
	});
	try {
		await promise;
		if (authority !== null) {
			verifyCertificate(secure, to.address);
		}
	} catch (error) {
		secure.destroy();
		throw error;
	} finally {
		clearTimeout(timer);
	}

	secure.on('error', noop);
	return secure;
}

/** Checks in Go's order: dates, name, chain. @see crypto/x509 Certificate.Verify */
function verifyCertificate(secure: TLSSocket, host: string): void {
	const certificate = secure.getPeerX509Certificate()!;
	const now = new Date();
	const fail = (text: string): never => {
		throw new DialError(`tls: failed to verify certificate: x509: ${text}`);
	};

	const [from, to] = [new Date(certificate.validFrom), new Date(certificate.validTo)];
	if (now > to || now < from) {
		const bound = now > to ? `after ${apiTime(to)}` : `before ${apiTime(from)}`;
		fail(`certificate has expired or is not yet valid: current time ${apiTime(now)} is ${bound}`);
	}

	if (certificate.checkIP(host) === undefined) {
		const addresses = [...(certificate.subjectAltName ?? '').matchAll(/IP Address:([^,\s]+)/g)].map(match => match[1]!);
		fail(
			addresses.length === 0
				? `cannot validate certificate for ${host} because it doesn't contain any IP SANs`
				: `certificate is valid for ${addresses.join(', ')}, not ${host}`,
		);
	}

	if (!secure.authorized) {
		fail('certificate signed by unknown authority');
	}
}

function handshakeText(error: NodeJS.ErrnoException, carrier: Duplex): string {
	const {code = '', message} = error;
	if (code === 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR' || message.includes('alert internal error')) {
		return 'remote error: tls: internal error';
	}

	if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
		return 'tls: first record does not look like a TLS handshake';
	}

	const {localAddress, localPort, remoteAddress, remotePort} = carrier as Partial<{
		localAddress: string;
		localPort: number;
		remoteAddress: string;
		remotePort: number;
	}>;
	return code === 'ECONNRESET' && message.startsWith('read') && localAddress !== undefined
		? `read tcp ${localAddress}:${localPort}->${remoteAddress}:${remotePort}: read: connection reset by peer`
		: 'EOF';
}
