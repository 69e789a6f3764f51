/** Detects a command that never started after its 101. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {readBodyPrefix} from '../../cluster/read-body-prefix.ts';
import {errorFromResponse} from '../../cluster/error-from-response.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {objectPath} from '../../targets/object-path.ts';
import {podResource} from '../../targets/resource-names.ts';
import type {ResolvedTarget} from '../connection-observer.ts';
import type {CommandChannels} from './command-channels.ts';

/** Past the apiserver's own limit of 30 s for reaching a kubelet; there is none for a handshake that never ends (measured). */
const silentForMs = 35_000;

/** The kubelet transport's handshake limit is 10 s; a frozen tunnel agent has none. */
const probeTimeoutMs = 35_000;

/** A Status is some hundred bytes. */
const maxResponseBytes = 64 * 1024;

type SilenceCheck = {
	/** Rejects when the apiserver cannot get even a byte of the log; never resolves. */
	failed: Promise<never>;
	/** The command has ended: a question that is under way is not waited for. */
	stop: () => void;
};

/**
Once, after 35 s without a byte of output, asks the same kubelet for one byte of the container's log. A user who may not read logs, or
any other answer,
leaves the command running.
*/
export function detectUnstartedCommand(
	cluster: Pick<ClusterClient, 'request'>,
	target: ResolvedTarget,
	channels: Pick<CommandChannels, 'received'>,
	timing = {silentMs: silentForMs, askMs: probeTimeoutMs},
): SilenceCheck {
	const {promise: failed, reject} = Promise.withResolvers<never>();
	failed.catch(() => {});
	const stopped = new AbortController();
	const timer = setTimeout(async () => {
		if (channels.received > 0) {
			return;
		}

		const error = await probeSecondLeg(cluster, target, {timeoutMs: timing.askMs, signal: stopped.signal});
		if (error && channels.received === 0) {
			reject(error);
		}
	}, timing.silentMs);
	timer.unref();
	return {
		failed,
		stop() {
			clearTimeout(timer);
			stopped.abort();
		},
	};
}

async function probeSecondLeg(
	cluster: Pick<ClusterClient, 'request'>,
	{namespace, name, container}: ResolvedTarget,
	requestOptions: {
		timeoutMs: number;
		signal: AbortSignal;
	},
): Promise<SpokeError | null> {
	const query = new URLSearchParams({limitBytes: '1', tailLines: '1', ...(container !== null && {container})});
	try {
		const {status, headers, body} = await cluster.request({
			path: `${objectPath(podResource, namespace ?? 'default', name, 'log')}?${query}`,
			...requestOptions,
		});
		const text = await readBodyPrefix(body, maxResponseBytes);
		// A log read that the apiserver could not make names the kubelet's URL: the frame `log` of the failures.
		return status >= 500 && text.includes('/containerLogs/')
			? secondLegError('the apiserver cannot reach the kubelet', errorFromResponse({status, headers, body: text}).text ?? text)
			: null;
	} catch (thrown) {
		return thrown instanceof SpokeError && thrown.code === 'ERR_APISERVER_TIMEOUT'
			? secondLegError('nothing arrives from the kubelet for another request either')
			: null;
	}
}

function secondLegError(description: string, text?: string): SpokeError {
	return new SpokeError('ERR_SECOND_LEG', `no output in ${silentForMs / 1000} s, and ${description}`, text === undefined ? {} : {text});
}
