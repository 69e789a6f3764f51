/** What the header says of a cluster before and after it has answered. */
import type {ClusterAccess} from '../cluster/cluster-access.ts';
import {asSpokeError} from '../errors/spoke-error.ts';
import type {ClusterState} from '../state/session-state.ts';

export function clusterState(access: ClusterAccess | null): ClusterState {
	const facts = access?.facts;
	return {
		context: facts?.context ?? facts?.server ?? '', server: facts?.server ?? '', user: facts?.impersonating ?? facts?.user ?? '', version: null, sandbox: facts?.sandbox ?? false,
		namespace: facts?.namespace ?? 'default', lastNamespace: facts?.namespace ?? 'default', legOne: null, front: null, replicas: null, reachable: 'not yet', error: null, retryAt: null,
	};
}

/** Asks for the version until it answers, or nobody wants to know any more; `tell` hears each try that is still wanted. */
export async function meetCluster(access: ClusterAccess, isWanted: () => boolean, tell: (to: Partial<ClusterState>) => void): Promise<boolean> {
	for (let attempt = 1; isWanted(); attempt++) {
		try {
			const answer = await access.request({path: '/version', timeoutMs: 10_000});
			const {facts} = answer.connection;
			const chunks: Buffer[] = await Array.fromAsync(answer.body as AsyncIterable<Buffer>);
			if (!isWanted()) {
				// Another cluster is on the screen: what this one's socket says is no word about that one's.
				return false;
			}

			const version = answer.status === 200 ? (JSON.parse(Buffer.concat(chunks).toString('utf8')) as {gitVersion?: string}).gitVersion ?? null : null;
			tell({reachable: 'yes', error: null, retryAt: null, version, legOne: {tls: facts.tls === null ? 'plain' : facts.tls.verified ? 'verified' : 'unverified', route: facts.proxy === null ? 'direct' : 'proxy'}});
			return true;
		} catch (thrown) {
			if (!isWanted()) {
				return false;
			}

			const waitMs = Math.min(10_000, 1000 * attempt);
			tell({reachable: 'no', error: asSpokeError(thrown).toJSON(), retryAt: Date.now() + waitMs});
			await new Promise(resolve => {
				setTimeout(resolve, waitMs).unref();
			});
		}
	}

	return false;
}
