/** Starts etcd, the apiservers, the controller-manager and the scheduler. */
import {readFile} from 'node:fs/promises';
import {request} from 'node:https';
import {join} from 'node:path';
import {authority, serviceAccountKeys, signed, type KeyPair} from './certificates.ts';
import {startDaemon, stopDaemon} from './daemon.ts';
import {egressFile} from './egress-file.ts';
import {writeKubeconfig} from './kubeconfig.ts';
import {controlPlaneAddress, loopbackAddress, nodeAddress, type Lab} from './lab.ts';
import {base, postureOf, type KubeletCa, type Posture, type PostureName} from './postures.ts';
import {isSince136, kubernetesPath, labTranslatesStreams, labVersion, toolPath} from './programs.ts';
import {waitFor, waitForPort} from './wait.ts';

export const serverUrl = (lab: Lab, posture: PostureName): string =>
	`https://${controlPlaneAddress(lab)}:${6443 + postureOf(posture).portOffset}`;

/** Without fsync, because no data needs to survive a crash of the machine. */
export async function startEtcd(lab: Lab, name = 'etcd', port = 2379): Promise<string> {
	const url = `http://${controlPlaneAddress(lab)}:${port}`;
	const peer = `http://${controlPlaneAddress(lab)}:${port + 1}`;
	await startDaemon(lab, name, [
		toolPath('etcd'),
		`--data-dir=${join(lab.folder, name)}`,
		`--listen-client-urls=${url}`,
		`--advertise-client-urls=${url}`,
		`--listen-peer-urls=${peer}`,
		`--initial-advertise-peer-urls=${peer}`,
		`--initial-cluster=default=${peer}`,
		'--unsafe-no-fsync',
		'--quota-backend-bytes=8589934592',
		'--log-level=error',
	]);
	await waitForPort(name, controlPlaneAddress(lab), port);
	return url;
}

/** Starts the apiserver of a posture, optionally with other posture; resolves when it is ready. */
export async function startApiserver(lab: Lab, name: PostureName, posture: Posture = postureOf(name)): Promise<void> {
	const etcd = `http://${controlPlaneAddress(lab)}:2379`;
	const args = await apiserverArguments(lab, {etcd, posture, reconciler: name === base ? 'lease' : 'none'});
	const [program, ...first] =
		posture.egress === 'supervisor'
			? [kubernetesPath('supervisor'), 'server', `--supervisor-address=${controlPlaneAddress(lab)}:${6443 + posture.portOffset}`]
			: [kubernetesPath('kube-apiserver', posture.version ?? labVersion)];
	// Replicas differ by host name, which needs its own UTS namespace.
	const command: [string, ...string[]] = posture.hostname
		? ['unshare', '--uts', 'sh', '-c', 'hostname "$0" && exec "$@"', posture.hostname, program, ...first, ...args]
		: [program, ...first, ...args];
	await startDaemon(lab, `apiserver-${name}`, command);
	await waitForReady(lab, name);
}

/** Stops an apiserver by SIGKILL, as in a crash, or by SIGTERM. */
export async function stopApiserver(lab: Lab, name: PostureName, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
	await stopDaemon(lab, `apiserver-${name}`, {signal, graceMs: 10_000});
}

/** The arguments of an apiserver, whether it runs as a process or as a static pod. */
export async function apiserverArguments(
	lab: Lab,
	{etcd, posture, reconciler}: {etcd: string; posture: Posture; reconciler: 'lease' | 'none'},
): Promise<string[]> {
	const address = controlPlaneAddress(lab);
	const clusterCa = await authority(lab, 'cluster');
	const serving = await apiserverServingPair(lab);
	const kubeletClient = await signed(lab, 'apiserver-kubelet-client', 'cluster', {
		commonName: 'kube-apiserver-kubelet-client',
		groups: ['system:masters'],
	});
	const serviceAccounts = await serviceAccountKeys(lab);
	const egress = await egressFile(lab, posture);
	const port = 6443 + posture.portOffset;
	return [
		`--etcd-servers=${etcd}`,
		`--advertise-address=${address}`,
		...(posture.egress === 'supervisor'
			? [`--bind-address=${loopbackAddress(lab)}`, `--secure-port=${port + 1}`, `--advertise-port=${port}`]
			: [`--bind-address=${address}`, `--secure-port=${port}`]),
		`--client-ca-file=${clusterCa.cert}`,
		`--tls-cert-file=${serving.cert}`,
		`--tls-private-key-file=${serving.key}`,
		`--kubelet-client-certificate=${kubeletClient.cert}`,
		`--kubelet-client-key=${kubeletClient.key}`,
		'--kubelet-preferred-address-types=InternalIP,Hostname',
		...(await kubeletCaFlag(lab, posture.kubeletCa)),
		...(egress ? [`--egress-selector-config-file=${egress}`] : []),
		`--service-account-key-file=${serviceAccounts.cert}`,
		`--service-account-signing-key-file=${serviceAccounts.key}`,
		'--service-account-issuer=https://kubernetes.default.svc.cluster.local',
		'--service-cluster-ip-range=10.96.0.0/16',
		'--authorization-mode=Node,RBAC',
		'--enable-admission-plugins=NodeRestriction',
		'--allow-privileged=true',
		`--endpoint-reconciler-type=${reconciler}`,
		'--profiling=false',
		// Each apiserver writes whether it reaches an aggregated API; without a service network, only endpoints can be reached.
		'--enable-aggregator-routing=true',
		...(posture.aggregates ? await aggregationFlags(lab) : []),
		...(labTranslatesStreams && isSince136(posture.version ?? labVersion) ? ['--feature-gates=ExtendWebSocketsToKubelet=false'] : []),
	];
}

/** No kube-proxy carries service addresses to the control plane here, so the apiserver dials endpoints. */
async function aggregationFlags(lab: Lab): Promise<string[]> {
	const client = await frontProxyPair(lab);
	return [
		`--requestheader-client-ca-file=${(await authority(lab, 'front-proxy')).cert}`,
		'--requestheader-allowed-names=front-proxy-client',
		'--requestheader-username-headers=X-Remote-User',
		'--requestheader-group-headers=X-Remote-Group',
		'--requestheader-extra-headers-prefix=X-Remote-Extra-',
		`--proxy-client-cert-file=${client.cert}`,
		`--proxy-client-key-file=${client.key}`,
	];
}

/** The client certificate of an authenticating proxy. */
export async function frontProxyPair(lab: Lab): Promise<KeyPair> {
	return signed(lab, 'front-proxy-client', 'front-proxy', {commonName: 'front-proxy-client'});
}

async function kubeletCaFlag(lab: Lab, kubeletCa: KubeletCa): Promise<string[]> {
	if (kubeletCa === 'off') {
		return [];
	}

	const {cert} = await authority(lab, kubeletCa === 'good' ? 'kubelet' : 'cluster');
	return [`--kubelet-certificate-authority=${cert}`];
}

/** Starts the agent that gives a supervisor a session for the node. */
export async function startSupervisorAgent(lab: Lab, name: PostureName, node: string): Promise<void> {
	const address = controlPlaneAddress(lab);
	const client = await signed(lab, `client-system-node-${node}`, 'cluster', {commonName: `system:node:${node}`, groups: ['system:nodes']});
	await startDaemon(lab, `supervisor-agent-${name}-${node}`, [
		kubernetesPath('supervisor'),
		'agent',
		`--server=${address}:${6443 + postureOf(name).portOffset}`,
		`--kubelet=${nodeAddress(lab, node)}:10250`,
		`--ca-file=${(await authority(lab, 'cluster')).cert}`,
		`--cert-file=${client.cert}`,
		`--key-file=${client.key}`,
	]);
}

/** Starts the controller-manager and the scheduler against the base apiserver. */
export async function startControllers(lab: Lab): Promise<void> {
	const address = controlPlaneAddress(lab);
	const server = serverUrl(lab, base);
	const clusterCa = await authority(lab, 'cluster');
	const managerConfig = await writeKubeconfig(lab, {
		name: 'controller-manager',
		server,
		subject: {commonName: 'system:kube-controller-manager'},
	});
	const schedulerConfig = await writeKubeconfig(lab, {name: 'scheduler', server, subject: {commonName: 'system:kube-scheduler'}});
	await startDaemon(lab, 'controller-manager', [
		kubernetesPath('kube-controller-manager'),
		`--kubeconfig=${managerConfig}`,
		`--bind-address=${address}`,
		'--leader-elect=false',
		'--use-service-account-credentials=true',
		`--service-account-private-key-file=${(await serviceAccountKeys(lab)).key}`,
		`--root-ca-file=${clusterCa.cert}`,
		`--cluster-signing-cert-file=${clusterCa.cert}`,
		`--cluster-signing-key-file=${clusterCa.key}`,
		// Tests that stop a kubelet wait until its node is not ready, so this is shorter than the default.
		'--node-monitor-grace-period=20s',
	]);
	await startDaemon(lab, 'scheduler', [
		kubernetesPath('kube-scheduler'),
		`--kubeconfig=${schedulerConfig}`,
		`--bind-address=${address}`,
		'--leader-elect=false',
	]);
}

/** Resolves when /readyz responds over TLS verified by the cluster's CA. */
export async function waitForReady(lab: Lab, name: PostureName, limitMs = 120_000): Promise<void> {
	const ca = await readFile((await authority(lab, 'cluster')).cert);
	await waitFor(
		`apiserver ${name}`,
		async () =>
			new Promise<boolean>((resolve, reject) => {
				const probe = request(`${serverUrl(lab, name)}/readyz`, {ca, agent: false, timeout: 5000}, response => {
					response.resume();
					resolve(response.statusCode === 200);
				});
				probe.once('error', reject);
				probe.once('timeout', () => probe.destroy(new Error('no answer')));
				probe.end();
			}),
		{limitMs, intervalMs: 200},
	);
}

/** The serving certificate and key that all apiservers of the lab share. */
export async function apiserverServingPair(lab: Lab): Promise<KeyPair> {
	return signed(lab, 'apiserver', 'cluster', {
		commonName: 'kube-apiserver',
		names: [
			controlPlaneAddress(lab),
			'127.0.0.1',
			'10.96.0.1',
			'localhost',
			'kubernetes',
			'kubernetes.default',
			'kubernetes.default.svc',
			'kubernetes.default.svc.cluster.local',
		],
	});
}
