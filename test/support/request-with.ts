/** One request with only a kubeconfig file. */
import {connectionFlags} from '../../source/base/command-line/connection-flags.ts';
import {parseCommandLine} from '../../source/base/command-line/parse-command-line.ts';
import {createClusterClient} from '../../source/cluster/create-cluster-client.ts';
import {SpokeError} from '../../source/base/errors/spoke-error.ts';

/** Text of the refusal, or `null` on success. */
export async function requestWith(kubeconfig: string): Promise<string | null> {
	return refusalWith(['--kubeconfig', kubeconfig], {});
}

export async function refusalWith(argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<string | null> {
	try {
		const cluster = await createClusterClient(parseCommandLine(connectionFlags, argv).flags, environment);
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
