/** The lab's CAs and certificates, created on first use as PEM files in `pki/`. */
import 'reflect-metadata';
import {webcrypto} from 'node:crypto';
import {access, mkdir, readFile, rename, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import * as x509 from '@peculiar/x509';
import type {Lab} from './lab.ts';
import {joined} from './one-at-a-time.ts';

x509.cryptoProvider.set(webcrypto);
const algorithm = {name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256'};

/**
`cluster` signs clients and apiservers, `kubelet` the kubelets' serving certificates. Two, so that one can be the wrong one. `egress`: of a
tunnel over TCP. `front-proxy`: of proxies whose word an apiserver takes for the user.
*/
export type Authority = 'cluster' | 'kubelet' | 'gateway' | 'egress' | 'front-proxy';
export type KeyPair = {cert: string; key: string};
export type Subject = {
	commonName: string;
	groups?: readonly string[];
	names?: readonly string[];
	/** It expired yesterday. */
	expired?: boolean;
};

export async function authority(lab: Lab, name: Authority): Promise<KeyPair> {
	return made(lab, `${name}-ca`, async () => {
		const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
		const certificate = await x509.X509CertificateGenerator.createSelfSigned({
			name: [{CN: [`lab-${name}-ca`]}],
			keys,
			signingAlgorithm: algorithm,
			...validity(),
			extensions: [
				new x509.BasicConstraintsExtension(true, undefined, true),
				new x509.KeyUsagesExtension(
					x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature,
					true,
				),
				await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
			],
		});
		return {certificate: certificate.toString('pem'), key: await pemOfKey(keys.privateKey)};
	});
}

/** Paths of a certificate that `by` signed, for clients and servers alike. */
export async function signed(
	lab: Lab,
	file: string,
	by: Authority,
	{commonName, groups = [], names = [], expired = false}: Subject,
): Promise<KeyPair> {
	return made(lab, file, async () => {
		const issuer = await authority(lab, by);
		const issuerCertificate = new x509.X509Certificate(await readFile(issuer.cert, 'utf8'));
		const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
		const certificate = await x509.X509CertificateGenerator.create({
			subject: [...groups.map(group => ({O: [group]})), {CN: [commonName]}],
			issuer: issuerCertificate.subject,
			publicKey: keys.publicKey,
			signingKey: await privateKeyOf(issuer),
			signingAlgorithm: algorithm,
			...validity(expired ? -1 : 3650),
			extensions: [
				new x509.BasicConstraintsExtension(false, undefined, true),
				new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
				new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']),
				await x509.AuthorityKeyIdentifierExtension.create(issuerCertificate),
				...(names.length > 0
					? [new x509.SubjectAlternativeNameExtension(names.map(name => ({type: /^[\d.]+$/.test(name) ? 'ip' : 'dns', value: name})))]
					: []),
			],
		});
		return {certificate: certificate.toString('pem'), key: await pemOfKey(keys.privateKey)};
	});
}

/** For service account tokens: `cert` is the public key. */
export async function serviceAccountKeys(lab: Lab): Promise<KeyPair> {
	return made(lab, 'service-accounts', async () => {
		const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
		return {certificate: pem('PUBLIC KEY', await webcrypto.subtle.exportKey('spki', keys.publicKey)), key: await pemOfKey(keys.privateKey)};
	});
}

async function made(lab: Lab, file: string, make: () => Promise<{certificate: string; key: string}>): Promise<KeyPair> {
	const folder = join(lab.folder, 'pki');
	const pair = {cert: join(folder, `${file}.crt`), key: join(folder, `${file}.key`)};
	return joined(pair.cert, async () => makeUnlessThere(folder, pair, make));
}

async function makeUnlessThere(folder: string, pair: KeyPair, make: () => Promise<{certificate: string; key: string}>): Promise<KeyPair> {
	if (
		await access(pair.cert).then(
			() => true,
			() => false,
		)
	) {
		return pair;
	}

	await mkdir(folder, {recursive: true, mode: 0o700});
	const {certificate, key} = await make();
	await writeFile(pair.key, key, {mode: 0o600});
	// The certificate appears last and complete: it shows that the pair is complete.
	await writeFile(`${pair.cert}.new`, certificate);
	await rename(`${pair.cert}.new`, pair.cert);
	return pair;
}

const validity = (days = 3650) => ({
	notBefore: new Date(Date.now() - (days > 0 ? 3_600_000 : 10 * 86_400_000)),
	notAfter: new Date(Date.now() + days * 86_400_000),
});

async function privateKeyOf({key}: KeyPair): Promise<webcrypto.CryptoKey> {
	const body = (await readFile(key, 'utf8')).replaceAll(/-----[^-]+-----|\s/g, '');
	return webcrypto.subtle.importKey('pkcs8', Buffer.from(body, 'base64'), algorithm, true, ['sign']);
}

const pemOfKey = async (key: webcrypto.CryptoKey) => pem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', key));

const pem = (label: string, der: ArrayBuffer) =>
	`-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64').replaceAll(/.{64}/g, '$&\n').trimEnd()}\n-----END ${label}-----\n`;
