/**
The needs that verdicts name: a permission, or what else would settle the verdict (`or`). Without `permission`, no permission would help.
*/
import type {UnavailableSource, EvidenceSource, Observations, Need, StreamFeature} from '../evidence.ts';
import {isBound} from './claims.ts';
import {knownReplicaCount, leasesOf} from './replicas.ts';

export const needFlagz = permissionNeed('get nonResourceURL /flagz', 'get /flagz', '--probe active');
export const needMetrics = permissionNeed('get nonResourceURL /metrics', 'get /metrics', '--probe active');
export const needMirrorPods = permissionNeed('list pods in kube-system', 'list pods -n kube-system');
export const needActive = otherNeed('--probe active');
export const needStepTest = otherNeed('--probe active with a pod whose port-forward works');
/** No permission alone would help: nothing reads the metrics of agents without an active probe. */
export const needAgentMetrics = otherNeed('--probe active with permission to get pods/proxy in kube-system');
const needSteadyAgents = otherNeed('--probe active again, while others open and close no connections through the agents');
export const needEnvironment = otherNeed('the environment of the kube-apiserver process, on its host');
export const needApiserverHost = otherNeed('the command line of the kube-apiserver process, on its host');
export const needComponentHosts = otherNeed('the command lines of etcd, the scheduler and the controller manager, on their hosts');
/** Only a connection to the apiserver itself rules out a gateway in front of it. */
export const needApiserverItself = otherNeed('a kubeconfig that connects to the apiserver itself, and verifies it');
export const needDirectConnection = otherNeed(
	'a kubeconfig with a client certificate (apiserver 1.32 or later), or with the address that the apiserver advertises',
);
/** Nothing else says who answers. */
export const needServedFlagz = otherNeed('an apiserver that serves /flagz (1.36 or later)');
export const needSelfReview = permissionNeed(
	'create selfsubjectreviews',
	'create selfsubjectreviews.authentication.k8s.io',
	'a kubeconfig with the address that the apiserver advertises',
);
export const needLeases = permissionNeed('list leases in kube-system', 'list leases.coordination.k8s.io -n kube-system');
export const needEndpointSlices = permissionNeed('list endpointslices in default', 'list endpointslices.discovery.k8s.io -n default');
export const needNodes = permissionNeed('list nodes', 'list nodes');
export const needNode = permissionNeed('get nodes', 'get nodes');
export const needNodeLeases = permissionNeed('list leases in kube-node-lease', 'list leases.coordination.k8s.io -n kube-node-lease');
export const needSigningRequests = permissionNeed('list certificatesigningrequests', 'list certificatesigningrequests.certificates.k8s.io');
export const needRootCa = permissionNeed('get configmap kube-root-ca.crt', 'get configmaps/kube-root-ca.crt');
/** Do not grant this permission for spoke: it also allows running commands in every pod of the node. */
export const needConfigz = otherNeed(
	'the kubelet’s /configz, read by someone who already has the permission (nodes/proxy also runs commands: do not grant it for this)',
);

export type NeedPart = {role: 'needs' | 'or' | 'and'; text: string; short: string};

const page = 'https://kubernetes.io/docs/concepts/architecture/control-plane-node-communication/';

export const docs = {
	paths: page,
	nodeToControlPlane: `${page}#node-to-control-plane`,
	kubelet: `${page}#apiserver-to-kubelet`,
	proxied: `${page}#apiserver-to-nodes-pods-and-services`,
	ssh: `${page}#ssh-tunnels`,
	konnectivity: 'https://kubernetes.io/docs/tasks/extend-kubernetes/setup-konnectivity/',
	bootstrapping: 'https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/',
	kubeletAccess: 'https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/',
	authentication: 'https://kubernetes.io/docs/reference/access-authn-authz/authentication/',
	authorization: 'https://kubernetes.io/docs/reference/access-authn-authz/authorization/',
	serviceAccounts: 'https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/',
	certificates: 'https://kubernetes.io/docs/setup/best-practices/certificates/',
	ports: 'https://kubernetes.io/docs/reference/networking/ports-and-protocols/',
	debugging: 'https://kubernetes.io/docs/tasks/debug/debug-cluster/',
} as const;

export const remedies = {
	kubeletCa:
		'set serverTLSBootstrap: true on the kubelets and approve their kubernetes.io/kubelet-serving CSRs; then set kube-apiserver --kubelet-certificate-authority=FILE, the CA that signed them',
	kubeletServing:
		'a kubelet needs a serving certificate with its address, signed by a CA in the file of --kubelet-certificate-authority: add the CA that signed it to that file, or, if it is self-signed, set serverTLSBootstrap: true on the kubelet and run kubectl certificate approve NAME for its CSR',
	kubeletAccess:
		'kubelet configuration: authentication.anonymous.enabled: false, authentication.webhook.enabled: true, authorization.mode: Webhook, readOnlyPort: 0',
	authorizationMode: 'kube-apiserver --authorization-mode=Node,RBAC',
	anonymous: 'kube-apiserver --anonymous-auth=false, or anonymous.conditions in --authentication-config',
	staticTokens: 'remove --token-auth-file and use a credential that expires',
	tunnel: 'set up Konnectivity, and kube-apiserver --egress-selector-config-file=FILE with a connection named cluster',
	portForward: 'the apiserver proxy never verifies: use port-forward',
	egressProxy:
		'in the file of --egress-selector-config-file, set tlsConfig.caBundle to the CA of the proxy, and check the host name of its url; then restart the apiserver',
	konnectivity: 'set up the Konnectivity service instead of SSH tunnels',
	etcd: 'etcd --listen-client-urls and --advertise-client-urls with https, --client-cert-auth=true and --trusted-ca-file=FILE',
	componentBind: '--bind-address=127.0.0.1 on kube-controller-manager and kube-scheduler',
} as const;

/** `question`: what `kubectl auth can-i` asks. `or`: what else would do. */
function permissionNeed(permission: string, question: string, or: string | null = null): Need {
	return {permission, check: `kubectl auth can-i ${question}`, or};
}

export function otherNeed(or: string): Need {
	return {permission: null, check: null, or};
}

/** Before the stream opens, its path is about any connection that may follow. Once open, it has evidence of its own connection. */
export function needOpenConnection({purpose: {feature}}: Pick<Observations, 'purpose'>): Need {
	return otherNeed(`the path of the stream itself: spoke ${streamCommands[feature]}`);
}

const streamCommands: Readonly<Record<StreamFeature, string>> = {
	logs: 'logs TARGET --path=json',
	exec: 'exec TARGET --path=json -- COMMAND',
	attach: 'attach TARGET --path=json',
	'port-forward': 'port-forward TARGET PORT --path=json',
	'node-proxy': 'proxy get TARGET --path=json',
	'pod-proxy': 'proxy get TARGET --path=json',
	'service-proxy': 'proxy get TARGET --path=json',
};

/** Instead of a permission, which would not help. */
const responseTo = (path: string): Need => otherNeed(`a response to GET ${path} in time: the next connection tries again`);
const needFlagzResponse = responseTo('/flagz');
const needMetricsResponse = responseTo('/metrics');

/** If the apiservers differ, only what is read on the stream's own connection shows which apiserver it reaches. */
export function needOfDifference(observations: Pick<Observations, 'scope' | 'flags' | 'purpose'>): Need {
	return !isOpenedScope(observations) && observations.flags.length > 0 ? needOpenConnection(observations) : needFlagz;
}

/** Whether a stream has used leg 2. */
export function isOpenedScope({scope}: Pick<Observations, 'scope'>): boolean {
	return scope === 'this-connection' || scope === 'ended';
}

/** To find out whether agents carry the connection. If their counts were read, no permission is missing. */
export function needOfAgents({stepTests}: Pick<Observations, 'stepTests'>): Need {
	return stepTests.some(({facts}) => facts.moved === 'http-connect' && facts.agentsRead) ? needSteadyAgents : needAgentMetrics;
}

const sourceOf = new Map<Need, EvidenceSource>([
	[needFlagz, 'flagz'],
	[needMetrics, 'metrics'],
	[needMirrorPods, 'mirror-pod'],
]);

/**
Replaces the permissions to read what timed out. Drops needs that a permission would not meet: of sources that the server does not serve
and, if /flagz timed out, of metrics and mirror pods that are not forbidden.
*/
export function obtainableNeeds({unavailable}: Pick<Observations, 'unavailable'>, needs: readonly Need[]): readonly Need[] {
	const isUnavailable = (need: Need, why: UnavailableSource['reason']) =>
		unavailable.some(({source, reason}) => reason === why && source === sourceOf.get(need));
	if (needs.includes(needFlagz) && isUnavailable(needFlagz, 'no-response')) {
		return [needFlagzResponse, ...needs.filter(need => need !== needFlagz && (!sourceOf.has(need) || isUnavailable(need, 'forbidden')))];
	}

	const obtainable = needs
		.filter(need => !isUnavailable(need, 'not-served'))
		.map(need => (need === needMetrics && isUnavailable(need, 'no-response') ? needMetricsResponse : need));
	return obtainable.length > 0 ? obtainable : [needActive];
}

/** What would settle a verdict that was inferred from another apiserver. Empty if the apiserver of this connection was read. */
export function needReplicas(observations: Observations): readonly Need[] {
	if (isBound(observations.scope)) {
		return [];
	}

	if (leasesOf(observations) === null) {
		return [needLeases];
	}

	// Other apiservers can share a single lease, so only a connection to the apiserver's own address rules them out.
	// Counted as the path says it: two apiservers at one address rewrite the endpoints in turn, and the lists alone have one or both of them.
	return [knownReplicaCount(observations) === 1 ? needApiserverItself : needActive];
}

/** Active probes that have run settle nothing more. Where nothing else could settle the verdict, the stream itself is needed. */
export function needsAfterProbes(observations: Pick<Observations, 'probe' | 'purpose'>, needs: readonly Need[]): readonly Need[] {
	return observations.probe === 'passive' ? needs : needsWithoutProbes(needs, needOpenConnection(observations));
}

/** Without `--probe active`. A group that has nothing else needs `instead`, because without it the other groups would seem to be enough. */
export function needsWithoutProbes(needs: readonly Need[], instead: Need): readonly Need[] {
	return needsOfEach(
		...needGroups(needs).map(group => {
			const left = group
				.map(need => (need.or === needActive.or ? {...need, or: null} : need))
				.filter(({permission, or}) => permission !== null || or !== null);
			return left.length > 0 ? left : [instead];
		}),
	);
}

/**
One need of each list is needed. A list that another one implies is dropped, because whatever meets the other meets it, too. The result has
groups only if several lists remain.
*/
export function needsOfEach(...lists: ReadonlyArray<readonly Need[]>): readonly Need[] {
	const groups = lists.flatMap(list => needGroups(list));
	const least = groups.filter(
		(group, index) =>
			!groups.some(
				(other, at) => at !== index && isWithin(other, group) && (other.length < group.length || (at < index && isWithin(group, other))),
			),
	);
	return least.length < 2
		? least.flatMap(group => group.map(need => withoutGroup(need)))
		: least.flatMap((group, index) => group.map(need => ({...need, group: index + 1})));
}

/** The alternatives of each group, in the order of the needs. Equal needs of a group count once. */
export function needGroups(needs: readonly Need[]): ReadonlyArray<readonly Need[]> {
	return [...Map.groupBy(needs, ({group = 1}) => group).values()].map(group =>
		group.filter((need, index) => group.findIndex(one => isEqual(one, need)) === index),
	);
}

function isWithin(group: readonly Need[], other: readonly Need[]): boolean {
	return group.every(need => other.some(one => isEqual(one, need)));
}

function isEqual(one: Need, other: Need): boolean {
	return one.permission === other.permission && one.or === other.or;
}

/** The same object if it has none, because rules compare needs by identity. */
function withoutGroup(need: Need): Need {
	if (need.group === undefined) {
		return need;
	}

	const {permission, check, or} = need;
	return {permission, check, or};
}

/** Permissions come before what else can settle the verdict. The role joins each part to the one before. */
export function describeNeeds(needs: readonly Need[]): NeedPart[] {
	const groups = needGroups(needs).map(group => alternatives(group));
	return groups.flatMap((group, at) =>
		group.map(({text, short}, index): NeedPart => {
			const lead = index === 0 && groups.length > 1 && group.length > 1 ? 'one of: ' : '';
			return {role: index > 0 ? 'or' : at > 0 ? 'and' : 'needs', text: `${lead}${text}`, short: `${lead}${short}`};
		}),
	);
}

/** `get nonResourceURL /flagz, or list pods in kube-system, or --probe active`. */
export function needsInOneLine(needs: readonly Need[], {withChecks = false}: {withChecks?: boolean} = {}): string {
	return describeNeeds(needs)
		.map(({role, text, short}) => `${role === 'needs' ? '' : role === 'or' ? ', or ' : '; and '}${withChecks ? text : short}`)
		.join('');
}

function alternatives(group: readonly Need[]): ReadonlyArray<{text: string; short: string}> {
	const permissions = group.flatMap(({permission, check}) =>
		permission === null ? [] : [{text: check === null ? permission : `${permission} (${check})`, short: permission}],
	);
	const others = new Set(group.flatMap(({or}) => or ?? []));
	return [...permissions, ...[...others].map(text => ({text, short: text}))];
}
