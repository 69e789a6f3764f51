/**
`npm run soak [-- MINUTES]`: a followed log, a forward and a tail on a sandbox live through one fault per simulated minute, 480 by default,
with credentials that expire after 3 s. A simulated minute takes at least 5 s. Each program must recover before the next fault. Its memory
in the last simulated hour may be at most 10 % above that in the second hour; a run of less than three hours does not compare it. Prints a
row per hour, and exits 1 if a program does not hold.
*/
import {spawn as spawnProcess} from 'node:child_process';
import {mkdtemp, readdir, rm, writeFile} from 'node:fs/promises';
import {get} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {createInterface} from 'node:readline';
import {setTimeout as delay} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {spawn as spawnTerminal} from '@lydell/node-pty';
import type {Sandbox, SandboxKubeconfig} from '../../source/sandbox/sandbox.ts';
import {startSandbox} from '../../source/sandbox/start-sandbox.ts';
import {nodePath} from '../support/node-path.ts';
import {median, usageOf} from '../bench/measure.ts';

type Sample = {residentMiB: number; descriptors: number};
type Program = {name: string; pid: number; samples: Sample[]};

const program = fileURLToPath(new URL('../../build/spoke.js', import.meta.url));
const minutes = Number(process.argv[2] ?? 480);
/** Not a goal: on a machine that does much else, every program waits. */
const longestRecoveryMs = 300_000;
const maxGrowth = 1.1;
/** So that the tail has its lines, and compiled code is warm, in the second hour. */
const minuteMs = 5000;
/** Before, the last hour is not after the second one. */
const leastMinutes = 180;

const faults: ReadonlyArray<readonly [name: string, strike: (sandbox: Sandbox) => unknown]> = [
	['a cut of leg 1', ({faults}) => faults.cut()],
	['a replaced pod', ({faults}) => faults.replacePod({name: loggingPod})],
	['a cut of leg 2', ({faults}) => faults.cutSecondLeg()],
	['a rotated log', ({faults}) => faults.rotateLogs({name: loggingPod})],
	['a replaced pod of the forward', ({faults}) => faults.replacePod({name: servingPod})],
	['a restarted container', ({faults}) => faults.restartContainers({name: loggingPod})],
	['a restarted apiserver', async ({faults}) => faults.restartApiserver({downMs: 200})],
	['a compacted history', ({faults}) => faults.compact()],
];

const scratch = await mkdtemp(join(tmpdir(), 'spoke-soak-'));
const sandbox = await startSandbox();
const kubeconfig = join(scratch, 'kubeconfig.json');
await writeFile(kubeconfig, JSON.stringify(await withPlugin(sandbox.kubeconfig('admin'))), {mode: 0o600});
const env = {...process.env, PATH: nodePath, HOME: scratch, KUBECONFIG: kubeconfig, TERM: 'xterm-256color'};

let lastLineAt = '';
let loggingPod = '';
let servingPod = '';
let port = 0;
const logs = startCommand(['logs', '-f', 'deploy/api', '-o', 'json'], line => {
	if (line['event'] === 'line') {
		lastLineAt = line['time'] as string;
		loggingPod = line['pod'] as string;
	}
});
const forward = startCommand(['port-forward', 'svc/web', ':80', '-o', 'json'], line => {
	if (line['event'] === 'ready') {
		[{port}] = line['listen'] as [{port: number}];
		servingPod = (line['target'] as {name: string}).name;
	} else if (line['event'] === 'moved') {
		servingPod = (line['to'] as {name: string}).name;
	}
});
const tail = spawnTerminal(program, ['tail', 'deploy/api'], {name: 'xterm-256color', cols: 120, rows: 40, env});
let drawnBytes = 0;
tail.onData(data => (drawnBytes += data.length));

const programs: readonly Program[] = [
	{name: 'logs -f', pid: logs.pid!, samples: []},
	{name: 'port-forward', pid: forward.pid!, samples: []},
	{name: 'tail', pid: tail.pid, samples: []},
];

let longestMs = 0;
let holds: boolean;
try {
	await waitForRecovery('the start');
	// Until all logs are open: a log that is lost before any has opened ends `logs -f`.
	await delay(minuteMs);
	longestMs = 0;
	for (let minute = 0; minute < minutes; minute++) {
		const [name, strike] = faults[minute % faults.length]!;
		const over = delay(minuteMs);
		await strike(sandbox);
		await waitForRecovery(`${name} in minute ${minute}`);
		await Promise.all(programs.map(async ({pid, samples}) => samples.push(await sampleOf(pid))));
		await over;
		if (minute % 60 === 59) {
			process.stdout.write(`hour ${(minute + 1) / 60}: ${programs.map(describeHour).join('; ')}; slowest recovery ${longestMs} ms\n`);
			longestMs = 0;
		}
	}

	holds = minutes < leastMinutes || programs.map(holdsMemory).every(Boolean);
} finally {
	logs.kill('SIGKILL');
	forward.kill('SIGKILL');
	tail.kill('SIGKILL');
	await sandbox.close();
	await rm(scratch, {recursive: true, force: true});
}

process.exit(holds ? 0 : 1);

/** Waits for a line, a forwarded response and output of the tail that are newer than this call. */
async function waitForRecovery(after: string): Promise<void> {
	const startedAt = Date.now();
	const since = new Date().toISOString();
	const drawn = drawnBytes;
	let serves = false;
	const waiting = () => [
		...(lastLineAt <= since ? ['logs -f'] : []),
		...(serves ? [] : ['port-forward']),
		...(drawnBytes === drawn ? ['tail'] : []),
	];
	while (waiting().length > 0) {
		if (Date.now() - startedAt > longestRecoveryMs) {
			throw new Error(`no recovery after ${after}: ${waiting().join(', ')}`);
		}

		serves ||= await responds();
		await delay(20);
	}

	longestMs = Math.max(longestMs, Date.now() - startedAt);
}

async function responds(): Promise<boolean> {
	const {promise, resolve} = Promise.withResolvers<boolean>();
	const request = get({port, host: '127.0.0.1', agent: false, timeout: 5000}, response => {
		response.resume().on('end', () => resolve(true));
	});
	request.on('timeout', () => request.destroy()).on('error', () => resolve(false));
	return promise;
}

/** A credential plugin that hands out the user's credential for 3 s. */
async function withPlugin(config: SandboxKubeconfig) {
	const user = config.users.find(
		({name}) => name === config.contexts.find(({name}) => name === config['current-context'])!.context.user,
	)!.user;
	const decoded = (field: string) => Buffer.from(user[field] ?? '', 'base64').toString();
	const status = user['token']
		? {token: user['token']}
		: {clientCertificateData: decoded('client-certificate-data'), clientKeyData: decoded('client-key-data')};
	const apiVersion = 'client.authentication.k8s.io/v1';
	const credential = JSON.stringify({apiVersion, kind: 'ExecCredential', status: {...status, expirationTimestamp: 'EXPIRY'}});
	const plugin = join(scratch, 'plugin');
	await writeFile(join(scratch, 'credential.json'), credential, {mode: 0o600});
	await writeFile(plugin, `#!/bin/sh\nexec sed "s/EXPIRY/$(date -u -d '+3 seconds' +%FT%TZ)/" "$(dirname "$0")/credential.json"\n`, {
		mode: 0o700,
	});
	return {...config, users: config.users.map(({name}) => ({name, user: {exec: {apiVersion, command: plugin, interactiveMode: 'Never'}}}))};
}

function startCommand(argv: readonly string[], onObject: (object: Record<string, unknown>) => void) {
	const child = spawnProcess(program, argv, {env, stdio: ['ignore', 'pipe', 'ignore']});
	createInterface({input: child.stdout}).on('line', line => {
		onObject(JSON.parse(line) as Record<string, unknown>);
	});
	return child;
}

async function sampleOf(pid: number): Promise<Sample> {
	const usage = await usageOf(pid);
	return {residentMiB: usage!.residentMiB, descriptors: (await readdir(`/proc/${pid}/fd`)).length};
}

/** Of the last 60 samples. */
function describeHour({name, samples}: Program): string {
	const descriptors = median(samples.slice(-60).map(({descriptors}) => descriptors));
	return `${name} ${residentMiB(samples.slice(-60)).toFixed(1)} MiB, ${descriptors} descriptors`;
}

/** The first hour warms up. */
function holdsMemory({name, samples}: Program): boolean {
	const growth = residentMiB(samples.slice(-60)) / residentMiB(samples.slice(60, 120));
	process.stdout.write(`${name}: ${growth.toFixed(3)} of the second hour's memory\n`);
	return growth <= maxGrowth;
}

function residentMiB(samples: readonly Sample[]): number {
	return median(samples.map(({residentMiB}) => residentMiB));
}
