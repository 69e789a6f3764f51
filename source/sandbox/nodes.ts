/** The nodes of a sandbox: a kubelet each, and the certificates with which they serve. */
import type {Issuer} from './certificates/issuer.ts';
import type {FindProgram} from './containers/programs.ts';
import {Kubelet} from './kubelet/kubelet.ts';
import type {KubeletCertificate} from './kubelet/serving-certificate.ts';
import type {AddressPlan} from './network/address-plan.ts';
import {apiTime} from './objects/kube-object.ts';
import type {ObjectStore} from './objects/object-store.ts';
import {kubernetesVersion, type Posture} from './posture.ts';
import {createNode} from './scenarios/base-objects.ts';
import type {SwitchValues} from './switches.ts';

export const nodeNames = ['cp', 'n1', 'n2'] as const;

/** Before the second restart of a container that fails; it doubles from there. */
const backOffMs = 5000;

export type NodesConfig = {store: ObjectStore; plan: AddressPlan; issuer: Issuer; findProgram: FindProgram};

export async function startNodes({store, plan, issuer, findProgram}: NodesConfig, posture: Posture): Promise<Kubelet[]> {
	return Promise.all(
		nodeNames.map(async (node, index) => {
			const kubelet = new Kubelet({store, plan, issuer, findProgram, node, hostAddress: plan.nodeAddress(index), backOffMs});
			await kubelet.start(certificateFor(posture, 'fitting'));
			createNode(store, {
				name: node,
				address: kubelet.place.address,
				kubeletPort: kubelet.port,
				version: kubernetesVersion(posture),
				controlPlane: node === 'cp',
			});
			return kubelet;
		}),
	);
}

/** `fitting` is signed where the apiserver checks and accepts it, and self-signed, as by default, elsewhere. */
export function certificateFor({verification}: Pick<Posture, 'verification'>, wish: SwitchValues['certificate']): KubeletCertificate {
	return wish === 'fitting' ? (verification === 'good' ? 'signed' : 'self-signed') : wish;
}

/** Serving certificates by a signing request leave the request behind: approved, or waiting. */
export function recordServingRequests(store: ObjectStore, kubelets: readonly Kubelet[]): void {
	for (const {
		setting: {node},
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
