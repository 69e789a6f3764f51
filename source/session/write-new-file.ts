/** Writes texts to new files and never overwrites. */
import {mkdir, open, rm} from 'node:fs/promises';
import {homedir} from 'node:os';
import {dirname, resolve} from 'node:path';

/** Bytes per write. */
const blockLength = 256 * 1024;
/** File names are limited to 255 bytes, including date and extension. */
const longestName = 200;

/** Turns a text into a file name: a context may be called `arn:aws:eks:eu-west-1:1234:cluster/prod`. `otherwise` if nothing remains. */
export function asFileName(words: string, otherwise: string): string {
	return (
		words
			.replaceAll(/[^\w.-]+/g, '-')
			.slice(0, longestName)
			.replaceAll(/^[-.]+|[-.]+$/g, '') || otherwise
	);
}

export function expandHome(typed: string): string {
	return resolve(typed.replace(/^~(?=\/)/, () => homedir()));
}

/**
Writes `texts` to a private file and creates its directories. Returns their count.
@throws Error when the file exists or cannot be written completely; it is removed then
*/
export async function writeNewFile(path: string, texts: Iterable<string>): Promise<number> {
	await mkdir(dirname(path), {recursive: true});
	const file = await open(path, 'wx', 0o600);
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
