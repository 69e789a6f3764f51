/** Nodes of a sandbox. */
import type {ClusterIssuer} from './certificates/cluster-issuer.ts';
import type {FindProgram} from './containers/programs.ts';
import {Kubelet, type KubeletCertificate} from './kubelet/kubelet.ts';
import type {AddressPlan} from './network/address-plan.ts';
import {apiTime} from './objects/kube-object.ts';
import type {ObjectStore} from './objects/object-store.ts';
import {kubernetesVersion, type Posture, type SwitchValues} from './switches.ts';
import {createNode} from './scenarios/base-objects.ts';

export const nodeNames = ['cp', 'n1', 'n2'] as const;

/** Delay of the second restart; doubles for each further one. */
const backOffMs = 5000;

export type NodesConfig = {store: ObjectStore; plan: AddressPlan; issuer: ClusterIssuer; findProgram: FindProgram};

export async function startNodes({store, plan, issuer, findProgram}: NodesConfig, posture: Posture): Promise<Kubelet[]> {
	return Promise.all(
		nodeNames.map(async (node, index) => {
			const kubelet = new Kubelet({store, plan, issuer, findProgram, node, hostAddress: plan.nodeAddress(index), backOffMs});
			await kubelet.start(certificateFor(posture, 'matching'));
			createNode(store, {
				name: node,
				address: kubelet.address.address,
				kubeletPort: kubelet.port,
				version: kubernetesVersion(posture),
				controlPlane: node === 'cp',
			});
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

export function recordSigningRequests(store: ObjectStore, kubelets: readonly Kubelet[]): void {
	for (const {
		config: {node},
		certificate,
	} of kubelets) {
		const name = `csr-${node}-serving`;
		store.delete('certificatesigningrequests', undefined, name);
		if (certificate === 'pending' || certificate === 'signed') {
			const now = apiTime();
			store.create('certificatesigningrequests', {
				metadata: {name},
				spec: {
					signerName: 'kubernetes.io/kubelet-serving',
					username: `system:node:${node}`,
					groups: ['system:nodes', 'system:authenticated'],
					usages: ['digital signature', 'server auth'],
					request: '',
				},
				status:
					certificate === 'pending'
						? {}
						: {
								conditions: [
									{
										type: 'Approved',
										status: 'True',
										reason: 'SandboxApproved',
										message: 'approved by the sandbox',
										lastUpdateTime: now,
										lastTransitionTime: now,
									},
								],
								certificate: 'LS0t',
							},
			});
		}
	}
}
