/** Trusted CA certificates, never Node's own list. */
import {X509Certificate} from 'node:crypto';
import {existsSync} from 'node:fs';
import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {getCACertificates} from 'node:tls';
import {SpokeError} from '../../errors/spoke-error.ts';

export type Trust = {
	from: 'kubeconfig-ca' | 'system-roots';
	pem: readonly string[];
};

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
