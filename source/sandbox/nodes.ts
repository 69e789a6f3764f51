/** Nodes of a sandbox, and the objects of every sandbox. */
import {randomUUID} from 'node:crypto';
import {platform, release} from 'node:os';
import type {ClusterIssuer} from './certificates/issuer.ts';
import type {FindProgram} from './containers/programs.ts';
import {Kubelet, type KubeletCertificate} from './kubelet/kubelet.ts';
import type {AddressPlan} from './network/address-plan.ts';
import {apiTime, apiMicroTime} from './objects/kube-object.ts';
import type {ObjectStore} from './objects/object-store.ts';
import {kubernetesVersion, type Posture, type SwitchValues} from './sandbox.ts';

export const nodeNames = ['cp', 'n1', 'n2'] as const;

/** Delay of the second restart; doubles for each further one. */
const backOffMs = 5000;

type NodesConfig = {store: ObjectStore; plan: AddressPlan; issuer: ClusterIssuer; findProgram: FindProgram};

const namespaces = ['default', 'kube-node-lease', 'kube-public', 'kube-system', 'shop'] as const;

export async function startNodes(config: NodesConfig, posture: Posture): Promise<Kubelet[]> {
	return Promise.all(
		nodeNames.map(async (node, index) => {
			const kubelet = new Kubelet({...config, node, hostAddress: config.plan.nodeAddress(index), backOffMs});
			await kubelet.start(certificateFor(posture, 'matching'));
			createNode(config.store, kubelet, kubernetesVersion(posture));
			return kubelet;
		}),
	);
}

/** `matching` is self-signed if the apiserver does not verify, as by default. */
export function certificateFor(
	{verification}: Pick<Posture, 'verification'>,
	certificate: SwitchValues['certificate'],
): KubeletCertificate {
	return certificate === 'matching' ? (verification === 'good' ? 'signed' : 'self-signed') : certificate;
}

/** Replaces the requests for the kubelets' serving certificates. */
export function recordSigningRequests(store: ObjectStore, kubelets: readonly Kubelet[]): void {
	for (const {
		config: {node},
		certificate,
	} of kubelets) {
		const name = `csr-${node}-serving`;
		store.delete('certificatesigningrequests', undefined, name);
		if (certificate === 'pending' || certificate === 'signed') {
			createSigningRequest(store, name, {
				signerName: 'kubernetes.io/kubelet-serving',
				username: `system:node:${node}`,
				isApproved: certificate === 'signed',
			});
		}
	}
}

function createSigningRequest(
	store: ObjectStore,
	name: string,
	{isApproved, ...spec}: {signerName: string; username: string; isApproved: boolean},
): void {
	const at = apiTime();
	const approved = {type: 'Approved', status: 'True', reason: 'AutoApproved', message: '', lastUpdateTime: at, lastTransitionTime: at};
	store.create('certificatesigningrequests', {
		metadata: {name},
		spec: {...spec, groups: ['system:nodes', 'system:authenticated'], usages: ['digital signature'], request: ''},
		status: isApproved ? {conditions: [approved], certificate: 'LS0t'} : {},
	});
}

export function createBaseObjects(store: ObjectStore, authority: string): void {
	for (const name of namespaces) {
		store.create('namespaces', {
			metadata: {name, labels: {'kubernetes.io/metadata.name': name}},
			spec: {finalizers: ['kubernetes']},
			status: {phase: 'Active'},
		});
		store.create('configmaps', {metadata: {name: 'kube-root-ca.crt', namespace: name}, data: {'ca.crt': authority}});
	}
}

/** Ready, with its lease and approved client certificate request. */
function createNode(store: ObjectStore, {config: {node: name}, address: {address, port}}: Kubelet, version: string): void {
	const role = 'node-role.kubernetes.io/control-plane';
	const controlPlane = name === 'cp';
	const now = apiTime();
	const conditions = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].map(type => ({
		type,
		status: type === 'Ready' ? 'True' : 'False',
		reason: `Kubelet${type === 'Ready' ? '' : 'HasNo'}${type}`,
		message: 'kubelet is fine',
		lastHeartbeatTime: now,
		lastTransitionTime: now,
	}));
	const resources = {cpu: '2', memory: '4Gi', pods: '110', 'ephemeral-storage': '20Gi'};
	store.create('nodes', {
		metadata: {
			name,
			labels: {
				'kubernetes.io/hostname': name,
				'kubernetes.io/os': 'linux',
				'kubernetes.io/arch': 'amd64',
				...(controlPlane && {[role]: ''}),
			},
		},
		spec: controlPlane ? {taints: [{key: role, effect: 'NoSchedule'}]} : {},
		status: {
			addresses: [
				{type: 'InternalIP', address},
				{type: 'Hostname', address: name},
			],
			allocatable: resources,
			capacity: resources,
			conditions,
			daemonEndpoints: {kubeletEndpoint: {Port: port}},
			nodeInfo: {
				architecture: 'amd64',
				bootID: randomUUID(),
				machineID: randomUUID().replaceAll('-', ''),
				systemUUID: randomUUID(),
				operatingSystem: 'linux',
				kubeProxyVersion: '',
				kubeletVersion: version,
				osImage: 'spoke sandbox (no real node)',
				kernelVersion: `${platform()}-${release()}`,
				containerRuntimeVersion: 'sandbox://1',
			},
		},
	});
	store.create('leases', {
		metadata: {name, namespace: 'kube-node-lease'},
		spec: {holderIdentity: name, leaseDurationSeconds: 40, renewTime: apiMicroTime()},
	});
	createSigningRequest(store, `csr-${name}-client`, {
		signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
		username: `system:bootstrap:${name}`,
		isApproved: true,
	});
}
