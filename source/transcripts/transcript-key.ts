/** The user's key that signs transcripts. */
import {createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID} from 'node:crypto';
import {linkSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {configDirectory} from '../command-line/config-directory.ts';
import {localFileError, readSecretFile} from '../command-line/private-files.ts';
import {SpokeError} from '../errors/spoke-error.ts';

/** `~/.config/spoke/transcript-key.pem`; `null` without a home directory. */
export function transcriptKeyPath(env: NodeJS.ProcessEnv): string | null {
	const directory = configDirectory(env);
	return directory === null ? null : join(directory, 'transcript-key.pem');
}

/** Creates the key if there is none. `null` without a home directory. @throws SpokeError ERR_LOCAL_FILE */
export function ensureTranscriptKey(env: NodeJS.ProcessEnv): KeyObject | null {
	const path = transcriptKeyPath(env);
	if (path === null) {
		return null;
	}

	return readKey(path) ?? createKey(path);
}

/** `null` if there is no key. @throws SpokeError ERR_LOCAL_FILE if it cannot be used */
export function readTranscriptKey(env: NodeJS.ProcessEnv): KeyObject | null {
	const path = transcriptKeyPath(env);
	return path === null ? null : readKey(path);
}

/** The public key of a PEM file. @throws SpokeError ERR_LOCAL_FILE */
export function readPublicKey(path: string): KeyObject {
	try {
		return assertEd25519(createPublicKey(readFileSync(path)), path);
	} catch (error) {
		throw localFileError(`cannot read the public key ${path}`, error);
	}
}

/** The DER of the public key in base64, as a transcript names its key. */
export function encodePublicKey(publicKey: KeyObject): string {
	return publicKey.export({type: 'spki', format: 'der'}).toString('base64');
}

/** @throws Error unless it is the DER of an Ed25519 key */
export function decodePublicKey(base64: string): KeyObject {
	return assertEd25519(createPublicKey({key: Buffer.from(base64, 'base64'), type: 'spki', format: 'der'}), 'the key of the transcript');
}

/** As OpenSSL prints the SHA-256 of the DER public key, in base64. */
export function fingerprint(publicKey: KeyObject): string {
	const der = publicKey.export({type: 'spki', format: 'der'});
	return `SHA256:${createHash('sha256').update(der).digest('base64').replace(/=+$/, '')}`;
}

function readKey(path: string): KeyObject | null {
	const text = readSecretFile(path, {
		name: 'the transcript key',
		remedy: `if nobody has used it, chmod 600 ${path}; otherwise remove it, and spoke creates a new one`,
	});
	try {
		return text === null ? null : assertEd25519(createPrivateKey(text), path);
	} catch (error) {
		throw localFileError(`cannot read the transcript key ${path}`, error);
	}
}

/** Another process that creates the key at the same time wins or loses, but never reads half a key. */
function createKey(path: string): KeyObject {
	const draft = `${path}.${randomUUID()}`;
	try {
		mkdirSync(dirname(path), {recursive: true, mode: 0o700});
		const {privateKey} = generateKeyPairSync('ed25519');
		writeFileSync(draft, privateKey.export({type: 'pkcs8', format: 'pem'}), {flag: 'wx', mode: 0o600});
		linkSync(draft, path);
		return privateKey;
	} catch (error) {
		const other = (error as NodeJS.ErrnoException).code === 'EEXIST' ? readKey(path) : null;
		if (other !== null) {
			return other;
		}

		throw localFileError(`cannot create the transcript key ${path}`, error);
	} finally {
		rmSync(draft, {force: true});
	}
}

function assertEd25519(key: KeyObject, name: string): KeyObject {
	if (key.asymmetricKeyType !== 'ed25519') {
		throw new SpokeError('ERR_LOCAL_FILE', `${name} is not an Ed25519 key`);
	}

	return key;
}
