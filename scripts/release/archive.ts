/** Archives with the same bytes for the same files. */
import {createHash} from 'node:crypto';
import {createReadStream} from 'node:fs';
import {create} from 'tar';
import {filesBelow} from './stage.ts';

type ArchiveOptions = {
	/** Precedes each path. */
	prefix?: string;
	/** The time of every file. */
	date: Date;
	compressed: boolean;
};

/** Writes `file`, a tar archive of all files below `folder`, without owners, and sorted by path. */
export async function writeArchive(file: string, folder: string, {prefix = '', date, compressed}: ArchiveOptions): Promise<void> {
	await create(
		{file, cwd: folder, prefix, portable: true, mtime: date, noDirRecurse: true, gzip: compressed && {level: 6}},
		// A path that begins with @ would be an archive to include.
		(await filesBelow(folder)).map(path => `./${path}`),
	);
}

/** In hexadecimal. */
export async function sha256Of(file: string): Promise<string> {
	const hash = createHash('sha256');
	for await (const chunk of createReadStream(file)) {
		hash.update(chunk as Buffer);
	}

	return hash.digest('hex');
}
