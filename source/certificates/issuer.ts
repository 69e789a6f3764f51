/** Creates CAs, and certificates that they sign. Its packages are large, so import it on demand. */
import {randomBytes, webcrypto} from 'node:crypto';
import {isIP} from 'node:net';
// @peculiar/x509 requires it while it loads.
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);

/** In PEM. */
export type KeyPair = {
	certificate: string;
	key: string;
	/** The certificate and its CA, as a server sends them. */
	chain: string;
};

/** A CA, in PEM. */
export type Authority = Pick<KeyPair, 'certificate' | 'key'>;

export type AuthorityOptions = {
	/** `CN=ca`. */
	subject: string;
	notAfter: Date;
};

export type CertificateOptions = {
	/** `CN=kubelet,O=system:nodes`. */
	subject: string;
	use: 'server' | 'client';
	names?: readonly string[];
	notBefore?: Date;
	notAfter?: Date;
};

export type Issuer = {
	/** PEM. */
	readonly authority: string;
	issue(options: CertificateOptions): Promise<KeyPair>;
};

const algorithm = {name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256'} as const;
const day = 86_400_000;

export async function createAuthority({subject, notAfter}: AuthorityOptions): Promise<Authority> {
	const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
	const certificate = await x509.X509CertificateGenerator.createSelfSigned({
		serialNumber: serial(),
		name: subject,
		keys,
		signingAlgorithm: algorithm,
		notBefore: anHourAgo(),
		notAfter,
		extensions: [
			new x509.BasicConstraintsExtension(true, undefined, true),
			new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
			await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
		],
	});
	return {certificate: `${certificate.toString('pem')}\n`, key: await keyPem(keys.privateKey)};
}

/** @throws Error if the PEM is not that of a certificate and an EC key on P-256 */
export async function openIssuer(authority: Authority): Promise<Issuer> {
	const certificate = new x509.X509Certificate(authority.certificate);
	const signingKey = await webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(authority.key), algorithm, false, ['sign']);
	return {
		authority: authority.certificate,
		async issue({subject, use, names = [], notBefore = anHourAgo(), notAfter = new Date(Date.now() + 365 * day)}) {
			const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
			const usage = use === 'server' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth;
			const issued = await x509.X509CertificateGenerator.create({
				serialNumber: serial(),
				subject,
				issuer: certificate.subjectName,
				notBefore,
				notAfter,
				signingAlgorithm: algorithm,
				publicKey: keys.publicKey,
				signingKey,
				extensions: [
					new x509.BasicConstraintsExtension(false, undefined, true),
					new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
					new x509.ExtendedKeyUsageExtension([usage]),
					await x509.AuthorityKeyIdentifierExtension.create(certificate.publicKey),
					...(names.length > 0
						? [new x509.SubjectAlternativeNameExtension(names.map(value => ({type: isIP(value) ? 'ip' : 'dns', value})))]
						: []),
				],
			});
			const pem = `${issued.toString('pem')}\n`;
			return {certificate: pem, key: await keyPem(keys.privateKey), chain: pem + authority.certificate};
		},
	};
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
	return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

/** Clocks differ. */
function anHourAgo(): Date {
	return new Date(Date.now() - 3_600_000);
}

function serial(): string {
	return `00${randomBytes(15).toString('hex')}`;
}
