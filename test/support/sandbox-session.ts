/** The built program in a terminal, as a session of its own sandbox. Without a need for a process: `sessionOnSandbox` (open-session.ts). */
import type {ExecutionContext} from 'ava';
import {newHome} from './new-home.ts';
import {openSandbox} from './sandbox.ts';
import {openTerminal, type TerminalOptions} from './terminal.ts';

export async function onSandbox(
	t: ExecutionContext,
	argv: readonly string[] = [],
	options: Partial<TerminalOptions> & {user?: 'admin' | 'bob' | 'cleo' | 'eve'} = {},
) {
	const opened = await openSandbox(t, options.user ? {user: options.user} : {});
	const home = await newHome(t);
	return {...opened, home, terminal: await openTerminal(t, [...argv, '--kubeconfig', opened.kubeconfigFile], {home, ...options})};
}
