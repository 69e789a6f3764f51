/** Copies a file or a directory from a container to this machine. */
import {isSpokeError, SpokeError} from '../../base/errors/spoke-error.ts';
import {Copy, type EntryResult, type SourceEntry} from './copy-passes.ts';
import {encodeName} from './copy-program.ts';
import {type CopyOptions, type CopySession, unexpected} from './copy-session.ts';
import {findReplaced, localDestination, localErrorText, localFileError, LocalTree, type PendingFile} from './local-tree.ts';
import {enterSource, listSource, type SourceKind} from './remote-source.ts';

/**
Reports each entry of the source once, also those that are not copied.
@throws SpokeError if the copy cannot start or continue
*/
export async function copyFromPod(options: CopyOptions): Promise<void> {
	const copy = new CopyFromPod(options, 'from-pod');
	try {
		await copy.run();
		await copy.finish();
	} finally {
		await copy.close();
	}
}

class CopyFromPod extends Copy<SourceEntry> {
	#kind: SourceKind | null = null;
	#tree: LocalTree | null = null;
	/** If the source is a file: its name there and here. */
	#fileNames: {remote: string; local: string} | null = null;
	readonly #directories: Array<SourceEntry & {isNew: boolean}> = [];
	#links: readonly SourceEntry[] = [];

	protected async pass(session: CopySession): Promise<boolean> {
		const {source} = this.options;
		const kind = await enterSource(session, source);
		if (this.#kind !== null && kind !== this.#kind) {
			throw new SpokeError('ERR_COPY_INCOMPLETE', `${source} was a ${this.#kind} and became a ${kind} while it was copied`);
		}

		this.#kind = kind;
		if (!this.hasBegun) {
			await this.#begin(kind, await listSource(session));
		}

		return this.#receive(session);
	}

	/** Links and attributes of directories, when all files are in place. */
	async finish(): Promise<void> {
		for (const link of this.#links) {
			await this.#perform(link, async () => this.#tree!.createLink(link.path, link.target));
		}

		// Children first: a directory can be read-only, and a write into it changes its time.
		for (const directory of this.#directories.toReversed()) {
			await this.#perform(directory, async () => {
				if (directory.isNew && this.options.preserve) {
					await this.#tree!.setDirectoryAttributes(directory.path, directory);
				}
			});
		}
	}

	async close(): Promise<void> {
		await this.#tree?.close();
	}

	async #begin(kind: SourceKind, listed: readonly SourceEntry[]): Promise<void> {
		const {source, destination} = this.options;
		const [first, ...others] = listed;
		if (kind === 'file' && (others.length > 0 || !first || first.kind !== 'file' || first.problem || first.path.includes('/'))) {
			// It would get the name that the user gave the file, so a link would lead the next copy to another file.
			throw new SpokeError('ERR_PROTOCOL', `${source} is a file, but the copy program in the container listed something else`, {leg: 3});
		}

		const {directory, name} = await localDestination(destination, kind, source);
		this.#fileNames = name === null ? null : {remote: first!.path, local: name};
		const entries = kind === 'file' ? [{...first!, path: ''}] : this.#withoutProblems(listed);
		const [files, links] = [entries.filter(entry => entry.kind === 'file'), entries.filter(entry => entry.kind === 'link')];
		await this.#confirmReplacing(directory, [...files, ...links]);
		try {
			this.#tree = await LocalTree.open(directory);
		} catch (error) {
			throw localFileError(directory.toString(), error);
		}

		for (const entry of entries.filter(entry => entry.kind === 'directory')) {
			await this.#createDirectory(this.#tree, entry);
		}

		this.#links = links;
		this.begin(files);
	}

	#withoutProblems(listed: readonly SourceEntry[]): SourceEntry[] {
		const paths = new Set<string>();
		return listed.filter(entry => {
			const problem: EntryResult | null =
				entry.problem ?? (paths.has(entry.path) ? {result: 'failed', reason: 'another entry of the source has its name'} : null);
			if (problem) {
				this.report(entry, problem);
				return false;
			}

			paths.add(entry.path);
			return true;
		});
	}

	async #confirmReplacing(directory: Buffer | string, entries: readonly SourceEntry[]): Promise<void> {
		const {beforeReplacing, signal} = this.options;
		const replaced = beforeReplacing
			? await findReplaced(
					directory,
					entries.map(entry => this.#localPath(entry)),
				)
			: [];
		if (replaced.length > 0) {
			await beforeReplacing?.(replaced);
			signal.throwIfAborted();
		}
	}

	async #createDirectory(tree: LocalTree, entry: SourceEntry): Promise<void> {
		try {
			const isNew = await tree.createDirectory(entry.path, this.options.preserve ? 0o700 : 0o777);
			this.#directories.push({...entry, isNew});
		} catch (error) {
			this.report(entry, failure(error));
		}
	}

	/** `false` if another session is needed: for files that failed, and also because the bytes did not match their sizes. */
	async #receive(session: CopySession): Promise<boolean> {
		const groups = groupFiles(this.remaining(), file => this.failuresOf(file) > 0);
		let sent = 0;
		for (const [index, group] of groups.entries()) {
			for (; sent < groups.length && sent <= index + maxGroupsAhead; sent++) {
				session.request(`get ${groups[sent]!.map(file => this.#remoteName(file)).join(' ')}`);
				if (sent === groups.length - 1) {
					// So that nobody waits forever for the bytes of a file that became shorter.
					session.request('end');
				}
			}

			if (!(await this.#receiveGroup(session, group))) {
				return false;
			}
		}

		return this.remaining().length === 0;
	}

	/** `false`: the session cannot be used further. @throws SpokeError of the session; ERR_LOCAL_FILE if nothing more can be written */
	async #receiveGroup(session: CopySession, group: readonly SourceEntry[]): Promise<boolean> {
		const arriving: Array<PendingFile | null> = [];
		try {
			const sizes = parseSizes(await session.line());
			const isPresent = sizes.length === group.length;
			for (const [index, file] of (isPresent ? group : []).entries()) {
				file.size = sizes[index]!;
				arriving.push(await this.#createFile(file));
				await this.#receiveBytes(session, file, arriving[index]!);
			}

			await session.expect('E');
			const digests = await readDigests(session);
			for (const [index, file] of group.entries()) {
				if (!isPresent) {
					this.fail(file, 'it was removed while it was copied', {isFinal: group.length === 1});
				} else if (arriving[index]) {
					// Programs disagree on the lines of names with line feeds.
					await this.#settle(file, arriving[index], digests.length === group.length ? digests[index]! : null);
				}
			}

			return true;
		} catch (error) {
			const isBlamed = isSpokeError(error) && !session.wasKilled && (error.code === 'ERR_PROTOCOL' || error.code === 'ERR_COPY_INCOMPLETE');
			if (!isBlamed) {
				throw error;
			}

			for (const file of group) {
				this.fail(file, `its bytes do not match its size: ${error.message}`);
			}

			return false;
		} finally {
			for (const pending of arriving) {
				this.options.listener.onBytes(-(await (pending?.discard() ?? 0)));
			}
		}
	}

	async #createFile(file: SourceEntry): Promise<PendingFile | null> {
		try {
			return await this.#tree!.createFile(this.#localPath(file), this.options.preserve ? 0o600 : 0o666);
		} catch (error) {
			this.end(file, failure(error));
			return null;
		}
	}

	async #receiveBytes(session: CopySession, {path, size}: SourceEntry, pending: PendingFile | null): Promise<void> {
		for await (const chunk of session.bytes(size)) {
			if (pending) {
				await pending.write(chunk).catch((error: unknown) => {
					throw localFileError(path, error);
				});
				this.options.listener.onBytes(chunk.length);
			}
		}
	}

	/** Places the file if the container has the same digest of it. */
	async #settle(file: SourceEntry, pending: PendingFile, remoteDigest: string | null): Promise<void> {
		const {digest} = pending;
		if (remoteDigest !== digest) {
			this.fail(file, file.size === 0 ? unsizedReason : 'it changed while it was copied: the checksums differ');
			return;
		}

		try {
			await pending.place(this.#localPath(file), this.options.preserve ? file : null);
			this.end(file, {result: 'copied', digest});
		} catch (error) {
			this.end(file, failure(error));
		}
	}

	async #perform(entry: SourceEntry, work: () => Promise<void>): Promise<void> {
		try {
			await work();
			this.report(entry, {result: 'copied'});
		} catch (error) {
			this.report(entry, failure(error));
		}
	}

	#localPath({path}: SourceEntry): string {
		return this.#fileNames?.local ?? path;
	}

	#remoteName({path}: SourceEntry): string {
		return encodeName(`./${this.#fileNames?.remote ?? path}`);
	}
}

/** A file that has grown meanwhile has another size in the next pass. */
const unsizedReason =
	'it has content, but its size is 0, as that of files that the kernel generates in /proc. Read it with spoke exec POD -- cat FILE';

/** Small files share a request, because a process per file takes longer than its bytes. */
const smallBytes = 128 * 1024;
const maxGroup = {files: 64, bytes: 1024 * 1024, nameBytes: 2048};

/**
Requests ahead of their responses. They take less than half of a Linux pipe: if unread requests filled it, the relay of the copy program
would block, and not notice the end of its input.
*/
const maxGroupsAhead = 3;

/** Large files are alone, as are those that failed, so that they hold up no other. */
function groupFiles(files: readonly SourceEntry[], isAlone: (file: SourceEntry) => boolean): SourceEntry[][] {
	const groups: SourceEntry[][] = [];
	let small: SourceEntry[] = [];
	let left = {...maxGroup, files: 0};
	for (const file of files) {
		if (file.size > smallBytes || isAlone(file)) {
			groups.push([file]);
			continue;
		}

		left = {files: left.files - 1, bytes: left.bytes - file.size, nameBytes: left.nameBytes - file.path.length};
		if (Math.min(left.files, left.bytes, left.nameBytes) < 0) {
			small = [];
			left = {...maxGroup};
			groups.push(small);
		}

		small.push(file);
	}

	return groups;
}

/** `D 12 300`. @throws SpokeError ERR_PROTOCOL */
function parseSizes(line: string): number[] {
	const sizes = /^D((?: \d{1,15})*)$/.exec(line)?.[1];
	if (sizes === undefined) {
		throw unexpected(line);
	}

	return sizes.split(' ').slice(1).map(Number);
}

/** The lines of `sha256sum`: `DIGEST  NAME`, after a backslash if the name has one. */
async function readDigests(session: CopySession): Promise<Array<string | null>> {
	const digests: Array<string | null> = [];
	for (let line = await session.line(); line !== 'E'; line = await session.line()) {
		digests.push(/^\\?([\da-f]{64}) /.exec(line)?.[1] ?? null);
	}

	return digests;
}

function failure(error: unknown): EntryResult {
	return {result: 'failed', reason: localErrorText(error)};
}
