/** Reads all that the audit's rows stand on, as far as the user's rights go. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
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
import {
	readApiserverEndpoints,
	readKubeProxy,
	readNodeLeases,
	readNodes,
	readPodTokens,
	readSigningRequests,
	type KubeProxyFacts,
	type NodeLeaseFacts,
	type NodesFacts,
	type PodTokenFacts,
	type ServiceEndpointFacts,
	type SigningRequest,
} from '../probes/node-side.ts';
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
export async function gatherAudit(cluster: ClusterClient, {probe, signal}: Wish): Promise<AuditGrounds> {
	const examined = await examineFor(cluster, {probe, signal});
	const {namespace} = cluster.facts;
	const {front} = groundsFor(examined, cluster, purposeOf('exec', null));
	const nodes = await readNodes(cluster, sampledNodes);
	const [whoAmI, parts, leases, signingRequests, tokens, endpoints, kubeProxy, anonymous, agents, kubelets] = await Promise.all([
		readWhoAmI(cluster),
		readMirrorPods(cluster),
		readNodeLeases(cluster),
		readSigningRequests(cluster),
		readPodTokens(cluster, namespace),
		readApiserverEndpoints(cluster),
		readKubeProxy(cluster),
		// A gateway with a certificate of its own may put credentials of its own on a request that has none.
		front.to === 'apiserver' || front.hasApiserverCertificate ? readAnonymous(cluster) : notAsked(front),
		readAgentPods(cluster),
		readKubelets(cluster, nodes),
	]);
	return {
		...groundsOf(examined, cluster),
		examined,
		whoAmI,
		namespace,
		parts,
		nodes,
		leases,
		signingRequests,
		tokens,
		endpoints,
		kubeProxy,
		anonymous,
		kubelets,
		agents,
	};
}

type Wish = {probe: 'passive' | 'active'; signal?: AbortSignal | undefined};

async function examineFor(cluster: ClusterClient, {probe, signal}: Wish): Promise<Examined> {
	const passive = await examine(cluster, signal ? {signal} : {});
	try {
		if (probe === 'passive') {
			return passive;
		}

		const target = await someRunningPod(cluster);
		const wide = await examineReplicas(passive, cluster, signal);
		return target ? await examineActively(wide, cluster, target) : wide;
	} finally {
		passive.connection.close();
	}
}

async function readKubelets(cluster: ClusterClient, {read}: Outcome<NodesFacts>): Promise<AuditGrounds['kubelets']> {
	const some = (read?.facts.examined ?? []).slice(0, sampledKubelets);
	return Promise.all(some.map(async ({metadata}) => readKubeletConfiguration(cluster, metadata.name)));
}

/** A row speaks of processes, each by its own connection; whether those are all is said by the row itself. */
function groundsOf(examined: Examined, cluster: ClusterClient): Pick<AuditGrounds, 'grounds' | 'each'> {
	const own: AuditGrounds['grounds'] = (feature, request = null) => ({...groundsFor(examined, cluster, purposeOf(feature, request)), bound: true});
	return {
		grounds: own,
		each(feature, request) {
			const first = own(feature, request);
			return [first, ...examined.others.map(({flags, process}) => ({...first, connection: flags?.connection ?? null, process}))];
		},
	};
}

function notAsked({need}: FrontFacts): Outcome<AnonymousFacts> {
	return {closed: {source: 'anonymous-probe', where: 'requests without credentials', because: 'not-asked', need: need ?? null}};
}

/** For no one in particular. */
function purposeOf(feature: StreamFeature, request: ConnectionPurpose['request']): ConnectionPurpose {
	return {feature, request, target: {asked: 'any', kind: kindOf(feature), namespace: null, name: 'any', uid: null, node: null, container: null, chosenFrom: 0}};
}

function kindOf(feature: StreamFeature): ConnectionPurpose['target']['kind'] {
	switch (feature) {
		case 'node-proxy': {
			return 'Node';
		}

		case 'service-proxy': {
			return 'Service';
		}

		default: {
			return 'Pod';
		}
	}
}

/** Through its node the way is tried. */
async function someRunningPod(cluster: ClusterClient): Promise<ProbeTarget | null> {
	const {namespace} = cluster.facts;
	const query = new URLSearchParams({fieldSelector: 'status.phase=Running', limit: '20'});
	const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods?${query}`;
	const outcome = await ask(cluster, {source: 'construction', path, need: null}, body => listed<PodObject>(body, path).items);
	const pod = outcome.read?.facts.find(({spec, metadata}) => spec.nodeName !== undefined && metadata.deletionTimestamp === undefined);
	return pod ? probeOf(pod, pod.spec.containers[0]?.name ?? null, await nodeNamed(cluster, pod.spec.nodeName!)) : null;
}
