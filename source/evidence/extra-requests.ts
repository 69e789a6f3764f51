/** The requests that spoke makes beyond kubectl's; docs/permissions.md and its two ClusterRoles are rendered from them. */

/** A rule of a ClusterRole. */
type Rule = {
	apiGroups?: readonly string[];
	resources?: readonly string[];
	resourceNames?: readonly string[];
	nonResourceURLs?: readonly string[];
	verbs: readonly string[];
};
type ClusterRole = {name: string; rules: readonly Rule[]};

export type ExtraRequest = {
	/** `GET`, `POST` or `upgrade`, and the path without its query; `*` is one segment. */
	request: string;
	purpose: string;
	when: string;
	/** `null`: every authenticated user has the permission, or spoke does without it and never asks for it. */
	permission: Rule | null;
	/** What the table says after the permission, or instead of “–”. */
	permissionNote?: string;
	/** Opens streams: doctor, the route test, or by consent. */
	active?: true;
};

/** Schedules that many requests have; docs/permissions.md defines them above its table. */
const labels = '*stream*';
const reports = '*report*';

const watchNote = 'watched: also watch (role spoke-user)';

export const extraRequests: readonly ExtraRequest[] = [
	{
		request: 'GET /flagz',
		purpose: 'whether kubelets are verified, whether an egress file is set, how requests are authenticated',
		when: `before each stream, on the stream’s connection (a one-shot command sends it while it resolves the target); the stream waits at most 300 ms; while a stream is open, every 10 s until an apiserver has responded; ${reports}; in the route test also at the address of each apiserver that was not reached, if the server there has a certificate of the cluster’s apiserver`,
		permission: {nonResourceURLs: ['/flagz'], verbs: ['get']},
	},
	{
		request: 'GET /statusz',
		purpose: 'which apiserver process responds',
		when: `together with /flagz; both twice on one connection, to notice a gateway that spreads requests: ${labels}, ${reports}`,
		permission: {nonResourceURLs: ['/statusz'], verbs: ['get']},
	},
	{
		request: 'GET /version',
		purpose: 'the apiserver’s version, because what is evidence depends on it',
		when: `${labels}, ${reports}`,
		permission: null,
	},
	{
		request: 'GET /api/v1/namespaces/*/configmaps/kube-root-ca.crt',
		purpose: 'whether an apiserver or a gateway responds',
		when: `together with /flagz and in ${labels}, until spoke knows who responds; ${reports}`,
		permission: {apiGroups: [''], resources: ['configmaps'], resourceNames: ['kube-root-ca.crt'], verbs: ['get']},
	},
	{
		request: 'GET /apis/coordination.k8s.io/v1/namespaces/kube-system/leases',
		purpose: 'how many apiservers there are, and where',
		when: `${labels}, ${reports}`,
		permission: {apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['list']},
	},
	{
		request: 'GET /apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
		purpose:
			'how many apiservers are registered as endpoints, and where; which addresses the virtual IP of the kubernetes service forwards to',
		when: `${labels}, audit`,
		permission: {apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list']},
	},
	{
		request: 'GET /apis/discovery.k8s.io/v1/namespaces/*/endpointslices',
		purpose: 'how many pods of each service are ready',
		when: 'watched while the session shows services',
		permission: {apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list']},
		permissionNote: watchNote,
	},
	{
		request: 'GET /api/v1/namespaces/kube-system/pods',
		purpose: 'flags and environment of apiservers, from their mirror pods; Konnectivity agents; kube-proxy',
		when: `${labels}, audit, doctor; doctor nodes if a node is behind a tunnel`,
		permission: {apiGroups: [''], resources: ['pods'], verbs: ['list']},
	},
	{
		request: 'GET /api/v1/namespaces/*',
		purpose: 'whether the namespace of an object that was not found exists',
		when: 'after the apiserver reports that an object is not found; in the session, after you enter a namespace',
		permission: null,
		permissionNote: 'optional: get namespaces',
	},
	{
		request: 'GET /readyz',
		purpose: 'whether the apiserver still responds',
		when: 'when a followed log has been silent for 10 s, and periodically after that',
		permission: null,
	},
	{
		request: 'GET /metrics',
		purpose: 'whether an egress dialer is in use, whether kubelets were refused',
		when: `${reports}; for an open stream whose route no other evidence shows, if you requested the path or the stream lasts 1 s (at most once per minute for an apiserver process whose counters have risen above zero); the route test`,
		permission: {nonResourceURLs: ['/metrics'], verbs: ['get']},
	},
	{
		request: 'GET /api/v1/nodes',
		purpose:
			'how many nodes there are; the nodes to check; which nodes are of the control plane, because only their mirror pods prove flags',
		when: `audit, which reads at most 50 nodes; doctor nodes, which reads all; after mirror pods were found, those of the control plane: ${labels}, ${reports}`,
		permission: {apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list']},
	},
	{
		request: 'GET /api/v1/nodes/*',
		purpose: 'the kubelet’s address and port',
		when: 'path, doctor; for an exec or attach that has printed nothing for 300 ms, if kubelets are verified; the route test of audit',
		permission: {apiGroups: [''], resources: ['nodes'], verbs: ['get']},
	},
	{
		request: 'GET /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases',
		purpose: 'whether kubelets reach the apiserver',
		when: 'audit',
		permission: {apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['list']},
	},
	{
		request: 'GET /apis/certificates.k8s.io/v1/certificatesigningrequests',
		purpose: 'certificate signing requests of kubelets that are pending or were denied',
		when: 'audit; doctor for a kubelet without a certificate',
		permission: {apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'], verbs: ['list']},
	},
	{
		request: 'GET /api/v1/namespaces/*/pods',
		purpose: 'a pod on the node to test the path with; tokens that pods get; which pods of a followed log or forward appear and disappear',
		when: 'audit; path and doctor of a node; doctor nodes; watched by logs -f, tail and port-forward',
		permission: {apiGroups: [''], resources: ['pods'], verbs: ['list']},
		permissionNote: watchNote,
	},
	{
		request: 'GET /api/v1/pods',
		purpose: 'a pod on each node to test the path with',
		when: 'doctor nodes, if a node has no pod in kube-system or in the namespace of the context',
		permission: {apiGroups: [''], resources: ['pods'], verbs: ['list']},
	},
	{
		request: 'GET /api/v1/namespaces/*/pods/*',
		purpose: 'the containers of the pod whose log is read; how a Konnectivity server picks an agent',
		when: 'doctor nodes',
		permission: {apiGroups: [''], resources: ['pods'], verbs: ['get']},
	},
	{
		request: 'GET /apis/batch/v1/namespaces/*/jobs',
		purpose: 'which jobs, and so which pods, belong to a cron job',
		when: 'a target cronjob/NAME; the job of a pod that appears later is read by its name',
		permission: null,
		permissionNote: 'get, list jobs (role spoke-user)',
	},
	{
		request: 'POST /apis/authentication.k8s.io/v1/selfsubjectreviews',
		purpose: 'which user the apiserver recognizes, and whether by your client certificate',
		when: `audit; if a client certificate is your only credential, together with /flagz before each stream; ${labels}, ${reports}`,
		permission: null,
	},
	{
		request: 'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
		purpose: 'what you are allowed to do',
		when: 'audit, doctor',
		permission: null,
	},
	{
		request: 'GET /api/v1/nodes/*/proxy/configz',
		purpose: 'the kubelet’s authentication and authorization',
		when: 'audit, and only by users who already have get on nodes/proxy',
		permission: null,
		permissionNote: 'optional: get nodes/proxy',
	},
	{
		request: 'GET /healthz',
		purpose: 'without credentials: whether anonymous requests are accepted',
		when: 'audit',
		permission: null,
	},
	{request: 'GET /api', purpose: 'without credentials: what anonymous requests are allowed to do', when: 'audit', permission: null},
	{
		request: 'GET /api/v1/namespaces/*/pods/*/log',
		purpose: 'one byte of a log: whether the kubelet responds, and whether its certificate is refused',
		when: 'doctor; doctor nodes once per node, after you confirm or with --probe active; the route test (again with insecureSkipTLSVerifyBackend=true, so that the apiserver does not check the kubelet, if the certificate was refused); a command that has printed nothing for 35 s, twice if the kubelet does not respond',
		permission: {apiGroups: [''], resources: ['pods/log'], verbs: ['get']},
		active: true,
	},
	{
		request: 'GET /api/v1/namespaces/*/pods/*/log',
		purpose: 'the lines since the last one of a followed log, at most about 64 KiB: whether there are lines that did not arrive',
		when: 'a followed log that has been silent for 15 s, then about once per minute',
		permission: {apiGroups: [''], resources: ['pods/log'], verbs: ['get']},
		active: true,
	},
	{
		request: 'GET /api/v1/namespaces/*/pods/*/log',
		purpose: 'the last line of the log of a container that ended badly, at most 2 KiB: what it said last',
		when: 'in the session, while the cursor rests on a pod with a problem; never while streams have a requirement',
		permission: {apiGroups: [''], resources: ['pods/log'], verbs: ['get']},
		active: true,
	},
	{
		request: 'upgrade /api/v1/namespaces/*/pods/*/portforward',
		purpose: 'which metrics rise and fall with idle port-forwards (3, then 5, for 1 s each); doctor opens one',
		when: 'doctor; the route test',
		permission: {apiGroups: [''], resources: ['pods/portforward'], verbs: ['get', 'create']},
		active: true,
	},
	{
		request: 'GET /api/v1/namespaces/*/pods/*/proxy/metrics',
		purpose: 'which agents carry spoke’s idle port-forwards',
		when: 'the route test',
		permission: {apiGroups: [''], resources: ['pods/proxy'], verbs: ['get']},
		active: true,
	},
];

/** The permissions that kubectl needs, too. Excludes `nodes/proxy`, which runs commands in every pod of a node. */
export const userRole: ClusterRole = {
	name: 'spoke-user',
	rules: [
		{apiGroups: [''], resources: ['pods', 'services', 'endpoints', 'events', 'namespaces'], verbs: ['get', 'list', 'watch']},
		{apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch']},
		{apiGroups: ['apps'], resources: ['deployments', 'replicasets', 'statefulsets', 'daemonsets'], verbs: ['get', 'list', 'watch']},
		{apiGroups: ['batch'], resources: ['jobs', 'cronjobs'], verbs: ['get', 'list', 'watch']},
		{apiGroups: [''], resources: ['pods/log'], verbs: ['get']},
		{apiGroups: [''], resources: ['pods/exec', 'pods/attach', 'pods/portforward'], verbs: ['get', 'create']},
		{apiGroups: [''], resources: ['pods/proxy', 'services/proxy'], verbs: ['get', 'create', 'update', 'patch', 'delete']},
	],
};

/** Read-only, except for idle port-forwards and the agents' metrics, which only `--probe active` uses. */
export const evidenceReaderRole: ClusterRole = {
	name: 'spoke-evidence-reader',
	rules: byThing(extraRequests.flatMap(({permission}) => permission ?? [])),
};

export function manifest({name, rules}: ClusterRole): string {
	const list = (items: readonly string[]) => `[${items.map(item => JSON.stringify(item)).join(', ')}]`;
	return [
		'apiVersion: rbac.authorization.k8s.io/v1',
		'kind: ClusterRole',
		`metadata: {name: ${name}}`,
		'rules:',
		...rules.map(
			rule =>
				`- {${Object.entries(rule)
					.map(([key, items]) => `${key}: ${list(items)}`)
					.join(', ')}}`,
		),
	].join('\n');
}

function byThing(rules: readonly Rule[]): readonly Rule[] {
	const groups = Map.groupBy(rules, rule => JSON.stringify({...rule, verbs: []}));
	return [...groups.values()].map(group => ({...group[0]!, verbs: [...new Set(group.flatMap(({verbs}) => verbs))]}));
}
