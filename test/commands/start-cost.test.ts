/**
What a command does before its first byte, in counts that do not depend on the machine. A command that does more is red. One that does less
is red too, until start-cost.json says so: `SPOKE_WRITE_START_COST=1 npx ava test/commands/start-cost.test.ts` writes it.
*/
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {builtProgram} from '../support/run-spoke.ts';
import {openSandbox} from '../support/sandbox.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';

type Cost = {
	connections: number;
	requests: number;
	/** Of requests, after those of TCP and TLS. */
	roundTrips: number;
	/** Files of the build, in KiB. */
	codeKiB: number;
	/** Of Node. */
	builtIns: readonly string[];
};

const commands = [
	'logs db-0 -c db --tail=1',
	'logs db-0 --tail=1',
	'logs sts/db -c db --tail=1',
	'exec db-0 -c db -- echo here',
	'exec deploy/toolbox -- echo here',
	'port-forward --address 127.0.0.1 pod/db-0 :7000',
	'port-forward --address 127.0.0.1 svc/db :7000',
	'version',
];
const file = fileURLToPath(new URL('start-cost.json', import.meta.url));
const preload = fileURLToPath(new URL('../support/trace-start.cjs', import.meta.url));

/** Code may grow by this much without a word. */
const spareKiB = 8;

test('no command does more before its first byte than start-cost.json says', async t => {
	const {env} = await openSandbox(t);
	const folder = await temporaryDirectory(t);
	const costs: Record<string, Cost> = {};
	for (const command of commands) {
		costs[command] = await costOf(
			command.split(' '),
			{PATH: env['PATH'], HOME: folder, KUBECONFIG: env['KUBECONFIG']},
			join(folder, 'trace'),
		);
	}

	if (process.env['SPOKE_WRITE_START_COST'] === '1') {
		await writeFile(file, `${JSON.stringify({node: process.version, costs}, null, '\t')}\n`);
	}

	const stored = JSON.parse(await readFile(file, 'utf8')) as {node: string; costs: Record<string, Cost>};
	for (const command of commands) {
		const {codeKiB, builtIns, ...network} = costs[command]!;
		const {codeKiB: storedKiB, builtIns: storedBuiltIns, ...storedNetwork} = stored.costs[command]!;
		t.deepEqual(network, storedNetwork, command);
		t.true(Math.abs(codeKiB - storedKiB) <= spareKiB, `${command}: ${codeKiB} KiB of code, ${storedKiB} KiB in start-cost.json`);
		// Another Node has other parts.
		if (process.version === stored.node) {
			t.deepEqual(builtIns, storedBuiltIns, command);
		}
	}
});

async function costOf(args: readonly string[], env: NodeJS.ProcessEnv, trace: string): Promise<Cost> {
	const child = spawn(process.execPath, ['--require', preload, builtProgram, ...args], {
		env: {...env, SPOKE_TRACE: trace},
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	const closed = once(child, 'close');
	await once(child.stdout.resume(), 'data');
	child.kill('SIGINT');
	await closed;
	const {connections, requests, roundTrips, codeBytes, builtIns} = JSON.parse(await readFile(trace, 'utf8')) as Cost & {codeBytes: number};
	return {connections, requests, roundTrips, codeKiB: Math.round(codeBytes / 1024), builtIns};
}
