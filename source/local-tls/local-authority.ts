/** The user's local CAs: one for localhost, and one for each other name of --host. */
import {createPrivateKey, type KeyObject, randomUUID, X509Certificate} from 'node:crypto';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {mkdir, rename, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Authority} from '../certificates/issuer.ts';
import {localFileError, readSecretFile} from '../command-line/private-files.ts';
import {createStateDirectory, findStateDirectory} from '../command-line/state-directory.ts';
import {SpokeError} from '../errors/spoke-error.ts';

export type LocalAuthority = {
	/** `localhost`, or the name of --host that it is for. */
	name: string;
	directory: string;
	/** Of the certificate, which clients trust. */
	file: string;
	/** PEM. */
	certificate: string;
};

/** The private directory of the CAs: `ca.pem` and `ca-key.pem` in a directory of each. */
const directoryOfAll = {name: 'ca', contains: 'local CAs'};
const day = 86_400_000;
const validYears = 10;
/** No certificate that it issues is valid for longer than the CA. */
export const maxCertificateDays = 30;

/** Names below `localhost` need no CA of their own: that of localhost is valid for them. `host`: the name of --host. */
export function authorityNameFor(host: string | null): string {
	return host === null || host === 'localhost' || host.endsWith('.localhost') ? 'localhost' : host;
}

/** The common name, by which certificate stores show it. */
export function authoritySubject(authorityName: string): string {
	return `spoke local CA for ${authorityName}`;
}

/** The names for which programs accept its certificates. */
export function permittedNames(authorityName: string): readonly string[] {
	return [...new Set([authorityName, 'localhost']), '127.0.0.0/8', '::1/128'];
}

/**
The CA with its key. Creates it if there is none, or if it expires before a new certificate.
@throws SpokeError ERR_LOCAL_FILE if it cannot be used, and if others can read its key
*/
export async function ensureLocalAuthority(env: NodeJS.ProcessEnv, name: string): Promise<LocalAuthority & Authority> {
	const all = createStateDirectory(env, directoryOfAll);
	const found = readAuthority(all, name);
	if (found !== null && !expiresSoon(found)) {
		return found;
	}

	try {
		return await createAuthorityIn(all, name, {replaces: found !== null});
	} catch (error) {
		throw localFileError(`cannot create the local CA in ${join(all, name)}`, error);
	}
}

/** Without their keys. @throws SpokeError ERR_LOCAL_FILE if a certificate cannot be read, or another user can change the CAs */
export function listLocalAuthorities(env: NodeJS.ProcessEnv): readonly LocalAuthority[] {
	const all = findStateDirectory(env, directoryOfAll);
	// A name with a leading dot is a draft.
	const names = all === null ? [] : readdirSync(all).filter(name => !name.startsWith('.'));
	return names.sort().map(name => readCertificate(join(all!, name), name));
}

function expiresSoon({certificate}: Authority): boolean {
	return new X509Certificate(certificate).validToDate.getTime() < Date.now() + maxCertificateDays * day;
}

/** A whole directory is renamed, so that another process that creates the CA at the same time wins or loses, but never reads half of it. */
async function createAuthorityIn(all: string, name: string, {replaces}: {replaces: boolean}) {
	const {createAuthority} = await import('../certificates/issuer.ts');
	const {certificate, key} = await createAuthority({
		subject: `CN=${authoritySubject(name)}`,
		notAfter: new Date(Date.now() + validYears * 365 * day),
		permits: permittedNames(name),
	});
	const directory = join(all, name);
	const draft = join(all, `.${name}.${randomUUID()}`);
	const old = `${draft}.old`;
	try {
		await mkdir(draft, {mode: 0o700});
		await writeFile(join(draft, 'ca-key.pem'), key, {flag: 'wx', mode: 0o600});
		await writeFile(join(draft, 'ca.pem'), certificate, {flag: 'wx', mode: 0o600});
		if (replaces) {
			await rename(directory, old);
		}

		await rename(draft, directory).catch((error: unknown) => {
			if (!existsSync(directory)) {
				throw error;
			}
		});
		return readAuthority(all, name)!;
	} finally {
		await Promise.all([draft, old].map(async path => rm(path, {recursive: true, force: true})));
	}
}

function readAuthority(all: string, name: string): (LocalAuthority & Authority) | null {
	const directory = join(all, name);
	if (!existsSync(directory)) {
		return null;
	}

	const remedy = `remove ${directory}, and spoke creates a new CA; \`spoke forwards ca\` shows how to stop trusting the old one`;
	const key = readSecretFile(join(directory, 'ca-key.pem'), {name: 'the key of the local CA', remedy});
	if (key === null) {
		throw new SpokeError('ERR_LOCAL_FILE', `the local CA in ${directory} has no key`, {remedy});
	}

	const authority = readCertificate(directory, name);
	if (!new X509Certificate(authority.certificate).checkPrivateKey(readKey(key, directory, remedy))) {
		throw new SpokeError('ERR_LOCAL_FILE', `the key of the local CA in ${directory} is not that of its certificate`, {remedy});
	}

	return {...authority, key};
}

function readKey(key: string, directory: string, remedy: string): KeyObject {
	try {
		return createPrivateKey(key);
	} catch (error) {
		throw new SpokeError('ERR_LOCAL_FILE', `the local CA in ${directory} has no valid key`, {remedy, cause: error});
	}
}

function readCertificate(directory: string, name: string): LocalAuthority {
	const file = join(directory, 'ca.pem');
	try {
		const certificate = readFileSync(file, 'utf8');
		return {name, directory, file, certificate: new X509Certificate(certificate).toString()};
	} catch (error) {
		throw new SpokeError('ERR_LOCAL_FILE', `cannot read the local CA ${file}: ${(error as Error).message}`, {
			remedy: `remove ${directory}, and spoke creates a new CA`,
			cause: error,
		});
	}
}
