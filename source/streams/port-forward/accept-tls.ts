/** TLS handshakes with local clients. */
import type {Socket} from 'node:net';
import {TLSSocket} from 'node:tls';
import {SpokeError} from '../../errors/spoke-error.ts';
import type {LocalTls} from '../../local-tls/create-local-tls.ts';
import type {ConnectionEnd} from './forward-event.ts';

/** Browsers open connections before they need them. */
const handshakeTimeoutMs = 60_000;

/**
Resolves to the decrypted connection, or to how the client left before the handshake. Ends of the connection stay those of `socket`: it must
be reset itself, because Node resets no TLS socket.
@throws SpokeError ERR_LOCAL_TLS, and the reason of `signal`
*/
export async function acceptTls(
	socket: Socket,
	tls: LocalTls,
	signal: AbortSignal,
): Promise<TLSSocket | Extract<ConnectionEnd, `client-${string}`>> {
	const secureContext = await tls.context();
	signal.throwIfAborted();
	const client = new TLSSocket(socket, {isServer: true, secureContext});
	const {promise, resolve, reject} = Promise.withResolvers<Awaited<ReturnType<typeof acceptTls>>>();
	const timer = setTimeout(() => {
		reject(handshakeError(`it did not complete the handshake within ${handshakeTimeoutMs / 1000} s`));
	}, handshakeTimeoutMs);
	const onAbort = () => {
		reject(signal.reason as Error);
	};

	signal.addEventListener('abort', onAbort);
	client
		.once('secure', () => {
			resolve(client);
		})
		.once('end', () => {
			resolve('client-fin');
		})
		.once('close', () => {
			resolve('client-reset');
		})
		// Later errors too: they also close it.
		.on('error', (error: NodeJS.ErrnoException & {reason?: string}) => {
			if (error.code === 'ECONNRESET') {
				resolve('client-reset');
			} else {
				reject(handshakeError(reasonOf(error), error));
			}
		});
	try {
		return await promise;
	} finally {
		clearTimeout(timer);
		signal.removeEventListener('abort', onAbort);
	}
}

/** By reason of OpenSSL. Programs differ in the alert with which they reject a certificate (RFC 8446 §6.2). */
const reasons: ReadonlyArray<readonly [RegExp, string]> = [
	[/^http request$/, 'it sent plain HTTP; use https://'],
	[/^wrong version number$/, 'it did not send TLS'],
	[/^unsupported protocol$/, 'it offers only TLS versions before 1.2'],
	[/alert unknown ca$/, 'it does not trust the local CA'],
	[/alert (?:bad certificate|certificate unknown)$/, 'it rejected the certificate'],
];

function reasonOf({reason = '', message}: Error & {reason?: string}): string {
	return reasons.find(([pattern]) => pattern.test(reason))?.[1] ?? (reason || message);
}

function handshakeError(reason: string, cause?: Error): SpokeError {
	return new SpokeError('ERR_LOCAL_TLS', `no TLS with the local client: ${reason}`, {cause});
}
