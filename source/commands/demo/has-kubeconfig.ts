/** Check for a usable source of cluster access. */
import {readSettings} from '../../cluster/access-settings.ts';
import type {ConnectionFlags} from '../../command-line/connection-flags.ts';
import {SpokeError} from '../../errors/spoke-error.ts';

/** @throws SpokeError for a kubeconfig that exists but cannot be used */
export async function hasKubeconfig(flags: ConnectionFlags, env: NodeJS.ProcessEnv): Promise<boolean> {
	try {
		await readSettings(flags, env);
		return true;
	} catch (error) {
		if (error instanceof SpokeError && error.code === 'ERR_NO_KUBECONFIG') {
			return false;
		}

		throw error;
	}
}
