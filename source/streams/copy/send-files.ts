/** Sends files into a container: requests with their bytes, and the responses to them. */
import {createHash} from 'node:crypto';
import {constants} from 'node:fs';
import {open} from 'node:fs/promises';
import {encodeName} from './copy-program.ts';
import {type CopySession, requestLine} from './copy-session.ts';
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
	session.sendLast(putAndPlace(files, context));
	for (const file of files) {
		acceptResult(file, String(await session.line()));
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

/** The program compares the digest itself, so that no response is awaited between two files. */
function placement({digest, entry: {mode, mtime, size}, temporary, remoteName}: FileToSend, {preserve}: SendContext): Buffer {
	return requestLine(`place ${digest} ${size} ${preserve ? `${mode.toString(8)} ${mtime}` : '- -'} ${temporary} ${remoteName}`);
}

/** No digest: the program removes what it has stored. */
const changed = 'changed';

/** Always as many bytes as announced: a file that has become shorter is filled up with zeros, and is not placed. */
async function* put(file: FileToSend, {onBytes}: SendContext): AsyncGenerator<Buffer> {
	const {entry, temporary} = file;
	const hash = createHash('sha256');
	file.digest = changed;
	file.wasSent = true;
	yield requestLine(`put ${entry.size} ${temporary}`);
	let position = 0;
	for await (const chunk of readLocalFile(entry, problem => {
		file.outcome.reason = problem;
	})) {
		hash.update(chunk);
		position += chunk.length;
		onBytes(chunk.length);
		yield chunk;
	}

	if (position === entry.size) {
		file.digest = hash.digest('hex');
	}

	for (let missing = entry.size - position; missing > 0; missing -= chunkBytes) {
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

function acceptResult(file: FileToSend, result: string): void {
	file.wasSent = false;
	if (result === 'ok') {
		file.outcome = {result: 'copied', reason: null, digest: file.digest};
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
