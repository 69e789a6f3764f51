/** Trusted CA certificates, never Node's own list. */
import {X509Certificate, createPrivateKey, hash} from 'node:crypto';
import {existsSync} from 'node:fs';
import {readdir, readFile} from 'node:fs/promises';
import {isIP} from 'node:net';
import {join} from 'node:path';
import process from 'node:process';
import {getCACertificates, type TLSSocket} from 'node:tls';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {formatRfc3339Seconds} from '../../base/text/formats.ts';
import type {SocketFacts} from '../cluster-client.ts';

export type Trust = {
	from: 'kubeconfig-ca' | 'system-roots';
	pem: readonly string[];
};

export type ClientCertificate = {certificate: Buffer; key: Buffer};

/** The session asks for each selected row, and parsing takes 0.2 ms. */
const fingerprints = new WeakMap<Buffer, string | null>();

export type PeerFacts = NonNullable<NonNullable<SocketFacts['tls']>['peer']>;

/**
As Go, skips certificates that cannot be parsed.
@throws SpokeError ERR_KUBECONFIG_INVALID when none is left
*/
export function trustBundle(bundle: Buffer): Trust {
	const blocks = certificatesIn(bundle.toString('latin1'));
	const problems = blocks.map(pem => anchorProblem(pem));
	const pem = blocks.filter((_, index) => problems[index] === null);
	if (pem.length === 0) {
		const [problem] = problems;
		const nothing = bundle.includes('-----BEGIN') ? 'no valid certificate authority data seen' : 'unable to parse bytes as PEM block';
		throw new SpokeError(
			'ERR_KUBECONFIG_INVALID',
			`unable to load root certificates: ${problem ? `failed to parse certificate: ${problem}` : nothing}`,
			{
				remedy: 'check certificate-authority of this cluster',
			},
		);
	}

	return {from: 'kubeconfig-ca', pem};
}

/** Whether the certificate itself is trusted. */
export function isAnchor(trust: Trust, {raw}: X509Certificate): boolean {
	return anchorsOf(trust).some(der => der.equals(raw));
}

/** The trusted certificates that can have issued this one, by a part of the issuer's name: to parse all of a system takes 45 ms. */
export function anchorsAbove(trust: Trust, {issuer}: X509Certificate): readonly X509Certificate[] {
	const all = anchorsOf(trust);
	const part = issuer.slice(issuer.lastIndexOf('=') + 1);
	const named = all.filter(der => der.includes(part));
	// Some encodings of a name have other bytes.
	return (named.length > 0 ? named : all).map(der => new X509Certificate(der));
}

/** In DER. */
const anchors = new WeakMap<Trust, readonly Buffer[]>();

function anchorsOf(trust: Trust): readonly Buffer[] {
	const known = anchors.get(trust) ?? trust.pem.map(pem => Buffer.from(pem.replaceAll(/-----[^-]+-----/g, ''), 'base64'));
	anchors.set(trust, known);
	return known;
}

/**
Go's reason to reject the key, or `null`.

Node, too, must not meet the curves that Go does not know: after the handshake it describes all certificates of the chain, and a curve
without a NIST name crashes the process (Node 24.21).
*/
export function keyProblem(certificate: X509Certificate): string | null {
	try {
		const {asymmetricKeyType, asymmetricKeyDetails: {namedCurve = '', modulusLength = 0} = {}} = certificate.publicKey;
		if (asymmetricKeyType === 'ec' && !['secp224r1', 'prime256v1', 'secp384r1', 'secp521r1'].includes(namedCurve)) {
			return 'x509: unsupported elliptic curve';
		}

		return modulusLength > maxRsaBits ? `x509: RSA key larger than ${maxRsaBits} bits` : null;
	} catch {
		return 'x509: invalid public key';
	}
}

const maxRsaBits = 8192;

/** As Go: SSL_CERT_FILE and SSL_CERT_DIR, else the distribution's bundle (crypto/x509 root_linux.go). NODE_EXTRA_CA_CERTS adds nothing. */
export async function systemTrust(environment: NodeJS.ProcessEnv): Promise<Trust> {
	if (process.platform === 'darwin' || process.platform === 'win32') {
		return {from: 'system-roots', pem: getCACertificates('system')};
	}

	const file = environment['SSL_CERT_FILE'] || bundleFiles.find(path => existsSync(path));
	const directories = environment['SSL_CERT_DIR']?.split(':') ?? bundleDirectories;
	const fromFile = file === undefined ? [] : certificatesIn(await readFile(file, 'latin1').catch(() => ''));
	if (fromFile.length > 0 && !environment['SSL_CERT_DIR']) {
		return {from: 'system-roots', pem: fromFile};
	}

	const fromDirectories = await Promise.all(directories.map(async directory => readDirectoryCertificates(directory)));
	return {from: 'system-roots', pem: [...fromFile, ...fromDirectories.flat()]};
}

const bundleFiles = [
	'/etc/ssl/certs/ca-certificates.crt',
	'/etc/pki/tls/certs/ca-bundle.crt',
	'/etc/ssl/ca-bundle.pem',
	'/etc/pki/tls/cacert.pem',
	'/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
	'/etc/ssl/cert.pem',
];
const bundleDirectories = ['/etc/ssl/certs', '/etc/pki/tls/certs'];

async function readDirectoryCertificates(directory: string): Promise<string[]> {
	const names = await readdir(directory).catch(() => []);
	const texts = await Promise.all(names.map(async name => readFile(join(directory, name), 'latin1').catch(() => '')));
	return texts.flatMap(text => certificatesIn(text));
}

function certificatesIn(text: string): string[] {
	return text.match(/-----BEGIN CERTIFICATE-----[A-Za-z\d+/=\s]+-----END CERTIFICATE-----/g) ?? [];
}

function anchorProblem(pem: string): string | null {
	try {
		return keyProblem(new X509Certificate(pem));
	} catch {
		return 'x509: malformed certificate';
	}
}

/** @throws SpokeError ERR_CLIENT_CERTIFICATE */
export function validateCertificatePair(certificate: Buffer, key: Buffer): ClientCertificate {
	try {
		const leaf = new X509Certificate(certificate);
		if (!leaf.checkPrivateKey(createPrivateKey(key))) {
			throw new Error('tls: private key does not match public key');
		}
	} catch (error) {
		throw new SpokeError(
			'ERR_CLIENT_CERTIFICATE',
			`the client certificate cannot be used: ${(error as Error).message.split('\n', 1)[0]!}`,
			{cause: error},
		);
	}

	return {certificate, key};
}

/** The SHA-256 fingerprint, in hexadecimal. */
export function certificateFingerprint(pem: Buffer): string | null {
	if (!fingerprints.has(pem)) {
		fingerprints.set(pem, tryParse(pem)?.fingerprint256.replaceAll(':', '').toLowerCase() ?? null);
	}

	return fingerprints.get(pem)!;
}

export function certificateDates(pem: Buffer): {notBefore: Date; notAfter: Date} | null {
	const certificate = tryParse(pem);
	return certificate && {notBefore: new Date(certificate.validFrom), notAfter: new Date(certificate.validTo)};
}

function tryParse(pem: Buffer): X509Certificate | null {
	try {
		return new X509Certificate(pem);
	} catch {
		return null;
	}
}

/**
The peer's own first. Call once per socket: before Node 26 it takes the certificates off it. Never call `getPeerCertificate`: a key on a
curve without a NIST name crashes the process (Node 24.21).
*/
export function takePeerChain(socket: TLSSocket): readonly X509Certificate[] {
	const found: X509Certificate[] = [];
	for (let next = socket.getPeerX509Certificate(); next; next = next.issuerCertificate) {
		found.push(next);
	}

	return found;
}

/** @param chain from the peer's own certificate to the last one that signed another, or the trusted one */
export function peerFacts(chain: readonly X509Certificate[]): PeerFacts {
	const {subject, issuer, validTo} = chain[0]!;
	return {
		subject: distinguishedName(subject),
		issuer: distinguishedName(issuer),
		notAfter: certificateTime(validTo),
		spkiSha256: spkiSha256(chain[0]!),
		dnsNames: namesOf(chain[0]!).dnsNames,
		chainSpkiSha256: chain.map(certificate => spkiSha256(certificate)),
	};
}

export type CertificateNames = {
	dnsNames: readonly string[];
	/** In their shortest form. */
	addresses: readonly string[];
};

/** Of the subjectAltName. A name with other characters than a name has can be shown, but never matches. */
export function namesOf({subjectAltName = ''}: Pick<X509Certificate, 'subjectAltName'>): CertificateNames {
	// Node quotes what holds a comma, a quote or a control character, so that no name can imitate two.
	const entries = [...subjectAltName.matchAll(/(?:^|, )([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)/g)];
	const valuesOf = (kind: string) => entries.filter(([, found]) => found === kind).map(([, , value]) => value!);
	return {dnsNames: valuesOf('DNS'), addresses: valuesOf('IP Address').map(address => addressIn(address) ?? address)};
}

/** The address in its shortest form, or `null` for a name; to Go, an address with a zone is a name. */
export function addressIn(host: string): string | null {
	const family = host.includes('%') ? 0 : isIP(host);
	if (family !== 6) {
		return family === 4 ? host : null;
	}

	const shortest = new URL(`http://[${host}]`).hostname.slice(1, -1);
	const [, high, low] = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(shortest) ?? [];
	return high === undefined ? shortest : [high, low!].flatMap(part => [parseInt(part, 16) >> 8, parseInt(part, 16) & 255]).join('.');
}

/** RFC 3339; what is no time (month 13) is left as Node has it. */
export function certificateTime(text: string): string {
	const time = new Date(text);
	return Number.isNaN(time.getTime()) ? text : formatRfc3339Seconds(time);
}

/** Hash of SubjectPublicKeyInfo, in hexadecimal, as in kubeadm's CA certificate hash. */
export function spkiSha256({publicKey}: X509Certificate): string {
	return hash('sha256', publicKey.export({type: 'spki', format: 'der'}));
}

/** Most specific part first (RFC 4514), from Node's lines. */
export function distinguishedName(lines: string | undefined): string {
	// Node gives no string for an empty name.
	return (lines ?? '')
		.split('\n')
		.filter(line => line !== '')
		.toReversed()
		.join(',');
}
