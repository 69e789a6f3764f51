/**
`npm run test:faults -- big [transfer|execs]`: what takes minutes, on the cluster of KUBECONFIG (a lab of test/real-cluster: pods `tcp-0`
and `shell` of `demo`).
10 GiB each way through one forward, hashed (SPOKE_BIG_GIB for another size); 1,000 execs of 10 workers, each of which must give its own
words and status.
One JSON line a part; the exit status is 1 when a hash differs or fewer than 999 execs were right.
*/
import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import {loadavg} from 'node:os';
import process from 'node:process';
import {setTimeout as sleep} from 'node:timers/promises';
import {dial, runPortForward, type PortForwardRun} from '../support/port-forward-run.ts';
import {runSpoke} from '../support/run-spoke.ts';

const gigabytes = Number(process.env['SPOKE_BIG_GIB'] ?? 10);
const bytes = gigabytes * 2 ** 30;
const environment = {PATH: process.env['PATH'], HOME: '/nonexistent', KUBECONFIG: process.env['KUBECONFIG']};

/** What is sent, again and again. */
const block = Buffer.from(Array.from({length: 65_536}, (_, index) => (index * 7) & 0xff));

const parts: Readonly<Record<string, () => Promise<boolean>>> = {transfer, execs};

let right = true;
for (const part of process.argv.slice(2).length > 0 ? process.argv.slice(2) : Object.keys(parts)) {
	right = (await parts[part]!()) && right;
}

process.exitCode = right ? 0 : 1;

/**
 * Up and down at once: the pod sends back what it gets, so that one hash stands for both ways. (containerd passes on no end of ours, so no
 * pod can answer to it.)
 */
async function transfer(): Promise<boolean> {
	const run = await runPortForward(['pod/tcp-0', '-n', 'demo', ':7000'], {env: environment});
	const socket = await dial(await run.port());
	let mostResident = 0;
	const timer = setInterval(() => {
		mostResident = Math.max(mostResident, residentMiB(run));
	}, 500);
	const startedAt = performance.now();
	const [sent, received] = [createHash('sha256'), createHash('sha256')];
	let down = 0;
	socket.on('data', (piece: Buffer) => {
		down += piece.length;
		received.update(piece);
	});
	socket.on('close', () => {
		socket.emit('drain');
	});
	for (let up = 0; up < bytes && !socket.destroyed; up += block.length) {
		sent.update(block);
		if (!socket.write(block)) {
			await once(socket, 'drain');
		}
	}

	while (down < bytes && !socket.destroyed) {
		await sleep(50);
	}

	const seconds = (performance.now() - startedAt) / 1000;
	clearInterval(timer);
	socket.destroy();
	run.child.kill('SIGINT');
	await run.ended;
	const hashes = {sent: sent.digest('hex'), received: received.digest('hex')};
	const equal = down === bytes && hashes.sent === hashes.received;
	tell({
		part: 'transfer',
		bytesEachWay: down,
		...hashes,
		equal,
		seconds: Math.round(seconds),
		mibPerSecondEachWay: Math.round(down / 2 ** 20 / seconds),
		mostResidentMiB: mostResident,
		faults: run.faults(),
	});
	return equal;
}

async function execs(): Promise<boolean> {
	const [all, workers] = [1000, 10];
	let next = 0;
	let good = 0;
	const bad: string[] = [];
	const startedAt = performance.now();
	await Promise.all(
		Array.from({length: workers}, async () => {
			for (let number = next++; number < all; number = next++) {
				const {status, stdout, stderr} = await runSpoke(
					['exec', 'shell', '-n', 'demo', '--', 'sh', '-c', `echo ${number}; exit ${number % 7}`],
					{env: environment, timeoutMs: 120_000},
				);
				if (stdout === `${number}\n` && status === number % 7) {
					good++;
				} else {
					bad.push(`${number}: status ${status}, ${JSON.stringify(stdout)}, ${stderr.trim()}`);
				}
			}
		}),
	);
	tell({part: 'execs', all, workers, right: good, seconds: Math.round((performance.now() - startedAt) / 1000), wrong: bad});
	return good >= 999;
}

function residentMiB({child}: PortForwardRun): number {
	return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024);
}

function tell(result: object): void {
	process.stdout.write(`${JSON.stringify({...result, load: loadavg()[0]!.toFixed(1)})}\n`);
}
