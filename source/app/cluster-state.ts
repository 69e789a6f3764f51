/** What the header says of a cluster before and after it has answered. */
import type {ClusterAccess} from '../cluster/cluster-access.ts';
import {asSpokeError} from '../errors/spoke-error.ts';
import type {ClusterState} from '../state/session-state.ts';

const mostTries = 3;
const noTries: ClusterState['tries'] = {count: 0, last: []};

export function clusterState(access: ClusterAccess | null): ClusterState {
	const facts = access?.facts;
	return {
		context: facts?.context ?? facts?.server ?? '', server: facts?.server ?? '', user: facts?.impersonating ?? facts?.user ?? '', version: null, sandbox: facts?.sandbox ?? false,
		namespace: facts?.namespace ?? 'default', lastNamespace: facts?.namespace ?? 'default', proxy: facts?.proxy ?? null, legOne: null, front: null, replicas: null, reachable: 'not yet', error: null, retryAt: null, tries: noTries,
	};
}

/** Asks for the version until it answers, or nobody wants to know any more; `tell` hears each try that is still wanted, `pause` is what lies between two. */
export async function meetCluster(access: ClusterAccess, isWanted: () => boolean, tell: (to: Partial<ClusterState>) => void, pause: (ms: number) => Promise<void> = waitAlone): Promise<boolean> {
	let tries = noTries;
	for (let attempt = 1; isWanted(); attempt++) {
		const began = Date.now();
		try {
			const answer = await access.request({path: '/version', timeoutMs: 10_000});
			const {facts} = answer.connection;
			const chunks: Buffer[] = await Array.fromAsync(answer.body as AsyncIterable<Buffer>);
			if (!isWanted()) {
				// Another cluster is on the screen: what this one's socket says is no word about that one's.
				return false;
			}

			const version = answer.status === 200 ? (JSON.parse(Buffer.concat(chunks).toString('utf8')) as {gitVersion?: string}).gitVersion ?? null : null;
			tell({reachable: 'yes', error: null, retryAt: null, tries: noTries, version, legOne: {tls: facts.tls === null ? 'plain' : facts.tls.verified ? 'verified' : 'unverified', route: facts.proxy === null ? 'direct' : 'proxy'}});
			return true;
		} catch (thrown) {
			if (!isWanted()) {
				return false;
			}

			const waitMs = Math.min(10_000, 1000 * attempt);
			const error = asSpokeError(thrown).toJSON();
			tries = {count: attempt, last: [...tries.last, {time: Date.now(), tookMs: Date.now() - began, text: error.text ?? error.message}].slice(-mostTries)};
			tell({reachable: 'no', error, retryAt: Date.now() + waitMs, tries});
			await pause(waitMs);
		}
	}

	return false;
}

async function waitAlone(ms: number): Promise<void> {
	await new Promise(resolve => {
		setTimeout(resolve, ms).unref();
	});
}
