/** Every request that spoke makes beyond what kubectl would make for the same command, as data: docs/permissions.md and its two ClusterRoles are rendered from it. */

export type PermissionSpec =
	| {kind: 'resource'; groups: readonly string[]; resources: readonly string[]; verbs: readonly string[]; resourceNames?: readonly string[]}
	| {kind: 'path'; paths: readonly string[]; verbs: readonly string[]};

export type ExtraRequest = {
	method: 'GET' | 'POST' | 'upgrade';
	/** The path without its query; `*` is one segment. */
	path: string;
	purpose: string;
	when: string;
	/** `null`: everybody who is authenticated has it, or it is a right that is used where it is there and never asked for. */
	permission: PermissionSpec | null;
	/** Opens streams of its own: made by doctor, with `--probe active`, or by consent. */
	active?: true;
};

const labels = 'beside streams that are open or wait for a second for their answer, at most once a second for all of them';
const reports = 'path, audit, doctor, the session’s path';

export const extraRequests: readonly ExtraRequest[] = [
	{
		method: 'GET',
		path: '/flagz',
		purpose: 'whether kubelets are verified, whether an egress file is set, how requests are authenticated',
		when: `before each stream, on its own connection (a one-shot’s while its target is looked up), at most 300 ms; beside an open stream every 10 s until an apiserver has answered; ${reports}; with --probe active also at the own address of each apiserver that was not met, only where its certificate is the cluster’s`,
		permission: {kind: 'path', paths: ['/flagz'], verbs: ['get']},
	},
	{
		method: 'GET',
		path: '/statusz',
		purpose: 'which apiserver process answers',
		when: `together with /flagz; both twice on one connection, which ends at one process unless a gateway spreads requests: ${labels}; ${reports}`,
		permission: {kind: 'path', paths: ['/statusz'], verbs: ['get']},
	},
	{method: 'GET', path: '/version', purpose: 'which rules hold', when: `${labels}; ${reports}`, permission: null},
	{
		method: 'GET',
		path: '/api/v1/namespaces/*/configmaps/kube-root-ca.crt',
		purpose: 'whether an apiserver or a gateway answers',
		when: `together with /flagz while it is not known, and ${labels}; ${reports}`,
		permission: {kind: 'resource', groups: [''], resources: ['configmaps'], verbs: ['get'], resourceNames: ['kube-root-ca.crt']},
	},
	{
		method: 'GET',
		path: '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases',
		purpose: 'how many apiservers there are, and where',
		when: `${labels}; ${reports}`,
		permission: {kind: 'resource', groups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['list']},
	},
	{
		method: 'GET',
		path: '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
		purpose: 'the same, by what registers itself; where pods’ virtual IP leads',
		when: `${labels}; audit`,
		permission: {kind: 'resource', groups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list']},
	},
	{
		method: 'GET',
		path: '/apis/discovery.k8s.io/v1/namespaces/*/endpointslices',
		purpose: 'how many pods are ready behind each service',
		when: 'the session, while services are on the screen: watched',
		permission: {kind: 'resource', groups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list']},
	},
	{
		method: 'GET',
		path: '/api/v1/namespaces/kube-system/pods',
		purpose: 'apiservers’ flags and environment by their mirror pods; Konnectivity’s agents; kube-proxy',
		when: `${labels}; audit, doctor`,
		permission: {kind: 'resource', groups: [''], resources: ['pods'], verbs: ['list']},
	},
	{
		method: 'GET',
		path: '/api/v1/namespaces/*',
		purpose: 'whether the namespace of what was not found is there',
		when: 'after the apiserver’s word that an object is not found; the session, after a namespace was typed',
		permission: null,
	},
	{
		method: 'GET',
		path: '/readyz',
		purpose: 'whether the apiserver still answers',
		when: 'a followed log that is quiet for 10 s, and then now and again',
		permission: null,
	},
	{
		method: 'GET',
		path: '/metrics',
		purpose: 'whether an egress dialer is in use, whether kubelets were refused',
		when: `${reports}; beside an open stream whose route nothing else tells, where its path is asked for or it lasts a second; once a minute at most of a process whose counters tell it; the step test`,
		permission: {kind: 'path', paths: ['/metrics'], verbs: ['get']},
	},
	{
		method: 'GET',
		path: '/api/v1/nodes',
		purpose: 'how many nodes there are',
		when: 'audit: the first 50',
		permission: {kind: 'resource', groups: [''], resources: ['nodes'], verbs: ['get', 'list']},
	},
	{
		method: 'GET',
		path: '/api/v1/nodes/*',
		purpose: 'the kubelet’s address and port',
		when: 'path, doctor; beside an exec or attach that says nothing for 300 ms where kubelets are verified; audit with --probe active',
		permission: {kind: 'resource', groups: [''], resources: ['nodes'], verbs: ['get']},
	},
	{
		method: 'GET',
		path: '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases',
		purpose: 'whether kubelets reach the apiserver',
		when: 'audit',
		permission: {kind: 'resource', groups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['list']},
	},
	{
		method: 'GET',
		path: '/apis/certificates.k8s.io/v1/certificatesigningrequests',
		purpose: 'kubelets’ signing requests that wait or were denied',
		when: 'audit; doctor for a kubelet without a certificate',
		permission: {kind: 'resource', groups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'], verbs: ['list']},
	},
	{
		method: 'GET',
		path: '/api/v1/namespaces/*/pods',
		purpose: 'a pod on the node to try the way with; tokens that pods get; which pods come and go behind a log or forward that is followed',
		when: 'audit; path and doctor of a node; logs -f, tail and port-forward: watched',
		permission: {kind: 'resource', groups: [''], resources: ['pods'], verbs: ['list']},
	},
	{
		method: 'GET',
		path: '/apis/batch/v1/namespaces/*/jobs',
		purpose: 'which jobs a cron job made, so which pods are its own',
		when: 'a target cronjob/NAME; the job of a pod that comes later is read by its name',
		permission: null,
	},
	{
		method: 'POST',
		path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
		purpose: 'who you are to the apiserver, and whether it knows you by the certificate that you showed',
		when: `audit; where a client certificate alone says who you are: together with /flagz before each stream; ${labels}; ${reports}`,
		permission: null,
	},
	{
		method: 'POST',
		path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
		purpose: 'what you may do',
		when: 'audit, doctor',
		permission: null,
	},
	{
		method: 'GET',
		path: '/api/v1/nodes/*/proxy/configz',
		purpose: 'the kubelet’s authentication and authorization',
		when: 'audit, and only by users who already have get on nodes/proxy',
		permission: null,
	},
	{method: 'GET', path: '/healthz', purpose: 'without credentials: whether anonymous requests are let in', when: 'audit', permission: null},
	{method: 'GET', path: '/api', purpose: 'without credentials: what anonymous requests may do', when: 'audit', permission: null},
	{
		method: 'GET',
		path: '/api/v1/namespaces/*/pods/*/log',
		purpose: 'one byte of a log: whether the kubelet answers, and whether its certificate is refused; again without the check where it was',
		when: 'doctor; the second time only with consent; on the side of a followed log that is quiet for 15 s, and of a command that says nothing for 35 s',
		permission: {kind: 'resource', groups: [''], resources: ['pods/log'], verbs: ['get']},
		active: true,
	},
	{
		method: 'upgrade',
		path: '/api/v1/namespaces/*/pods/*/portforward',
		purpose: 'which counters follow idle port-forwards (3, then 5, for a second each); doctor opens one',
		when: 'doctor; the step test',
		permission: {kind: 'resource', groups: [''], resources: ['pods/portforward'], verbs: ['get', 'create']},
		active: true,
	},
	{
		method: 'GET',
		path: '/api/v1/namespaces/*/pods/*/proxy/metrics',
		purpose: 'which agents carry idle port-forwards of ours',
		when: 'the step test',
		permission: {kind: 'resource', groups: [''], resources: ['pods/proxy'], verbs: ['get']},
		active: true,
	},
];
