/** Bounded file reads. */
import {closeSync, constants, fstatSync, openSync, readSync} from 'node:fs';
import {Socket} from 'node:net';
import type {ClusterEntry} from './kubeconfig-shape.ts';

/** Longest silence of a pipe (`--kubeconfig <(command)`). */
const pipeSilenceMs = 10_000;

const maxBundleBytes = 8 * 1024 * 1024;

const errnoTexts: Readonly<Record<string, string>> = {
	ENOENT: 'no such file or directory',
	EACCES: 'permission denied',
	EISDIR: 'is a directory',
	ENOTDIR: 'not a directory',
	ELOOP: 'too many levels of symbolic links',
};

/**
A pipe without a writer is empty. A synchronous read of a file costs less than a turn of the thread pool.
@throws Error with Node's `code`, or with a plain message for the limits
*/
export async function readFileBounded(path: string, maxBytes: number): Promise<Buffer> {
	const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
	const stats = fstatSync(file);
	if (stats.isFIFO() || stats.isSocket() || stats.isCharacterDevice()) {
		return readPipe(file, maxBytes);
	}

	try {
		if (stats.isDirectory()) {
			throw Object.assign(new Error('is a directory'), {code: 'EISDIR', path});
		}

		if (stats.size > maxBytes) {
			throw tooLarge(maxBytes);
		}

		return readRegular(file, maxBytes);
	} finally {
		closeSync(file);
	}
}

function readRegular(file: number, maxBytes: number): Buffer {
	const chunks: Buffer[] = [];
	let total = 0;
	for (;;) {
		const buffer = Buffer.allocUnsafe(64 * 1024);
		const bytesRead = readSync(file, buffer);
		total += bytesRead;
		if (total > maxBytes) {
			throw tooLarge(maxBytes);
		}

		if (bytesRead === 0) {
			return Buffer.concat(chunks);
		}

		chunks.push(buffer.subarray(0, bytesRead));
	}
}

async function readPipe(file: number, maxBytes: number): Promise<Buffer> {
	const first = tryRead(file);
	if (first !== 'later' && first.length === 0) {
		closeSync(file);
		return first;
	}

	const pipe = new Socket({fd: file, readable: true, writable: false});
	const chunks: Buffer[] = first === 'later' ? [] : [first];
	let total = first === 'later' ? 0 : first.length;
	pipe.setTimeout(pipeSilenceMs, () => {
		pipe.destroy(new Error(`no data from this pipe for ${pipeSilenceMs / 1000} s`));
	});
	for await (const chunk of pipe as AsyncIterable<Buffer>) {
		total += chunk.length;
		if (total > maxBytes) {
			throw tooLarge(maxBytes);
		}

		chunks.push(chunk);
	}

	return Buffer.concat(chunks);
}

/** Empty: the pipe has no writer. */
function tryRead(file: number): Buffer | 'later' {
	try {
		const buffer = Buffer.allocUnsafe(64 * 1024);
		return buffer.subarray(0, readSync(file, buffer));
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
			return 'later';
		}

		throw error;
	}
}

function tooLarge(maxBytes: number): Error {
	return new Error(`larger than the maximum of ${maxBytes / 1024 / 1024} MiB`);
}

/** Empty if the cluster names none. */
export async function readCaBundle({certificateAuthority, certificateAuthorityData}: ClusterEntry): Promise<Buffer> {
	return certificateAuthorityData.length > 0 || certificateAuthority === ''
		? certificateAuthorityData
		: readFileBounded(certificateAuthority, maxBundleBytes);
}

/** `open /x: no such file or directory`. */
export function fileErrorText({code, path, message}: Pick<NodeJS.ErrnoException, 'code' | 'path' | 'message'>): string {
	const text = errnoTexts[code ?? ''];
	return text === undefined ? message : path === undefined ? text : `open ${path}: ${text}`;
}
