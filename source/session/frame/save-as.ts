/** Asks where to save a file, and writes new private files. */
import {mkdir, open, rm, type FileHandle} from 'node:fs/promises';
import {homedir} from 'node:os';
import {dirname, resolve} from 'node:path';
import type {Session} from './session.ts';

/** The limit is 255 bytes, including date and extension. */
const maxNameLength = 200;

const blockLength = 256 * 1024;

const problems: Readonly<Record<string, string>> = {
	EEXIST: 'the file already exists; type another name',
	EACCES: 'no permission to write there',
	EROFS: 'the file system is read-only',
	EISDIR: 'this is a directory; type a file name',
	ENOTDIR: 'a part of the path is a file, not a directory',
};

/** Asks where to, and reports what `write` adds to `saved FILE`. Asks again if it was not saved. */
export async function saveAs(
	session: Pick<Session, 'env' | 'promptForText' | 'showMessage'>,
	{name, purpose = 'save', note}: {name: string; purpose?: string; note?: () => string},
	write: (path: string) => Promise<string>,
): Promise<void> {
	const options = {lead: 'save to ', purpose, accept: 'save', ...(note && {note})};
	let answer = await session.promptForText({...options, text: `~/${name}`});
	while (answer !== null && answer.text !== '') {
		const {text} = answer;
		try {
			session.showMessage(`saved ${text}${await write(expandHome(text, session.env))}`);
			return;
		} catch (error) {
			const problem = (error as Error).message;
			session.showMessage(`not saved: ${problem}`, 'error');
			answer = await session.promptForText({...options, text, problem});
		}
	}
}

/** Makes a file name of names such as `arn:aws:eks:eu-west-1:1234:cluster/prod`. */
export function toFileName(name: string, fallback: string): string {
	return (
		name
			.replaceAll(/[^\w.-]+/g, '-')
			.slice(0, maxNameLength)
			.replaceAll(/^[-.]+|[-.]+$/g, '') || fallback
	);
}

export function expandHome(typed: string, {HOME}: NodeJS.ProcessEnv): string {
	return resolve(typed.replace(/^~(?=\/)/, () => HOME || homedir()));
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
