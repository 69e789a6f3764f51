/** Distributions of Kubernetes: how each is recognized, and how its apiserver reaches kubelets. */

/** What one can read without administrator rights. `node-label`, `node-annotation`: a name, or a prefix that ends with `/`. */
export type DistributionMark =
	{kind: 'version' | 'server' | 'os-image'; pattern: RegExp; shown: string} | {kind: 'node-label' | 'node-annotation'; name: string};

type Distribution = {
	id: string;
	name: string;
	/** Any of them. Empty: it cannot be told from another distribution. */
	marks: readonly DistributionMark[];
	/** Clauses about the cluster, never about one connection. */
	route: string;
	kubelets: string;
	/** The project's own source or documentation of both clauses. */
	source: string;
	/** Of the second, if it is another. */
	kubeletsSource?: string;
	/** What spoke can say on such a cluster, and why. */
	spokeSays: string;
};

const byFlagz = '`/flagz` (1.36 or later, a permission of administrators) proves both';
const byMirrorPods = 'the mirror pods in kube-system show the flags to everyone who can list them';
const k3sTunnel = 'https://github.com/k3s-io/k3s/blob/master/pkg/daemons/control/tunnel.go';
const k3sFlags = 'https://github.com/k3s-io/k3s/blob/master/pkg/daemons/control/server.go';

/** More specific distributions come first. */
export const distributions: readonly Distribution[] = [
	{
		id: 'vcluster',
		name: 'vcluster',
		marks: [{kind: 'node-label', name: 'vcluster.loft.sh/fake-node'}],
		route:
			'logs, exec, attach, port-forwards and node proxy requests are redirected to the apiserver of the host cluster, which is not visible from inside',
		kubelets: 'the apiserver of the host cluster decides whether kubelets are verified',
		source: 'https://github.com/loft-sh/vcluster/blob/main/pkg/server/server.go',
		spokeSays:
			'the server stays `unknown` and nothing beyond it is proven: the proxy has a certificate of the cluster’s CA, and relays your identity',
	},
	{
		id: 'k3s',
		name: 'k3s',
		marks: [{kind: 'version', pattern: /\+k3s\d/, shown: '`+k3s` in the version'}],
		route:
			'kubelets are dialed through the HTTP CONNECT proxy of k3s’s own server, unless --egress-selector-mode=disabled; other targets are dialed directly when it has no session',
		kubelets: 'k3s sets --kubelet-certificate-authority, unless its arguments were changed',
		source: k3sTunnel,
		kubeletsSource: k3sFlags,
		spokeSays: `${byFlagz}, on a connection to the address that k3s advertises. There are no mirror pods. Elsewhere (loopback, a load balancer) all beyond leg 1 is inferred at most, because vcluster with k3s inside looks the same. The exposure of pod and service proxies stays \`unknown\`, because of the direct dial`,
	},
	{
		id: 'rke2',
		name: 'RKE2',
		marks: [{kind: 'version', pattern: /\+rke2r\d/, shown: '`+rke2r` in the version'}],
		route: 'kubelets are dialed through the HTTP CONNECT proxy of the supervisor, as in k3s',
		kubelets: 'RKE2 sets --kubelet-certificate-authority, unless its arguments were changed',
		source: k3sTunnel,
		kubeletsSource: k3sFlags,
		spokeSays: `${byMirrorPods}; ${byFlagz}. A 502 of the proxy can also mean that the node’s rke2-agent is not connected`,
	},
	{
		id: 'k0s',
		name: 'k0s',
		marks: [
			{kind: 'version', pattern: /\+k0s/, shown: '`+k0s` in the version'},
			{kind: 'node-label', name: 'node.k0sproject.io/role'},
		],
		route: 'kubelets are dialed through Konnectivity (gRPC), unless it is disabled',
		kubelets: 'k0s sets --kubelet-certificate-authority, unless its arguments were changed',
		source: 'https://github.com/k0sproject/k0s/blob/main/pkg/component/controller/apiserver.go',
		spokeSays: `${byFlagz}; there are no mirror pods. \`--probe active\` proves the route with \`/metrics\``,
	},
	{
		id: 'eks',
		name: 'Amazon EKS',
		marks: [
			{kind: 'version', pattern: /-eks-/, shown: '`-eks-` in the version'},
			{kind: 'server', pattern: /\.eks\.amazonaws\.com(\.cn)?(:|\/|$)/, shown: '`.eks.amazonaws.com` in the server URL'},
		],
		route: 'the apiserver dials kubelets directly, through network interfaces in your VPC',
		kubelets: 'kubelets have serving certificates signed by the cluster; whether the apiserver checks them is not published',
		source: 'https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html',
		kubeletsSource: 'https://github.com/awslabs/amazon-eks-ami',
		spokeSays:
			'TLS stays `unknown` unless a refused certificate shows that it is checked; the flags of a managed control plane cannot be read. `--probe active` can show the route, if you can read `/metrics`',
	},
	{
		id: 'gke',
		name: 'Google GKE',
		marks: [
			{kind: 'version', pattern: /-gke\./, shown: '`-gke.` in the version'},
			{kind: 'node-label', name: 'cloud.google.com/gke-nodepool'},
		],
		route: 'kubelets are dialed through Konnectivity; older private clusters use VPC peering',
		kubelets: 'the vendor documents TLS with authentication; the flags cannot be read',
		source: 'https://cloud.google.com/kubernetes-engine/docs/concepts/cluster-trust',
		spokeSays: 'TLS stays `unknown`. `--probe active` can prove Konnectivity by its agents’ metrics, if you can read them',
	},
	{
		id: 'aks',
		name: 'Azure AKS',
		marks: [
			{kind: 'server', pattern: /\.azmk8s\.(io|us|cn)(:|\/|$)/, shown: '`.azmk8s.io` in the server URL'},
			{kind: 'node-label', name: 'kubernetes.azure.com/cluster'},
			{kind: 'node-label', name: 'kubernetes.azure.com/kubelet-serving-ca'},
		],
		route: 'kubelets are dialed through Konnectivity, or directly with API Server VNet Integration',
		kubelets:
			'nodes with the label kubernetes.azure.com/kubelet-serving-ca=cluster have a serving certificate of the cluster’s CA, others a self-signed one; whether the apiserver checks it cannot be read',
		source: 'https://learn.microsoft.com/en-us/azure/aks/api-server-vnet-integration',
		kubeletsSource: 'https://learn.microsoft.com/en-us/azure/aks/certificate-rotation',
		spokeSays:
			'the label says what the kubelet shows, not what the apiserver checks, so TLS stays `unknown`. `--probe active` can prove Konnectivity by its agents’ metrics, if you can read them',
	},
	{
		id: 'hypershift',
		name: 'OpenShift with hosted control planes (ROSA HCP, ARO HCP)',
		marks: [{kind: 'node-label', name: 'hypershift.openshift.io/'}],
		route: 'kubelets are dialed through Konnectivity by HTTP CONNECT over TCP, with TLS and client certificates of its own',
		kubelets: 'the hosted apiserver sets --kubelet-certificate-authority',
		source:
			'https://github.com/openshift/hypershift/blob/main/control-plane-operator/controllers/hostedcontrolplane/v2/assets/kube-apiserver/egress-selector-config.yaml',
		kubeletsSource:
			'https://github.com/openshift/hypershift/blob/main/control-plane-operator/controllers/hostedcontrolplane/v2/kas/config.go',
		spokeSays:
			'the control plane runs in another cluster. A refused certificate is `refused` only by inference: it can be that of the egress proxy. `--probe active` can prove Konnectivity by its agents’ metrics, if you can read them',
	},
	{
		id: 'openshift',
		name: 'OpenShift',
		marks: [
			{kind: 'node-label', name: 'node.openshift.io/os_id'},
			{kind: 'version', pattern: /\.\d+\+[\da-f]{7}$/, shown: 'a commit of seven digits after the version'},
		],
		route: 'the apiserver dials kubelets directly',
		kubelets: 'the flags are in ConfigMap config of openshift-kube-apiserver, which sets kubelet-certificate-authority by default',
		source: 'https://github.com/openshift/cluster-kube-apiserver-operator/blob/master/bindata/assets/config/defaultconfig.yaml',
		spokeSays: `${byFlagz}. The static pods are in another namespace and name a configuration file, so an absent flag is no default; spoke does not read the ConfigMap, which may be newer than the running process`,
	},
	{
		id: 'gardener',
		name: 'Gardener',
		marks: [{kind: 'node-label', name: 'worker.gardener.cloud/pool'}],
		route:
			'kubelets are dialed by HTTP CONNECT over TCP, with TLS and client certificates of its own, to a VPN server, then through OpenVPN to vpn-shoot',
		kubelets: 'the apiserver of a shoot sets --kubelet-certificate-authority',
		source: 'https://github.com/gardener/gardener/blob/master/pkg/component/kubernetes/apiserver/configmaps.go',
		kubeletsSource: 'https://github.com/gardener/gardener/blob/master/pkg/component/kubernetes/apiserver/deployment.go',
		spokeSays:
			'the control plane runs in another cluster. The route is `egress-http-connect`, never Konnectivity. A refused certificate is `refused` only by inference: it can be that of the VPN server',
	},
	{
		id: 'talos',
		name: 'Talos Linux',
		marks: [{kind: 'os-image', pattern: /^Talos /, shown: '`Talos` as the nodes’ operating system'}],
		route: 'the apiserver dials kubelets directly',
		kubelets: 'Talos does not set --kubelet-certificate-authority; an extra argument can',
		source: 'https://github.com/siderolabs/talos/blob/main/internal/app/machined/pkg/controllers/k8s/control_plane_static_pod.go',
		spokeSays: `${byMirrorPods}; ${byFlagz}`,
	},
	{
		id: 'microk8s',
		name: 'MicroK8s',
		marks: [{kind: 'node-label', name: 'microk8s.io/cluster'}],
		route: 'the apiserver dials kubelets directly',
		kubelets: 'MicroK8s sets --kubelet-certificate-authority, and authorizes every request (AlwaysAllow) until RBAC is enabled',
		source: 'https://github.com/canonical/microk8s/blob/master/microk8s-resources/default-args/kube-apiserver',
		spokeSays: `${byFlagz}; there are no mirror pods`,
	},
	{
		id: 'kubeadm',
		name: 'kubeadm, kind, minikube, Cluster API',
		marks: [{kind: 'node-annotation', name: 'kubeadm.alpha.kubernetes.io/cri-socket'}],
		route: 'the apiserver dials kubelets directly, unless an egress file was added',
		kubelets: 'kubeadm does not set --kubelet-certificate-authority; an extra argument can',
		source: 'https://github.com/kubernetes/kubernetes/blob/v1.36.3/cmd/kubeadm/app/phases/controlplane/manifests.go',
		spokeSays: `${byMirrorPods}; ${byFlagz}`,
	},
	{
		id: 'kamaji',
		name: 'Kamaji',
		marks: [],
		route: 'Konnectivity (gRPC) is an add-on',
		kubelets: 'kubeadm’s flags, in another cluster',
		source: 'https://github.com/clastix/kamaji/blob/master/internal/resources/konnectivity/egress_selector_configuration_resource.go',
		kubeletsSource: 'https://github.com/clastix/kamaji/blob/master/internal/builders/controlplane/deployment.go',
		spokeSays:
			'a tenant looks like kubeadm without control plane pods. `/flagz` proves TLS and whether an egress file is set; `--probe active` can prove Konnectivity by its agents’ metrics, if you can read them',
	},
	{
		id: 'gateways',
		name: 'Rancher, Teleport, Pinniped and other gateways',
		marks: [{kind: 'server', pattern: /\/k8s\/clusters\/[^/]/, shown: '`/k8s/clusters/` in the server URL (Rancher)'}],
		route: 'a gateway relays requests to an apiserver that is not visible from here',
		kubelets: 'the apiserver behind the gateway decides whether kubelets are verified',
		source:
			'https://ranchermanager.docs.rancher.com/reference-guides/rancher-manager-architecture/communicating-with-downstream-user-clusters',
		spokeSays: 'leg 1 ends at the gateway (by the path of the URL, its CA, or its headers); all beyond it is inferred at most',
	},
];

export type RecognizedDistribution = {
	distribution: Distribution;
	/** What it was recognized by: `version v1.31.2+k3s1`. */
	by: string;
};

/** Of a node. */
type NodeMarks = {
	metadata: {labels?: Readonly<Record<string, string>>; annotations?: Readonly<Record<string, string>>};
	status?: {nodeInfo?: {osImage?: string}};
};

type Readable = {
	version: string | null;
	/** The server URL of the kubeconfig. */
	server: string;
	nodes: readonly NodeMarks[];
};

type NodeMark = Extract<DistributionMark, {name: string}>;

const nodeMarks = distributions.flatMap(({marks}) => marks.filter(mark => 'name' in mark));

/**
`null` if no mark is seen. A mark is no evidence: an operator may have changed the flags that the distribution sets, and nodes can give
themselves labels. It explains an unknown verdict, and never decides one.
*/
export function recognizeDistribution(readable: Readable): RecognizedDistribution | null {
	for (const distribution of distributions) {
		for (const mark of distribution.marks) {
			const by = seen(mark, readable);
			if (by !== null) {
				return {distribution, by};
			}
		}
	}

	return null;
}

/** Without a node's other labels and annotations, which are many. */
export function marksOf({metadata, status}: NodeMarks): NodeMarks {
	const osImage = status?.nodeInfo?.osImage;
	return {
		metadata: {labels: marksIn('node-label', metadata.labels), annotations: marksIn('node-annotation', metadata.annotations)},
		...(osImage !== undefined && {status: {nodeInfo: {osImage}}}),
	};
}

function marksIn(kind: NodeMark['kind'], values: Readonly<Record<string, string>> = {}): Record<string, string> {
	return Object.fromEntries(Object.entries(values).filter(([name]) => nodeMarks.some(mark => mark.kind === kind && isMark(mark, name))));
}

function isMark(mark: NodeMark, name: string): boolean {
	return mark.name.endsWith('/') ? name.startsWith(mark.name) : name === mark.name;
}

/** `This looks like k3s (version v1.31.2+k3s1). Usually there: …` */
export function describeDistribution({distribution: {name}, by}: RecognizedDistribution, ...says: readonly string[]): string {
	return `This looks like ${name} (${by}). Usually there: ${says.join('; ')}`;
}

function seen(mark: DistributionMark, {version, server, nodes}: Readable): string | null {
	if ('pattern' in mark) {
		const [name, texts] = {
			version: ['version', [version]],
			server: ['server', [server]],
			'os-image': ['operating system', nodes.map(({status}) => status?.nodeInfo?.osImage)],
		}[mark.kind] as [string, ReadonlyArray<string | null | undefined>];
		const text = texts.find(one => one && mark.pattern.test(one));
		return text ? `${name} ${text}` : null;
	}

	const isLabel = mark.kind === 'node-label';
	const found = nodes
		.flatMap(({metadata}) => Object.entries((isLabel ? metadata.labels : metadata.annotations) ?? {}))
		.find(([name]) => isMark(mark, name));
	return found === undefined ? null : `${mark.kind.replace('-', ' ')} ${found[0]}${isLabel ? `=${found[1]}` : ''}`;
}
