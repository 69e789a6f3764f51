/** The user's key that signs transcripts. */
import {createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID} from 'node:crypto';
import {closeSync, constants, fstatSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import process from 'node:process';
import {configDirectory} from '../command-line/config-directory.ts';
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
		throw localError(`cannot read the public key ${path}`, error);
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
	let file: number;
	try {
		file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
			return null;
		}

		throw localError(`cannot open the transcript key ${path}`, error);
	}

	try {
		assertPrivate(file, path);
		return assertEd25519(createPrivateKey(readFileSync(file)), path);
	} catch (error) {
		throw localError(`cannot read the transcript key ${path}`, error);
	} finally {
		closeSync(file);
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

		throw localError(`cannot create the transcript key ${path}`, error);
	} finally {
		rmSync(draft, {force: true});
	}
}

const groupAndOthersMask = 0o077;

/** Anyone who can read the key can sign as the user. Windows has no file modes. */
function assertPrivate(file: number, path: string): void {
	const {mode, uid} = fstatSync(file);
	const own = process.getuid?.();
	if (own === undefined) {
		return;
	}

	if (uid !== own) {
		throw new SpokeError('ERR_LOCAL_FILE', `the transcript key ${path} belongs to another user`);
	}

	if ((mode & groupAndOthersMask) !== 0) {
		throw new SpokeError('ERR_LOCAL_FILE', `others can access the transcript key ${path}`, {
			remedy: `if nobody has used it, chmod 600 ${path}; otherwise remove it, and spoke creates a new one`,
		});
	}
}

function assertEd25519(key: KeyObject, name: string): KeyObject {
	if (key.asymmetricKeyType !== 'ed25519') {
		throw new SpokeError('ERR_LOCAL_FILE', `${name} is not an Ed25519 key`);
	}

	return key;
}

function localError(words: string, error: unknown): SpokeError {
	return error instanceof SpokeError ? error : new SpokeError('ERR_LOCAL_FILE', `${words}: ${(error as Error).message}`, {cause: error});
}
