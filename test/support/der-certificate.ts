/** Certificates built byte by byte, because no library issues what is wrong with some. */
import {createPublicKey, generateKeyPairSync, type KeyObject, sign} from 'node:crypto';

export type MadeCertificate = {
	certificate: string;
	/** The certificate in DER. */
	raw: Buffer;
	key: string;
	subject: Buffer;
	privateKey: KeyObject;
};

export type Hash = 'sha1' | 'sha256' | 'sha384';

export type CertificateParts = {
	name?: string;
	subject?: Buffer;
	/** Self-signed without one. */
	issuer?: MadeCertificate;
	issuerName?: Buffer;
	key?: KeyKind;
	/** Instead of new ones of the kind `key`. */
	keys?: {publicKey: KeyObject; privateKey: KeyObject};
	publicKey?: Buffer;
	extensions?: readonly Buffer[];
	version?: 1 | 2 | 3;
	serial?: Buffer;
	validity?: readonly [from: Buffer, to: Buffer];
	/** Of the signature, if its key needs one. */
	hash?: Hash;
	algorithm?: Buffer;
	isForged?: boolean;
};

export type KeyKind =
	| 'secp256k1'
	| 'brainpoolP256r1'
	| 'brainpoolP384r1'
	| 'P-224'
	| 'P-256'
	| 'P-384'
	| 'P-521'
	| 'rsa-1024'
	| 'rsa-2048'
	| 'ed25519'
	| 'ed448'
	| 'rsa-pss'
	| 'x25519';

export function der(tag: number, ...contents: readonly Buffer[]): Buffer {
	const content = Buffer.concat(contents);
	const hex = content.length.toString(16);
	const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
	return Buffer.concat([Buffer.from(content.length < 0x80 ? [tag, content.length] : [tag, 0x80 + bytes.length, ...bytes]), content]);
}

export const sequence = (...contents: readonly Buffer[]) => der(0x30, ...contents);

export function objectIdentifier(dotted: string): Buffer {
	const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
	const base128 = (value: number): number[] =>
		value < 128 ? [value] : [...base128(Math.floor(value / 128)).map(byte => (byte % 128) + 128), value % 128];
	return der(6, Buffer.from([first * 40 + second, ...rest].flatMap(value => base128(value))));
}

export const extension = (id: string, value: Buffer, isCritical = false) =>
	sequence(objectIdentifier(id), ...(isCritical ? [der(1, Buffer.from([0xff]))] : []), der(4, value));
export const basicConstraints = (isAuthority: boolean, pathLength?: number) =>
	extension(
		'2.5.29.19',
		sequence(
			...(isAuthority ? [der(1, Buffer.from([0xff]))] : []),
			...(pathLength === undefined ? [] : [der(2, Buffer.from([pathLength]))]),
		),
		true,
	);
/** Bits from the first: 0 is digitalSignature, 2 keyEncipherment, 5 keyCertSign. */
export const keyUsage = (...bits: readonly number[]) => extension('2.5.29.15', der(3, Buffer.from(usageBits(bits))), true);
export const extendedKeyUsage = (...ids: readonly string[]) => extension('2.5.29.37', sequence(...ids.map(id => objectIdentifier(id))));
export const dnsName = (name: string) => der(0x82, Buffer.from(name));
export const address = (...bytes: readonly number[]) => der(0x87, Buffer.from(bytes));
export const altNames = (...names: readonly Buffer[]) => extension('2.5.29.17', sequence(...names));
export const permitted = (...bases: readonly Buffer[]) => der(0xa0, ...bases.map(base => sequence(base)));
export const excluded = (...bases: readonly Buffer[]) => der(0xa1, ...bases.map(base => sequence(base)));
/** RFC 5280 §4.2.1.10. */
export const nameConstraints = (...trees: readonly Buffer[]) => extension('2.5.29.30', sequence(...trees), true);
const attribute = (id: string, text: string, tag = 12) => der(0x31, sequence(objectIdentifier(id), der(tag, Buffer.from(text))));
export const commonName = (name: string, tag = 12) => sequence(attribute('2.5.4.3', name, tag));
export const nameOf = (name: {commonName?: string | undefined; organization?: string | undefined}) =>
	sequence(
		...(name.commonName === undefined ? [] : [attribute('2.5.4.3', name.commonName)]),
		...(name.organization === undefined ? [] : [attribute('2.5.4.10', name.organization)]),
	);
export const utcTime = (text: string) => der(0x17, Buffer.from(text));

export const serverAuth = '1.3.6.1.5.5.7.3.1';
export const here = [altNames(address(127, 0, 0, 1), dnsName('localhost')), extendedKeyUsage(serverAuth)];
export const mayIssue = [basicConstraints(true), keyUsage(5, 6)];

function usageBits(bits: readonly number[]): number[] {
	const length = Math.max(...bits) + 1;
	const text = Array.from({length: Math.ceil(length / 8) * 8}, (_, index) => (bits.includes(index) ? '1' : '0')).join('');
	return [text.length - length, ...text.match(/.{8}/g)!.map(byte => Number.parseInt(byte, 2))];
}

export function makeCertificate(parts: CertificateParts): MadeCertificate {
	const {publicKey, privateKey} = parts.keys ?? newKeys(parts.key);
	const signer = parts.issuer?.privateKey ?? privateKey;
	const {hash, algorithm: standard} = signatureOf(signer, parts.hash ?? 'sha256');
	const algorithm = parts.algorithm ?? standard;
	const subject = parts.subject ?? commonName(parts.name ?? 'x');
	const {version = 3} = parts;
	const tbs = sequence(
		...(version === 1 ? [] : [der(0xa0, der(2, Buffer.from([version - 1])))]),
		parts.serial ?? der(2, Buffer.from([1, serials++ % 200, 1])),
		algorithm,
		parts.issuerName ?? parts.issuer?.subject ?? subject,
		sequence(...(parts.validity ?? [utcTime('250101000000Z'), utcTime('490101000000Z')])),
		subject,
		parts.publicKey ?? publicKey.export({type: 'spki', format: 'der'}),
		...(version === 3 && (parts.extensions?.length ?? 0) > 0 ? [der(0xa3, sequence(...parts.extensions!))] : []),
	);
	const signature = sign(hash, tbs, signer);
	if (parts.isForged) {
		signature.writeUInt8((signature.at(-1)! + 1) % 256, signature.length - 1);
	}

	const whole = sequence(tbs, algorithm, der(3, Buffer.from([0]), signature));
	return {
		certificate: pemOf(whole),
		raw: whole,
		key: privateKey.export({type: 'pkcs8', format: 'pem'}) as string,
		subject,
		privateKey,
	};
}

let serials = 1;

export function pemOf(certificate: Buffer): string {
	return `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64').replaceAll(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`;
}

export function newKeys(kind: KeyKind = 'P-256'): {publicKey: KeyObject; privateKey: KeyObject} {
	switch (kind) {
		case 'rsa-1024':
		case 'rsa-2048': {
			return generateKeyPairSync('rsa', {modulusLength: Number(kind.slice(4))});
		}

		case 'rsa-pss': {
			return generateKeyPairSync('rsa-pss', {modulusLength: 2048});
		}

		case 'ed25519':
		case 'ed448':
		case 'x25519': {
			return generateKeyPairSync(kind as 'ed25519');
		}

		default: {
			return generateKeyPairSync('ec', {namedCurve: kind});
		}
	}
}

const signatures: Readonly<Record<'rsa' | 'ec', Readonly<Record<Hash, string>>>> = {
	rsa: {sha1: '1.2.840.113549.1.1.5', sha256: '1.2.840.113549.1.1.11', sha384: '1.2.840.113549.1.1.12'},
	ec: {sha1: '1.2.840.10045.4.1', sha256: '1.2.840.10045.4.3.2', sha384: '1.2.840.10045.4.3.3'},
};

function signatureOf({asymmetricKeyType: type}: KeyObject, hash: Hash): {hash: Hash | null; algorithm: Buffer} {
	switch (type) {
		case 'rsa': {
			return {hash, algorithm: sequence(objectIdentifier(signatures.rsa[hash]), der(5))};
		}

		case 'ed25519':
		case 'ed448': {
			return {hash: null, algorithm: sequence(objectIdentifier(type === 'ed25519' ? '1.3.101.112' : '1.3.101.113'))};
		}

		default: {
			return {hash, algorithm: sequence(objectIdentifier(signatures.ec[hash]))};
		}
	}
}

export function publicKeyOf({certificate}: MadeCertificate): Buffer {
	return createPublicKey(certificate).export({type: 'spki', format: 'der'});
}
