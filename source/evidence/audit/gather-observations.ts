/** Reads the observations that the audit rows use. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {PodObject} from '../../cluster/targets/pod-object.ts';
import type {ConnectionPurpose, Observations, ProbeResult, StreamFeature} from '../evidence.ts';
import {examineWithProbes, type ProbeTarget} from '../run-active-probes.ts';
import {buildObservations, identifyExamined, noTarget} from '../build-observations.ts';
import {
	readNode,
	readApiserverEndpoints,
	readKubeProxy,
	readNodeLeases,
	readNodes,
	readPodTokens,
	readSigningRequests,
} from '../probes/node-to-apiserver.ts';
import {probeOf} from '../plan-paths.ts';
import {probeAnonymousAccess, probeSelfSubject, type AnonymousFacts} from '../probes/access.ts';
import {readAgentPods} from '../probes/agent-metrics.ts';
import {sendProbe, parseList} from '../probes/probe-request.ts';
import {readKubeletConfiguration} from '../probes/kubelet.ts';
import {recognizeDistribution} from '../rules/distributions.ts';

export type AuditObservations = Awaited<ReturnType<typeof gatherAuditObservations>>;

const sampledNodes = 50;

/** Each read is a request through the apiserver to a node. */
const sampledKubelets = 5;

/** @throws SpokeError when no connection can be made, or the apiserver rejects the credentials */
export async function gatherAuditObservations(
	cluster: ClusterClient,
	{probe, signal}: {probe: 'passive' | 'active'; signal?: AbortSignal | undefined},
) {
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
	const {namespace, server} = cluster.facts;
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
	/** Of the connection to each apiserver that was examined. */
	const observations = (feature: StreamFeature, request: ConnectionPurpose['request'] = null): Observations => ({
		...buildObservations(cluster, examined, {purpose: purposeOf(feature, request), scope: 'before-use'}),
		serverIdentity,
	});
	return {
		observations,
		perReplica(this: void, feature: StreamFeature, request?: ConnectionPurpose['request']): readonly Observations[] {
			const first = observations(feature, request);
			return [first, ...examined.others.map(({flags, process}) => ({...first, connection: flags?.connection ?? null, process}))];
		},
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
			server,
			nodes: nodes.observation?.facts.examined ?? [],
		}),
	};
}

async function readNodesAndKubelets(cluster: ClusterClient) {
	const nodes = await readNodes(cluster, sampledNodes);
	const some = (nodes.observation?.facts.examined ?? []).slice(0, sampledKubelets);
	return {nodes, kubelets: await Promise.all(some.map(async ({metadata}) => readKubeletConfiguration(cluster, metadata.name)))};
}

function notRequested({need}: Observations['serverIdentity']): ProbeResult<AnonymousFacts> {
	return {unavailable: {source: 'anonymous-probe', where: 'requests without credentials', reason: 'not-requested', need: need ?? null}};
}

function purposeOf(feature: StreamFeature, request: ConnectionPurpose['request']): ConnectionPurpose {
	const kind = feature === 'node-proxy' ? 'Node' : feature === 'service-proxy' ? 'Service' : 'Pod';
	return {feature, request, target: {...noTarget, asked: 'any', kind, name: 'any'}};
}

async function someRunningPod(cluster: ClusterClient): Promise<ProbeTarget | null> {
	const {namespace} = cluster.facts;
	const query = new URLSearchParams({fieldSelector: 'status.phase=Running', limit: '20'});
	const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods?${query}`;
	const result = await sendProbe(cluster, {source: 'construction', path, need: null}, body => parseList<PodObject>(body, path).items);
	const pod = result.observation?.facts.find(({spec, metadata}) => spec.nodeName !== undefined && metadata.deletionTimestamp === undefined);
	return pod ? probeOf(pod, pod.spec.containers[0]?.name ?? null, await readNode(cluster, pod.spec.nodeName!)) : null;
}
