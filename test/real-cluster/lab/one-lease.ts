/** Two apiservers with one host name and so one identity lease, behind a balancer. One verifies kubelets, one registers itself. */
import {readFile} from 'node:fs/promises';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {authority} from './certificates.ts';
import {apiserverArguments, startEtcd} from './control-plane.ts';
import {startDaemon} from './daemon.ts';
import {users, writeKubeconfig} from './kubeconfig.ts';
import {apply, kubectl} from './kubectl.ts';
import {controlPlaneAddress, type Lab} from './lab.ts';
import {kubernetesPath} from './programs.ts';
import {namespace} from './users.ts';
import {waitFor, waitForPort} from './wait.ts';

const port = 6600;
const balancerPort = 7445;

/** Resolves when the kubeconfig `one-lease-admin` leads to both. */
export async function startOneLease(lab: Lab): Promise<void> {
	const host = controlPlaneAddress(lab);
	const etcd = await startEtcd(lab, 'etcd-one-lease', 2579);
	await start(lab, etcd, {name: 'hidden', kubeletCa: 'off', reconciler: 'none', offset: 1});
	// Each deletes the lease of its host name when it starts, so the lease is as old as the later one.
	await start(lab, etcd, {name: 'registered', kubeletCa: 'good', reconciler: 'lease', offset: 0});
	await startDaemon(lab, 'balancer-one-lease', [
		process.execPath,
		fileURLToPath(new URL('balancer.ts', import.meta.url)),
		`${host}:${balancerPort}`,
		`${host}:${port}`,
		`${host}:${port + 1}`,
	]);
	await waitForPort('balancer', host, balancerPort);
	const kubeconfig = await writeKubeconfig(lab, {
		name: 'one-lease-admin',
		server: `https://${host}:${balancerPort}`,
		subject: users.admin,
		namespace,
	});
	const {cert} = await authority(lab, 'cluster');
	await apply(kubeconfig, [
		{apiVersion: 'v1', kind: 'Namespace', metadata: {name: namespace}},
		// No controller creates it here.
		{apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'kube-root-ca.crt', namespace}, data: {'ca.crt': await readFile(cert, 'utf8')}},
	]);
}

type Own = {name: string; kubeletCa: 'off' | 'good'; reconciler: 'lease' | 'none'; offset: number};

async function start(lab: Lab, etcd: string, {name, kubeletCa, reconciler, offset}: Own): Promise<void> {
	const host = controlPlaneAddress(lab);
	const args = await apiserverArguments(lab, {etcd, posture: {kubeletCa, egress: 'none', portOffset: port + offset - 6443}, reconciler});
	await startDaemon(lab, `apiserver-${name}`, [kubernetesPath('kube-apiserver'), ...args]);
	await waitForPort(`apiserver ${name}`, host, port + offset);
	const kubeconfig = await writeKubeconfig(lab, {
		name: `one-lease-${name}`,
		server: `https://${host}:${port + offset}`,
		subject: users.admin,
		namespace,
	});
	await waitFor(`apiserver ${name}`, async () => (await kubectl(kubeconfig, ['get', '--raw', '/readyz'])).status === 0);
}
