/** Is a command that has said nothing since its 101 quiet, or was it never started? */
import type {ClusterAccess} from '../../cluster/cluster-access.ts';
import {refusal} from '../../cluster/refusal.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {objectPath} from '../../targets/object-path.ts';
import {podResource} from '../../targets/resource-words.ts';
import type {ReachedTarget} from '../connection-witness.ts';
import type {CommandChannels} from './command-channels.ts';

/** Past the apiserver's own limit of 30 s for reaching a kubelet; there is none for a handshake that never ends (measured). */
const silentMs = 35_000;

/** The kubelet transport's handshake limit is 10 s; a frozen tunnel agent has none. */
const askMs = 35_000;

/**
Once, after 35 s without a byte of output, asks the same kubelet for one byte of the container's log: `failed` rejects when the apiserver
cannot get even that. A user who may not read logs, or any other answer, leaves the command running.
*/
export function checkSilentCommand(cluster: Pick<ClusterAccess, 'request'>, target: ReachedTarget, channels: Pick<CommandChannels, 'received'>, timing = {silentMs, askMs}): {failed: Promise<never>; stop: () => void} {
	const {promise: failed, reject} = Promise.withResolvers<never>();
	failed.catch(() => {});
	const timer = setTimeout(async () => {
		if (channels.received > 0) {
			return;
		}

		const error = await secondLegFailure(cluster, target, timing.askMs);
		if (error && channels.received === 0) {
			reject(error);
		}
	}, timing.silentMs);
	timer.unref();
	return {
		failed,
		stop() {
			clearTimeout(timer);
		},
	};
}

async function secondLegFailure(cluster: Pick<ClusterAccess, 'request'>, {namespace, name, container}: ReachedTarget, limitMs: number): Promise<SpokeError | null> {
	const query = new URLSearchParams({limitBytes: '1', tailLines: '1', ...container !== null && {container}});
	try {
		const {status, headers, body} = await cluster.request({path: `${objectPath(podResource, namespace ?? 'default', name, 'log')}?${query}`, timeoutMs: limitMs});
		const pieces: Buffer[] = await Array.fromAsync(body as AsyncIterable<Buffer>);

		const text = Buffer.concat(pieces).toString('utf8');
		// A log read that the apiserver could not make names the kubelet's URL: the frame `log` of the failures.
		return status >= 500 && text.includes('/containerLogs/')
			? new SpokeError('ERR_SECOND_LEG', `no output in ${silentMs / 1000} s, and the apiserver cannot reach the kubelet`, {text: refusal({status, headers, body: text}).text ?? text})
			: null;
	} catch (thrown) {
		return thrown instanceof SpokeError && thrown.code === 'ERR_APISERVER_TIMEOUT'
			? new SpokeError('ERR_SECOND_LEG', `no output in ${silentMs / 1000} s, and nothing comes from the kubelet to another request either`)
			: null;
	}
}
