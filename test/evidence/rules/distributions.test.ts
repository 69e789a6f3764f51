/** Distributions, recognized from objects as the projects' own sources make them. */
import test from 'ava';
import {distributions, describeDistribution, marksOf, recognizeDistribution} from '../../../source/evidence/rules/distributions.ts';

type Given = Partial<Parameters<typeof recognizeDistribution>[0]>;

const recognize = ({version = 'v1.31.2', server = 'https://10.0.0.5:6443', nodes = []}: Given) =>
	recognizeDistribution({version, server, nodes});

const node = (labels: Record<string, string>, annotations: Record<string, string> = {}, osImage = 'Ubuntu 24.04.1 LTS') => ({
	metadata: {labels: {'kubernetes.io/os': 'linux', ...labels}, annotations},
	status: {nodeInfo: {osImage}},
});

const rows: ReadonlyArray<[title: string, given: Given, id: string | null]> = [
	['k3s: pkg/version', {version: 'v1.31.2+k3s1'}, 'k3s'],
	['k3s, a release candidate', {version: 'v1.31.2-rc1+k3s1'}, 'k3s'],
	['RKE2', {version: 'v1.31.2+rke2r1'}, 'rke2'],
	['k0s', {version: 'v1.31.2+k0s'}, 'k0s'],
	['k0s, by pkg/constant K0SNodeRoleLabel', {nodes: [node({'node.k0sproject.io/role': 'control-plane'})]}, 'k0s'],
	['EKS, by its version', {version: 'v1.30.4-eks-a737599'}, 'eks'],
	['EKS, by its endpoint', {server: 'https://0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com'}, 'eks'],
	['EKS in China', {server: 'https://0123456789ABCDEF.sk1.cn-north-1.eks.amazonaws.com.cn'}, 'eks'],
	['GKE', {version: 'v1.29.1-gke.1589000'}, 'gke'],
	['AKS, by its endpoint', {server: 'https://test-cluster-api.hcp.eastus.azmk8s.io:443'}, 'aks'],
	['AKS, by the label of AgentBaker', {nodes: [node({'kubernetes.azure.com/kubelet-serving-ca': 'cluster'})]}, 'aks'],
	['OpenShift, by its node label', {nodes: [node({'node.openshift.io/os_id': 'rhcos'})]}, 'openshift'],
	['OpenShift, by its version', {version: 'v1.29.6+aba1e8d'}, 'openshift'],
	[
		'HyperShift, whose nodes also have OpenShift’s label',
		{nodes: [node({'node.openshift.io/os_id': 'rhel', 'hypershift.openshift.io/managed': 'true'})]},
		'hypershift',
	],
	['Gardener', {nodes: [node({'worker.gardener.cloud/pool': 'worker-1'})]}, 'gardener'],
	['Talos', {nodes: [node({}, {}, 'Talos (v1.8.1)')]}, 'talos'],
	['MicroK8s, by its kubelet’s arguments', {nodes: [node({'microk8s.io/cluster': 'true'})]}, 'microk8s'],
	['kubeadm', {nodes: [node({}, {'kubeadm.alpha.kubernetes.io/cri-socket': 'unix:///run/containerd/containerd.sock'})]}, 'kubeadm'],
	['vcluster with k3s inside', {version: 'v1.30.2+k3s1', nodes: [node({'vcluster.loft.sh/fake-node': 'true'})]}, 'vcluster'],
	['Rancher', {server: 'https://rancher.example.com/k8s/clusters/c-m-abc123'}, 'gateways'],
	['an upstream build', {version: 'v1.36.3', nodes: [node({})]}, null],
	['an upstream build from a commit', {version: 'v1.37.0-alpha.1.23+abcdef01234567'}, null],
	['a version that cannot be read', {version: null}, null],
	['a host whose name only ends alike', {server: 'https://eks.amazonaws.com.example.org'}, null],
];

for (const [title, given, id] of rows) {
	test(`${title}: ${id ?? 'not recognized'}`, t => {
		t.is(recognize(given)?.distribution.id ?? null, id);
	});
}

test('the rows above cover every distribution that has a mark', t => {
	const covered = new Set(rows.map(([, , id]) => id));
	t.deepEqual(
		distributions.filter(({id, marks}) => marks.length > 0 && !covered.has(id)).map(({id}) => id),
		[],
	);
});

test('of a node’s labels and annotations, only marks of that kind are kept', t => {
	const other = node(
		{'microk8s.io/cluster': 'true'},
		{'microk8s.io/cluster': 'true', 'kubeadm.alpha.kubernetes.io/cri-socket': 'unix:///x'},
	);
	t.deepEqual(marksOf(other), {
		metadata: {labels: {'microk8s.io/cluster': 'true'}, annotations: {'kubeadm.alpha.kubernetes.io/cri-socket': 'unix:///x'}},
		status: other.status,
	});
});

test('a description names what the distribution was recognized by', t => {
	t.is(
		describeDistribution(recognize({nodes: [node({'microk8s.io/cluster': 'true'})]})!, 'a', 'b'),
		'This looks like MicroK8s (node label microk8s.io/cluster=true). Usually there: a; b',
	);
});

test('every statement has a source of the project, and none claims to know this cluster', t => {
	for (const {id, route, kubelets, source, kubeletsSource = source} of distributions) {
		for (const [says, page] of [
			[route, source],
			[kubelets, kubeletsSource],
		] as const) {
			t.regex(page, /^https:\/\//, id);
			t.notRegex(says, /\b(proven|verified by spoke|your cluster)\b/, id);
		}
	}
});
