/** Audit observations of a healthy verified cluster with one apiserver. */
import type {AuditObservations} from '../../source/evidence/audit/gather-observations.ts';
import {noConnectionObservations} from '../../source/evidence/connection-observations.ts';
import type {ComponentPod, UnavailableSource, Observations, ProbeResult} from '../../source/evidence/evidence.ts';
import type {KubeletConfigurationFacts} from '../../source/evidence/probes/kubelet.ts';
import {noActiveObservations} from '../../source/evidence/build-observations.ts';
import type {ApiserverExamination} from '../../source/evidence/examine-apiserver.ts';
import {
	flags,
	makeObservations,
	advertisedFlags,
	knownReplicas,
	processOf,
	makeObservation,
	socketFacts,
	stepTest,
	versionOf,
} from './observations.ts';

export const unavailable = <Facts>(source: UnavailableSource['source'] = 'flagz'): ProbeResult<Facts> => ({
	unavailable: {source, where: source, reason: 'forbidden', need: {permission: `read ${source}`, check: null, or: null}},
});
export const read = <Facts>(facts: Facts, source: UnavailableSource['source'] = 'flagz'): ProbeResult<Facts> => ({
	observation: makeObservation(source, facts),
});

export const good = {
	'kubelet-certificate-authority': '/ca.crt',
	'egress-selector-config-file': '/egress.yaml',
	'authorization-mode': '[Node,RBAC]',
	'anonymous-auth': 'true',
	'client-ca-file': '/ca.crt',
	'token-auth-file': '',
	'etcd-servers': '[https://127.0.0.1:2379]',
	...advertisedFlags,
};

export type Given = Partial<Omit<AuditObservations, 'observations' | 'perReplica' | 'examined'>> & {
	base?: Partial<Observations>;
	/** `null`: they cannot be read. */
	components?: readonly ComponentPod[] | null;
	others?: ReadonlyArray<Partial<Observations>>;
	shared?: Partial<ApiserverExamination['shared']>;
	own?: Partial<ApiserverExamination['own']>;
};

export function componentPod(
	name: ComponentPod['component'],
	values: Readonly<Record<string, string>>,
	absent: ComponentPod['flags']['absent'] = 'default',
): ComponentPod {
	return {component: name, pod: `${name}-a`, flags: {values, absent, proxyEnvironment: false}};
}

export const goodKubelet: KubeletConfigurationFacts = {
	node: 'n1',
	anonymous: false,
	webhook: true,
	clientCa: true,
	authorizationMode: 'Webhook',
	readOnlyPort: 0,
};

const twoComponents = [
	componentPod('kube-controller-manager', {kubeconfig: '/a', 'bind-address': '127.0.0.1'}),
	componentPod('etcd', {'listen-client-urls': 'https://127.0.0.1:2379', 'client-cert-auth': 'true'}),
];

export function auditObservations({
	base = {},
	others = [],
	components = twoComponents,
	shared = {},
	own = {},
	...given
}: Given = {}): AuditObservations {
	const standing: Partial<Observations> = {
		flags: [flags(good, {process: 'p1'})],
		process: processOf('p1'),
		replicas: knownReplicas(1),
		stepTests: [stepTest('grpc', {process: 'p1'})],
		...base,
	};
	const first: AuditObservations['observations'] = (feature, request) => makeObservations(standing, feature, request);
	return {
		observations: first,
		perReplica: (feature, request = null) => [
			first(feature, request),
			...others.map(other => makeObservations({...standing, ...other}, feature, request)),
		],
		examined: {
			connection: {id: 'c1', facts: socketFacts, usable: false, close() {}} as unknown as ApiserverExamination['connection'],
			own: {...noConnectionObservations, flags: flags(good), process: processOf('p1'), ...own},
			others: [],
			unreadApiservers: [],
			metrics: unavailable('metrics'),
			shared: {
				requestedAt: 0,
				ca: {spkiSha256: [], subjects: []},
				version: versionOf('v1.36.3'),
				replicas: knownReplicas(1),
				components: components && makeObservation('mirror-pod', components),
				mirrorPods: [],
				gatewaySeen: null,
				further: null,
				unavailable: [],
				...shared,
			},
			active: noActiveObservations,
		},
		whoAmI: {user: 'ada', groups: []},
		namespace: 'default',
		nodes: read({total: 1, examined: [{metadata: {name: 'n1'}}]}, 'endpoints'),
		leases: read({fresh: ['n1'], stale: [], more: 0}, 'lease'),
		signingRequests: read([{name: 'csr-1', signer: 'kubernetes.io/kubelet-serving', user: 'system:node:n1', state: 'approved'}], 'csr'),
		tokens: read({pods: 2, withToken: 2, withCa: 2, optedOut: 0}, 'construction'),
		endpoints: read({addresses: ['10.0.0.5:6443']}, 'endpoints'),
		kubeProxy: read({seen: 'kube-proxy', pods: 1}, 'construction'),
		anonymous: read({anonymous: 'all-paths', observed: '200 200 403'}, 'anonymous-probe'),
		kubelets: [read(goodKubelet, 'configz')],
		distribution: null,
		agents: read([{namespace: 'kube-system', name: 'konnectivity-agent-a', node: 'n1', ready: true, ports: [8093]}], 'agent-metrics'),
		...given,
	};
}
