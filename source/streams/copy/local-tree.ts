/** The destination on this machine: every write is relative to an opened directory, and follows no link. */
import {rename, symlink, unlink} from 'node:fs/promises';
import {LocalDirectory} from './local-directory.ts';
import {type FileAttributes, PendingFile, temporaryName} from './pending-file.ts';

type OpenDirectory = {name: Buffer; directory: LocalDirectory};

export class LocalTree {
	/** @throws the error of the system */
	static async open(root: Buffer | string): Promise<LocalTree> {
		return new LocalTree(await LocalDirectory.open(root));
	}

	readonly #root: LocalDirectory;
	/** From the root to the directory of the last write. */
	#current: OpenDirectory[] = [];
	/** What this copy has placed, to notice two names that this file system takes for one. */
	readonly #placed = new Set<string>();

	private constructor(root: LocalDirectory) {
		this.#root = root;
	}

	/** Valid until the next call for another path. @throws the error of the system; ELOOP or ENOTDIR for a link on the way */
	async directory(path: readonly Buffer[]): Promise<LocalDirectory> {
		const shared = path.findIndex((name, index) => !this.#current[index]?.name.equals(name));
		const kept = shared < 0 ? path.length : shared;
		for (const {directory} of this.#current.splice(kept).toReversed()) {
			await directory.close();
		}

		for (const name of path.slice(kept)) {
			const parent = this.#current.at(-1)?.directory ?? this.#root;
			this.#current.push({name, directory: await parent.child(name)});
		}

		return this.#current.at(-1)?.directory ?? this.#root;
	}

	/** `true` if it was created, `false` if it was there. @throws the error of the system; ENOTDIR if something else has the name */
	async createDirectory(path: readonly Buffer[], mode: number): Promise<boolean> {
		const parent = await this.directory(path.slice(0, -1));
		const isNew = await parent.createChild(path.at(-1)!, mode);
		await this.directory(path);
		return isNew;
	}

	async setDirectoryAttributes(path: readonly Buffer[], {mode, mtime}: NonNullable<FileAttributes>): Promise<void> {
		const {handle} = await this.directory(path);
		await handle.chmod(mode & 0o777);
		if (mtime !== null) {
			await handle.utimes(mtime, mtime);
		}
	}

	/** @throws the error of the system */
	async createFile(path: readonly Buffer[], attributes: FileAttributes): Promise<PendingFile> {
		return PendingFile.create(await this.directory(path.slice(0, -1)), attributes);
	}

	/** @throws the error of the system, and for a name that is another one’s of this copy */
	async placeFile(file: PendingFile, path: readonly Buffer[], attributes: FileAttributes): Promise<void> {
		const parent = await this.directory(path.slice(0, -1));
		await this.#assertOwnName(parent, path.at(-1)!);
		await file.place(parent, path.at(-1)!, attributes);
		await this.#remember(parent, path.at(-1)!);
	}

	/** Removes a file that is not placed. Its directory can be gone by now. */
	async discardFile(file: PendingFile, path: readonly Buffer[]): Promise<void> {
		await file.discard(await this.directory(path.slice(0, -1)).catch(() => null));
	}

	/** @throws as `placeFile` */
	async createLink(path: readonly Buffer[], target: Buffer): Promise<void> {
		const parent = await this.directory(path.slice(0, -1));
		const name = path.at(-1)!;
		await this.#assertOwnName(parent, name);
		const temporary = await parent.pathOf(temporaryName());
		await symlink(target, temporary);
		try {
			await rename(temporary, await parent.pathOf(name));
		} catch (error) {
			await unlink(temporary).catch(() => undefined);
			throw error;
		}

		await this.#remember(parent, name);
	}

	async close(): Promise<void> {
		await this.directory([]);
		await this.#root.close();
	}

	/** Case-insensitive file systems, and those that normalize Unicode. */
	async #assertOwnName(parent: LocalDirectory, name: Buffer): Promise<void> {
		const identity = await parent.identityOf(name);
		if (identity !== null && this.#placed.has(identity)) {
			throw new Error('this file system takes its name for that of another file of this copy');
		}
	}

	async #remember(parent: LocalDirectory, name: Buffer): Promise<void> {
		const identity = await parent.identityOf(name);
		if (identity !== null) {
			this.#placed.add(identity);
		}
	}
}
