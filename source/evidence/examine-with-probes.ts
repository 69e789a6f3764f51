/** Examines an apiserver for `spoke path` and the audit. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {type ApiserverExamination, examineApiserver} from './examine-apiserver.ts';
import {probeReplicas} from './probe-replicas.ts';
import {type ProbeTarget, runActiveProbes} from './run-active-probes.ts';

/**
Passive probes ask only the apiserver. Active ones also examine its replicas, and the node of `target`, if there is one.
@throws SpokeError when no connection can be made
*/
export async function examineWithProbes(
	cluster: ClusterClient,
	{
		probe,
		signal,
		namespace,
		target,
		beforeMetrics,
	}: {
		probe: 'passive' | 'active';
		signal?: AbortSignal | undefined;
		namespace?: string | undefined;
		target: () => Promise<ProbeTarget | null>;
		beforeMetrics?: (() => Promise<void>) | undefined;
	},
): Promise<ApiserverExamination> {
	const passive = await examineApiserver(cluster, {namespace, beforeMetrics, ...(signal ? {signal} : {})});
	try {
		if (probe === 'passive') {
			return passive;
		}

		const wide = await probeReplicas(passive, cluster, signal);
		const found = await target();
		// Without a target, the probes that need one have nothing to reach.
		return found ? await runActiveProbes(wide, cluster, found) : {...wide, active: {...wide.active, probe}};
	} finally {
		passive.connection.close();
	}
}
