/** The needs that verdicts name. */
import type {UnavailableSource, EvidenceSource, Observations, Need} from '../evidence.ts';

export const needFlagz: Need = {permission: 'get nonResourceURL /flagz', check: 'kubectl auth can-i get /flagz', or: '--probe active'};
export const needMetrics: Need = {
	permission: 'get nonResourceURL /metrics',
	check: 'kubectl auth can-i get /metrics',
	or: '--probe active',
};
export const needMirrorPods: Need = {
	permission: 'list pods in kube-system',
	check: 'kubectl auth can-i list pods -n kube-system',
	or: null,
};
export const needActive: Need = {permission: null, check: null, or: '--probe active'};
const needOpenConnection: Need = {permission: null, check: null, or: 'the path of the connection once it is open'};
export const needStepTest: Need = {permission: null, check: null, or: '--probe active with a pod whose port-forward works'};
export const needAgentMetrics: Need = {
	permission: 'get pods/proxy in kube-system, with --probe active',
	check: 'kubectl auth can-i get pods --subresource=proxy -n kube-system',
	or: null,
};
export const needEnvironment: Need = {permission: null, check: null, or: 'the environment of the kube-apiserver process, on its host'};
export const needApiserverHost: Need = {permission: null, check: null, or: 'the command line of the kube-apiserver process, on its host'};
export const needComponentHosts: Need = {
	permission: null,
	check: null,
	or: 'the command lines of etcd, the scheduler and the controller manager, on their hosts',
};
/** Connecting to the apiserver itself detects a gateway in front of it. */
export const needApiserverItself: Need = {
	permission: null,
	check: null,
	or: 'a kubeconfig that connects to the apiserver itself, and verifies it',
};
export const needDirectConnection: Need = {
	permission: null,
	check: null,
	or: 'a kubeconfig with a client certificate (apiserver 1.32 or later), or with the address that the apiserver advertises',
};
export const needSelfReview: Need = {
	permission: 'create selfsubjectreviews',
	check: 'kubectl auth can-i create selfsubjectreviews.authentication.k8s.io',
	or: 'a kubeconfig with the address that the apiserver advertises',
};
export const needLeases: Need = {
	permission: 'list leases in kube-system',
	check: 'kubectl auth can-i list leases.coordination.k8s.io -n kube-system',
	or: null,
};
export const needEndpointSlices: Need = {
	permission: 'list endpointslices in default',
	check: 'kubectl auth can-i list endpointslices.discovery.k8s.io -n default',
	or: null,
};
export const needNodes: Need = {permission: 'list nodes', check: 'kubectl auth can-i list nodes', or: null};
export const needNode: Need = {permission: 'get nodes', check: 'kubectl auth can-i get nodes', or: null};
export const needNodeLeases: Need = {
	permission: 'list leases in kube-node-lease',
	check: 'kubectl auth can-i list leases.coordination.k8s.io -n kube-node-lease',
	or: null,
};
export const needSigningRequests: Need = {
	permission: 'list certificatesigningrequests',
	check: 'kubectl auth can-i list certificatesigningrequests.certificates.k8s.io',
	or: null,
};
export const needRootCa: Need = {
	permission: 'get configmap kube-root-ca.crt',
	check: 'kubectl auth can-i get configmaps/kube-root-ca.crt',
	or: null,
};
/** Do not grant this permission for spoke: it also allows running commands in every pod of the node. */
export const needConfigz: Need = {
	permission: null,
	check: null,
	or: 'the kubelet’s /configz, read by someone who already has the permission (nodes/proxy also runs commands: do not grant it for this)',
};

/** A timeout is not a missing permission. */
const needAnswer: Need = {permission: null, check: null, or: 'a response to GET /flagz in time: the next connection tries again'};

const sourceOf = new Map<Need, EvidenceSource>([
	[needFlagz, 'flagz'],
	[needMetrics, 'metrics'],
	[needMirrorPods, 'mirror-pod'],
]);

/** Omits needs that no permission would meet: sources that are not served and, after a timeout of the flags, all but forbidden ones. */
export function obtainableNeeds({unavailable}: Pick<Observations, 'unavailable'>, needs: readonly Need[]): readonly Need[] {
	const isClosed = (need: Need, why: UnavailableSource['reason']) =>
		unavailable.some(({source, reason}) => reason === why && source === sourceOf.get(need));
	if (needs.includes(needFlagz) && isClosed(needFlagz, 'no-response')) {
		return [needAnswer, ...needs.filter(need => need !== needFlagz && (!sourceOf.has(need) || isClosed(need, 'forbidden')))];
	}

	const open = needs.filter(need => !isClosed(need, 'not-served'));
	return open.length > 0 ? open : [needActive];
}

/** What would extend an inference about one apiserver to all. Empty if this connection itself was read. */
export function needReplicas(observations: Observations): readonly Need[] {
	if (observations.isBound) {
		return [];
	}

	const {leases = null, known = null} = observations.replicas?.facts ?? {};
	if (leases === null) {
		return [needLeases];
	}

	// Only its own address distinguishes an apiserver from others that share its lease.
	return [known === 1 ? needApiserverItself : hasActiveProbes(observations) ? needOpenConnection : needActive];
}

export function hasActiveProbes({unreachedAddresses, stepTests, logDifferentials, handshakes, failures}: Observations): boolean {
	return (
		unreachedAddresses.length +
			stepTests.length +
			logDifferentials.length +
			handshakes.length +
			failures.filter(({active}) => active).length >
		0
	);
}
