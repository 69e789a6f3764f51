/** One request with a kubeconfig file and nothing else. */
import {connectionFlags} from '../../source/command-line/connection-flags.ts';
import {parseCommandLine} from '../../source/command-line/parse-command-line.ts';
import {createClusterClient} from '../../source/cluster/create-cluster-client.ts';
import {SpokeError} from '../../source/errors/spoke-error.ts';

/** The refusal's words, or `null` when the answer came. */
export async function requestWith(kubeconfig: string): Promise<string | null> {
	try {
		const cluster = await createClusterClient(parseCommandLine(connectionFlags, ['--kubeconfig', kubeconfig]).flags, {});
		try {
			await cluster.json({path: '/api'});
			return null;
		} finally {
			cluster.close();
		}
	} catch (error) {
		if (error instanceof SpokeError) {
			return error.message;
		}

		throw error;
	}
}
