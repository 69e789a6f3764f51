/** Writes new private files. */
import {mkdir, open, rm, type FileHandle} from 'node:fs/promises';
import {dirname} from 'node:path';

const blockLength = 256 * 1024;

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
