/** TLS client for kubelets, with Go's error messages. */
import type {Duplex} from 'node:stream';
import {connect, type TLSSocket} from 'node:tls';
import type {KeyPair} from '../../certificates/issuer.ts';
import type {HostPort} from '../network/address-plan.ts';
import {type Dial, DialError} from '../tunnels/direct.ts';
import {noop} from '../network/join-streams.ts';

export type KubeletTrust = {
	/** `--kubelet-certificate-authority`; `null` disables verification. */
	authority: string | null;
	identity: KeyPair | null;
};

/** 10 s for logs and the node proxy; no timeout for upgrades (measured on 1.36.3). */
export type HandshakeTimeout = 10_000 | null;

/**
Opens TLS to a kubelet or, if `authority` and `identity` are null, to another server.
@throws DialError with the text after `Get "https://…": ` or `error dialing backend: `
*/
export async function openTls(
	dial: Dial,
	to: HostPort,
	{authority, identity}: KubeletTrust,
	timeoutMs: HandshakeTimeout,
): Promise<TLSSocket> {
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
	const now = Date.now();
	const fail = (text: string): never => {
		throw new DialError(`tls: failed to verify certificate: x509: ${text}`);
	};

	const goTime = (time: number) => `${new Date(time).toISOString().slice(0, 19)}Z`;
	if (now > Date.parse(certificate.validTo) || now < Date.parse(certificate.validFrom)) {
		const hasExpired = now > Date.parse(certificate.validTo);
		fail(
			`certificate has expired or is not yet valid: current time ${goTime(now)} is ${hasExpired ? 'after' : 'before'} ${goTime(Date.parse(hasExpired ? certificate.validTo : certificate.validFrom))}`,
		);
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
