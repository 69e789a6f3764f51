/** Control plane components that run as pods: an apiserver and kube-proxy. */
import {rm, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {apiserverArguments, serverUrl, waitForReady} from './control-plane.ts';
import {writeConfiguration} from './configuration.ts';
import {image} from './image.ts';
import {writeKubeconfig} from './kubeconfig.ts';
import {apply, mustKubectl} from './kubectl.ts';
import {controlPlaneAddress, nodeAddress, type Lab} from './lab.ts';
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
	await mustKubectl(await kubeconfigOf(lab, base, 'admin'), [
		'label',
		'node',
		'n1',
		'node-role.kubernetes.io/control-plane=',
		'--overwrite',
	]);
	for (const user of ['admin', 'monitor', 'plain'] as const) {
		await kubeconfigOf(lab, 'static-pod', user);
	}
}

export async function stopStaticApiserver(lab: Lab): Promise<void> {
	await rm(join(staticPodFolder(lab, 'n1'), 'kube-apiserver.json'), {force: true});
}

/** iptables mode, on n1 only: all nodes share one network, which takes one proxy, so only one lab per machine can have it. */
export async function startKubeProxy(lab: Lab): Promise<void> {
	const admin = await kubeconfigOf(lab, base, 'admin');
	const program = kubernetesPath('kube-proxy');
	const config = await writeConfiguration(lab, 'kube-proxy.json', {
		apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
		kind: 'KubeProxyConfiguration',
		clientConnection: {
			kubeconfig: await writeKubeconfig(lab, {
				name: 'kube-proxy',
				server: serverUrl(lab, base),
				subject: {commonName: 'system:kube-proxy'},
			}),
		},
		mode: 'iptables',
		hostnameOverride: 'n1',
		bindAddress: nodeAddress(lab, 'n1'),
		healthzBindAddress: `${nodeAddress(lab, 'n1')}:10256`,
		metricsBindAddress: `${nodeAddress(lab, 'n1')}:10249`,
		// The machine's own connection tracking limits stay unchanged.
		conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s'},
		nodePortAddresses: [`${nodeAddress(lab, 'n1')}/32`],
	});
	await apply(admin, [
		{
			apiVersion: 'apps/v1',
			kind: 'DaemonSet',
			metadata: {name: 'kube-proxy', namespace: 'kube-system', labels: {'k8s-app': 'kube-proxy'}},
			spec: {
				selector: {matchLabels: {'k8s-app': 'kube-proxy'}},
				template: {
					metadata: {labels: {'k8s-app': 'kube-proxy'}},
					spec: {
						hostNetwork: true,
						automountServiceAccountToken: false,
						priorityClassName: 'system-node-critical',
						terminationGracePeriodSeconds: 1,
						nodeSelector: {'kubernetes.io/hostname': 'n1'},
						containers: [
							{
								name: 'kube-proxy',
								image,
								imagePullPolicy: 'Never',
								// The host's iptables, which the small image lacks.
								command: ['chroot', '/host', program, `--config=${config}`],
								env: [{name: 'PATH', value: '/usr/sbin:/usr/bin:/sbin:/bin'}],
								securityContext: {privileged: true},
								readinessProbe: {httpGet: {port: 10_256, path: '/healthz'}, periodSeconds: 1},
								volumeMounts: [{name: 'host', mountPath: '/host'}],
							},
						],
						volumes: [{name: 'host', hostPath: {path: '/'}}],
					},
				},
			},
		},
	]);
	await mustKubectl(admin, ['rollout', 'status', 'daemonset/kube-proxy', '-n', 'kube-system', '--timeout=60s'], {limitMs: 70_000});
}
