/** Cluster CA and its certificates, with keys only in memory. */
import {randomBytes, webcrypto, type X509Certificate} from 'node:crypto';
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

type CertificateOptions = {
	/** `CN=kubelet,O=system:nodes`. */
	subject: string;
	use: 'server' | 'client';
	names?: readonly string[];
	notBefore?: Date;
	notAfter?: Date;
};

type Issuer = {
	/** The CA, in PEM. */
	readonly authority: string;
	issue(options: CertificateOptions): Promise<KeyPair>;
};

export type ClusterIssuer = Issuer & {
	/** As a kubelet creates it: with a temporary CA and without an address (client-go util/cert GenerateSelfSignedCertKey). */
	selfSigned(host: string): Promise<KeyPair>;
};

const algorithm = {name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256'} as const;
const year = 365 * 86_400_000;

export async function createClusterIssuer(name: string): Promise<ClusterIssuer> {
	return {
		...(await createIssuer(`CN=${name}`, 10)),
		async selfSigned(host) {
			const createdAt = Math.floor(Date.now() / 1000);
			const ca = await createIssuer(`CN=${host}-ca@${createdAt}`, 1);
			return ca.issue({subject: `CN=${host}@${createdAt}`, use: 'server', names: [host]});
		},
	};
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

async function createIssuer(subject: string, years: number): Promise<Issuer> {
	const ca = await createKeys();
	const caCertificate = await x509.X509CertificateGenerator.createSelfSigned({
		serialNumber: serial(),
		name: subject,
		keys: ca,
		signingAlgorithm: algorithm,
		notBefore: anHourAgo(),
		notAfter: new Date(Date.now() + years * year),
		extensions: [
			new x509.BasicConstraintsExtension(true, undefined, true),
			new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
			await x509.SubjectKeyIdentifierExtension.create(ca.publicKey),
		],
	});
	const authority = `${caCertificate.toString('pem')}\n`;
	return {
		authority,
		async issue({subject, use, names = [], notBefore = anHourAgo(), notAfter = new Date(Date.now() + year)}) {
			const keys = await createKeys();
			const usage = use === 'server' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth;
			const issued = await x509.X509CertificateGenerator.create({
				serialNumber: serial(),
				subject,
				issuer: caCertificate.subjectName,
				notBefore,
				notAfter,
				signingAlgorithm: algorithm,
				publicKey: keys.publicKey,
				signingKey: ca.privateKey,
				extensions: [
					new x509.BasicConstraintsExtension(false, undefined, true),
					new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
					new x509.ExtendedKeyUsageExtension([usage]),
					await x509.AuthorityKeyIdentifierExtension.create(ca.publicKey),
					...(names.length > 0
						? [new x509.SubjectAlternativeNameExtension(names.map(value => ({type: isIP(value) ? 'ip' : 'dns', value})))]
						: []),
				],
			});
			const certificate = `${issued.toString('pem')}\n`;
			const key = `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')}\n`;
			return {certificate, key, chain: certificate + authority};
		},
	};
}

async function createKeys(): Promise<webcrypto.CryptoKeyPair> {
	return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

/** Clocks differ. */
function anHourAgo(): Date {
	return new Date(Date.now() - 3_600_000);
}

function serial(): string {
	return `00${randomBytes(15).toString('hex')}`;
}
