/** Starts parts of a lab that do not run yet. */
import {agentName, agentObjects, startTunnelServer, type TunnelMode, tunnelModeOf} from './konnectivity.ts';
import {startApiserver, startControllers, startEtcd, startSupervisorAgent, serverUrl} from './control-plane.ts';
import {users, writeKubeconfig, type UserName} from './kubeconfig.ts';
import {apply, kubectl, mustKubectl} from './kubectl.ts';
import type {Lab} from './lab.ts';
import {joined} from './one-at-a-time.ts';
import {startNode, type NodeName} from './node.ts';
import {base, postureOf, type PostureName} from './postures.ts';
import {namespace, userObjects} from './users.ts';
import {waitFor} from './wait.ts';
import {rotatingObjects, workloadObjects} from './workloads.ts';

/** etcd, the base apiserver, the controllers, permissions, and n1 Ready with its workloads. */
export async function startBase(lab: Lab): Promise<void> {
	await startEtcd(lab);
	await startApiserver(lab, base);
	await startControllers(lab);
	const admin = await kubeconfigOf(lab, base, 'admin');
	await Promise.all([startReadyNode(lab, 'n1'), prepareObjects(admin)]);
	await mustKubectl(admin, ['wait', '--for=condition=Ready', 'pod/writer', 'pod/shell', '-n', namespace, '--timeout=60s'], {
		limitMs: 70_000,
	});
	await mustKubectl(
		admin,
		['rollout', 'status', 'deployment/web', 'deployment/secure', 'statefulset/tcp', '-n', namespace, '--timeout=60s'],
		{limitMs: 70_000},
	);
}

/** With the servers and agents that its egress needs. */
export async function startPosture(lab: Lab, name: PostureName): Promise<void> {
	const {egress} = postureOf(name);
	const mode = tunnelModeOf(egress);
	if (mode) {
		await joined(`tunnel ${lab.folder} ${mode}`, async () => startTunnel(lab, mode));
	}

	// The static pod's tunnel uses this posture, too. If two started at once, the unrecorded one would never be stopped.
	await joined(`apiserver ${lab.folder} ${name}`, async () => startApiserver(lab, name));
	await Promise.all((Object.keys(users) as UserName[]).map(async user => kubeconfigOf(lab, name, user)));
	if (egress === 'supervisor') {
		await startSupervisorAgent(lab, name, 'n1');
		const admin = await kubeconfigOf(lab, name, 'admin');
		await waitFor('the session of n1', async () => (await kubectl(admin, ['get', '--raw', '/api/v1/nodes/n1/proxy/healthz'])).status === 0);
	}
}

export async function startReadyNode(lab: Lab, node: NodeName): Promise<void> {
	await startNode(lab, node);
	const admin = await kubeconfigOf(lab, base, 'admin');
	await waitFor(
		`node ${node} Ready`,
		async () => {
			const {stdout} = await kubectl(admin, ['get', 'node', node, '-o', 'jsonpath={.status.conditions[?(@.type=="Ready")].status}']);
			return stdout === 'True';
		},
		{intervalMs: 300},
	);
	if (node === 'n2') {
		await apply(admin, rotatingObjects);
		await mustKubectl(admin, ['wait', '--for=condition=Ready', 'pod/rotating', '-n', namespace, '--timeout=60s'], {limitMs: 70_000});
	}
}

export async function kubeconfigOf(lab: Lab, posture: PostureName, user: UserName): Promise<string> {
	return writeKubeconfig(lab, {
		name: `${posture}-${user}`,
		server: serverUrl(lab, posture),
		subject: users[user],
		namespace,
	});
}

async function startTunnel(lab: Lab, mode: TunnelMode): Promise<void> {
	await startTunnelServer(lab, mode);
	await apply(await kubeconfigOf(lab, base, 'admin'), [await agentObjects(lab, mode)]);
	await waitForAgents(lab, mode);
}

/** Resolves when the agents of all nodes are connected. */
export async function waitForAgents(lab: Lab, mode: TunnelMode): Promise<void> {
	const admin = await kubeconfigOf(lab, base, 'admin');
	await mustKubectl(admin, ['rollout', 'status', `daemonset/${agentName(mode)}`, '-n', 'kube-system', '--timeout=120s'], {
		limitMs: 130_000,
	});
}

async function prepareObjects(admin: string): Promise<void> {
	await apply(admin, userObjects);
	// Pods are refused until the controller-manager has created the service account.
	await waitFor('service account default', async () => {
		const {status} = await kubectl(admin, ['get', 'serviceaccount', 'default', '-n', namespace]);
		return status === 0;
	});
	await waitFor('service account default of kube-system', async () => {
		const {status} = await kubectl(admin, ['get', 'serviceaccount', 'default', '-n', 'kube-system']);
		return status === 0;
	});
	await apply(admin, workloadObjects);
}
