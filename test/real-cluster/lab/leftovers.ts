/** Removes what the lab's programs leave outside its directory. Touches only what is the lab's by name or by record. */
import {execFile} from 'node:child_process';
import {readFile, readdir, readlink, rm, rmdir} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';
import type {Lab} from './lab.ts';
import {bridgeName, nodes} from './node.ts';

const run = promisify(execFile);

/** Root file systems, volumes and network namespaces. */
export async function unmountAll(lab: Lab): Promise<void> {
	const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').map(line => line.split(' ')[1] ?? '');
	for (const mount of mounts.filter(path => path.startsWith(`${lab.folder}/`)).toReversed()) {
		await run('umount', ['--lazy', mount]).catch(() => undefined);
	}
}

export type ContainerTrace = {id: string; socket: string | undefined};

/** Reads containerd's records while it runs; later it forgets them, and not all they had. */
export async function traceContainers(lab: Lab): Promise<ContainerTrace[]> {
	const found = await Promise.all(
		Object.keys(nodes).map(async node => {
			const tasks = join(lab.folder, node, 'containerd-state/io.containerd.runtime.v2.task/k8s.io');
			return Promise.all(
				(await entries(tasks)).map(async id => {
					const bootstrap = await readFile(join(tasks, id, 'bootstrap.json'), 'utf8').catch(() => '{}');
					const {address} = JSON.parse(bootstrap) as {address?: string};
					return {id, socket: address?.replace('unix://', '')};
				}),
			);
		}),
	);
	return found.flat();
}

/** Shims keep their sockets in one directory, containers their cgroups in every hierarchy. */
export async function removeContainerFiles(traces: readonly ContainerTrace[]): Promise<void> {
	const controllers = ['', ...(await entries('/sys/fs/cgroup'))].map(name => join('/sys/fs/cgroup', name, 'k8s.io'));
	for (const {id, socket} of traces) {
		if (socket?.startsWith('/run/containerd/s/')) {
			await rm(socket, {force: true});
		}

		await Promise.all(controllers.map(async controller => rmdir(join(controller, id)).catch(() => undefined)));
	}
}

/** Deleting a bridge is enough: the pods' ends went with their namespaces. */
export async function removeInterfaces(lab: Lab): Promise<void> {
	for (const node of Object.keys(nodes)) {
		await run('ip', ['link', 'delete', bridgeName(lab, node)]).catch(() => undefined);
	}
}

/** Results of the CNI library, and the kubelet's links to log files. */
export async function removeNetworkFiles(lab: Lab): Promise<void> {
	const results = '/var/lib/cni/results';
	for (const file of await entries(results)) {
		if (file.startsWith(`spoke-${lab.number}-`)) {
			await rm(join(results, file), {force: true});
		}
	}

	const links = '/var/log/containers';
	for (const file of await entries(links)) {
		const target = await readlink(join(links, file)).catch(() => '');
		if (target.startsWith(`${lab.folder}/`)) {
			await rm(join(links, file), {force: true});
		}
	}
}

const entries = async (folder: string) => readdir(folder).catch((): string[] => []);
