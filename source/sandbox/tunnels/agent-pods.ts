/** Daemon set of the Konnectivity agents. */
import type {ObjectStore} from '../objects/object-store.ts';
import {apiTime} from '../objects/kube-object.ts';
import {createWorkload} from '../scenarios/workload-objects.ts';
import {livePods} from '../controllers/workload-pods.ts';

export const agentImage = 'sandbox/konnectivity-agent';

const namespace = 'kube-system';
const name = 'konnectivity-agent';

export function deployAgents(store: ObjectStore, present: boolean): void {
	const set = store.get('daemonsets', namespace, name);
	if (present && !set) {
		createWorkload(store, {
			kind: 'daemonsets',
			name,
			namespace,
			labels: {'k8s-app': name},
			pod: {hostNetwork: true, priorityClassName: 'system-cluster-critical'},
			containers: [
				{
					name,
					image: `${agentImage}:v0.36.0`,
					args: ['--mode=sandbox', '--health-server-port=8093'],
					ports: [{name: 'health', containerPort: 8093}],
				},
			],
		});
	} else if (!present && set) {
		store.delete('daemonsets', namespace, name);
		for (const pod of livePods(store, set)) {
			store.update('pods', namespace, pod.metadata.name, copy => {
				copy.metadata.deletionTimestamp ??= apiTime();
			});
		}
	}
}
