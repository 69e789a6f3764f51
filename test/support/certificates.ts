/** Issues good and bad certificates. */
import {createHash} from 'node:crypto';
import {isIPv4} from 'node:net';
import {
	basicConstraints,
	der,
	dnsName,
	excluded,
	extendedKeyUsage,
	extension,
	type Hash,
	type KeyKind,
	keyUsage,
	makeCertificate,
	type MadeCertificate,
	nameConstraints,
	nameOf,
	newKeys,
	pemOf,
	permitted,
	publicKeyOf,
	sequence,
	serverAuth,
	utcTime,
} from './der-certificate.ts';

export type Issued = MadeCertificate;

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
	usage?: Usage | readonly Usage[] | null;
	authority?: boolean;
	pathLength?: number;
	/** The only DNS name that this CA may sign for. */
	permits?: string;
	forbids?: string;
	hash?: Hash;
	key?: KeyKind;
	unknownCritical?: boolean;
	keyUsage?: ReadonlyArray<keyof typeof keyUses>;
	/** Without an authority key identifier, so only the issuer's name leads to the CA. */
	namesNoKey?: boolean;
};

/** Bits of RFC 5280 §4.2.1.3. */
const keyUses = {digitalSignature: 0, keyCertSign: 5, cRLSign: 6} as const;
const usages = {
	server: serverAuth,
	client: '1.3.6.1.5.5.7.3.2',
	code: '1.3.6.1.5.5.7.3.3',
	any: '2.5.29.37.0',
	unknown: '1.2.3.4',
} as const;
type Usage = keyof typeof usages;

const day = 86_400_000;

/** Self-signed without `issuer`. */
export async function issue(options: CertificateOptions, issuer?: Issued): Promise<Issued> {
	const {commonName, organization, key, hash, notBefore, notAfter} = options;
	const keys = newKeys(key);
	return makeCertificate({
		keys,
		subject: nameOf({commonName, organization}),
		validity: [timeOf(notBefore ?? new Date(Date.now() - day)), timeOf(notAfter ?? new Date(Date.now() + 30 * day))],
		extensions: extensionsOf(options, keys.publicKey.export({type: 'spki', format: 'der'}), issuer),
		...(hash && {hash}),
		...(issuer && {issuer}),
	});
}

/** A certificate with the names by which pods know an apiserver; without them nothing is proven. */
export async function issueApiserver(issuer: Issued): Promise<Issued> {
	return issue({commonName: 'kube-apiserver', ip: ['127.0.0.1'], dns: ['kubernetes.default.svc']}, issuer);
}

/** A kubeconfig's user with a client certificate. */
export function userWith({certificate, key}: Pick<Issued, 'certificate' | 'key'>): Record<string, string> {
	return {'client-certificate-data': btoa(certificate), 'client-key-data': btoa(key)};
}

/** The extra field of a user whose client certificate an apiserver has verified. */
export function credentialId({raw}: Pick<Issued, 'raw'>): Record<string, string[]> {
	return {'authentication.kubernetes.io/credential-id': [`X509SHA256=${createHash('sha256').update(raw).digest('hex')}`]};
}

export async function authority(commonName = 'test-ca', options: CertificateOptions = {}): Promise<Issued> {
	return issue({commonName, authority: true, usage: null, ...options});
}

/** UTCTime has the years until 2049. */
function timeOf(date: Date): Buffer {
	return utcTime(date.toISOString().replaceAll(/^20|[-:T]|\.\d+/g, ''));
}

function extensionsOf(options: CertificateOptions, publicKey: Buffer, issuer?: Issued): readonly Buffer[] {
	const {commonName, organization, dns = [], ip = [], uri = [], email = [], usage = 'server', permits, forbids} = options;
	const names = [
		...dns.map(name => dnsName(name)),
		...ip.map(address => der(0x87, addressBytes(address))),
		...uri.map(text => der(0x86, Buffer.from(text))),
		...email.map(text => der(0x81, Buffer.from(text))),
	];
	const uses = options.keyUsage ?? (options.authority ? (['keyCertSign', 'cRLSign'] as const) : []);
	const constraints = [
		...(permits === undefined ? [] : [permitted(dnsName(permits))]),
		...(forbids === undefined ? [] : [excluded(dnsName(forbids))]),
	];
	return [
		...(names.length > 0 ? [extension('2.5.29.17', sequence(...names), (commonName ?? organization) === undefined)] : []),
		...(options.authority ? [basicConstraints(true, options.pathLength)] : []),
		...(uses.length > 0 ? [keyUsage(...uses.map(name => keyUses[name]))] : []),
		...(usage === null ? [] : [extendedKeyUsage(...[usage].flat().map(name => usages[name]))]),
		...(constraints.length > 0 ? [nameConstraints(...constraints)] : []),
		...(options.unknownCritical ? [extension('1.2.3.4.5.6', der(5), true)] : []),
		extension('2.5.29.14', der(4, keyIdentifier(publicKey))),
		...(issuer && !options.namesNoKey ? [extension('2.5.29.35', sequence(der(0x80, keyIdentifier(publicKeyOf(issuer)))))] : []),
	];
}

function keyIdentifier(publicKey: Buffer): Buffer {
	return createHash('sha1').update(publicKey).digest();
}

/** Of IPv6, addresses with one `::`. */
function addressBytes(address: string): Buffer {
	if (isIPv4(address)) {
		return Buffer.from(address.split('.').map(Number));
	}

	const [before = [], after = []] = address.split('::').map(part => part.split(':').filter(group => group !== ''));
	const groups = [...before, ...Array.from({length: 8 - before.length - after.length}, () => '0'), ...after];
	return Buffer.from(groups.map(group => group.padStart(4, '0')).join(''), 'hex');
}

/** The same certificate with a key of an unknown kind. Its signature is no longer valid. */
export function withUnknownKey({raw}: Pick<Issued, 'raw'>): string {
	const changed = Buffer.from(raw);
	// id-ecPublicKey (RFC 5480 §2.1.1); its last number is changed.
	const ecPublicKey = Buffer.from('06072a8648ce3d0201', 'hex');
	changed[changed.indexOf(ecPublicKey) + ecPublicKey.length - 1] = 9;
	return pemOf(changed);
}
