/** Private files of the user. */
import type {Stats} from 'node:fs';
import {mkdir, open, rename, rm} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import process from 'node:process';

/** Creates or replaces a private file. A reader sees the whole old or the whole new one. @throws the system error */
export async function replaceFile(path: string, text: string): Promise<void> {
	const folder = dirname(path);
	await mkdir(folder, {recursive: true, mode: 0o700});
	const draft = join(folder, `.${basename(path)}.${process.pid}`);
	await rm(draft, {force: true});
	const file = await open(draft, 'wx', 0o600);
	try {
		await file.writeFile(text);
	} finally {
		await file.close();
	}

	await rename(draft, path);
}

const writableByOthers = 0o022;

/** What lets another user, other than root, change the file: its owner or its mode. `null` if nothing does. Windows has no file modes. */
export function accessOfOthers({uid, mode}: Pick<Stats, 'uid' | 'mode'>): 'owner' | 'mode' | null {
	const own = process.getuid?.();
	if (own === undefined) {
		return null;
	}

	if (uid !== own && uid !== 0) {
		return 'owner';
	}

	return (mode & writableByOthers) === 0 ? null : 'mode';
}
