/** The workloads of the namespace `demo`. */
import {readFileSync} from 'node:fs';
import {parseAllDocuments} from 'yaml';
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

/** The spec of pods that serve the ports of `tcp`, Ready when they do. */
export const tcpSpec = {
	...podSpec(
		container('tcp', ['tcp'], {
			ports: ['echo', 'source', 'sink', 'reset', 'stall', 'finish'].map((name, index) => ({name, containerPort: 7000 + index})),
			readinessProbe: {tcpSocket: {port: 7000}, periodSeconds: 1},
		}),
	),
	nodeName: 'n1',
};

/** Those of workloads.yaml. */
export const workloadObjects: readonly object[] = parseAllDocuments(readFileSync(new URL('workloads.yaml', import.meta.url), 'utf8')).map(
	document => document.toJS() as object,
);

/** On the node whose logs rotate soon. */
export const rotatingObjects: readonly object[] = [
	linesPod('rotating', '-rate=200 -burst=4 -width=256 -state=/data/number', {nodeName: 'n2'}),
];
