/** The name of a cluster in a report. */
import type {ClusterIdentity} from '../evidence/evidence.ts';

export function clusterName({context, server, sandbox}: ClusterIdentity): string {
	return `${context ?? server}${sandbox ? ' (sandbox)' : ''}`;
}
