/** Two apiservers that advertise the address of the balancer in front of them, as hosted control planes do. One verifies nobody. */
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {apiserverArguments} from './control-plane.ts';
import {startDaemon} from './daemon.ts';
import {writeKubeconfig, users} from './kubeconfig.ts';
import {kubectl} from './kubectl.ts';
import {addAddress, controlPlaneAddress, type Lab} from './lab.ts';
import {kubernetesPath} from './programs.ts';
import {namespace} from './users.ts';
import {waitFor, waitForPort} from './wait.ts';

const port = 7446;

/** `host:port` of the balancer. Resolves when both serve the lab's cluster. */
export async function startTwins(lab: Lab): Promise<string> {
	const host = controlPlaneAddress(lab);
	const twins = [
		{name: 'twin-good', kubeletCa: 'good', address: `10.99.${lab.number}.31`},
		{name: 'twin-off', kubeletCa: 'off', address: `10.99.${lab.number}.32`},
	] as const;
	for (const {name, kubeletCa, address} of twins) {
		await addAddress(address);
		const args = await apiserverArguments(lab, {
			etcd: `http://${host}:2379`,
			posture: {kubeletCa, egress: 'none', portOffset: port - 6443},
			reconciler: 'none',
		});
		// The last flag of a name counts; the advertised address stays the balancer's.
		await startDaemon(lab, `apiserver-${name}`, [kubernetesPath('kube-apiserver'), ...args, `--bind-address=${address}`]);
		await waitForPort(name, address, port);
	}

	await startDaemon(lab, 'balancer-twins', [
		process.execPath,
		fileURLToPath(new URL('balancer.ts', import.meta.url)),
		`${host}:${port}`,
		...twins.map(({address}) => `${address}:${port}`),
	]);
	await waitForPort('balancer', host, port);
	const admin = await writeKubeconfig(lab, {name: 'twins-admin', server: `https://${host}:${port}`, subject: users.admin, namespace});
	for (let ready = 0; ready < 4;) {
		await waitFor('both twins', async () => (await kubectl(admin, ['get', '--raw', '/readyz'])).status === 0);
		ready++;
	}

	return `${host}:${port}`;
}
