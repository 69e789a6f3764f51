/** Writes new private files, also where the user says. */
import {mkdir, open, rm, type FileHandle} from 'node:fs/promises';
import {homedir} from 'node:os';
import {dirname, resolve} from 'node:path';
import type {Session} from './session.ts';

const blockLength = 256 * 1024;
/** The limit is 255 bytes, including date and extension. */
const maxNameLength = 200;

/** Makes a file name of names such as `arn:aws:eks:eu-west-1:1234:cluster/prod`. */
export function asFileName(words: string, otherwise: string): string {
	return (
		words
			.replaceAll(/[^\w.-]+/g, '-')
			.slice(0, maxNameLength)
			.replaceAll(/^[-.]+|[-.]+$/g, '') || otherwise
	);
}

export function expandHome(typed: string): string {
	return resolve(typed.replace(/^~(?=\/)/, () => homedir()));
}

/** Asks where to, and reports what `write` adds to `saved FILE`, or why it was not saved. */
export async function saveAs(
	session: Pick<Session, 'promptForText' | 'tell'>,
	{name, purpose = 'save', note}: {name: string; purpose?: string; note?: () => string},
	write: (path: string) => Promise<string>,
): Promise<void> {
	const answer = await session.promptForText({lead: 'save to ', purpose, accept: 'save', text: `~/${name}`, ...(note && {note})});
	if (answer === null || answer.text === '') {
		return;
	}

	try {
		session.tell(`saved ${answer.text}${await write(expandHome(answer.text))}`);
	} catch (error) {
		session.tell(`not saved: ${(error as Error).message}`, 'error');
	}
}

/**
Creates a private file and its directories. Returns the number of texts.
@throws Error when the file exists or cannot be written completely; it is removed then
*/
export async function writeNewFile(path: string, texts: Iterable<string>): Promise<number> {
	const file = await openNewFile(path);
	try {
		let count = 0;
		let block = '';
		for (const text of texts) {
			block += text;
			count++;
			if (block.length > blockLength) {
				await file.appendFile(block);
				block = '';
			}
		}

		await file.appendFile(block);
		return count;
	} catch (error) {
		await rm(path, {force: true});
		throw error;
	} finally {
		await file.close();
	}
}

async function openNewFile(path: string): Promise<FileHandle> {
	try {
		await mkdir(dirname(path), {recursive: true});
		return await open(path, 'wx', 0o600);
	} catch (error) {
		const {code = '', message} = error as NodeJS.ErrnoException;
		throw new Error(problems[code] ?? message, {cause: error});
	}
}

const problems: Readonly<Record<string, string>> = {
	EEXIST: 'the file already exists; type another name',
	EACCES: 'no permission to write there',
	EROFS: 'the file system is read-only',
	EISDIR: 'this is a directory; type a file name',
	ENOTDIR: 'a part of the path is a file, not a directory',
};
