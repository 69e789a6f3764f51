/** Receives the bytes of files, and places those whose checksums agree. */
import {createHash} from 'node:crypto';
import {isSpokeError} from '../../errors/spoke-error.ts';
import {encodeName} from './copy-program.ts';
import {type CopySession, requestLine} from './copy-session.ts';
import {FileProgress} from './file-progress.ts';
import {localErrorText, localFileError} from './local-file-error.ts';
import type {LocalTree} from './local-tree.ts';
import {joinPath} from './path-components.ts';
import type {FileAttributes, PendingFile} from './pending-file.ts';
import type {RemoteEntry} from './survey.ts';

/** Small files share a request, because a process per file takes longer than its bytes. */
const smallBytes = 128 * 1024;
const maxGroupFiles = 64;
const maxGroupBytes = 1024 * 1024;

/** A file of the source, what has arrived of it, and how its copy ended. */
export class FileToReceive extends FileProgress {
	entry: RemoteEntry;
	size: number;
	/** Name for requests. */
	readonly remoteName: Buffer;

	constructor(entry: RemoteEntry, size: number, remotePath: readonly Buffer[]) {
		super();
		this.entry = entry;
		this.size = size;
		this.remoteName = joinPath([Buffer.from('.'), ...remotePath]);
	}

	/** Programs for checksums disagree on how they print such a name. */
	get hasEscapedName(): boolean {
		return this.remoteName.includes('\n') || this.remoteName.includes('\\');
	}
}

/** Files that failed before come last and alone, so that they hold up no other. */
export function receiveGroups(files: readonly FileToReceive[]): FileToReceive[][] {
	const groups: FileToReceive[][] = [];
	let small: FileToReceive[] = [];
	let smallTotal = 0;
	for (const file of files.toSorted((a, b) => a.failures - b.failures)) {
		if (file.size > smallBytes || file.failures > 0 || file.hasEscapedName) {
			groups.push([file]);
			continue;
		}

		if (small.length === 0 || small.length >= maxGroupFiles || smallTotal + file.size > maxGroupBytes) {
			small = [];
			smallTotal = 0;
			groups.push(small);
		}

		small.push(file);
		smallTotal += file.size;
	}

	return groups.toSorted((a, b) => (a[0]?.failures ?? 0) - (b[0]?.failures ?? 0));
}

/** Half of a Linux pipe. If unread requests filled the pipe, the relay would block and not notice the end of the input. */
const maxBytesAhead = 32 * 1024;

/** Counts the groups whose responses have arrived. */
export class ReceivedGroups {
	count = 0;
	#changed = Promise.withResolvers<void>();

	add(): void {
		this.count++;
		this.#changed.resolve();
		this.#changed = Promise.withResolvers();
	}

	async change(): Promise<void> {
		return this.#changed.promise;
	}
}

/** The requests of all groups, two per group: its bytes, and its checksums. Few are ahead of their responses. */
export async function* requestsFor(groups: readonly FileToReceive[][], received: ReceivedGroups): AsyncGenerator<Buffer> {
	const sizes: number[] = [];
	for (const group of groups) {
		const requests = Buffer.concat([requestLine(contentRequest(group)), requestLine(checksumRequest(group))]);
		const bytesAhead = () => sizes.slice(received.count).reduce((sum, size) => sum + size, requests.length);
		while (received.count < sizes.length && bytesAhead() > maxBytesAhead) {
			await received.change();
		}

		sizes.push(requests.length);
		yield requests;
	}
}

function contentRequest(group: readonly FileToReceive[]): string {
	const [file] = group;
	// A file of size 0 is read to its end: a generated file has content, although its size is 0.
	return group.length === 1 && file && file.size > 0
		? `read ${file.size} ${encodeName(file.remoteName)}`
		: `cat ${group.map(({remoteName}) => encodeName(remoteName)).join(' ')}`;
}

/** After a failure, only the bytes that were read count: a log that grows differs as a whole. Files of /proc have content and no size. */
function checksumRequest(group: readonly FileToReceive[]): string {
	const [file] = group;
	return group.length === 1 && file && (file.hasEscapedName || (file.size > 0 && file.failures > 0))
		? `sum-of ${file.size} ${encodeName(file.remoteName)}`
		: `sum ${group.map(({remoteName}) => encodeName(remoteName)).join(' ')}`;
}

export type ReceiveContext = {
	session: CopySession;
	tree: LocalTree;
	preserve: boolean;
	/** Negative for bytes that are discarded. */
	onBytes: (count: number) => void;
};

/**
Files of the group are done, have failed once more, or are to be received again. Resolves to `false` if the session cannot be used further,
because the bytes did not match their count.
@throws SpokeError ERR_STREAM_LOST… of the session; ERR_COPY_INCOMPLETE if its program was killed; ERR_LOCAL_FILE if nothing more can be
written
*/
export async function receiveGroup(group: readonly FileToReceive[], context: ReceiveContext): Promise<boolean> {
	const {session} = context;
	const arriving: ArrivingFile[] = [];
	try {
		await session.expect('D');
		for (const file of group) {
			const one = new ArrivingFile(file, context);
			arriving.push(one);
			await one.receive();
		}

		await session.expect('E');
		const digests = await remoteDigests(group, session);
		for (const one of arriving) {
			await one.settle(digests.get(one.file));
		}

		return true;
	} catch (error) {
		const isBlamed = isSpokeError(error) && !session.wasKilled && (error.code === 'ERR_PROTOCOL' || error.code === 'ERR_COPY_INCOMPLETE');
		if (!isBlamed) {
			throw error;
		}

		for (const file of group.filter(({isDone}) => !isDone)) {
			file.fail(group.length === 1 && file.size === 0 ? unsizedReason : `its bytes do not match its size: ${error.message}`);
		}

		return false;
	} finally {
		for (const one of arriving) {
			await one.discard();
		}
	}
}

/** A file that has grown meanwhile has another size in the next pass. */
const unsizedReason =
	'it has content, but its size is 0, as that of files that the kernel generates in /proc. Read it with spoke exec POD -- cat FILE';

/** One attempt to receive a file. */
class ArrivingFile {
	readonly file: FileToReceive;
	readonly #context: ReceiveContext;
	readonly #hash = createHash('sha256');
	/** `null` before it is created, and after it is placed or discarded. */
	#pending: PendingFile | null = null;
	#received = 0;

	constructor(file: FileToReceive, context: ReceiveContext) {
		this.file = file;
		this.#context = context;
	}

	async receive(): Promise<void> {
		const {session, tree, onBytes} = this.#context;
		const {entry, size} = this.file;
		try {
			this.#pending = await tree.createFile(entry.path, this.#attributes);
		} catch (error) {
			this.file.end(localErrorText(error));
		}

		for await (const chunk of session.bytes(size)) {
			if (this.#pending) {
				this.#hash.update(chunk);
				await this.#pending.write(chunk).catch((error: unknown) => {
					throw localFileError(entry.path.map(String).join('/'), error);
				});
				this.#received += chunk.length;
				onBytes(chunk.length);
			}
		}
	}

	/** Places the file if the container has the same digest of it. */
	async settle(remoteDigest: string | undefined): Promise<void> {
		const {file} = this;
		if (!this.#pending) {
			return;
		}

		const digest = this.#hash.digest('hex');
		if (remoteDigest !== digest) {
			file.fail(file.size === 0 ? unsizedReason : 'it changed while it was copied: the checksums differ');
			return;
		}

		try {
			await this.#context.tree.placeFile(this.#pending, file.entry.path, this.#attributes);
			this.#pending = null;
			file.outcome = {result: 'copied', reason: null, digest};
			file.isDone = true;
		} catch (error) {
			file.end(localErrorText(error));
		}
	}

	/** Unless it is placed. */
	async discard(): Promise<void> {
		if (this.#pending) {
			this.#context.onBytes(-this.#received);
			await this.#context.tree.discardFile(this.#pending, this.file.entry.path);
			this.#pending = null;
		}
	}

	get #attributes(): FileAttributes {
		const {mode, mtime} = this.file.entry;
		return this.#context.preserve ? {mode, mtime} : null;
	}
}

async function remoteDigests(group: readonly FileToReceive[], session: CopySession): Promise<Map<FileToReceive, string>> {
	const digests = new Map<FileToReceive, string>();
	const byName = new Map(group.map(file => [file.remoteName.toString('latin1'), file]));
	for (let line = await session.line(); line.toString('latin1') !== 'E'; line = await session.line()) {
		// `DIGEST  NAME`, after a backslash if the name has one.
		const [, digest, name = ''] = /^\\?([\da-f]{64}) [ *]([^]*)$/.exec(line.toString('latin1')) ?? [];
		// The only file of a request needs no name, and its name can have a line feed.
		const file = group.length === 1 ? group[0] : byName.get(name);
		if (digest !== undefined && file && !digests.has(file)) {
			digests.set(file, digest);
		}
	}

	return digests;
}
