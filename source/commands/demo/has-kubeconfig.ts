/** Is there a way to a cluster at all? */
import {readSettings} from '../../cluster/access-settings.ts';
import type {ConnectionFlags} from '../../command-line/connection-flags.ts';
import {SpokeError} from '../../errors/spoke-error.ts';

/** Without one the sandbox stands in for it. @throws SpokeError for a kubeconfig that is there and cannot be used */
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
