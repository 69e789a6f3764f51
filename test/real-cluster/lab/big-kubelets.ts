/**
Scripted kubelets for the nodes of `big`: one listener for all addresses of 10.100.0.0/16, which are routed to this machine. As a program:
`node test/real-cluster/lab/big-kubelets.ts CERT KEY`.
*/
import {execFile} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {createServer} from 'node:https';
import {createServer as createTcpServer, type Socket} from 'node:net';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {signed} from './certificates.ts';
import {startDaemon} from './daemon.ts';
import type {Lab} from './lab.ts';
import {waitForPort} from './wait.ts';

const run = promisify(execFile);

/** Real kubelets have 10250, on addresses of their own. */
export const bigKubeletPort = 10_260;

const network = '10.100.0.0/16';

export type BigKubelet = 'responds' | 'slow' | 'silent' | 'refuses' | 'has-no-pod';

/** Of 5,000 nodes: 40 refuse connections, 10 never answer, 20 need 2 s, 25 have no running pod. */
export function bigKubelet(index: number): BigKubelet {
	if (index % 125 === 7) {
		return 'refuses';
	}

	if (index % 500 === 11) {
		return 'silent';
	}

	if (index % 250 === 13) {
		return 'slow';
	}

	return index % 200 === 17 ? 'has-no-pod' : 'responds';
}

export function bigNodeAddress(index: number): string {
	return `10.${100 + Math.floor(index / 62_500)}.${Math.floor(index / 250) % 250}.${(index % 250) + 1}`;
}

export async function startBigKubelets(lab: Lab): Promise<void> {
	await run('ip', ['route', 'replace', 'local', network, 'dev', 'lo']);
	const {cert, key} = await signed(lab, 'big-kubelet', 'kubelet', {commonName: 'system:node:big', groups: ['system:nodes']});
	await startDaemon(lab, 'big-kubelets', [process.execPath, fileURLToPath(import.meta.url), cert, key]);
	await waitForPort('big kubelets', bigNodeAddress(0), bigKubeletPort);
}

export async function removeBigRoute(): Promise<void> {
	await run('ip', ['route', 'del', 'local', network, 'dev', 'lo']).catch(() => undefined);
}

function serve(cert: string, key: string): void {
	const https = createServer({cert: readFileSync(cert), key: readFileSync(key)}, (request, response) => {
		const answer = () => response.end('x');
		if (kubeletAt(request.socket) === 'slow') {
			setTimeout(answer, 2000);
		} else {
			answer();
		}
	});
	createTcpServer(socket => {
		socket.on('error', () => undefined);
		if (kubeletAt(socket) === 'silent') {
			socket.resume();
		} else {
			https.emit('connection', socket);
		}
	}).listen(bigKubeletPort, '0.0.0.0');
}

function kubeletAt({localAddress = ''}: Socket): BigKubelet {
	const [, , third = 0, fourth = 1] = localAddress.split('.').map(Number);
	return bigKubelet(third * 250 + fourth - 1);
}

if (import.meta.main) {
	const [cert = '', key = ''] = process.argv.slice(2);
	serve(cert, key);
}
