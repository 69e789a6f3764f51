/** Reads all that the audit's rows stand on, as far as the user's rights go. */
import type {ClusterAccess} from '../../cluster/cluster-access.ts';
import type {ConnectionPurpose, FrontFacts, Grounds, Outcome, StreamFeature} from '../evidence.ts';
import {examineActively, type ProbeTarget} from '../examine-actively.ts';
import {examineReplicas} from '../examine-replicas.ts';
import {examine, groundsFor, type Examined} from '../examine.ts';
import {nodeNamed} from '../node-facts.ts';
import {probeOf} from '../path-subjects.ts';
import {readAnonymous, readWhoAmI, type AnonymousFacts, type WhoAmI} from '../probes/access.ts';
import {readAgentPods, type AgentPod} from '../probes/agent-metrics.ts';
import {ask, listed} from '../probes/ask.ts';
import {readKubeletConfiguration, type KubeletConfigurationFacts} from '../probes/kubelet-configuration.ts';
import {readMirrorPods, type PartPod} from '../probes/mirror-pods.ts';
import {readApiserverEndpoints, readKubeProxy, readNodeLeases, readNodes, readPodTokens, readSigningRequests, type KubeProxyFacts, type NodeLeaseFacts, type NodesFacts, type PodTokenFacts, type ServiceEndpointFacts, type SigningRequest} from '../probes/node-side.ts';
import type {PodObject} from '../../targets/pod-object.ts';

export type AuditGrounds = {
	/** What the rules of one connection are given, for a feature that is an upgrade to a kubelet. */
	grounds(feature: StreamFeature, request?: ConnectionPurpose['request']): Grounds;
	/** The same for each apiserver process that was met: a row of the audit speaks of all of them. */
	each(feature: StreamFeature, request?: ConnectionPurpose['request']): readonly Grounds[];
	examined: Examined;
	whoAmI: WhoAmI;
	namespace: string;
	parts: Outcome<readonly PartPod[]>;
	nodes: Outcome<NodesFacts>;
	leases: Outcome<NodeLeaseFacts>;
	signingRequests: Outcome<readonly SigningRequest[]>;
	tokens: Outcome<PodTokenFacts>;
	endpoints: Outcome<ServiceEndpointFacts>;
	kubeProxy: Outcome<KubeProxyFacts>;
	anonymous: Outcome<AnonymousFacts>;
	kubelets: ReadonlyArray<Outcome<KubeletConfigurationFacts>>;
	agents: Outcome<readonly AgentPod[]>;
};

/** Of a large cluster this many nodes are looked at one by one. */
const sampledNodes = 50;

/** Kubelets whose configuration is read: each is a request through the apiserver to a node. */
const sampledKubelets = 5;

/** @throws SpokeError when no connection can be made, or the apiserver does not accept who we are */
export async function gatherAudit(cluster: ClusterAccess, {probe, signal}: {probe: 'passive' | 'active'; signal?: AbortSignal}): Promise<AuditGrounds> {
	const passive = await examine(cluster, signal ? {signal} : {});
	const target = probe === 'active' ? await someRunningPod(cluster) : null;
	const wide = probe === 'active' ? await examineReplicas(passive, cluster, signal) : passive;
	const examined = target ? await examineActively(wide, cluster, target) : wide;
	passive.connection.close();
	const {namespace} = cluster.facts;
	const {front} = groundsFor(examined, cluster, {feature: 'exec', target: anyTarget('exec'), request: null});
	const nodes = await readNodes(cluster, sampledNodes);
	const [whoAmI, parts, leases, signingRequests, tokens, endpoints, kubeProxy, anonymous, agents] = await Promise.all([
		readWhoAmI(cluster),
		readMirrorPods(cluster),
		readNodeLeases(cluster),
		readSigningRequests(cluster),
		readPodTokens(cluster, namespace),
		readApiserverEndpoints(cluster),
		readKubeProxy(cluster),
		// A gateway may put credentials of its own on a request that has none.
		front.to === 'apiserver' ? readAnonymous(cluster) : notAsked(front),
		readAgentPods(cluster),
	]);
	const kubelets = await Promise.all((nodes.read?.facts.examined ?? []).slice(0, sampledKubelets).map(async ({metadata}) => readKubeletConfiguration(cluster, metadata.name)));
	// A row speaks of processes, each by its own connection; whether those are all is said by the row itself.
	const own = (feature: StreamFeature, request: ConnectionPurpose['request'] = null): Grounds => ({...groundsFor(examined, cluster, {feature, target: anyTarget(feature), request}), bound: true});
	return {
		grounds: own,
		each: (feature, request = null) => [own(feature, request), ...examined.others.map(({flags, process}) => ({...own(feature, request), connection: flags?.connection ?? null, process}))],
		examined, whoAmI, namespace, parts, nodes, leases, signingRequests, tokens, endpoints, kubeProxy, anonymous, kubelets, agents,
	};
}

function notAsked({need}: FrontFacts): Outcome<AnonymousFacts> {
	return {closed: {source: 'anonymous-probe', where: 'requests without credentials', because: 'not-asked', need: need ?? null}};
}

function anyTarget(feature: StreamFeature): ConnectionPurpose['target'] {
	const kind = feature === 'node-proxy' ? 'Node' : feature === 'service-proxy' ? 'Service' : 'Pod';
	return {asked: 'any', kind, namespace: null, name: 'any', uid: null, node: null, container: null, chosenFrom: 0};
}

async function someRunningPod(cluster: ClusterAccess): Promise<ProbeTarget | null> {
	const {namespace} = cluster.facts;
	const query = new URLSearchParams({fieldSelector: 'status.phase=Running', limit: '20'});
	const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods?${query}`;
	const outcome = await ask(cluster, {source: 'construction', path, need: null}, body => listed<PodObject>(body, path).items);
	const pod = outcome.read?.facts.find(({spec, metadata}) => spec.nodeName !== undefined && metadata.deletionTimestamp === undefined);
	return pod ? probeOf(pod, pod.spec.containers[0]?.name ?? null, await nodeNamed(cluster, pod.spec.nodeName!)) : null;
}
