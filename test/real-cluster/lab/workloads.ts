/** The workloads of the namespace `demo`. */
import {bareImage, image} from './image.ts';
import {namespace} from './users.ts';

const meta = (name: string) => ({name, namespace, labels: {app: name}});

const container = (name: string, args: string[], more: object = {}) => ({
	name,
	image,
	imagePullPolicy: 'Never',
	command: ['/bin/workload'],
	args,
	...more,
});

const podSpec = (...containers: object[]) => ({automountServiceAccountToken: false, terminationGracePeriodSeconds: 1, containers});

const template = (name: string, spec: object) => ({metadata: {labels: {app: name}}, spec});

const deployment = (name: string, replicas: number, spec: object) => ({
	apiVersion: 'apps/v1',
	kind: 'Deployment',
	metadata: meta(name),
	spec: {replicas, selector: {matchLabels: {app: name}}, template: template(name, spec)},
});

const service = (name: string, ports: object[]) => ({
	apiVersion: 'v1',
	kind: 'Service',
	metadata: meta(name),
	spec: {selector: {app: name}, ports},
});

const pod = (name: string, spec: object) => ({apiVersion: 'v1', kind: 'Pod', metadata: meta(name), spec});

/** A pod without shell and `cat`; `more` is of its spec. */
export const barePod = (name: string, more: object = {}) =>
	pod(name, {...podSpec(container('app', ['http', '-port=8080'], {image: bareImage})), nodeName: 'n1', ...more});

const shell = (script: string) => ({name: 'sh', image, imagePullPolicy: 'Never', command: ['/bin/sh', '-c', script]});

/** A pod that writes `here` and waits; `more` is of its spec. */
export const waitingPod = (name: string, node: string, more: object = {}) =>
	pod(name, {...podSpec(shell('echo here; trap exit TERM; while :; do sleep 1; done')), nodeName: node, ...more});

/** Numbered lines; with `-state=/data/number`, a new instance continues the count. */
const linesContainer = (args: string) =>
	container('lines', ['write-lines', ...args.split(' ')], {volumeMounts: [{name: 'data', mountPath: '/data'}]});

/** A pod that writes numbered lines; `more` is of its spec. */
export const linesPod = (name: string, args: string, {app = name, ...more}: {app?: string; [field: string]: unknown} = {}) => ({
	...pod(name, {...podSpec(linesContainer(args)), nodeName: 'n1', volumes: [{name: 'data', emptyDir: {}}], ...more}),
	metadata: {...meta(name), labels: {app}},
});

const tcp = (name: string, port: number) => ({name, containerPort: port});

const tcpContainer = (more: object = {}) =>
	container('tcp', ['tcp'], {
		ports: ['echo', 'source', 'sink', 'reset', 'stall', 'finish'].map((name, index) => tcp(name, 7000 + index)),
		...more,
	});

/** The spec of pods that serve the ports of `tcp`, Ready when they do. */
export const tcpSpec = {
	...podSpec(tcpContainer({readinessProbe: {tcpSocket: {port: 7000}, periodSeconds: 1}})),
	nodeName: 'n1',
};

/** Pods that tests name are bound to n1; only `rotating` belongs to n2. */
export const workloadObjects: readonly object[] = [
	deployment(
		'web',
		2,
		podSpec(
			container('http', ['http', '-port=8080'], {
				ports: [tcp('http', 8080)],
				readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1},
			}),
		),
	),
	service('web', [{name: 'http', port: 80, targetPort: 'http'}]),
	deployment('secure', 1, {
		...podSpec(container('https', ['https', '-port=8443'], {ports: [tcp('https', 8443)]})),
		nodeSelector: {'kubernetes.io/hostname': 'n1'},
	}),
	service('secure', [{name: 'https', port: 443, targetPort: 'https'}]),
	{
		apiVersion: 'apps/v1',
		kind: 'StatefulSet',
		metadata: meta('tcp'),
		spec: {
			serviceName: 'tcp',
			replicas: 1,
			selector: {matchLabels: {app: 'tcp'}},
			template: template('tcp', {
				...podSpec(tcpContainer()),
				nodeSelector: {'kubernetes.io/hostname': 'n1'},
			}),
		},
	},
	service('tcp', [{name: 'echo', port: 7000, targetPort: 'echo'}]),
	linesPod('writer', '-rate=200 -burst=4 -stderr-each=10 -state=/data/number'),
	pod('finished-writer', {...podSpec(container('lines', ['write-lines', '-rate=0', '-count=5000', '-then=sleep'])), nodeName: 'n1'}),
	pod('two', {
		...podSpec(container('left', ['write-lines', '-rate=2']), container('right', ['write-lines', '-rate=2'])),
		nodeName: 'n1',
		initContainers: [container('prepare', ['write-lines', '-count=3'])],
	}),
	pod('shell', {
		...podSpec({...shell('trap exit TERM; while :; do sleep 1; done'), stdin: true}),
		nodeName: 'n1',
	}),
	pod('attachable', {
		...podSpec({...shell('while read -r line; do echo "got $line"; done'), name: 'cat', stdin: true}),
		nodeName: 'n1',
	}),
	linesPod('crashing', '-rate=20 -exit-after=20 -state=/data/number'),
	{
		apiVersion: 'batch/v1',
		kind: 'Job',
		metadata: meta('once'),
		spec: {template: template('once', {...podSpec(container('lines', ['write-lines', '-rate=0', '-count=10'])), restartPolicy: 'Never'})},
	},
	/** Trap: it has an agent's name and label and is none. */
	{
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: {name: 'konnectivity-agent-not', namespace: 'kube-system', labels: {'k8s-app': 'konnectivity-agent'}},
		spec: {...podSpec(container('konnectivity-agent', ['http', '-port=8094'])), nodeName: 'n1'},
	},
];

/** On the node whose logs rotate soon. */
export const rotatingObjects: readonly object[] = [
	linesPod('rotating', '-rate=200 -burst=4 -width=256 -state=/data/number', {nodeName: 'n2'}),
];
