/** The built program as a session of its own sandbox. */
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {formatSavedState, noSavedState} from '../../source/session/frame/saved-state.ts';
import {openSandbox} from './sandbox.ts';
import {temporaryDirectory} from './temporary-directory.ts';
import {openTerminal, type TerminalOptions} from './terminal.ts';

/** The home of a user who has used a session before, unless `isNew`. */
export async function newHome(t: ExecutionContext, {isNew = false}: {isNew?: boolean} = {}): Promise<string> {
	const home = await temporaryDirectory(t);
	if (!isNew) {
		const directory = join(home, '.local/state/spoke');
		await mkdir(directory, {recursive: true});
		await writeFile(join(directory, 'session.json'), formatSavedState(noSavedState));
	}

	return home;
}

export async function onSandbox(
	t: ExecutionContext,
	argv: readonly string[] = [],
	options: Partial<TerminalOptions> & {user?: 'admin' | 'bob' | 'cleo' | 'eve'} = {},
) {
	const opened = await openSandbox(t, options.user ? {user: options.user} : {});
	const home = await newHome(t);
	return {...opened, home, terminal: await openTerminal(t, [...argv, '--kubeconfig', opened.kubeconfigFile], {home, ...options})};
}
