/**
A cluster of 5,000 nodes and 150,000 pods that are only objects. As a program: `node test/real-cluster/lab/big.ts [--state FOLDER] [--nodes
5000] [--pods 150000]`.
*/
import {readFile} from 'node:fs/promises';
import {Agent, request} from 'node:https';
import process from 'node:process';
import {parseArgs} from 'node:util';
import {apiserverArguments, startEtcd} from './control-plane.ts';
import {authority, signed} from './certificates.ts';
import {startDaemon} from './daemon.ts';
import {users, writeKubeconfig} from './kubeconfig.ts';
import {apply} from './kubectl.ts';
import {controlPlaneAddress, defaultFolder, openLab, type Lab} from './lab.ts';
import {kubernetesPath} from './programs.ts';
import {userObjects} from './users.ts';
import {waitFor, waitForPort} from './wait.ts';

const port = 6500;
const connections = 40;
const namespaces = Array.from({length: 20}, (_, index) => `team-${String(index).padStart(2, '0')}`);

export type BigSize = {nodes: number; pods: number};

/** Fills it unless it is full; resolves to an admin's kubeconfig. Takes 150 s and 6 GB at full size. */
export async function startBig(lab: Lab, size: BigSize = {nodes: 5000, pods: 150_000}): Promise<string> {
	const etcd = await startEtcd(lab, 'etcd-big', 2479);
	const args = await apiserverArguments(lab, {
		etcd,
		posture: {kubeletCa: 'off', egress: 'none', portOffset: port - 6443},
		reconciler: 'none',
	});
	await startDaemon(lab, 'apiserver-big', [
		kubernetesPath('kube-apiserver'),
		...args.filter(argument => !argument.startsWith('--enable-admission-plugins')),
		// No controller makes the service accounts that admission would require.
		'--disable-admission-plugins=ServiceAccount',
		'--max-requests-inflight=800',
		'--max-mutating-requests-inflight=400',
	]);
	const host = controlPlaneAddress(lab);
	const server = `https://${host}:${port}`;
	await waitForPort('apiserver big', host, port);
	const kubeconfig = await writeKubeconfig(lab, {name: 'big-admin', server, subject: users.admin});
	const client = await openClient(lab, server);
	await waitFor('apiserver big', async () => client('GET', '/readyz').then(status => status === 200));
	await apply(kubeconfig, userObjects);
	await writeKubeconfig(lab, {name: 'big-plain', server, subject: users.plain, namespace: 'demo'});

	await inParallel(namespaces.length, async index => client('POST', '/api/v1/namespaces', {metadata: {name: namespaces[index]}}));
	await inParallel(size.nodes, async index => client('POST', '/api/v1/nodes', node(index)));
	await inParallel(size.pods, async index => client('POST', `/api/v1/namespaces/${namespaceOf(index)}/pods`, pod(index, size.nodes)));
	return kubeconfig;
}

const nodeName = (index: number) => `node-${String(index).padStart(4, '0')}`;

const namespaceOf = (index: number) => namespaces[index % namespaces.length];

const node = (index: number) => ({
	metadata: {name: nodeName(index), labels: {zone: `zone-${index % 3}`}},
	status: {
		addresses: [{type: 'InternalIP', address: `10.100.${Math.floor(index / 250) % 250}.${(index % 250) + 1}`}],
		daemonEndpoints: {kubeletEndpoint: {Port: 10_250}},
		conditions: [{type: 'Ready', status: 'True', reason: 'KubeletReady'}],
		nodeInfo: {
			kubeletVersion: 'v1.36.3',
			kubeProxyVersion: '',
			containerRuntimeVersion: 'containerd://2.2.9',
			osImage: 'Debian GNU/Linux 12',
			kernelVersion: '6.1.0',
			operatingSystem: 'linux',
			architecture: 'amd64',
			machineID: '',
			systemUUID: '',
			bootID: '',
		},
	},
});

const pod = (index: number, nodeCount: number) => ({
	metadata: {
		name: `app-${String(index % 997).padStart(3, '0')}-${index.toString(36).padStart(5, '0')}`,
		labels: {app: `app-${index % 997}`, tier: index % 2 === 0 ? 'front' : 'back'},
	},
	spec: {
		nodeName: nodeName(index % nodeCount),
		automountServiceAccountToken: false,
		containers: [{name: 'main', image: 'example.test/app:1'}],
	},
});

/** Existing objects are fine. */
async function inParallel(count: number, create: (index: number) => Promise<number>): Promise<void> {
	let next = 0;
	await Promise.all(
		Array.from({length: connections}, async () => {
			while (next < count) {
				const index = next++;
				const status = await create(index);
				if (![200, 201, 409].includes(status)) {
					throw new Error(`creating object ${index} answered ${status}`);
				}
			}
		}),
	);
}

/** Over kept connections; resolves to the status, or 0 if the connection failed. */
async function openClient(lab: Lab, server: string): Promise<(method: string, path: string, body?: object) => Promise<number>> {
	const client = await signed(lab, 'client-admin', 'cluster', users.admin);
	const [ca, cert, key] = await Promise.all(
		[(await authority(lab, 'cluster')).cert, client.cert, client.key].map(async file => readFile(file)),
	);
	const agent = new Agent({keepAlive: true, maxSockets: connections, ca, cert, key});
	return async (method, path, body) =>
		new Promise(resolve => {
			const sent = request(`${server}${path}`, {method, agent, headers: {'content-type': 'application/json'}}, response => {
				response.resume();
				response.on('end', () => {
					resolve(response.statusCode ?? 0);
				});
			});
			sent.on('error', () => {
				resolve(0);
			});
			sent.end(body && JSON.stringify(body));
		});
}

if (import.meta.main) {
	const {values} = parseArgs({
		options: {
			state: {type: 'string', default: defaultFolder()},
			nodes: {type: 'string', default: '5000'},
			pods: {type: 'string', default: '150000'},
		},
	});
	const started = Date.now();
	const kubeconfig = await startBig(await openLab(values.state), {nodes: Number(values.nodes), pods: Number(values.pods)});
	process.stdout.write(`filled after ${((Date.now() - started) / 1000).toFixed(0)} s: ${kubeconfig}\n`);
	process.exit(0);
}
