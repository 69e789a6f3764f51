/** Objects of every sandbox. */
import {randomUUID} from 'node:crypto';
import {platform, release} from 'node:os';
import {apiMicroTime, apiTime} from '../objects/kube-object.ts';
import type {ObjectStore} from '../objects/object-store.ts';

const namespaces = ['default', 'kube-node-lease', 'kube-public', 'kube-system', 'shop'] as const;

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

export type NodeFacts = {name: string; address: string; kubeletPort: number; version: string; controlPlane: boolean};

/** Ready, with its lease and approved client certificate request. */
export function createNode(store: ObjectStore, {name, address, kubeletPort, version, controlPlane}: NodeFacts): void {
	const now = apiTime();
	const conditions = [
		...['MemoryPressure', 'DiskPressure', 'PIDPressure'].map(type => ({
			type,
			status: 'False',
			reason: `KubeletHasNo${type}`,
			message: 'kubelet is fine',
		})),
		{type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status'},
	];
	const resources = {cpu: '2', memory: '4Gi', pods: '110', 'ephemeral-storage': '20Gi'};
	store.create('nodes', {
		metadata: {
			name,
			labels: {
				'kubernetes.io/hostname': name,
				'kubernetes.io/os': 'linux',
				'kubernetes.io/arch': 'amd64',
				...(controlPlane && {'node-role.kubernetes.io/control-plane': ''}),
			},
		},
		spec: controlPlane ? {taints: [{key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule'}]} : {},
		status: {
			addresses: [
				{type: 'InternalIP', address},
				{type: 'Hostname', address: name},
			],
			allocatable: resources,
			capacity: resources,
			conditions: conditions.map(condition => ({...condition, lastHeartbeatTime: now, lastTransitionTime: now})),
			daemonEndpoints: {kubeletEndpoint: {Port: kubeletPort}},
			declaredFeatures: ['ExtendWebSocketsToKubelet'],
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
	store.create('certificatesigningrequests', {
		metadata: {name: `csr-${name}-client`},
		spec: {
			signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
			username: `system:bootstrap:${name}`,
			groups: ['system:bootstrappers', 'system:authenticated'],
			usages: ['digital signature', 'client auth'],
			request: '',
		},
		status: {
			conditions: [
				{
					type: 'Approved',
					status: 'True',
					reason: 'AutoApproved',
					message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
					lastUpdateTime: now,
					lastTransitionTime: now,
				},
			],
			certificate: 'LS0t',
		},
	});
}
