/** Command lines and environment of the control plane's mirror pods. */
import type {CheckedObject} from '../../cluster/object-shapes.ts';
import type {ContainerSpec, PodObject} from '../../cluster/targets/pod-object.ts';
import type {ComponentPod, FlagFacts, Observation, ProbeResult} from '../evidence.ts';
import {needMirrorPods} from '../rules/needs.ts';
import {parseList, parseWholeList, probeTimeoutMs, type Requester, sendProbe} from './probe-request.ts';

const path =
	'/api/v1/namespaces/kube-system/pods?labelSelector=component%20in%20(kube-apiserver%2Ckube-controller-manager%2Ckube-scheduler%2Cetcd)&limit=500';

/** A kubelet cannot give its own node this label: getForbiddenLabels of the admission plugin NodeRestriction. */
const controlPlanePath = `/api/v1/nodes?labelSelector=${encodeURIComponent('node-role.kubernetes.io/control-plane')}&limit=500`;

/**
Only mirror pods of a kubelet's static manifest: the label alone can be put on any pod. A kubelet can create any mirror pod on its own node,
with any address in its status, so those of nodes outside the control plane are left out.
*/
export async function readMirrorPods(cluster: Requester, timeoutMs = probeTimeoutMs): Promise<ProbeResult<readonly ComponentPod[]>> {
	const found = await sendProbe(cluster, {source: 'mirror-pod', path, need: needMirrorPods, timeoutMs}, body => {
		const pods = parseList<PodObject>(body, path).items.flatMap(pod => {
			const component = parseComponentPod(pod);
			return component ? [{component, node: pod.spec.nodeName ?? ''}] : [];
		});
		return pods.length > 0 ? pods : undefined;
	});
	if (!found.observation) {
		return found;
	}

	const nodes = await readControlPlaneNodes(cluster, timeoutMs);
	const pods = found.observation.facts.filter(({node}) => nodes?.has(node) ?? true).map(({component}) => component);
	return pods.length > 0
		? {observation: {...found.observation, facts: pods}}
		: {unavailable: {source: 'mirror-pod', where: found.observation.where, reason: 'not-served', need: needMirrorPods}};
}

/** Names; `null` if not all nodes can be listed, or none has the label. */
async function readControlPlaneNodes(cluster: Requester, timeoutMs: number): Promise<ReadonlySet<string> | null> {
	const result = await sendProbe(cluster, {source: 'mirror-pod', path: controlPlanePath, need: null, timeoutMs}, body =>
		parseWholeList<CheckedObject<'nodes'>>(body, controlPlanePath).map(({metadata}) => metadata.name),
	);
	return result.observation && result.observation.facts.length > 0 ? new Set(result.observation.facts) : null;
}

export function apiserverFlags(observation: Observation<readonly ComponentPod[]>): Array<Observation<FlagFacts>> {
	return observation.facts
		.filter(({component}) => component === 'kube-apiserver')
		.map(({pod, flags}) => ({...observation, where: `pod kube-system/${pod}`, facts: flags}));
}

export function parseComponentPod({metadata, spec, status}: PodObject): ComponentPod | undefined {
	const container = spec.containers.find(({name}) => components.includes(name as ComponentPod['component']));
	if (!isMirrorPod({metadata, spec}) || !container || !isRunning(container, metadata, status)) {
		return undefined;
	}

	const args = programArguments(container);
	const values = parseFlags(args ?? []);
	return {
		component: container.name as ComponentPod['component'],
		pod: metadata.name,
		flags: {
			// The value of a variable is not seen: it may be empty, or further arguments.
			values: Object.fromEntries(Object.entries(values).filter(([, value]) => !value.includes('$'))),
			// OpenShift's apiserver reads most of its flags from the file of --openshift-config.
			absent: args?.every(word => !word.includes('$')) && values['openshift-config'] === undefined ? 'default' : 'unknown',
			proxyEnvironment: proxyEnvironmentOf(container, args !== undefined),
		},
	};
}

/** Of its own node: a kubelet can create no other. */
function isMirrorPod({metadata, spec}: Pick<PodObject, 'metadata' | 'spec'>): boolean {
	return (
		metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined &&
		metadata.ownerReferences?.some(({kind, name}) => kind === 'Node' && name === spec.nodeName) === true
	);
}

const components: ReadonlyArray<ComponentPod['component']> = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'etcd'];

/** A container newer than the manifest runs this command line. */
function isRunning(container: ContainerSpec, metadata: PodObject['metadata'], status: PodObject['status']): boolean {
	const running = status?.containerStatuses?.find(({name}) => name === container.name)?.state?.running;
	const seen = Date.parse(metadata.annotations?.['kubernetes.io/config.seen'] ?? '');
	const started = Date.parse(running?.startedAt ?? '');
	return running !== undefined && (Number.isNaN(seen) || Number.isNaN(started) || started + 1000 >= seen);
}

/**
`--a=b`, `--a b` and a bare `--a`; the last one wins, and `_` equals `-` in a name. Flags in a file (`--config`) are not seen.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/component-base/cli/flag/flags.go WordSepNormalizeFunc
*/
export function parseFlags(words: readonly string[]): Record<string, string> {
	const flags: Record<string, string> = {};
	for (const [index, word] of words.entries()) {
		const [, name, value] = /^--([\w-]+)(?:=([\s\S]*))?$/.exec(word) ?? [];
		if (name !== undefined) {
			const next = words[index + 1];
			flags[name.replaceAll('_', '-')] = value ?? (next !== undefined && !next.startsWith('-') ? next : 'true');
		}
	}

	return flags;
}

/** `undefined` unless the command is the program itself: what a shell, a launcher or the image's entry point adds is not known. */
function programArguments({name, command: [program, ...own] = [], args = []}: ContainerSpec): readonly string[] | undefined {
	return program?.split('/').at(-1) === name ? [...own, ...args] : undefined;
}

function proxyEnvironmentOf({command = [], args = [], env, envFrom}: ContainerSpec, isProgram: boolean): boolean | null {
	if (
		env?.some(({name, value}) => /^https?_proxy$/i.test(name ?? '') && value !== '') ||
		[...command, ...args].some(word => /\bhttps?_proxy=/i.test(word))
	) {
		return true;
	}

	return !isProgram || (envFrom && envFrom.length > 0) ? null : false;
}
