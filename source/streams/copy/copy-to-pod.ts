/** Copies a file or a directory from this machine to a container. */
import {createHash} from 'node:crypto';
import {constants, type Stats} from 'node:fs';
import {lstat, open, readdir, readlink, stat} from 'node:fs/promises';
import {basename, resolve} from 'node:path';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {Copy, type EntryResult, type SourceEntry, specialFile} from './copy-passes.ts';
import {encodeName, encodePath} from './copy-program.ts';
import {type CopyOptions, type CopySession, requestLine, unexpected} from './copy-session.ts';
import {localErrorText, localFileError, temporaryName} from './local-tree.ts';

/**
Reports each entry of the source once, also those that are not copied.
@throws SpokeError if the copy cannot start or continue
*/
export async function copyToPod(options: CopyOptions): Promise<void> {
	await new CopyToPod(options, await listSource(options.source)).run();
}

class CopyToPod extends Copy<LocalEntry> {
	readonly #entries: readonly LocalEntry[];
	/** Where names are relative to, and the name of the source there. Decided once: a directory that this copy creates exists afterwards. */
	#root: {directory: string; name: string} | null = null;
	/** Bytes that were reported, and of files that are done. */
	readonly #bytes = {reported: 0, done: 0};
	/** Directories that this copy has created. */
	readonly #created = new Set<LocalEntry>();
	readonly #reported = new Set<LocalEntry>();

	constructor(options: CopyOptions, entries: readonly LocalEntry[]) {
		super(options, 'to-pod');
		this.#entries = entries;
	}

	protected async pass(session: CopySession): Promise<boolean> {
		await this.#enterTarget(session);
		if (!this.hasBegun) {
			this.#begin();
		}

		await this.#createDirectories(session);
		for (let files = this.remaining(); files.length > 0; files = this.remaining()) {
			await this.#send(session, files);
		}

		await this.#finish(session);
		session.request('end');
		return true;
	}

	protected override report(entry: LocalEntry, outcome: EntryResult): void {
		this.#reported.add(entry);
		super.report(entry, outcome);
	}

	async #enterTarget(session: CopySession): Promise<void> {
		const {destination, source} = this.options;
		const wanted = this.#root?.directory ?? destination;
		session.request(`target ${encodePath(wanted)}`);
		const kind = await session.line();
		if (!['dir', 'file', 'none'].includes(kind) || (kind === 'file' && this.#entries[0]!.kind === 'directory')) {
			throw targetError(kind, wanted);
		}

		const name = Buffer.from(basename(kind === 'dir' ? resolve(source) : destination)).toString('latin1');
		this.#root ??= {directory: kind === 'dir' ? destination : destination.slice(0, destination.lastIndexOf('/') + 1), name};
	}

	#begin(): void {
		for (const entry of this.#entries) {
			if (entry.problem) {
				this.report(entry, entry.problem);
			}
		}

		this.begin(this.#entries.filter(({kind, problem}) => kind === 'file' && !problem));
	}

	async #createDirectories(session: CopySession): Promise<void> {
		const directories = this.#entries.filter(entry => entry.kind === 'directory' && !this.#reported.has(entry));
		session.send(directories.map(entry => requestLine(`make ${this.#name(entry)}`)));
		for (const entry of directories) {
			const result = await session.line();
			if (result === 'made') {
				this.#created.add(entry);
			} else if (result !== 'there') {
				this.report(entry, {result: 'failed', reason: result});
			}
		}
	}

	/** Each file takes its place when it has arrived whole. */
	async #send(session: CopySession, entries: readonly LocalEntry[]): Promise<void> {
		// What was sent before and is not done is sent again.
		this.#addBytes(this.#bytes.done - this.#bytes.reported);
		const files = entries.map((entry): FileToSend => ({entry, digest: 'changed', problem: null}));
		session.send(this.#putRequests(files));
		for (const file of files) {
			const result = await session.line();
			const {entry, digest, problem} = file;
			if (result === 'ok') {
				this.#bytes.done += entry.size;
				this.end(entry, {result: 'copied', digest});
			} else {
				this.fail(entry, problem ?? putProblems.get(result) ?? result, {isFinal: !putProblems.has(result)});
			}
		}
	}

	/** Links, and then attributes of directories, children first: a directory can be read-only, and a write into it changes its time. */
	async #finish(session: CopySession): Promise<void> {
		const {preserve} = this.options;
		const left = this.#entries.filter(entry => !this.#reported.has(entry));
		const entries = [...left.filter(({kind}) => kind === 'link'), ...left.filter(({kind}) => kind === 'directory').toReversed()];
		session.send(
			entries.map(entry =>
				requestLine(
					entry.kind === 'link'
						? `link ${encodeName(entry.target)} ${this.#name(entry)}`
						: `attributes ${attributesOf(entry, preserve && this.#created.has(entry))} ${this.#name(entry)}`,
				),
			),
		);
		for (const entry of entries) {
			const result = await session.line();
			this.report(entry, result === 'ok' ? {result: 'copied'} : {result: 'failed', reason: result});
		}
	}

	async *#putRequests(files: readonly FileToSend[]): AsyncGenerator<Buffer> {
		for (const file of files) {
			const remotePath = this.#remotePath(file.entry);
			// Another one for each attempt: the program of a lost stream can still remove its own.
			const temporary = `${remotePath.slice(0, remotePath.lastIndexOf('/') + 1)}${temporaryName()}`;
			const attributes = attributesOf(file.entry, this.options.preserve);
			yield requestLine(`put ${file.entry.size} ${attributes} ${encodeName(temporary)} ${encodeName(remotePath)}`);
			yield* contentOf(file, count => {
				this.#addBytes(count);
			});
		}
	}

	#name(entry: SourceEntry): string {
		return encodeName(this.#remotePath(entry));
	}

	#remotePath({path}: SourceEntry): string {
		return `./${this.#root!.name}${path === '' ? '' : `/${path}`}`;
	}

	#addBytes(count: number): void {
		this.#bytes.reported += count;
		this.options.listener.onBytes(count);
	}
}

function targetError(kind: string, path: string): SpokeError {
	const problem = targetProblems.get(kind);
	if (problem === undefined) {
		return unexpected(kind);
	}

	return kind === 'parent'
		? new SpokeError('ERR_NOT_FOUND', path + problem, {leg: 3})
		: new SpokeError('ERR_COPY_INCOMPLETE', path + problem, kind === 'special' ? {remedy: streamRemedy} : {});
}

const targetProblems = new Map([
	['parent', ': its directory is not in the container'],
	['file', ' is a file in the container, and the source is a directory'],
	['special', ' is a device, a pipe or a socket in the container, and is not replaced'],
	['denied', ': the user of the container cannot write there'],
]);

const streamRemedy = 'stream a file: spoke exec -i POD -- sh -c "cat > PATH" < FILE';

function attributesOf({mode, mtime}: SourceEntry, areKept: boolean): string {
	return areKept ? `${mode.toString(8)} ${mtime}` : '- -';
}

/** Another attempt can help. */
const putProblems = new Map([
	['short', 'the container did not store all of it: its disk is full, or the directory cannot be written'],
	['differs', 'the checksums differ'],
]);

const chunkBytes = 256 * 1024;

/** One attempt to send a file. */
type FileToSend = {
	readonly entry: LocalEntry;
	/** Of all bytes, once they are sent. Until then, the program removes what it has stored. */
	digest: string;
	/** Why other bytes were sent, or fewer. */
	problem: string | null;
};

/** Always as many bytes as announced: a file that has become shorter is filled up with zeros, and takes no place. */
async function* contentOf(file: FileToSend, onBytes: (count: number) => void): AsyncGenerator<Buffer> {
	const {size} = file.entry;
	const hash = createHash('sha256');
	let position = 0;
	for await (const chunk of readLocal(file)) {
		hash.update(chunk);
		position += chunk.length;
		onBytes(chunk.length);
		yield chunk;
	}

	if (position === size) {
		file.digest = hash.digest('hex');
	} else {
		file.problem ??= 'it changed while it was copied';
	}

	for (; position < size; position += chunkBytes) {
		const filler = Buffer.alloc(Math.min(size - position, chunkBytes));
		onBytes(filler.length);
		yield filler;
	}

	yield requestLine(file.digest);
}

/** At most the bytes that the file had when it was listed. */
async function* readLocal(file: FileToSend): AsyncGenerator<Buffer> {
	const {path, localPath, size} = file.entry;
	try {
		// The user can name a link; those below it were listed as links.
		await using handle = await open(localPath, O_RDONLY | O_NONBLOCK | (path === '' ? 0 : O_NOFOLLOW));
		for (let position = 0; position < size;) {
			const {bytesRead, buffer} = await handle.read(Buffer.allocUnsafe(Math.min(chunkBytes, size - position)), 0, null, position);
			if (bytesRead === 0) {
				return;
			}

			position += bytesRead;
			yield buffer.subarray(0, bytesRead);
		}
	} catch (error) {
		file.problem = localErrorText(error);
	}
}

const {O_NOFOLLOW, O_NONBLOCK, O_RDONLY} = constants;

type LocalEntry = SourceEntry & {
	/** On this machine. */
	localPath: Buffer;
};

/** Parents first. A link that the user named is followed, others are not. @throws SpokeError ERR_LOCAL_FILE for the source itself */
async function listSource(source: string): Promise<LocalEntry[]> {
	try {
		const root = entryOf('', Buffer.from(source), await stat(source));
		return [root, ...(root.kind === 'directory' ? await listDirectory(root) : [])];
	} catch (error) {
		throw localFileError(source, error);
	}
}

async function listDirectory(directory: LocalEntry): Promise<LocalEntry[]> {
	const entries: LocalEntry[] = [];
	for (const name of (await readdir(directory.localPath, {encoding: 'latin1'})).toSorted()) {
		const localPath = Buffer.concat([directory.localPath, Buffer.from(`/${name}`, 'latin1')]);
		const entry = await readEntry(directory.path === '' ? name : `${directory.path}/${name}`, localPath);
		entries.push(entry);
		if (entry.kind === 'directory') {
			try {
				entries.push(...(await listDirectory(entry)));
			} catch (error) {
				entry.problem = {result: 'failed', reason: localErrorText(error)};
			}
		}
	}

	return entries;
}

async function readEntry(path: string, localPath: Buffer): Promise<LocalEntry> {
	try {
		const entry = entryOf(path, localPath, await lstat(localPath));
		return entry.kind === 'link' ? {...entry, target: await readlink(localPath, 'latin1')} : entry;
	} catch (error) {
		const problem = {result: 'failed', reason: localErrorText(error)} as const;
		return {kind: 'special', path, localPath, mode: 0, size: 0, mtime: 0, target: '', problem};
	}
}

function entryOf(path: string, localPath: Buffer, facts: Stats): LocalEntry {
	const kind = facts.isFile() ? 'file' : facts.isDirectory() ? 'directory' : facts.isSymbolicLink() ? 'link' : 'special';
	return {
		kind,
		path,
		localPath,
		mode: facts.mode & 0o777,
		size: facts.size,
		mtime: Math.floor(facts.mtimeMs / 1000),
		target: '',
		problem: kind === 'special' ? specialFile : null,
	};
}
