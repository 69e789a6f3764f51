/** What `spoke doctor nodes` reports. */
import type {NodeCheck, NodeCheckSummary} from '../../../source/evidence/doctor/doctor-object.ts';
import type {UserName} from '../lab/kubeconfig.ts';
import {objectsIn, type Cluster, type LabServer} from './cluster.ts';

/** Its active checks by node, and its summary. */
export async function checkNodes(cluster: Cluster, server: LabServer, user: UserName = 'admin') {
	const {stdout, status} = await cluster.spoke(server, 'doctor nodes --probe active -o json', {user, limitMs: 120_000});
	const objects = objectsIn<NodeCheck | NodeCheckSummary>(stdout);
	return {
		status,
		checks: new Map(objects.filter(object => object.kind === 'NodeCheck').map(check => [check.node, check])),
		summary: objects.find(object => object.kind === 'NodeCheckSummary')!,
	};
}
