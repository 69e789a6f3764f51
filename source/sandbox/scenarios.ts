/** Scenarios that `spoke demo --scenario NAME` starts. */
import type {V1Container, V1ServicePort} from '@kubernetes/client-node';
import type {ObjectStore} from './objects/object-store.ts';
import type {SwitchValues} from './sandbox.ts';
import type {Json} from '../wire/json.ts';
import type {KubeJson, PodSpec} from './objects/kube-object.ts';

/** `spoke help demo` describes them. */
export const scenarios = {
	default: {},
	verified: {verification: 'good'},
	konnectivity: {route: 'konnectivity'},
	'http-connect': {route: 'http-connect', verification: 'good'},
	'ssh-tunnels': {route: 'ssh'},
	refused: {verification: 'bad'},
	'agents-gone': {route: 'konnectivity', agents: 'gone'},
} as const satisfies Readonly<Record<string, Partial<SwitchValues>>>;

export type ScenarioName = keyof typeof scenarios;

type Container = KubeJson<V1Container>;

type WorkloadOptions = {
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

let addresses = 10;

/** The same in every scenario. */
export function createShopWorkloads(store: ObjectStore): void {
	createWorkload(store, {
		kind: 'deployments',
		name: 'web',
		replicas: 2,
		containers: [
			{
				name: 'web',
				image: 'sandbox/http-service:1.4',
				args: ['--port=8080', '--tls-port=8443'],
				ports: [
					{name: 'http', containerPort: 8080},
					{name: 'https', containerPort: 8443},
				],
			},
			{name: 'access-log', image: 'sandbox/log-writer:1.0', args: ['--rate=2', '--format=plain', '--stderr-every=20']},
		],
		annotations: {'kubectl.kubernetes.io/default-container': 'web'},
	});
	createService(store, {
		name: 'web',
		ports: [
			{name: 'http', port: 80, targetPort: 'http'},
			{name: 'https', port: 443, targetPort: 'https'},
		],
	});

	createWorkload(store, {
		kind: 'deployments',
		name: 'api',
		replicas: 2,
		containers: [{name: 'api', image: 'sandbox/log-writer:2.1', args: ['--rate=4', '--format=json']}],
	});

	createWorkload(store, {
		kind: 'statefulsets',
		name: 'db',
		replicas: 1,
		containers: [{name: 'db', image: 'sandbox/echo-server:17', args: ['--port=7000'], ports: [{name: 'echo', containerPort: 7000}]}],
		initContainers: [{name: 'migrate', image: 'sandbox/finisher:1.0', args: ['--lines=3']}],
	});
	createService(store, {name: 'db', ports: [{name: 'echo', port: 7000, targetPort: 'echo'}]});

	createWorkload(store, {
		kind: 'deployments',
		name: 'flaky',
		replicas: 1,
		containers: [{name: 'flaky', image: 'sandbox/crasher:0.9', args: ['--after=3']}],
	});
	createWorkload(store, {
		kind: 'jobs',
		name: 'report',
		containers: [{name: 'report', image: 'sandbox/finisher:1.0', args: ['--lines=12', '--pace=250']}],
	});
	createWorkload(store, {
		kind: 'deployments',
		name: 'toolbox',
		replicas: 1,
		containers: [{name: 'shell', image: 'sandbox/shell:1.0', stdin: true, tty: true}],
	});

	createWorkload(store, {
		kind: 'deployments',
		name: 'checkout',
		namespace: 'shop',
		replicas: 2,
		containers: [{name: 'checkout', image: 'sandbox/log-writer:3.0', args: ['--rate=1', '--format=json']}],
	});

	createWorkload(store, {
		kind: 'daemonsets',
		name: 'node-logger',
		namespace: 'kube-system',
		containers: [{name: 'logger', image: 'sandbox/log-writer:1.0', args: ['--rate=0.2']}],
	});
}

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

type ServiceOptions = {name: string; ports: ReadonlyArray<Json<V1ServicePort>>; clusterIP?: string; labels?: Record<string, string>};

/** By default, it selects the pods of the workload of its name. */
export function createService(store: ObjectStore, {name, ports, clusterIP = nextClusterIp(), labels}: ServiceOptions): void {
	const selector = {app: name};
	store.create('services', {
		metadata: {name, namespace: 'default', labels: labels ?? selector},
		spec: {
			type: 'ClusterIP',
			clusterIP,
			clusterIPs: [clusterIP],
			...(!labels && {selector}),
			ports: ports.map(port => ({protocol: 'TCP', ...port})),
			sessionAffinity: 'None',
			internalTrafficPolicy: 'Cluster',
			ipFamilies: ['IPv4'],
			ipFamilyPolicy: 'SingleStack',
		},
		status: {loadBalancer: {}},
	});
}

function nextClusterIp(): string {
	addresses++;
	return `10.96.${Math.floor(addresses / 250)}.${addresses % 250}`;
}
