/** Cluster CA, with keys only in memory. */
import {randomBytes, webcrypto, type webcrypto as WebCrypto, type X509Certificate} from 'node:crypto';
import {isIP} from 'node:net';

export type KeyPair = {
	certificate: string;
	key: string;
	/** The certificate and its CA, as a server sends them. */
	chain: string;
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
	/** As a kubelet creates it: with a temporary CA and without an address (client-go util/cert GenerateSelfSignedCertKey). */
	selfSigned(host: string): Promise<KeyPair>;
};

const algorithm = {name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256'} as const;
const day = 86_400_000;

/** Loads @peculiar/x509 on demand. */
export async function createIssuer(name: string): Promise<Issuer> {
	await import('reflect-metadata');
	const x509 = await import('@peculiar/x509');
	x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);

	type Signer = {subject: string; certificate: string; keys: WebCrypto.CryptoKeyPair};

	const authorityOf = async (subject: string, years: number): Promise<Signer> => {
		const keys = await generateKeys();
		const certificate = await x509.X509CertificateGenerator.createSelfSigned({
			serialNumber: serial(),
			name: subject,
			keys,
			signingAlgorithm: algorithm,
			notBefore: new Date(Date.now() - 3_600_000),
			notAfter: new Date(Date.now() + years * 365 * day),
			extensions: [
				new x509.BasicConstraintsExtension(true, undefined, true),
				new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
				await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
			],
		});
		return {subject, certificate: certificate.toString('pem'), keys};
	};

	const sign = async (by: Signer, {subject, use, names = [], notBefore, notAfter}: CertificateOptions): Promise<KeyPair> => {
		const keys = await generateKeys();
		const usage = use === 'server' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth;
		const certificate = await x509.X509CertificateGenerator.create({
			serialNumber: serial(),
			subject,
			issuer: by.subject,
			notBefore: notBefore ?? new Date(Date.now() - 3_600_000),
			notAfter: notAfter ?? new Date(Date.now() + 365 * day),
			signingAlgorithm: algorithm,
			publicKey: keys.publicKey,
			signingKey: by.keys.privateKey,
			extensions: [
				new x509.BasicConstraintsExtension(false, undefined, true),
				new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
				new x509.ExtendedKeyUsageExtension([usage]),
				await x509.AuthorityKeyIdentifierExtension.create(by.keys.publicKey),
				...(names.length > 0
					? [new x509.SubjectAlternativeNameExtension(names.map(value => ({type: isIP(value) ? 'ip' : 'dns', value})))]
					: []),
			],
		});
		const pem = certificate.toString('pem');
		return {certificate: `${pem}\n`, key: await keyPem(keys.privateKey), chain: `${pem}\n${by.certificate}\n`};
	};

	const authority = await authorityOf(`CN=${name}`, 10);
	return {
		authority: `${authority.certificate}\n`,
		issue: async options => sign(authority, options),
		async selfSigned(host) {
			const createdAt = Math.floor(Date.now() / 1000);
			const ca = await authorityOf(`CN=${host}-ca@${createdAt}`, 1);
			return sign(ca, {subject: `CN=${host}@${createdAt}`, use: 'server', names: [host]});
		},
	};
}

async function generateKeys() {
	return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function keyPem(key: WebCrypto.CryptoKey): Promise<string> {
	const bytes = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
	return `-----BEGIN PRIVATE KEY-----\n${bytes
		.toString('base64')
		.replaceAll(/(.{64})/g, '$1\n')
		.trimEnd()}\n-----END PRIVATE KEY-----\n`;
}

function serial(): string {
	return `00${randomBytes(15).toString('hex')}`;
}

/** Parses the text, because Node's legacy certificate object crashes the process for a curve without a NIST name (Node 24.21). */
export function certificateIdentity({subject}: X509Certificate): {user: string; groups: string[]} {
	const values = (type: string) =>
		(subject ?? '')
			.split('\n')
			.filter(line => line.startsWith(`${type}=`))
			.map(line => line.slice(type.length + 1));
	return {user: values('CN').at(-1) ?? '', groups: values('O')};
}
