/** A node whose kubelet is the scripted peer (test/peer), which misbehaves by container name and port. */
import {execFile} from 'node:child_process';
import {closeSync, openSync} from 'node:fs';
import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {startDaemon} from './daemon.ts';
import {apply, mustKubectl} from './kubectl.ts';
import {addAddress, type Lab} from './lab.ts';
import {base} from './postures.ts';
import {toolPath} from './programs.ts';
import {kubeconfigOf} from './start.ts';
import {namespace} from './users.ts';
import {waitForPort} from './wait.ts';

const run = promisify(execFile);

/** Container names of the peer; its README explains them. */
const scripts = [
	'echo',
	'exit',
	'bytes',
	'hash',
	'first-byte',
	'seq',
	'stall',
	'sizes',
	'broken',
	'status-absent',
	'status-truncated',
	'status-twice',
	'status-huge',
	'output-after-status',
	'reset',
	'cut',
	'plain',
	'partial',
	'same-instant',
	'long-line',
	'odd-times',
	'all-bytes',
	'fsnotify',
];

/** Starts the peer, the node `scripted` and, in `demo`, the pods `scripted` and `impatient`. */
export async function startScriptedNode(lab: Lab): Promise<void> {
	const address = `10.99.${lab.number}.30`;
	await addAddress(address);
	const folder = join(lab.folder, 'scripted');
	await mkdir(folder, {recursive: true});
	await startPeer(lab, folder, address);

	const admin = await kubeconfigOf(lab, base, 'admin');
	await apply(admin, [{apiVersion: 'v1', kind: 'Node', metadata: {name: 'scripted'}}, ...['scripted', 'impatient'].map(name => pod(name))]);
	await patchStatus(admin, ['node', 'scripted'], {
		addresses: [{type: 'InternalIP', address}],
		daemonEndpoints: {kubeletEndpoint: {Port: 10_250}},
		conditions: [{type: 'Ready', status: 'True', reason: 'Scripted', message: 'no kubelet reports'}],
	});
	for (const name of ['scripted', 'impatient']) {
		await patchStatus(admin, ['pod', name, '-n', namespace], {
			phase: 'Running',
			podIP: address,
			hostIP: address,
			conditions: [{type: 'Ready', status: 'True'}],
			containerStatuses: scripts.map(script => ({
				name: script,
				image: 'scripted',
				imageID: '',
				ready: true,
				restartCount: 0,
				state: {running: {startedAt: '2026-01-01T00:00:00Z'}},
			})),
		});
	}
}

/** The peer ends when its stdin does; a pipe that it holds at both ends never does. */
async function startPeer(lab: Lab, folder: string, address: string): Promise<void> {
	const pipe = join(folder, 'stdin');
	await run('mkfifo', [pipe]).catch(() => undefined);
	const stdin = openSync(pipe, 'r+');
	await startDaemon(
		lab,
		'scripted-peer',
		[toolPath('scripted-peer'), `--kubelet-address=${address}:10250`, `--address=${address}:10251`, `--logs=${folder}`],
		{stdin},
	);
	closeSync(stdin);
	await waitForPort('scripted peer', address, 10_250);
}

const pod = (name: string) => ({
	apiVersion: 'v1',
	kind: 'Pod',
	metadata: {name, namespace},
	spec: {
		nodeName: 'scripted',
		automountServiceAccountToken: false,
		// The node's lease is not renewed, so it is soon tainted; the pods must stay.
		tolerations: [{operator: 'Exists'}],
		containers: scripts.map(script => ({name: script, image: 'scripted', imagePullPolicy: 'Never'})),
	},
});

async function patchStatus(admin: string, what: string[], status: object): Promise<void> {
	await mustKubectl(admin, ['patch', ...what, '--subresource=status', '--type=merge', '-p', JSON.stringify({status})]);
}
