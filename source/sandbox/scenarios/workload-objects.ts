/** Builders of workloads and services. */
import type {V1Container, V1ServicePort} from '@kubernetes/client-node';
import type {Json} from '../../wire/json.ts';
import type {KubeJson, PodSpec} from '../objects/kube-object.ts';
import type {ObjectStore} from '../objects/object-store.ts';

type Container = KubeJson<V1Container>;

export type WorkloadOptions = {
	kind: 'deployments' | 'statefulsets' | 'daemonsets' | 'jobs';
	name: string;
	namespace?: string;
	replicas?: number;
	containers: readonly Container[];
	initContainers?: readonly Container[];
	pod?: Partial<PodSpec>;
	annotations?: Record<string, string>;
	labels?: Record<string, string>;
};

export function createWorkload(
	store: ObjectStore,
	{
		kind,
		name,
		namespace = 'default',
		replicas = 1,
		containers,
		initContainers,
		pod = {},
		annotations,
		labels = {app: name},
	}: WorkloadOptions,
): void {
	const job = kind === 'jobs';
	store.create(kind, {
		metadata: {name, namespace, labels, generation: 1},
		spec: {
			...((kind === 'deployments' || kind === 'statefulsets') && {replicas}),
			...(kind === 'statefulsets' && {serviceName: name}),
			...(kind === 'deployments' && {
				strategy: {type: 'RollingUpdate', rollingUpdate: {maxSurge: 1, maxUnavailable: 0}},
				revisionHistoryLimit: 10,
				progressDeadlineSeconds: 600,
			}),
			...(job && {completions: 1, parallelism: 1, backoffLimit: 6}),
			selector: {matchLabels: labels},
			template: {
				metadata: {labels, ...(annotations && {annotations})},
				spec: {
					...(job && {restartPolicy: 'Never'}),
					...pod,
					containers: [...containers],
					...(initContainers && {initContainers: [...initContainers]}),
				},
			},
		},
	});
}

let addresses = 10;

export function createService(
	store: ObjectStore,
	name: string,
	ports: ReadonlyArray<Json<V1ServicePort>>,
	{namespace = 'default', selector = {app: name}}: {namespace?: string; selector?: Record<string, string>} = {},
): void {
	addresses++;
	const clusterIP = `10.96.${Math.floor(addresses / 250)}.${addresses % 250}`;
	store.create('services', {
		metadata: {name, namespace, labels: selector},
		spec: {
			type: 'ClusterIP',
			clusterIP,
			clusterIPs: [clusterIP],
			selector,
			ports: ports.map(port => ({protocol: 'TCP', targetPort: port.port, ...port})),
			sessionAffinity: 'None',
			internalTrafficPolicy: 'Cluster',
			ipFamilies: ['IPv4'],
			ipFamilyPolicy: 'SingleStack',
		},
		status: {loadBalancer: {}},
	});
}
