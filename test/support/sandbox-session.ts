/** The built program as a session of its own sandbox. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {openSandbox} from './sandbox.ts';
import {openTerminal, type TerminalOptions} from './terminal.ts';

export async function newHome(t: ExecutionContext): Promise<string> {
	const home = await mkdtemp(join(tmpdir(), 'spoke-home-'));
	t.teardown(async () => rm(home, {recursive: true, force: true}));
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
