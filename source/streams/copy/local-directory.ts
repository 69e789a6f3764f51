/** Directories of this machine, opened without following a link, and the names in them. */
import {constants} from 'node:fs';
import {type FileHandle, lstat, mkdir, open, realpath} from 'node:fs/promises';
import process from 'node:process';
import {joinPath} from './path-components.ts';

const {O_DIRECTORY, O_NOFOLLOW, O_RDONLY} = constants;

/** Linux: a path below /proc/self/fd/N starts at the opened directory itself, as with openat(2), whatever its path leads to by now. */
const hasDescriptorPaths = process.platform === 'linux';

export class LocalDirectory {
	/** Follows a link, because the user named it. @throws the error of the system */
	static async open(path: Buffer | string): Promise<LocalDirectory> {
		const handle = await open(path, O_RDONLY | O_DIRECTORY);
		return new LocalDirectory(handle, await realpath(path, 'buffer'));
	}

	readonly handle: FileHandle;
	readonly #realPath: Buffer;

	private constructor(handle: FileHandle, realPath: Buffer) {
		this.handle = handle;
		this.#realPath = realPath;
	}

	/**
	The path of a name in this directory, to use at once. Without descriptor paths it is the real path, checked now: someone who can write to
	the directories above can still replace one in between.
	@throws if the directory is not where it was
	*/
	async pathOf(name: Buffer): Promise<Buffer> {
		if (hasDescriptorPaths) {
			return joinPath([Buffer.from(`/proc/self/fd/${this.handle.fd}`), name]);
		}

		if (!(await realpath(this.#realPath, 'buffer')).equals(this.#realPath)) {
			throw new Error('a directory of the destination was replaced by a link');
		}

		return joinPath([this.#realPath, name]);
	}

	/** Opens a directory in this one. @throws ELOOP or ENOTDIR for a link, and other errors of the system */
	async child(name: Buffer): Promise<LocalDirectory> {
		const handle = await open(await this.pathOf(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
		return new LocalDirectory(handle, joinPath([this.#realPath, name]));
	}

	/** `false` if it exists already, as anything. */
	async createChild(name: Buffer, mode: number): Promise<boolean> {
		try {
			await mkdir(await this.pathOf(name), {mode});
			return true;
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
				return false;
			}

			throw error;
		}
	}

	/** `null` if there is nothing. */
	async identityOf(name: Buffer): Promise<string | null> {
		try {
			const {dev, ino} = await lstat(await this.pathOf(name), {bigint: true});
			return `${dev}:${ino}`;
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
				return null;
			}

			throw error;
		}
	}

	async close(): Promise<void> {
		await this.handle.close();
	}
}
