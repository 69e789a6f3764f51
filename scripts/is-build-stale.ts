/** Whether the build is older than its sources. */
import {readdir, stat} from 'node:fs/promises';
import {join} from 'node:path';

/** Written last, so that an interrupted build is stale. */
export const buildStamp = 'build/.built';

const inputs = ['package.json', 'package-lock.json', 'source', 'scripts', 'keymaps', 'themes', 'schemas'];

/** By modification times; those of directories show removed files. */
export async function isBuildStale(root: string): Promise<boolean> {
	const builtAt = await modifiedAt(join(root, buildStamp));
	if (builtAt === null) {
		return true;
	}

	const paths = (await Promise.all(inputs.map(async input => withContents(root, input)))).flat();
	const times = await Promise.all(paths.map(async path => modifiedAt(join(root, path))));
	return times.some(time => time !== null && time > builtAt);
}

async function withContents(root: string, path: string): Promise<string[]> {
	const entries = await readdir(join(root, path), {recursive: true}).catch(() => []);
	return [path, ...entries.map(entry => join(path, entry))];
}

async function modifiedAt(path: string): Promise<number | null> {
	const about = await stat(path).catch(() => null);
	return about === null ? null : about.mtimeMs;
}
