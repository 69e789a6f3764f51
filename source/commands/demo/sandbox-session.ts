/** The session on a sandbox of this process. */
import {connectionFlags} from '../../command-line/connection-flags.ts';
import {parseLine} from '../../command-line/parse-line.ts';
import {loadKeymap} from '../../keymap/load-keymap.ts';
import type {Sandbox} from '../../sandbox/sandbox.ts';
import type {Invocation} from '../command.ts';
import type {demoRow} from '../rows/demo.ts';
import {hasKubeconfig} from './has-kubeconfig.ts';

export async function sandboxSession(sandbox: Sandbox, kubeconfig: string, {flags: screen, stdin, stdout, env, interrupted}: Pick<Invocation<typeof demoRow.flags>, 'flags' | 'stdin' | 'stdout' | 'env' | 'interrupted'>): Promise<number> {
	const [{keymap, problems}, {runSession}] = await Promise.all([loadKeymap(env, screen.keymap), import('../../app.tsx')]);
	const {flags} = parseLine(connectionFlags, ['--kubeconfig', kubeconfig]);
	// One that cannot be used is there all the same.
	const isForWant = !await hasKubeconfig(parseLine(connectionFlags, []).flags, env).catch(() => true);
	return runSession({
		flags, env: {...env, HTTPS_PROXY: '', https_proxy: ''}, stdin, stdout, interrupted, keymap, keymapProblems: problems, readOnly: screen['read-only'], allNamespaces: false, theme: screen.theme, motion: screen.motion, sandbox, isForWant,
	});
}
