/** Detects a command that never starts after its 101. */
import {delayUpTo} from '../../async/abortable.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {readBodyPrefix} from '../../cluster/transport/response-body.ts';
import {errorFromResponse} from '../../cluster/error-from-response.ts';
import {isSpokeError, SpokeError} from '../../errors/spoke-error.ts';
import type {ResolvedTarget} from '../connection-observer.ts';
import {podLogPath} from '../logs/open-log.ts';
import {indicatesStall} from '../logs/second-read.ts';
import type {CommandChannels} from './command-channels.ts';

/** Above the apiserver's 30 s for reaching a kubelet. A stalled handshake has no limit (measured). */
const silentForMs = 35_000;

/** A kubelet handshake is limited to 10 s, a frozen tunnel agent not. */
const probeTimeoutMs = 35_000;

/** One failed request can have another cause than the command's connection: an agent that drains, an overloaded apiserver. */
const probeCount = 2;
const probeAgainAfterMs = 10_000;

const maxResponseBytes = 64 * 1024;

type SilenceCheck = {
	/** Rejects if the apiserver cannot read the log; never resolves. */
	failed: Promise<never>;
	stop: () => void;
};

/**
After 35 s without output, requests one byte of the container's log. Only two stalls of leg 2 in a row count: users without permission for
logs keep the command, and a kubelet that refuses new connections would have refused the command's at once.
*/
export function detectUnstartedCommand(
	cluster: Pick<ClusterClient, 'request'>,
	target: ResolvedTarget,
	channels: Pick<CommandChannels, 'received'>,
	timing = {silentMs: silentForMs, probeTimeoutMs, againMs: probeAgainAfterMs},
): SilenceCheck {
	const {promise: failed, reject} = Promise.withResolvers<never>();
	failed.catch(() => {});
	const stopped = new AbortController();
	const {signal} = stopped;
	const timer = setTimeout(async () => {
		for (let failures = 0; channels.received === 0 && !signal.aborted;) {
			const error = await probeSecondLeg(cluster, target, {timeoutMs: timing.probeTimeoutMs, signal});
			if (error === null || channels.received > 0) {
				return;
			}

			failures++;
			if (failures === probeCount) {
				reject(error);
				return;
			}

			await delayUpTo(timing.againMs, signal);
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
	try {
		const {status, headers, body} = await cluster.request({
			path: podLogPath({namespace: namespace ?? 'default', pod: name, container}, {limitBytes: 1, tailLines: 1}),
			...requestOptions,
		});
		const text = await readBodyPrefix(body, maxResponseBytes);
		// A failed log read names the kubelet's URL.
		if (status < 500 || !text.includes('/containerLogs/')) {
			return null;
		}

		const explanation = errorFromResponse({status, headers, body: text}).text ?? text;
		return indicatesStall({code: 'ERR_SECOND_LEG', text: explanation})
			? secondLegError('the apiserver cannot reach the kubelet', explanation)
			: null;
	} catch (thrown) {
		return isSpokeError(thrown) && thrown.code === 'ERR_APISERVER_TIMEOUT'
			? secondLegError('nothing arrives from the kubelet for two other requests either')
			: null;
	}
}

function secondLegError(description: string, text?: string): SpokeError {
	return new SpokeError('ERR_SECOND_LEG', `no output in ${silentForMs / 1000} s, and ${description}`, text === undefined ? {} : {text});
}
