/** Trusted CA certificates, never Node's own list. */
import {existsSync} from 'node:fs';
import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {getCACertificates} from 'node:tls';
import {SpokeError} from '../../errors/spoke-error.ts';
import {CertificateParseError} from './der-reader.ts';
import {parseCertificate, type ParsedCertificate} from './parse-certificate.ts';

export type Trust = {
	from: 'kubeconfig-ca' | 'system-roots';
	pem: readonly string[];
	/** Those of `pem`, if they are parsed already. */
	certificates?: readonly ParsedCertificate[];
};

/**
As Go, skips certificates that cannot be parsed.
@throws SpokeError ERR_KUBECONFIG_INVALID when none is left
*/
export function trustBundle(bundle: Buffer): Trust {
	const blocks = certificatesIn(bundle.toString('latin1'));
	const parsed = blocks.map(pem => parseOrProblem(pem));
	const pem = blocks.filter((_, index) => typeof parsed[index] !== 'string');
	if (pem.length === 0) {
		const [problem] = parsed;
		const nothing = bundle.includes('-----BEGIN') ? 'no valid certificate authority data seen' : 'unable to parse bytes as PEM block';
		throw new SpokeError(
			'ERR_KUBECONFIG_INVALID',
			`unable to load root certificates: ${typeof problem === 'string' ? `failed to parse certificate: ${problem}` : nothing}`,
			{
				remedy: 'check certificate-authority of this cluster',
			},
		);
	}

	return {from: 'kubeconfig-ca', pem, certificates: parsed.filter(certificate => typeof certificate !== 'string')};
}

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

/** Why it cannot be parsed is a string. */
function parseOrProblem(pem: string): ParsedCertificate | string {
	try {
		return parseCertificate(derOf(pem));
	} catch (error) {
		if (error instanceof CertificateParseError) {
			return error.message;
		}

		throw error;
	}
}

export function derOf(pem: string): Buffer {
	return Buffer.from(pem.replaceAll(/-----[^-]+-----/g, ''), 'base64');
}
