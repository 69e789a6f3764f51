/** The session on a sandbox of this process. */
import {connectionFlags} from '../../command-line/connection-flags.ts';
import {parseCommandLine} from '../../command-line/parse-command-line.ts';
import type {Sandbox} from '../../sandbox/sandbox.ts';
import type {Invocation} from '../command.ts';
import type {demoSpec} from './spec.ts';
import {startSession} from '../session/start-session.ts';
import {hasKubeconfig} from './has-kubeconfig.ts';

export async function runSandboxSession(
	sandbox: Sandbox,
	kubeconfig: string,
	screen: Pick<Invocation<typeof demoSpec.flags>, 'flags' | 'stdin' | 'stdout' | 'env' | 'interrupted'>,
): Promise<number> {
	const {flags} = parseCommandLine(connectionFlags, ['--kubeconfig', kubeconfig]);
	// One that cannot be used is there all the same.
	const isForWant = !(await hasKubeconfig(parseCommandLine(connectionFlags, []).flags, screen.env).catch(() => true));
	return startSession(
		{...screen, env: {...screen.env, HTTPS_PROXY: '', https_proxy: ''}},
		{flags, allNamespaces: false, sandbox, isForWant},
	);
}
