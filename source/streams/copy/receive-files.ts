/** Receives the bytes of files, and places those whose checksums agree. */
import type {Hash} from 'node:crypto';
import {isSpokeError} from '../../errors/spoke-error.ts';
import {createChecksum, parseSum, type Verification, verificationOf} from './checksum.ts';
import {encodeName} from './copy-program.ts';
import {type CopySession, type CopyTools, requestLine} from './copy-session.ts';
import {FileProgress} from './file-progress.ts';
import {localErrorText, localFileError} from './local-file-error.ts';
import type {LocalTree} from './local-tree.ts';
import {joinPath} from './path-components.ts';
import type {PendingFile} from './pending-file.ts';
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
	pending: PendingFile | null = null;
	hash: Hash | null = null;

	constructor(entry: RemoteEntry, size: number, remotePath: readonly Buffer[]) {
		super();
		this.entry = entry;
		this.size = size;
		this.remoteName = joinPath([Buffer.from('.'), ...remotePath]);
	}

	/** Bytes that need not be read again. */
	get offset(): number {
		return this.pending?.length ?? 0;
	}

	/** Programs for checksums disagree on how they print such a name. */
	get hasEscapedName(): boolean {
		return this.remoteName.includes('\n') || this.remoteName.includes('\\');
	}

	/** The file has changed. */
	async restart(tree: LocalTree, entry: RemoteEntry, size: number): Promise<void> {
		await this.discard(tree);
		this.entry = entry;
		this.size = size;
	}

	async discard(tree: LocalTree): Promise<void> {
		const {pending} = this;
		this.pending = null;
		this.hash = null;
		if (pending) {
			await tree.discardFile(pending, this.entry.path);
		}
	}
}

/** Files that failed before come last and alone, so that they hold up no other. */
export function receiveGroups(files: readonly FileToReceive[]): FileToReceive[][] {
	const groups: FileToReceive[][] = [];
	let small: FileToReceive[] = [];
	let smallTotal = 0;
	for (const file of files.toSorted((a, b) => a.failures - b.failures)) {
		if (file.size > smallBytes || file.offset > 0 || file.failures > 0 || file.hasEscapedName) {
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

/** The requests of all groups, two per group: its bytes, and its checksums or its bytes again. Few are ahead of their responses. */
export async function* requestsFor(groups: readonly FileToReceive[][], tools: CopyTools, received: ReceivedGroups): AsyncGenerator<Buffer> {
	const sizes: number[] = [];
	for (const group of groups) {
		const requests = Buffer.concat([
			requestLine(contentRequest(group, tools)),
			requestLine(tools.checksum === null ? contentRequest(group, tools, 0) : checksumRequest(group, tools)),
		]);
		const bytesAhead = () => sizes.slice(received.count).reduce((sum, size) => sum + size, requests.length);
		while (received.count < sizes.length && bytesAhead() > maxBytesAhead) {
			await received.change();
		}

		sizes.push(requests.length);
		yield requests;
	}
}

function contentRequest(group: readonly FileToReceive[], {canReadParts}: CopyTools, offset?: number): string {
	const [file] = group;
	// A file of size 0 is read to its end: a generated file has content, although its size is 0.
	if (group.length === 1 && file && canReadParts && file.size > 0) {
		const start = offset ?? file.offset;
		return `read ${start} ${file.size - start} ${encodeName(file.remoteName)}`;
	}

	return `cat ${group.map(({remoteName}) => encodeName(remoteName)).join(' ')}`;
}

function checksumRequest(group: readonly FileToReceive[], {canReadParts}: CopyTools): string {
	const [file] = group;
	return group.length === 1 && file && (file.hasEscapedName || isPartSummed(file, canReadParts))
		? `sum-of ${file.size} ${encodeName(file.remoteName)}`
		: `sum ${group.map(({remoteName}) => encodeName(remoteName)).join(' ')}`;
}

/** After a failure, only the bytes that were read count: a log that grows differs as a whole. Files of /proc have content and no size. */
function isPartSummed({size, failures}: FileToReceive, canReadParts: boolean): boolean {
	return canReadParts && size > 0 && failures > 0;
}

export type ReceiveContext = {
	session: CopySession;
	tree: LocalTree;
	preserve: boolean;
	/** Negative for bytes that are discarded. */
	onBytes: (count: number) => void;
};

/**
Files of the group are done, have failed once more, or are kept to be continued. Resolves to `false` if the session cannot be used further,
because the bytes did not match their count.
@throws SpokeError ERR_STREAM_LOST… of the session; ERR_COPY_INCOMPLETE if its program was killed; ERR_LOCAL_FILE if nothing more can be
written
*/
export async function receiveGroup(group: readonly FileToReceive[], context: ReceiveContext): Promise<boolean> {
	const {session, tree, onBytes} = context;
	try {
		await session.expect('D');
		for (const file of group) {
			await receiveFile(file, context);
		}

		await session.expect('E');
		await verifyGroup(group, context);
		return true;
	} catch (error) {
		const isBlamed = isSpokeError(error) && !session.wasKilled && (error.code === 'ERR_PROTOCOL' || error.code === 'ERR_COPY_INCOMPLETE');
		for (const file of group.filter(({isDone}) => !isDone)) {
			if (isBlamed || group.length > 1 || !session.tools.canReadParts) {
				onBytes(-file.offset);
				await file.discard(tree);
			}

			if (isBlamed) {
				file.fail(group.length === 1 && file.size === 0 ? unsizedReason : `its bytes do not match its size: ${error.message}`);
			}
		}

		if (isBlamed) {
			return false;
		}

		throw error;
	}
}

/** A file that has grown meanwhile has another size in the next pass. */
const unsizedReason =
	'it has content, but its size is 0, as that of files that the kernel generates in /proc. Read it with spoke exec POD -- cat FILE';

async function receiveFile(file: FileToReceive, {session, tree, preserve, onBytes}: ReceiveContext): Promise<void> {
	if (file.offset > 0) {
		file.outcome.resumedAt = [...file.outcome.resumedAt, file.offset];
	}

	file.hash ??= createChecksum(session.tools.checksum);
	try {
		file.pending ??= await tree.createFile(file.entry.path, attributesOf(file, preserve));
	} catch (error) {
		file.end(localErrorText(error));
	}

	for await (const chunk of session.bytes(file.size - file.offset)) {
		if (file.pending) {
			file.hash.update(chunk);
			await file.pending.write(chunk).catch((error: unknown) => {
				throw localFileError(file.entry.path.map(String).join('/'), error);
			});
			onBytes(chunk.length);
		}
	}
}

async function verifyGroup(group: readonly FileToReceive[], context: ReceiveContext): Promise<void> {
	const {session, tree, preserve, onBytes} = context;
	const digests = await remoteDigests(group, session);
	for (const file of group.filter(({pending}) => pending !== null)) {
		const digest = file.hash!.digest('hex');
		if (digests.get(file) === digest) {
			await place(file, verificationOf(session.tools.checksum, digest), {tree, preserve});
		} else {
			onBytes(-file.offset);
			await file.discard(tree);
			file.fail(file.size === 0 ? unsizedReason : 'it changed while it was copied: the checksums differ');
		}
	}
}

async function remoteDigests(group: readonly FileToReceive[], session: CopySession): Promise<Map<FileToReceive, string>> {
	const {checksum} = session.tools;
	const digests = new Map<FileToReceive, string>();
	if (checksum === null) {
		await session.expect('D');
		for (const file of group) {
			const hash = createChecksum(null);
			for await (const chunk of session.bytes(file.size)) {
				hash.update(chunk);
			}

			digests.set(file, hash.digest('hex'));
		}

		await session.expect('E');
		return digests;
	}

	const byName = new Map(group.map(file => [file.remoteName.toString('latin1'), file]));
	for (let line = await session.line(); line.toString('latin1') !== 'E'; line = await session.line()) {
		const sum = parseSum(line[0] === 0x5c ? line.subarray(1) : line, checksum);
		// The only file of a request needs no name, and its name can have a line feed.
		const file = group.length === 1 ? group[0] : byName.get(sum?.name.toString('latin1') ?? '');
		if (sum && file && !digests.has(file)) {
			digests.set(file, sum.digest);
		}
	}

	return digests;
}

async function place(
	file: FileToReceive,
	verified: Verification,
	{tree, preserve}: Pick<ReceiveContext, 'tree' | 'preserve'>,
): Promise<void> {
	const pending = file.pending!;
	try {
		await tree.placeFile(pending, file.entry.path, attributesOf(file, preserve));
		file.pending = null;
		file.outcome = {...file.outcome, result: 'copied', reason: null, verified};
		file.isDone = true;
	} catch (error) {
		await file.discard(tree);
		file.end(localErrorText(error));
	}
}

function attributesOf({entry: {mode, mtime}}: FileToReceive, preserve: boolean): {mode: number; mtime: number | null} | null {
	return preserve ? {mode, mtime} : null;
}
