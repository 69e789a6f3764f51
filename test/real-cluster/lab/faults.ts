/** Faults of a running lab: agents, tunnel servers, apiservers and kubelets. */
import {readFile, readdir} from 'node:fs/promises';
import process from 'node:process';
import {startApiserver, stopApiserver} from './control-plane.ts';
import {signalDaemon, stopDaemon} from './daemon.ts';
import {agentName, agentPort, startTunnelServer, stopTunnelServer, type TunnelMode} from './konnectivity.ts';
import {mustKubectl} from './kubectl.ts';
import {controlPlaneAddress, nodeAddress, type Lab} from './lab.ts';
import type {NodeName} from './node.ts';
import {base, postureOf, type Posture, type PostureName} from './postures.ts';
import {kubeconfigOf, startReadyNode, waitForAgents} from './start.ts';
import {waitFor, waitForFreePort} from './wait.ts';

/** Like a crash; the kubelet restarts them, later each time. */
export async function killAgents(lab: Lab, mode: TunnelMode, node?: string): Promise<number> {
	return signalAgents(lab, mode, 'SIGKILL', node);
}

/** They stay connected and do not respond. */
export async function freezeAgents(lab: Lab, mode: TunnelMode, node?: string): Promise<number> {
	return signalAgents(lab, mode, 'SIGSTOP', node);
}

export async function thawAgents(lab: Lab, mode: TunnelMode, node?: string): Promise<number> {
	return signalAgents(lab, mode, 'SIGCONT', node);
}

/** Resolves when their processes are gone. */
export async function removeAgents(lab: Lab, mode: TunnelMode): Promise<void> {
	await selectNodes(lab, mode, {'spoke.test/nowhere': 'true'});
	await waitFor(`agents (${mode}) gone`, async () => (await agentProcesses(lab, mode)).length === 0);
}

/** Resolves when all are ready. */
export async function restoreAgents(lab: Lab, mode: TunnelMode): Promise<void> {
	await selectNodes(lab, mode, null);
	await waitForAgents(lab, mode);
}

export async function killTunnelServer(lab: Lab, mode: TunnelMode): Promise<void> {
	await stopTunnelServer(lab, mode);
}

/** `strategies`: see `startTunnelServer`. */
export async function restoreTunnelServer(lab: Lab, mode: TunnelMode, options: {strategies?: string} = {}): Promise<void> {
	await startTunnelServer(lab, mode, options);
	// Agents come back after their back-off, and are not ready until then.
	await waitForAgents(lab, mode);
}

/** Open connections end; the port stays. */
export async function restartApiserver(lab: Lab, name: PostureName, flags: Partial<Posture> = {}): Promise<void> {
	await stopApiserver(lab, name);
	await waitForFreePort(name, controlPlaneAddress(lab), 6443 + postureOf(name).portOffset);
	await startApiserver(lab, name, {...postureOf(name), ...flags, portOffset: postureOf(name).portOffset});
}

export async function freezeApiserver(lab: Lab, name: PostureName): Promise<void> {
	await signalDaemon(lab, `apiserver-${name}`, 'SIGSTOP');
}

export async function thawApiserver(lab: Lab, name: PostureName): Promise<void> {
	await signalDaemon(lab, `apiserver-${name}`, 'SIGCONT');
}

/** Its containers keep running. */
export async function stopKubelet(lab: Lab, node: NodeName): Promise<void> {
	await stopDaemon(lab, `kubelet-${node}`, {signal: 'SIGKILL'});
}

export async function startStoppedKubelet(lab: Lab, node: NodeName): Promise<void> {
	await startReadyNode(lab, node);
}

async function signalAgents(lab: Lab, mode: TunnelMode, signal: NodeJS.Signals, node?: string): Promise<number> {
	const pids = await agentProcesses(lab, mode, node);
	if (pids.length === 0) {
		throw new Error(`no konnectivity agent (${mode}) runs${node ? ` on ${node}` : ''}`);
	}

	for (const pid of pids) {
		process.kill(pid, signal);
	}

	return pids.length;
}

/** Found by the lab's own files and the server's port in their arguments. */
async function agentProcesses(lab: Lab, mode: TunnelMode, node?: string): Promise<number[]> {
	const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
	const found = await Promise.all(
		pids.map(async pid => {
			const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
			const isOurs =
				command[0] === '/konnectivity/konnectivity-agent' &&
				command.some(argument => argument.startsWith(`--ca-cert=${lab.folder}/`)) &&
				command.includes(`--proxy-server-port=${agentPort(mode)}`) &&
				(node === undefined || command.includes(`--admin-bind-address=${nodeAddress(lab, node)}`));
			return isOurs ? [Number(pid)] : [];
		}),
	);
	return found.flat();
}

async function selectNodes(lab: Lab, mode: TunnelMode, nodeSelector: Record<string, string> | null): Promise<void> {
	const patch = JSON.stringify({spec: {template: {spec: {nodeSelector}}}});
	await mustKubectl(await kubeconfigOf(lab, base, 'admin'), [
		'patch',
		'daemonset',
		agentName(mode),
		'-n',
		'kube-system',
		'--type=merge',
		'-p',
		patch,
	]);
}
