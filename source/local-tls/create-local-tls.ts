/** TLS of local listeners, with certificates of the user's local CA. */
import {createSecureContext, type SecureContext} from 'node:tls';
import {authorityNameFor, ensureLocalAuthority, maxCertificateDays} from './local-authority.ts';

export type LocalTls = {
	/** Certificate of the CA, which clients must trust. */
	caFile: string;
	/** Of the listener's certificate. */
	names: readonly string[];
	/** With a certificate that is valid now. @throws SpokeError ERR_LOCAL_FILE if it has expired and the CA cannot be used */
	context(): Promise<SecureContext>;
};

const day = 86_400_000;
/** A certificate is valid for an hour before it is issued, too. */
const validMs = (maxCertificateDays - 1) * day;

/**
`host`: the name of --host; `addresses`: those of the listener. The key of a certificate is only in memory, and the CA is read again for the
next certificate, a day before the last one expires.
@throws SpokeError ERR_LOCAL_FILE if the CA cannot be used or created
*/
export async function createLocalTls(
	env: NodeJS.ProcessEnv,
	{host, addresses, now = Date.now}: {host: string | null; addresses: readonly string[]; now?: () => number},
): Promise<LocalTls> {
	const loopback = addresses.filter(address => address.startsWith('127.'));
	const names = [...new Set([...(host === null ? [] : [host]), 'localhost', '127.0.0.1', '::1', ...loopback])];
	const issue = async () => issueCertificate(env, authorityNameFor(host), {names, expiresAt: now() + validMs});
	let current = await issue();
	let renewal: Promise<void> | undefined;
	const renew = async () => {
		current = await issue();
	};

	return {
		caFile: current.caFile,
		names,
		async context() {
			if (now() > current.expiresAt - day) {
				renewal ??= renew().finally(() => {
					renewal = undefined;
				});
				await renewal.catch((error: unknown) => {
					if (now() > current.expiresAt) {
						throw error;
					}
				});
			}

			return current.context;
		},
	};
}

async function issueCertificate(
	env: NodeJS.ProcessEnv,
	authorityName: string,
	{names, expiresAt}: {names: readonly string[]; expiresAt: number},
) {
	const authority = await ensureLocalAuthority(env, authorityName);
	const {openIssuer} = await import('../certificates/issuer.ts');
	const issuer = await openIssuer(authority);
	const {certificate, key} = await issuer.issue({subject: `CN=${names[0]}`, use: 'server', names, notAfter: new Date(expiresAt)});
	return {expiresAt, caFile: authority.file, context: createSecureContext({cert: certificate, key, minVersion: 'TLSv1.2'})};
}
