import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {formatNamespaces} from '../../source/session/frame/saved-state.ts';
import {temporaryDirectory} from './temporary-directory.ts';

/** The home of a user who has used a session before, unless `isNew`. */
export async function newHome(t: ExecutionContext, {isNew = false}: {isNew?: boolean} = {}): Promise<string> {
	const home = await temporaryDirectory(t);
	if (!isNew) {
		const directory = join(home, '.local/state/spoke');
		await mkdir(directory, {recursive: true});
		await writeFile(join(directory, 'session.json'), formatNamespaces(new Map()));
	}

	return home;
}
