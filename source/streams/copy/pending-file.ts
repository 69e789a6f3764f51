/** A file that is being written under a temporary name, and takes its place only when it is complete. */
import {randomBytes} from 'node:crypto';
import {constants} from 'node:fs';
import {type FileHandle, open, rename, unlink} from 'node:fs/promises';
import type {LocalDirectory} from './local-directory.ts';

const {O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY} = constants;

/** A chunk of only zeros becomes a hole, if it has at least one block of a file system. */
const minHoleBytes = 4096;
const zeros = Buffer.alloc(64 * 1024);

/** `null`: as for any new file of the user. */
export type FileAttributes = {mode: number; mtime: number | null} | null;

export class PendingFile {
	/** @throws the error of the system */
	static async create(directory: LocalDirectory, attributes: FileAttributes): Promise<PendingFile> {
		const name = temporaryName();
		const mode = attributes === null ? 0o666 : 0o600;
		return new PendingFile(name, await open(await directory.pathOf(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode));
	}

	/** Bytes so far. */
	length = 0;
	readonly #name: Buffer;
	readonly #handle: FileHandle;

	private constructor(name: Buffer, handle: FileHandle) {
		this.#name = name;
		this.#handle = handle;
	}

	/** @throws the error of the system: ENOSPC, EFBIG… */
	async write(bytes: Buffer): Promise<void> {
		for (let offset = 0; offset < bytes.length; offset += zeros.length) {
			await this.#writePiece(bytes.subarray(offset, offset + zeros.length));
		}
	}

	/** Replaces a file or link, never a directory. `directory` is the one of `create`, opened again. @throws the error of the system */
	async place(directory: LocalDirectory, name: Buffer, attributes: FileAttributes): Promise<void> {
		// A hole at the end is not written.
		await this.#handle.truncate(this.length);
		if (attributes !== null) {
			await this.#handle.chmod(attributes.mode & 0o777);
			if (attributes.mtime !== null) {
				await this.#handle.utimes(attributes.mtime, attributes.mtime);
			}
		}

		await this.#handle.close();
		await rename(await directory.pathOf(this.#name), await directory.pathOf(name));
	}

	/** Removes what was written. `directory`: as for `place`, or `null` if it is gone. */
	async discard(directory: LocalDirectory | null): Promise<void> {
		await this.#handle.close().catch(() => undefined);
		await directory
			?.pathOf(this.#name)
			.then(unlink)
			.catch(() => undefined);
	}

	async #writePiece(piece: Buffer): Promise<void> {
		const isHole = piece.length >= minHoleBytes && piece.equals(zeros.subarray(0, piece.length));
		for (let offset = 0; offset < piece.length && !isHole;) {
			const {bytesWritten} = await this.#handle.write(piece, offset, piece.length - offset, this.length + offset);
			offset += bytesWritten;
		}

		this.length += piece.length;
	}
}

/** Short, because the file's own name can have the maximum length. */
export function temporaryName(): Buffer {
	return Buffer.from(`.spoke-cp-${randomBytes(6).toString('hex')}`);
}
