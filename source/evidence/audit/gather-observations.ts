/** Reads the observations that the audit rows use. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {ConnectionPurpose, ServerIdentity, Observations, ProbeResult, StreamFeature} from '../evidence.ts';
import {examineWithProbes, type ProbeTarget} from '../run-active-probes.ts';
import {buildObservations, identifyExamined} from '../build-observations.ts';
import type {ApiserverExamination} from '../examine-apiserver.ts';
import {
	readNode,
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
} from '../probes/node-to-apiserver.ts';
import {probeOf} from '../plan-paths.ts';
import {probeAnonymousAccess, probeSelfSubject, type AnonymousFacts, type WhoAmI} from '../probes/access.ts';
import {readAgentPods, type AgentPod} from '../probes/agent-metrics.ts';
import {sendProbe, parseList} from '../probes/probe-request.ts';
import {readKubeletConfiguration, type KubeletConfigurationFacts} from '../probes/kubelet.ts';
import {recognizeDistribution, type RecognizedDistribution} from '../rules/distributions.ts';
import type {PodObject} from '../../targets/pod-object.ts';

export type AuditObservations = {
	observations(feature: StreamFeature, request?: ConnectionPurpose['request']): Observations;
	perReplica(feature: StreamFeature, request?: ConnectionPurpose['request']): readonly Observations[];
	examined: ApiserverExamination;
	whoAmI: WhoAmI;
	namespace: string;
	nodes: ProbeResult<NodesFacts>;
	leases: ProbeResult<NodeLeaseFacts>;
	signingRequests: ProbeResult<readonly SigningRequest[]>;
	tokens: ProbeResult<PodTokenFacts>;
	endpoints: ProbeResult<ServiceEndpointFacts>;
	kubeProxy: ProbeResult<KubeProxyFacts>;
	anonymous: ProbeResult<AnonymousFacts>;
	kubelets: ReadonlyArray<ProbeResult<KubeletConfigurationFacts>>;
	agents: ProbeResult<readonly AgentPod[]>;
	distribution: RecognizedDistribution | null;
};

const sampledNodes = 50;

/** Each read is a request through the apiserver to a node. */
const sampledKubelets = 5;

/** @throws SpokeError when no connection can be made, or the apiserver rejects the credentials */
export async function gatherAuditObservations(
	cluster: ClusterClient,
	{probe, signal}: {probe: 'passive' | 'active'; signal?: AbortSignal | undefined},
): Promise<AuditObservations> {
	let reads: ReturnType<typeof readNodesAndKubelets> | undefined;
	const readOnce = async () => (reads ??= readNodesAndKubelets(cluster));
	const examined = await examineWithProbes(cluster, {
		probe,
		signal,
		target: async () => someRunningPod(cluster),
		// Reading the kubelets uses the route, which moves its metrics. If they were read after the metrics, the next audit would differ.
		async beforeMetrics() {
			await readOnce();
		},
	});
	const {nodes, kubelets} = await readOnce();
	const {namespace} = cluster.facts;
	const serverIdentity = identifyExamined(cluster, examined, 'next-connection');
	const [whoAmI, leases, signingRequests, tokens, endpoints, kubeProxy, anonymous, agents] = await Promise.all([
		probeSelfSubject(cluster),
		readNodeLeases(cluster),
		readSigningRequests(cluster),
		readPodTokens(cluster, namespace),
		readApiserverEndpoints(cluster),
		readKubeProxy(cluster),
		// A gateway with its own certificate can add its credentials to an anonymous request.
		serverIdentity.to === 'apiserver' || serverIdentity.hasApiserverCertificate
			? probeAnonymousAccess(cluster)
			: notRequested(serverIdentity),
		readAgentPods(cluster),
	]);
	return {
		...observationsOf(examined, cluster),
		examined,
		whoAmI,
		namespace,
		nodes,
		leases,
		signingRequests,
		tokens,
		endpoints,
		kubeProxy,
		anonymous,
		kubelets,
		agents,
		distribution: recognizeDistribution({
			version: examined.shared.version?.facts.gitVersion ?? null,
			server: cluster.facts.server,
			nodes: nodes.observation?.facts.examined ?? [],
		}),
	};
}

async function readNodesAndKubelets(cluster: ClusterClient): Promise<Pick<AuditObservations, 'nodes' | 'kubelets'>> {
	const nodes = await readNodes(cluster, sampledNodes);
	return {nodes, kubelets: await readKubelets(cluster, nodes)};
}

async function readKubelets(cluster: ClusterClient, {observation}: ProbeResult<NodesFacts>): Promise<AuditObservations['kubelets']> {
	const some = (observation?.facts.examined ?? []).slice(0, sampledKubelets);
	return Promise.all(some.map(async ({metadata}) => readKubeletConfiguration(cluster, metadata.name)));
}

function observationsOf(examined: ApiserverExamination, cluster: ClusterClient): Pick<AuditObservations, 'observations' | 'perReplica'> {
	// Of the connection to each apiserver that was examined.
	const own: AuditObservations['observations'] = (feature, request = null) => ({
		...buildObservations(cluster, examined, {purpose: purposeOf(feature, request), scope: 'before-use'}),
		serverIdentity: identifyExamined(cluster, examined, 'next-connection'),
	});
	return {
		observations: own,
		perReplica(feature, request) {
			const first = own(feature, request);
			return [first, ...examined.others.map(({flags, process}) => ({...first, connection: flags?.connection ?? null, process}))];
		},
	};
}

function notRequested({need}: ServerIdentity): ProbeResult<AnonymousFacts> {
	return {unavailable: {source: 'anonymous-probe', where: 'requests without credentials', reason: 'not-requested', need: need ?? null}};
}

function purposeOf(feature: StreamFeature, request: ConnectionPurpose['request']): ConnectionPurpose {
	const kind = feature === 'node-proxy' ? 'Node' : feature === 'service-proxy' ? 'Service' : 'Pod';
	return {
		feature,
		request,
		target: {asked: 'any', kind, namespace: null, name: 'any', uid: null, node: null, container: null, chosenFrom: 0},
	};
}

async function someRunningPod(cluster: ClusterClient): Promise<ProbeTarget | null> {
	const {namespace} = cluster.facts;
	const query = new URLSearchParams({fieldSelector: 'status.phase=Running', limit: '20'});
	const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods?${query}`;
	const result = await sendProbe(cluster, {source: 'construction', path, need: null}, body => parseList<PodObject>(body, path).items);
	const pod = result.observation?.facts.find(({spec, metadata}) => spec.nodeName !== undefined && metadata.deletionTimestamp === undefined);
	return pod ? probeOf(pod, pod.spec.containers[0]?.name ?? null, await readNode(cluster, pod.spec.nodeName!)) : null;
}
