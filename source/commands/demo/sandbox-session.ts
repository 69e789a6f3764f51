/** The session on a sandbox of this process. */
import {connectionFlags} from '../../command-line/connection-flags.ts';
import {openCluster} from '../../cluster/open-cluster.ts';
import {parseLine} from '../../command-line/parse-line.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {loadKeymap} from '../../keymap/load-keymap.ts';
import type {Sandbox} from '../../sandbox/sandbox.ts';
import type {Invocation} from '../command.ts';

export async function sandboxSession(sandbox: Sandbox, kubeconfig: string, {stdin, stdout, env, interrupted}: Pick<Invocation, 'stdin' | 'stdout' | 'env' | 'interrupted'>): Promise<number> {
	const [{keymap, problems}, {runSession}] = await Promise.all([loadKeymap(env), import('../../app.tsx')]);
	const {flags} = parseLine(connectionFlags, ['--kubeconfig', kubeconfig]);
	return runSession({
		flags, env: {...env, HTTPS_PROXY: '', https_proxy: ''}, stdin, stdout, interrupted, keymap, keymapProblems: problems, readOnly: false, allNamespaces: false, sandbox, isForWant: !await hasKubeconfig(env),
	});
}

/** Without one the sandbox stands in for it, and says so. */
async function hasKubeconfig(env: NodeJS.ProcessEnv): Promise<boolean> {
	try {
		(await openCluster(parseLine(connectionFlags, []).flags, env)).close();
		return true;
	} catch (error) {
		return !(error instanceof SpokeError && error.code === 'ERR_NO_KUBECONFIG');
	}
}
