/** An apiserver that runs as a static pod. */
import {rm, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {apiserverArguments, waitForReady} from './control-plane.ts';
import {image} from './image.ts';
import {mustKubectl} from './kubectl.ts';
import {controlPlaneAddress, type Lab} from './lab.ts';
import {staticPodFolder} from './node.ts';
import {base, postureOf} from './postures.ts';
import {kubernetesPath, labVersion} from './programs.ts';
import {kubeconfigOf, startPosture} from './start.ts';

/** As kubeadm does; its mirror pod shows its flags in kube-system. */
export async function startStaticApiserver(lab: Lab): Promise<void> {
	const posture = postureOf('static-pod');
	// For its tunnel; the kubelet starts the process itself.
	await startPosture(lab, 'off-grpc');
	const program = kubernetesPath('kube-apiserver', labVersion);
	const args = await apiserverArguments(lab, {etcd: `http://${controlPlaneAddress(lab)}:2379`, posture, reconciler: 'none'});
	const volumes = {program: dirname(program), lab: lab.folder};
	await writeFile(
		join(staticPodFolder(lab, 'n1'), 'kube-apiserver.json'),
		JSON.stringify({
			apiVersion: 'v1',
			kind: 'Pod',
			metadata: {name: 'kube-apiserver', namespace: 'kube-system', labels: {component: 'kube-apiserver', tier: 'control-plane'}},
			spec: {
				hostNetwork: true,
				priorityClassName: 'system-node-critical',
				containers: [
					{
						name: 'kube-apiserver',
						image,
						imagePullPolicy: 'Never',
						command: [program, ...args],
						volumeMounts: Object.entries(volumes).map(([name, path]) => ({name, mountPath: path, readOnly: true})),
					},
				],
				volumes: Object.entries(volumes).map(([name, path]) => ({name, hostPath: {path}})),
			},
		}),
	);
	await waitForReady(lab, 'static-pod');
	// Only mirror pods of the control plane prove flags.
	await mustKubectl(await kubeconfigOf(lab, base, 'admin'), 'label node n1 node-role.kubernetes.io/control-plane= --overwrite');
	for (const user of ['admin', 'monitor', 'plain'] as const) {
		await kubeconfigOf(lab, 'static-pod', user);
	}
}

export async function stopStaticApiserver(lab: Lab): Promise<void> {
	await rm(join(staticPodFolder(lab, 'n1'), 'kube-apiserver.json'), {force: true});
}
