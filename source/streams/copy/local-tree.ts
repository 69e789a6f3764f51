/** The destination on this machine: every write is relative to an opened directory, and follows no link. */
import {createHash, randomBytes} from 'node:crypto';
import {constants, fstatSync, type Stats} from 'node:fs';
import {type FileHandle, lstat, mkdir, open, realpath, rename, symlink, unlink, stat} from 'node:fs/promises';
import process from 'node:process';
import {basename, join, normalize} from 'node:path';
import {isSpokeError, SpokeError} from '../../base/errors/spoke-error.ts';

const {O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY} = constants;

/** Linux: a path below /proc/self/fd/N starts at the opened directory itself, as with openat(2), whatever its path leads to by now. */
const hasDescriptorPaths = process.platform === 'linux';

type Attributes = {mode: number; mtime: number};

const systemMessages = new Map([
	['ENOENT', 'no such file or directory'],
	['ENOTDIR', 'not a directory'],
	['EISDIR', 'is a directory'],
	['EACCES', 'permission denied'],
	['ELOOP', 'is a link, and links are not followed'],
	['ENOSPC', 'no space left on the device'],
	['EDQUOT', 'disk quota exceeded'],
	['EROFS', 'read-only file system'],
	['EBUSY', 'device or resource busy: a mounted file cannot be replaced'],
	['EFBIG', 'the file system allows no file of this size'],
]);

/** All paths are below the root, have slashes, and one character per byte. */
export class LocalTree {
	/** Follows a link, because the user named it. @throws the error of the system */
	static async open(root: Buffer | string): Promise<LocalTree> {
		const handle = await open(root, O_RDONLY | O_DIRECTORY);
		return new LocalTree(handle, await realpath(root, {encoding: 'latin1'}));
	}

	readonly #root: FileHandle;
	readonly #realRoot: string;
	/** From the root to the directory of the last write. */
	readonly #opened: Array<{name: string; handle: FileHandle}> = [];
	/** What this copy has placed, to notice two names that this file system takes for one. */
	readonly #placed = new Set<string>();

	private constructor(root: FileHandle, realRoot: string) {
		this.#root = root;
		this.#realRoot = realRoot.replace(/^\/$/, '');
	}

	/** `true` if it was created, `false` if it was there. @throws the error of the system; ENOTDIR if something else has the name */
	async createDirectory(path: string, mode: number): Promise<boolean> {
		const isNew = await mkdir(await this.pathOf(path), {mode}).then(
			() => true,
			(error: unknown) => {
				if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
					throw error;
				}

				return false;
			},
		);
		await this.#directory(path.split('/'));
		return isNew;
	}

	async setDirectoryAttributes(path: string, {mode, mtime}: Attributes): Promise<void> {
		const handle = await this.#directory(path.split('/'));
		await handle.chmod(mode);
		await handle.utimes(mtime, mtime);
	}

	/** In the directory of `path`, under a temporary name. @throws the error of the system */
	async createFile(path: string, mode: number): Promise<PendingFile> {
		const temporary = temporaryPath(path);
		return new PendingFile(this, temporary, await open(await this.pathOf(temporary), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode));
	}

	/** @throws as `place` */
	async createLink(path: string, target: string): Promise<void> {
		const temporary = temporaryPath(path);
		await symlink(Buffer.from(target, 'latin1'), await this.pathOf(temporary));
		await this.place(temporary, path).catch(async (error: unknown) => {
			await unlink(await this.pathOf(temporary)).catch(() => undefined);
			throw error;
		});
	}

	/** Replaces a file or link, never a directory. @throws the error of the system, and for a name that is another one’s of this copy */
	async place(temporary: string, path: string): Promise<void> {
		const place = await this.pathOf(path);
		if (this.#placed.has(await identityOf(place))) {
			throw new Error('this file system takes its name for that of another file of this copy');
		}

		await rename(await this.pathOf(temporary), place);
		this.#placed.add(await identityOf(place));
	}

	/**
	To use at once. Without descriptor paths it is the real path, checked now: someone who can write to the directories above can still
	replace one in between.
	@throws if the directory is not where it was; ELOOP or ENOTDIR for a link on the way, and other errors of the system
	*/
	async pathOf(path: string): Promise<Buffer> {
		const names = path.split('/');
		const name = names.pop()!;
		const handle = await this.#directory(names);
		if (hasDescriptorPaths) {
			return Buffer.from(`/proc/self/fd/${handle.fd}/${name}`, 'latin1');
		}

		const directory = [this.#realRoot, ...names].join('/') || '/';
		if ((await realpath(Buffer.from(directory, 'latin1'), {encoding: 'latin1'})) !== directory) {
			throw new Error('a directory of the destination was replaced by a link');
		}

		return Buffer.from(`${directory}/${name}`, 'latin1');
	}

	async close(): Promise<void> {
		await this.#directory([]);
		await this.#root.close();
	}

	/** Open until the next call for another one. */
	async #directory(names: readonly string[]): Promise<FileHandle> {
		const differs = names.findIndex((name, index) => this.#opened[index]?.name !== name);
		for (const {handle} of this.#opened.splice(differs < 0 ? names.length : differs).toReversed()) {
			await handle.close();
		}

		while (this.#opened.length < names.length) {
			const path = names.slice(0, this.#opened.length + 1);
			const handle = await open(await this.pathOf(path.join('/')), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
			this.#opened.push({name: path.at(-1)!, handle});
		}

		return this.#opened.at(-1)?.handle ?? this.#root;
	}
}

async function identityOf(path: Buffer): Promise<string> {
	try {
		const {dev, ino} = await lstat(path, {bigint: true});
		return `${dev}:${ino}`;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
			return 'none';
		}

		throw error;
	}
}

/** A chunk of only zeros becomes a hole. */
const zeros = Buffer.alloc(64 * 1024);

/** A file that is being written under a temporary name, and takes its place only when it is complete. */
export class PendingFile {
	readonly #tree: LocalTree;
	readonly #temporary: string;
	readonly #handle: FileHandle;
	readonly #hash = createHash('sha256');
	#length = 0;
	#isOpen = true;

	constructor(tree: LocalTree, temporary: string, handle: FileHandle) {
		this.#tree = tree;
		this.#temporary = temporary;
		this.#handle = handle;
	}

	/** SHA-256 of what was written. To be read once, at the end. */
	get digest(): string {
		return this.#hash.digest('hex');
	}

	/** @throws the error of the system: ENOSPC, EFBIG… */
	async write(bytes: Buffer): Promise<void> {
		this.#hash.update(bytes);
		const isHole = bytes.equals(zeros.subarray(0, bytes.length));
		for (let offset = 0; offset < bytes.length && !isHole;) {
			const {bytesWritten} = await this.#handle.write(bytes, offset, bytes.length - offset, this.#length + offset);
			offset += bytesWritten;
		}

		this.#length += bytes.length;
	}

	/** `attributes`: `null` for those of any new file of the user. @throws as `LocalTree.place` */
	async place(path: string, attributes: Attributes | null): Promise<void> {
		// A hole at the end is not written.
		await this.#handle.truncate(this.#length);
		if (attributes) {
			await this.#handle.chmod(attributes.mode);
			await this.#handle.utimes(attributes.mtime, attributes.mtime);
		}

		await this.#tree.place(this.#temporary, path);
		this.#isOpen = false;
		await this.#handle.close();
	}

	/** Unless it was placed: removes it, and resolves to how many bytes were written. Its directory can be gone by now. */
	async discard(): Promise<number> {
		if (!this.#isOpen) {
			return 0;
		}

		this.#isOpen = false;
		await this.#handle.close();
		await this.#tree
			.pathOf(this.#temporary)
			.then(unlink)
			.catch(() => undefined);
		return this.#length;
	}
}

/** Short, because the file's own name can have the maximum length. */
function temporaryPath(path: string): string {
	return `${path.slice(0, path.lastIndexOf('/') + 1)}${temporaryName()}`;
}

export function temporaryName(): string {
	return `.spoke-cp-${randomBytes(6).toString('hex')}`;
}

/**
A file goes into DESTINATION if that is a directory, otherwise it gets this name. The content of a directory goes into DESTINATION. As with
kubectl, directories that are missing are created. `name` is null for a directory.
@throws SpokeError ERR_LOCAL_FILE
*/
export async function localDestination(
	destination: string,
	kind: 'file' | 'directory',
	source: string,
): Promise<{directory: Buffer | string; name: string | null}> {
	if (kind === 'file') {
		return fileDestination(destination, source);
	}

	const facts = await stat(destination).catch(() => null);
	if (facts) {
		assertNotSpecial(destination, facts);
	}

	await mkdir(destination, {recursive: true}).catch((error: unknown) => {
		throw (error as NodeJS.ErrnoException).code === 'EEXIST'
			? new SpokeError('ERR_LOCAL_FILE', `${destination} is a file, and the source is a directory`, {cause: error})
			: localFileError(destination, error);
	});
	return {directory: destination, name: null};
}

async function fileDestination(destination: string, source: string): Promise<{directory: Buffer | string; name: string}> {
	const facts = await stat(destination).catch((error: unknown) => {
		// For example `file/`, whose file kubectl replaces.
		if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') {
			throw localFileError(destination, error);
		}

		return null;
	});
	const isNamed = facts?.isDirectory() !== true;
	const path = await fileToReplace(isNamed ? destination.replace(/\/+$/, '') : join(destination, basename(source)), isNamed);
	const slash = path.lastIndexOf('/');
	const directory = slash < 0 ? '.' : path.subarray(0, Math.max(slash, 1));
	if (facts === null) {
		await mkdir(directory, {recursive: true}).catch((error: unknown) => {
			throw localFileError(directory.toString(), error);
		});
	}

	return {directory, name: path.subarray(slash + 1).toString('latin1')};
}

/** What the files and links of a copy would replace in `directory`. */
export async function findReplaced(directory: Buffer | string, paths: readonly string[]): Promise<readonly string[]> {
	const replaced: string[] = [];
	for (const path of paths) {
		const local = Buffer.concat([Buffer.from(directory), Buffer.from(`/${path}`, 'latin1')]);
		if (await lstat(local).catch(() => null)) {
			replaced.push(normalize(local.toString()));
		}
	}

	return replaced;
}

/** Follows a link that the user named, as kubectl does, and its file is replaced. A link in a directory is itself replaced. */
async function fileToReplace(path: string, isNamed: boolean): Promise<Buffer> {
	const own = await lstat(path).catch(() => null);
	if (own === null || (own.isSymbolicLink() && !isNamed)) {
		return Buffer.from(path);
	}

	if (!own.isSymbolicLink()) {
		assertNotSpecial(path, own);
		return Buffer.from(path);
	}

	try {
		// The kernel applies fs.protected_symlinks to stat, but not to realpath, whose file must therefore be the same.
		const facts = await stat(path);
		assertNotSpecial(path, facts);
		const real = await realpath(path, 'buffer');
		if (!isSameFile(await stat(real), facts)) {
			throw new SpokeError('ERR_LOCAL_FILE', `${path} has just become a link to another file`);
		}

		return real;
	} catch (error) {
		if (isSpokeError(error)) {
			throw error;
		}

		throw (error as NodeJS.ErrnoException).code === 'ENOENT'
			? new SpokeError('ERR_LOCAL_FILE', `${path} is a link to a file that does not exist`, {cause: error})
			: localFileError(path, error);
	}
}

/** A rename would put a file in the place of the device, and bytes that were written cannot be checked before they take their place. */
function assertNotSpecial(path: string, facts: Stats): void {
	const what = facts.isFile() || facts.isDirectory() ? null : 'a device, a pipe or a socket';
	const problem = what ?? ([1, 2].some(descriptor => isSameFile(facts, fstatSync(descriptor))) ? 'the output of this command' : null);
	if (problem !== null) {
		throw new SpokeError('ERR_LOCAL_FILE', `${path} is ${problem}, and a copy does not replace it`, {
			remedy: 'stream a file: spoke exec POD -- cat FILE',
		});
	}
}

function isSameFile(one: Stats, other: Stats): boolean {
	return one.dev === other.dev && one.ino === other.ino;
}

export function localFileError(path: string, error: unknown): SpokeError {
	return new SpokeError('ERR_LOCAL_FILE', `${path}: ${localErrorText(error)}`, {cause: error});
}

/** Without the path of the message, which can be one below /proc/self/fd. */
export function localErrorText(error: unknown): string {
	const {code, message} = error as NodeJS.ErrnoException;
	return systemMessages.get(code ?? '') ?? message;
}
