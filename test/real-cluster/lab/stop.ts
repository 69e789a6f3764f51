/** Ends what a lab started, all of it or what no later test needs, and restores the machine. */
import {readFile, readdir, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {daemonNames, endProcess, startTicksOf, stopDaemon} from './daemon.ts';
import {stopStaticApiserver} from './in-cluster.ts';
import {agentName, tunnelModeOf, tunnelModes, type TunnelMode} from './konnectivity.ts';
import {mustKubectl} from './kubectl.ts';
import {removeAddresses, restoreWatchLimit, type Lab} from './lab.ts';
import {removeContainerFiles, removeInterfaces, removeNetworkFiles, traceContainers, unmountAll} from './leftovers.ts';
import {base, postureOf, postures, type PostureName} from './postures.ts';
import {kubeconfigOf} from './start.ts';

/** `keepLogs` keeps `logs/`. */
export async function stopLab(lab: Lab, {keepLogs = false} = {}): Promise<void> {
	const names = await daemonNames(lab);
	// Kubelets and controllers first, because they would restart what is stopped after them.
	const makers = names.filter(name => /^(kubelet|controller-manager|scheduler)/.test(name));
	await Promise.all(makers.map(async name => stopDaemon(lab, name, {graceMs: 2000})));
	const traces = await traceContainers(lab);
	await endContainers(lab.folder);
	// An apiserver's graceful end waits for its watches.
	await Promise.all(
		names.map(async name => stopDaemon(lab, name, {signal: name.startsWith('apiserver') ? 'SIGKILL' : 'SIGTERM', graceMs: 5000})),
	);
	await unmountAll(lab);
	await removeContainerFiles(traces);
	await removeInterfaces(lab);
	await removeNetworkFiles(lab);
	await removeAddresses(lab);
	await restoreWatchLimit(lab);
	for (const entry of await readdir(lab.folder)) {
		if (!keepLogs || entry !== 'logs') {
			await rm(join(lab.folder, entry), {recursive: true, force: true});
		}
	}

	if (!keepLogs) {
		await rm(lab.folder, {recursive: true, force: true});
	}
}

/** Leaves the base with n1, and the postures and nodes of these names. */
export async function stopAllBut(lab: Lab, kept: readonly string[]): Promise<void> {
	const names = await daemonNames(lab);
	const admin = await kubeconfigOf(lab, base, 'admin');
	const modes = new Set(kept.filter(name => isPosture(name)).map(name => tunnelModeOf(postureOf(name).egress)));
	if (!kept.includes('static-pod')) {
		await stopStaticApiserver(lab);
	}

	for (const mode of tunnelModes.filter(mode => names.includes(`konnectivity-server-${mode}`) && !modes.has(mode))) {
		await mustKubectl(admin, `delete daemonset ${agentName(mode)} -n kube-system --ignore-not-found`);
	}

	for (const name of names) {
		const [, program = '', of = ''] =
			/^(etcd|controller-manager|scheduler|kubelet|containerd|apiserver|konnectivity-server)(?:-(.+))?$/.exec(name) ?? [];
		const stays = program === 'konnectivity-server' ? modes.has(of as TunnelMode) : ['', base, 'n1', ...kept].includes(of);
		if (program === '' || !stays) {
			// An apiserver's graceful end waits for its watches.
			await stopDaemon(lab, name, {signal: program === 'apiserver' ? 'SIGKILL' : 'SIGTERM', graceMs: 2000});
		}

		if (program === 'kubelet' && !stays) {
			await mustKubectl(admin, `delete pods -A --field-selector spec.nodeName=${of} --force --grace-period=0 --wait=false`);
			await mustKubectl(admin, `delete node ${of} --ignore-not-found --wait=false`);
			await endContainers(join(lab.folder, of));
		}
	}
}

const isPosture = (name: string): name is PostureName => name in postures;

/** Shims name a containerd socket of the folder in their arguments. Only they and their descendants are touched. */
async function endContainers(folder: string): Promise<void> {
	const processes = await listProcesses();
	const ours = new Set(
		processes.filter(({command}) => command.includes('containerd-shim') && command.includes(`${folder}/`)).map(({pid}) => pid),
	);
	for (let before = -1; before !== ours.size;) {
		before = ours.size;
		for (const {pid, parent} of processes) {
			if (ours.has(parent)) {
				ours.add(pid);
			}
		}
	}

	await Promise.all(processes.filter(({pid}) => ours.has(pid)).map(async ({pid, startTicks}) => endProcess(pid, startTicks, 'SIGKILL', 0)));
}

async function listProcesses(): Promise<Array<{pid: number; parent: number; command: string; startTicks: string}>> {
	const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number);
	const found = await Promise.all(
		pids.map(async pid => {
			const [status, command, startTicks] = await Promise.all([
				readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''),
				readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
				startTicksOf(pid),
			]);
			const parent = /^PPid:\s+(\d+)/m.exec(status)?.[1];
			return parent && startTicks ? [{pid, parent: Number(parent), command, startTicks}] : [];
		}),
	);
	return found.flat();
}
