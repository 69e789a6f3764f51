/** Issues good and bad certificates. */
import {webcrypto} from 'node:crypto';
// The certificate library requires it while it loads.
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);

/** RFC 5280 §4.2.1.3. */
export const keyUse = x509.KeyUsageFlags;

type Keys = webcrypto.CryptoKeyPair;

export type Issued = {
	certificate: string;
	key: string;
	made: x509.X509Certificate;
	keys: Keys;
	hash: string;
};

export type CertificateOptions = {
	commonName?: string;
	organization?: string;
	dns?: readonly string[];
	ip?: readonly string[];
	uri?: readonly string[];
	email?: readonly string[];
	notBefore?: Date;
	notAfter?: Date;
	/** Default: server authentication; `null` omits the extension. */
	usage?: 'server' | 'client' | 'any' | 'code' | null;
	authority?: boolean;
	pathLength?: number;
	/** The only DNS name that this CA may sign for. */
	permits?: string;
	forbids?: string;
	hash?: 'SHA-1' | 'SHA-256' | 'SHA-384';
	key?: 'ec' | 'rsa-1024' | 'rsa-2048' | 'ed25519';
	unknownCritical?: boolean;
	keyUsage?: x509.KeyUsageFlags;
	/** Without an authority key identifier, so only the issuer's name leads to the CA. */
	namesNoKey?: boolean;
};

const day = 86_400_000;

/** Self-signed without `issuer`. */
export async function issue(options: CertificateOptions, issuer?: Issued): Promise<Issued> {
	const algorithm = keyAlgorithm(options.key ?? 'ec', options.hash ?? 'SHA-256');
	const keys = await webcrypto.subtle.generateKey(algorithm as unknown as webcrypto.RsaHashedKeyGenParams, true, ['sign', 'verify']);
	const name = subject(options);
	const signer = issuer?.keys ?? keys;
	const made = await x509.X509CertificateGenerator.create({
		serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(8)))
			.toString('hex')
			.replace(/^[89a-f]/, '1'),
		subject: name,
		issuer: issuer ? issuer.made.subject : name,
		notBefore: options.notBefore ?? new Date(Date.now() - day),
		notAfter: options.notAfter ?? new Date(Date.now() + 30 * day),
		publicKey: keys.publicKey,
		signingKey: signer.privateKey,
		signingAlgorithm: {...signer.privateKey.algorithm, hash: options.hash ?? 'SHA-256'},
		extensions: await extensions(options, keys.publicKey, issuer),
	});
	const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
	return {
		certificate: `${made.toString('pem')}\n`,
		key: x509.PemConverter.encode(key, 'PRIVATE KEY'),
		made,
		keys,
		hash: options.hash ?? 'SHA-256',
	};
}

export async function authority(commonName = 'test-ca', options: CertificateOptions = {}): Promise<Issued> {
	return issue({commonName, authority: true, usage: null, ...options});
}

function keyAlgorithm(key: NonNullable<CertificateOptions['key']>, hash: string): Record<string, unknown> {
	switch (key) {
		case 'ec': {
			return {name: 'ECDSA', namedCurve: 'P-256'};
		}

		case 'ed25519': {
			return {name: 'Ed25519'};
		}

		default: {
			return {name: 'RSASSA-PKCS1-v1_5', modulusLength: key === 'rsa-1024' ? 1024 : 2048, publicExponent: new Uint8Array([1, 0, 1]), hash};
		}
	}
}

function subject({commonName, organization}: CertificateOptions): string {
	return [...(commonName === undefined ? [] : [`CN=${commonName}`]), ...(organization === undefined ? [] : [`O=${organization}`])].join(
		', ',
	);
}

const usages = {
	server: x509.ExtendedKeyUsage.serverAuth,
	client: x509.ExtendedKeyUsage.clientAuth,
	code: x509.ExtendedKeyUsage.codeSigning,
	any: '2.5.29.37.0',
} as const;

async function extensions(options: CertificateOptions, publicKey: Keys['publicKey'], issuer?: Issued): Promise<x509.Extension[]> {
	const {dns = [], ip = [], uri = [], email = [], usage = 'server'} = options;
	const names: x509.JsonGeneralNames = [
		...dns.map(value => ({type: 'dns' as const, value})),
		...ip.map(value => ({type: 'ip' as const, value})),
		...uri.map(value => ({type: 'url' as const, value})),
		...email.map(value => ({type: 'email' as const, value})),
	];
	return [
		...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names, subject(options) === '')] : []),
		...(options.authority ? [new x509.BasicConstraintsExtension(true, options.pathLength, true)] : []),
		...(options.keyUsage !== undefined || options.authority
			? [new x509.KeyUsagesExtension(options.keyUsage ?? x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true)]
			: []),
		...(usage === null ? [] : [new x509.ExtendedKeyUsageExtension([usages[usage]])]),
		...(options.permits !== undefined || options.forbids !== undefined ? [nameConstraints(options)] : []),
		...(options.unknownCritical ? [new x509.Extension('1.2.3.4.5.6', true, new Uint8Array([5, 0]))] : []),
		await x509.SubjectKeyIdentifierExtension.create(publicKey),
		...(issuer && !options.namesNoKey ? [await x509.AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey)] : []),
	];
}

/** RFC 5280 §4.2.1.10: SEQUENCE { [0] permitted, [1] excluded }, each a GeneralSubtree with a dNSName [2]. */
function nameConstraints({permits, forbids}: CertificateOptions): x509.Extension {
	const wrap = (tag: number, content: Buffer) => Buffer.concat([Buffer.from([tag, content.length]), content]);
	const subtree = (name: string) => wrap(0x30, wrap(0x82, Buffer.from(name)));
	return new x509.Extension(
		'2.5.29.30',
		true,
		wrap(
			0x30,
			Buffer.concat([
				...(permits === undefined ? [] : [wrap(0xa0, subtree(permits))]),
				...(forbids === undefined ? [] : [wrap(0xa1, subtree(forbids))]),
			]),
		),
	);
}

/** The same certificate with a key of an unknown kind. Its signature is no longer valid. */
export function withUnknownKey({certificate}: Pick<Issued, 'certificate'>): string {
	const der = Buffer.from(certificate.replaceAll(/-----[^-]+-----/g, ''), 'base64');
	// id-ecPublicKey (RFC 5480 §2.1.1); its last number is changed.
	const ecPublicKey = Buffer.from('06072a8648ce3d0201', 'hex');
	der[der.indexOf(ecPublicKey) + ecPublicKey.length - 1] = 9;
	return `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
}
