/** Sends files into a container: requests with their bytes, and the responses to them. */
import {constants} from 'node:fs';
import {open} from 'node:fs/promises';
import {createChecksum, verificationOf} from './checksum.ts';
import {encodeName} from './copy-program.ts';
import {type CopySession, requestLine, unexpected} from './copy-session.ts';
import {FileProgress} from './file-progress.ts';
import type {LocalEntry} from './local-entries.ts';
import {localErrorText} from './local-file-error.ts';
import {temporaryName} from './pending-file.ts';

const chunkBytes = 256 * 1024;

const {O_NOFOLLOW, O_NONBLOCK, O_RDONLY} = constants;

/** A file of the source, how much of it the container has, and how its copy ended. */
export class FileToSend extends FileProgress {
	readonly entry: LocalEntry;
	/** Both for requests. The temporary file is in the directory of the file. */
	readonly remoteName: string;
	readonly temporary: string;
	/** Bytes that the container has of it. */
	offset = 0;
	/** Of all bytes, once they are sent. */
	digest = '';
	/** The container can have a part of it. */
	wasSent = false;

	constructor(entry: LocalEntry, remotePath: Buffer) {
		super();
		this.entry = entry;
		this.remoteName = encodeName(remotePath);
		this.temporary = encodeName(Buffer.concat([remotePath.subarray(0, remotePath.lastIndexOf('/') + 1), temporaryName()]));
	}

	override fail(reason: string): void {
		super.fail(reason);
		this.offset = 0;
	}
}

export type SendContext = {
	session: CopySession;
	preserve: boolean;
	/** Negative for bytes that are sent again. */
	onBytes: (count: number) => void;
};

/**
Sends the files; those that arrived whole take their place. A file that is not done after this needs another pass.
@throws SpokeError of the session
*/
export async function sendFiles(files: readonly FileToSend[], context: SendContext): Promise<void> {
	const {session, onBytes} = context;
	if (session.tools.checksum === null) {
		// Nothing in the container computes a checksum, so what it stored is read back before it is placed.
		session.send(putAndReadBack(files, context));
		for (const file of files) {
			await compareStored(file, session);
		}

		session.sendLast(placements(files, context));
	} else {
		session.sendLast(putAndPlace(files, context));
	}

	for (const file of files) {
		acceptResult(file, String(await session.line()), session);
		if (!file.isDone) {
			onBytes(-file.entry.size);
		}
	}
}

async function* putAndPlace(files: readonly FileToSend[], context: SendContext): AsyncGenerator<Buffer> {
	for (const file of files) {
		yield* put(file, context);
		yield placement(file, context);
	}
}

async function* putAndReadBack(files: readonly FileToSend[], context: SendContext): AsyncGenerator<Buffer> {
	for (const file of files) {
		yield* put(file, context);
		yield requestLine(`back ${file.temporary}`);
	}
}

function* placements(files: readonly FileToSend[], context: SendContext): Generator<Buffer> {
	for (const file of files) {
		yield placement(file, context);
	}
}

/** The program compares the digest itself, so that no response is awaited between two files. */
function placement({digest, entry: {mode, mtime, size}, temporary, remoteName}: FileToSend, {session, preserve}: SendContext): Buffer {
	const expected = session.tools.checksum === null && digest !== changed ? '-' : digest;
	return requestLine(`place ${expected} ${size} ${preserve ? `${mode.toString(8)} ${mtime}` : '- -'} ${temporary} ${remoteName}`);
}

/** No digest: the program removes what it has stored. */
const changed = 'changed';

/** Always as many bytes as announced: a file that has become shorter is filled up with zeros, and is not placed. */
async function* put(file: FileToSend, {session, onBytes}: SendContext): AsyncGenerator<Buffer> {
	const {entry, offset, temporary} = file;
	const hash = createChecksum(session.tools.checksum);
	file.digest = changed;
	file.wasSent = true;
	if (offset > 0) {
		file.outcome.resumedAt = [...file.outcome.resumedAt, offset];
	}

	yield requestLine(`put ${offset} ${entry.size - offset} ${temporary}`);
	let position = 0;
	for await (const chunk of readLocalFile(entry, problem => {
		file.outcome.reason = problem;
	})) {
		const unsent = chunk.subarray(Math.max(0, offset - position));
		hash.update(chunk);
		position += chunk.length;
		if (unsent.length > 0) {
			onBytes(unsent.length);
			yield unsent;
		}
	}

	if (position === entry.size) {
		file.digest = hash.digest('hex');
	}

	for (let missing = entry.size - Math.max(position, offset); missing > 0; missing -= chunkBytes) {
		const filler = Buffer.alloc(Math.min(missing, chunkBytes));
		onBytes(filler.length);
		yield filler;
	}
}

/** At most the bytes that the file had when it was listed. */
async function* readLocalFile({path, localPath, size}: LocalEntry, onProblem: (text: string) => void): AsyncGenerator<Buffer> {
	// The user can name a link; those below it were listed as links.
	const handle = await open(localPath, O_RDONLY | O_NONBLOCK | (path.length === 0 ? 0 : O_NOFOLLOW)).catch((error: unknown) => {
		onProblem(localErrorText(error));
		return null;
	});
	if (handle === null) {
		return;
	}

	try {
		for (let position = 0; position < size;) {
			const {bytesRead, buffer} = await handle.read(Buffer.allocUnsafe(Math.min(chunkBytes, size - position)), 0, null, position);
			if (bytesRead === 0) {
				break;
			}

			position += bytesRead;
			yield buffer.subarray(0, bytesRead);
		}
	} catch (error) {
		onProblem(localErrorText(error));
	} finally {
		await handle.close();
	}
}

async function compareStored(file: FileToSend, session: CopySession): Promise<void> {
	const size = Number(/^D (\d+)$/.exec(String(await session.line()))?.[1] ?? Number.NaN);
	if (!Number.isSafeInteger(size)) {
		throw unexpected(Buffer.from('D'));
	}

	const hash = createChecksum(null);
	for await (const chunk of session.bytes(size)) {
		hash.update(chunk);
	}

	await session.expect('E');
	if (hash.digest('hex') !== file.digest) {
		file.digest = changed;
	}
}

function acceptResult(file: FileToSend, result: string, {tools: {checksum}}: CopySession): void {
	file.wasSent = false;
	if (result === 'ok') {
		file.outcome = {...file.outcome, result: 'copied', reason: null, verified: verificationOf(checksum, file.digest)};
		file.isDone = true;
	} else if (result === 'differs' || result === 'short') {
		file.fail(
			file.digest === changed
				? (file.outcome.reason ?? 'it changed while it was copied')
				: result === 'short'
					? 'the container did not store all of it: its disk is full, or the directory cannot be written'
					: 'the checksums differ',
		);
	} else {
		file.end(result);
	}
}
