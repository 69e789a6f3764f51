/** Starts a node: containerd and kubelet, an address on `lo`, and a bridge for its pods. */
import {access, mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {authority, signed} from './certificates.ts';
import {writeConfiguration} from './configuration.ts';
import {serverUrl} from './control-plane.ts';
import {startDaemon} from './daemon.ts';
import {importImage} from './image.ts';
import {writeKubeconfig} from './kubeconfig.ts';
import {addAddress, nodeAddress, podSubnet, type Lab} from './lab.ts';
import {base} from './postures.ts';
import {isSince136, kubernetesPath, labTranslatesStreams, labVersion, toolPath, type KubernetesVersion} from './programs.ts';
import {waitFor, waitForPort} from './wait.ts';

/**
`signed` by the kubelet CA with the node's address; `self-signed` as by default, without an address; `pending`: requested and not approved;
`expired`: signed, and expired yesterday.
*/
export type ServingCertificate = 'signed' | 'self-signed' | 'pending' | 'expired';

export type NodeFacts = {
	readonly serving: ServingCertificate;
	readonly version?: KubernetesVersion;
	readonly extendWebSockets?: boolean;
	/** Answers queries for services of the node. */
	readonly logQuery?: boolean;
	/** Small to test rotation. */
	readonly logMaxSize?: string;
};

/** Each is started only when needed. */
export const nodes = {
	n1: {serving: 'signed', logQuery: true},
	/** Default certificate, and logs that rotate soon. */
	n2: {serving: 'self-signed', logMaxSize: '512Ki'},
	/** Its CSR stays pending. */
	n3: {serving: 'pending'},
	n4: {serving: 'signed', extendWebSockets: false},
	n5: {serving: 'signed', version: '1.34.4'},
	n6: {serving: 'expired'},
} satisfies Record<string, NodeFacts>;

export type NodeName = keyof typeof nodes;

export const nodeFacts = (node: NodeName): NodeFacts => nodes[node];

export const containerdSocket = (lab: Lab, node: NodeName): string => join(lab.folder, node, 'containerd.sock');

export const staticPodFolder = (lab: Lab, node: NodeName): string => join(lab.folder, node, 'manifests');

/** Ready some seconds later. */
export async function startNode(lab: Lab, node: NodeName): Promise<void> {
	await addAddress(nodeAddress(lab, node));
	await mkdir(staticPodFolder(lab, node), {recursive: true});
	if (await startContainerd(lab, node)) {
		await importImage(lab, node);
	}

	await startKubelet(lab, node);
}

export async function startKubelet(lab: Lab, node: NodeName): Promise<void> {
	const facts = nodeFacts(node);
	const address = nodeAddress(lab, node);
	const kubeconfig = await writeKubeconfig(lab, {
		name: `kubelet-${node}`,
		server: serverUrl(lab, base),
		subject: {commonName: `system:node:${node}`, groups: ['system:nodes']},
	});
	await startDaemon(lab, `kubelet-${node}`, [
		kubernetesPath('kubelet', facts.version ?? labVersion),
		`--config=${await writeConfiguration(lab, `kubelet-${node}.json`, await kubeletConfiguration(lab, node))}`,
		`--kubeconfig=${kubeconfig}`,
		`--hostname-override=${node}`,
		`--node-ip=${address}`,
		`--root-dir=${join(lab.folder, node, 'kubelet')}`,
		`--cert-dir=${join(lab.folder, node, 'kubelet-pki')}`,
		`--node-labels=spoke.test/serving=${facts.serving}`,
		'--v=1',
	]);
	await waitForPort(`kubelet ${node}`, address, 10_248);
}

async function kubeletConfiguration(lab: Lab, node: NodeName): Promise<object> {
	const facts = nodeFacts(node);
	const version = facts.version ?? labVersion;
	const address = nodeAddress(lab, node);
	const serving =
		facts.serving === 'signed' || facts.serving === 'expired'
			? await signed(lab, `kubelet-${node}`, 'kubelet', {
					commonName: `system:node:${node}`,
					groups: ['system:nodes'],
					names: [address, node],
					expired: facts.serving === 'expired',
				})
			: undefined;
	return {
		apiVersion: 'kubelet.config.k8s.io/v1beta1',
		kind: 'KubeletConfiguration',
		address,
		healthzBindAddress: address,
		authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: (await authority(lab, 'cluster')).cert}},
		authorization: {mode: 'Webhook'},
		...(serving && {tlsCertFile: serving.cert, tlsPrivateKeyFile: serving.key}),
		...(facts.serving === 'pending' && {serverTLSBootstrap: true}),
		enableSystemLogQuery: facts.logQuery ?? false,
		featureGates: {
			...(!isSince136(version) && {NodeLogQuery: true}),
			...((facts.extendWebSockets === false || labTranslatesStreams) && isSince136(version) && {ExtendWebSocketsToKubelet: false}),
		},
		containerRuntimeEndpoint: `unix://${containerdSocket(lab, node)}`,
		staticPodPath: staticPodFolder(lab, node),
		podLogsDir: join(lab.folder, node, 'pod-logs'),
		volumePluginDir: join(lab.folder, node, 'volume-plugins'),
		resolvConf: await writeConfiguration(lab, 'resolv.conf', ''),
		containerLogMaxSize: facts.logMaxSize ?? '1Gi',
		containerLogMonitorInterval: '3s',
		// Several kubelets on one machine would clean up each other's cgroups.
		cgroupsPerQOS: false,
		enforceNodeAllocatable: [],
		cgroupDriver: 'cgroupfs',
		failCgroupV1: false,
		failSwapOn: false,
		oomScoreAdj: 0,
		localStorageCapacityIsolation: false,
		evictionHard: {'memory.available': '50Mi', 'nodefs.available': '1%', 'imagefs.available': '1%', 'nodefs.inodesFree': '1%'},
		imageGCHighThresholdPercent: 100,
		imageGCLowThresholdPercent: 99,
		clusterDNS: ['10.96.0.10'],
		clusterDomain: 'cluster.local',
		maxPods: 250,
		shutdownGracePeriod: '0s',
		syncFrequency: '10s',
		nodeStatusUpdateFrequency: '5s',
	};
}

/** Whether it was started now. */
async function startContainerd(lab: Lab, node: NodeName): Promise<boolean> {
	const folder = join(lab.folder, node);
	const network = join(folder, 'cni');
	await mkdir(network, {recursive: true});
	await writeFile(
		join(network, '10-bridge.conflist'),
		JSON.stringify({
			cniVersion: '1.0.0',
			name: `spoke-${lab.number}-${node}`,
			plugins: [
				{
					type: 'bridge',
					bridge: bridgeName(lab, node),
					isGateway: true,
					ipMasq: false,
					hairpinMode: true,
					ipam: {
						type: 'host-local',
						ranges: [[{subnet: podSubnet(lab, node)}]],
						routes: [{dst: '0.0.0.0/0'}],
						dataDir: join(folder, 'cni-addresses'),
					},
				},
			],
		}),
	);
	const config = await writeConfiguration(
		lab,
		`containerd-${node}.toml`,
		`version = 3
root = '${folder}/containerd-root'
state = '${folder}/containerd-state'
disabled_plugins = ['io.containerd.nri.v1.nri', 'io.containerd.snapshotter.v1.btrfs', 'io.containerd.snapshotter.v1.devmapper', 'io.containerd.snapshotter.v1.zfs', 'io.containerd.snapshotter.v1.erofs', 'io.containerd.snapshotter.v1.blockfile']
imports = []

[grpc]
address = '${containerdSocket(lab, node)}'

[plugins.'io.containerd.internal.v1.opt']
path = '${folder}/opt'

[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = 'spoke.test/lab:1'

[plugins.'io.containerd.cri.v1.runtime']
# Machines without CAP_SYS_RESOURCE cannot lower an OOM score; runc then fails with "can't get final child's PID from pipe: EOF".
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
enable_unprivileged_ports = false
enable_unprivileged_icmp = false

[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ['/usr/lib/cni']
conf_dir = '${network}'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
runtime_type = 'io.containerd.runc.v2'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
SystemdCgroup = false
Root = '${folder}/runc'
`,
	);
	const started = await startDaemon(lab, `containerd-${node}`, [toolPath('containerd'), '--config', config, '--log-level', 'warn']);
	await waitFor(`containerd ${node}`, async () => access(containerdSocket(lab, node)).then(() => true));
	return started;
}

/** Interface names have at most 15 characters. */
export const bridgeName = (lab: Lab, node: string): string => `spoke${lab.number}${node}`;
