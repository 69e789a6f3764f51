/** Text of the session as a file: what it is called, where it goes, and that nothing is written over. */
import {mkdir, open, rm} from 'node:fs/promises';
import {homedir} from 'node:os';
import {dirname, resolve} from 'node:path';

/** Written at once. */
const blockLength = 256 * 1024;
/** A file system takes 255 bytes; a date and an ending come behind it. */
const longestName = 200;

/** Words as one name: a context may be called `arn:aws:eks:eu-west-1:1234:cluster/prod`. `otherwise` where nothing is left of them. */
export function asFileName(words: string, otherwise: string): string {
	return (
		words
			.replaceAll(/[^\w.-]+/g, '-')
			.slice(0, longestName)
			.replaceAll(/^[-.]+|[-.]+$/g, '') || otherwise
	);
}

/** `~` is the person's home. */
export function expandHome(typed: string): string {
	return resolve(typed.replace(/^~(?=\/)/, () => homedir()));
}

/**
Writes `texts` one behind the other to a file that nobody else reads, with the folders that it needs. Gives how many texts there were.
@throws Error where the file is there already, or cannot be written whole: nothing is left of it then
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
