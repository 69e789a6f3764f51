/** Whether an apiserver that says nothing on a stream reaches the kubelet at all. */
import {SpokeError} from '../base/errors/spoke-error.ts';
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {errorFromResponse} from '../cluster/error-from-response.ts';
import type {ResolvedTarget} from '../cluster/targets/parse-target.ts';
import {readBodyPrefix} from '../cluster/transport/response-body.ts';
import {locateUnanswered} from './locate-loss.ts';
import {podLogPath} from './logs/open-log.ts';
import {indicatesStall} from './logs/second-read.ts';

/** Above the apiserver's 30 s for reaching a kubelet. A stalled handshake has no limit (measured). */
export const unansweredMs = 35_000;

/** A kubelet handshake is limited to 10 s, a frozen tunnel agent not. */
export const secondLegProbeMs = 35_000;

const maxResponseBytes = 64 * 1024;

/**
Names the leg of an upgrade without a response: the apiserver responds to it only when it has reached the kubelet. Returns other errors
unchanged.
*/
export async function locateUnansweredUpgrade(
	cluster: Pick<ClusterClient, 'request' | 'connect'>,
	target: ResolvedTarget,
	error: SpokeError,
	signal: AbortSignal | undefined,
): Promise<SpokeError> {
	if (error.code !== 'ERR_APISERVER_TIMEOUT') {
		return error;
	}

	const probe = {what: 'response', timeoutMs: secondLegProbeMs, signal} as const;
	const found = await probeSecondLeg(cluster, target, probe).catch(() => null);
	return found ?? locateUnanswered(cluster, error);
}

/**
Requests one byte of the container's log. `null`: the log is read, or its failure says nothing about the kubelet. `what` did not arrive.
@throws as `request`
*/
export async function probeSecondLeg(
	cluster: Pick<ClusterClient, 'request'>,
	{namespace, name, container}: ResolvedTarget,
	{what, timeoutMs, signal}: {what: 'output' | 'response'; timeoutMs: number; signal: AbortSignal | undefined},
): Promise<SpokeError | null> {
	const path = podLogPath({namespace: namespace ?? 'default', pod: name, container}, {limitBytes: 1, tailLines: 1});
	const {status, headers, body} = await cluster.request({path, timeoutMs, ...(signal && {signal})});
	const text = await readBodyPrefix(body, maxResponseBytes);
	// A failed log read names the kubelet's URL.
	if (status < 500 || !text.includes('/containerLogs/')) {
		return null;
	}

	const explanation = errorFromResponse({status, headers, body: text}).text ?? text;
	return indicatesStall({code: 'ERR_SECOND_LEG', text: explanation})
		? secondLegError(what, 'the apiserver cannot reach the kubelet', explanation)
		: null;
}

export function secondLegError(what: 'output' | 'response', description: string, text?: string): SpokeError {
	return new SpokeError('ERR_SECOND_LEG', `no ${what} in ${unansweredMs / 1000} s, and ${description}`, text === undefined ? {} : {text});
}
