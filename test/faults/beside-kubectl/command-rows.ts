/** exec against the scripted peer: broken links, invalid statuses, large input, slow readers. */
import {createHash} from 'node:crypto';
import {once} from 'node:events';
import process from 'node:process';
import {setTimeout as sleep} from 'node:timers/promises';
import {spawn} from '@lydell/node-pty';
import {statusOf, type Program} from './programs.ts';
import {measured, type MeasuredRow} from './row.ts';

const against = 'scripted kubelet peer';
const exec = (script: string, ...words: string[]) => ['exec', '-i', 'web', '-c', script, '--', ...(words.length > 0 ? words : ['x'])];

/** Idle time through a middlebox that drops flows after an idle minute. SPOKE_FAULTS_LONG selects six minutes. */
const idleMs = process.env['SPOKE_FAULTS_LONG'] === undefined ? 75_000 : 365_000;

export const commandRows: readonly MeasuredRow[] = [
	{
		row: 'F8',
		waits: true,
		expected: `idle for ${idleMs / 1000} s: traffic at least every 30 s, so a middlebox with a limit of 60 s keeps the flow`,
		against,
		async measure(program, fixture) {
			const {kubeconfig, cutter} = await fixture.throughCutter();
			const child = program.start(exec('echo'), {kubeconfig});
			const alive = await staysAlive(child, idleMs, () => cutter.quietMs() > 60_000);
			await cutter.stop();
			return measured(alive === 'alive', alive);
		},
	},
	{
		row: 'F21',
		waits: true,
		expected: 'exit status not 0, within 15 s after a reset and 65 s in a black hole',
		against,
		async measure(program, fixture) {
			const texts: string[] = [];
			let right = true;
			for (const [what, limit] of [
				['reset', 15],
				// The expected 65 s, with 5 s of slack.
				['swallow', 70],
			] as const) {
				const {kubeconfig, cutter} = await fixture.throughCutter();
				const running = program.run(exec('stall'), {kubeconfig, limitMs: 100_000, input: ''});
				await sleep(3000);
				const brokenAt = performance.now();
				if (what === 'reset') {
					cutter.reset();
				} else {
					cutter.swallow(true);
				}

				const {status} = await running;
				const seconds = (performance.now() - brokenAt) / 1000;
				right &&= status !== 0 && status !== null && seconds < limit;
				texts.push(`${what === 'reset' ? 'reset' : 'black hole'}: ${statusOf({status})} after ${seconds.toFixed(0)} s`);
				await cutter.stop();
			}

			return measured(right, texts.join('; '));
		},
	},
	{
		row: 'F22',
		expected: 'five slow readers of 2,000,000 numbers: exit status 0 only with complete output',
		against,
		async measure(program, {peer}) {
			let [whole, short] = [0, 0];
			const expected = createHash('sha256')
				.update(Array.from({length: 2_000_000}, (_, index) => `${index + 1}\n`).join(''))
				.digest('hex');
			for (let time = 0; time < 5; time++) {
				const child = program.start(['exec', 'web', '-c', 'seq', '--', 'x', '2000000'], {kubeconfig: peer.kubeconfig});
				child.stderr!.resume();
				child.stdin!.end();
				const hash = createHash('sha256');
				child.stdout!.pause();
				const ended = once(child, 'close') as Promise<[number | null]>;
				for (let slow = 0; slow < 20; slow++) {
					await sleep(50);
					const piece = child.stdout!.read(512) as Buffer | null;
					hash.update(piece ?? '');
				}

				child.stdout!.on('data', (piece: Buffer) => {
					hash.update(piece);
				});
				child.stdout!.resume();
				const [status] = await ended;
				const all = hash.digest('hex') === expected;
				whole += status === 0 && all ? 1 : 0;
				short += status === 0 && !all ? 1 : 0;
			}

			return measured(short === 0, `${whole} of 5 whole with 0, ${short} short with 0`);
		},
	},
	{
		row: 'F23',
		expected: '100 MB of stdin keep their hash; a command that exits early causes no error',
		against,
		async measure(program, {peer}) {
			const input = Buffer.alloc(100_000_000, 'spoke');
			const {status, stdout, seconds} = await program.run(exec('hash'), {kubeconfig: peer.kubeconfig, input, limitMs: 120_000});
			const equal = stdout.toString().includes(createHash('sha256').update(input).digest('hex'));
			const early = await program.run(exec('first-byte'), {
				kubeconfig: peer.kubeconfig,
				input: input.subarray(0, 5_000_000),
				limitMs: 20_000,
			});
			return measured(
				status === 0 && equal && early.status === 0,
				`hash ${equal ? 'equal' : 'differs'}, ${statusOf({status})} after ${seconds.toFixed(1)} s; early end: ${statusOf(early)}`,
			);
		},
	},
	{
		row: 'F24',
		expected: 'exit statuses 0 1 2 42 126 127 137 255 are passed on',
		against,
		async measure(program, {peer}) {
			const seen: Array<number | null> = [];
			const wanted = [0, 1, 2, 42, 126, 127, 137, 255];
			for (const status of wanted) {
				const ran = await program.run(['exec', 'web', '-c', 'exit', '--', 'x', String(status)], {kubeconfig: peer.kubeconfig});
				seen.push(ran.status);
			}

			return measured(seen.join(' ') === wanted.join(' '), seen.join(' '));
		},
	},
	{
		row: 'F25',
		expected: 'the last of a thousand terminal sizes in 5 s arrives',
		against,
		async measure(program, {peer}) {
			const [file, words] = program.words(['exec', '-it', 'web', '-c', 'sizes', '--', 'x', '100000']);
			const pty = spawn(file, words, {
				cols: 80,
				rows: 24,
				env: {PATH: process.env['PATH'], HOME: '/nonexistent', KUBECONFIG: peer.kubeconfig, TERM: 'xterm'},
			});
			let written = '';
			pty.onData(data => {
				written += data;
			});
			await sleep(3000);
			for (let size = 1; size <= 1000; size++) {
				pty.resize(100 + (size % 150), 20 + (size % 50));
				await sleep(5);
			}

			pty.resize(173, 61);
			await sleep(2000);
			pty.kill('SIGKILL');
			const last = [...written.matchAll(/(\d+)\D+(\d+)/g)].at(-1)?.slice(1).map(Number) ?? [];
			return measured(last.includes(173) && last.includes(61), `last size told: ${last.join('×')}`);
		},
	},
	{
		row: 'F26',
		waits: true,
		expected: `exec and attach work after ${idleMs / 1000} idle seconds`,
		against,
		async measure(program, {peer}) {
			const states = await Promise.all(
				[exec('echo'), ['attach', '-i', 'web', '-c', 'echo']].map(async args =>
					staysAlive(program.start(args, {kubeconfig: peer.kubeconfig}), idleMs, () => false),
				),
			);
			return measured(
				states.every(state => state === 'alive'),
				`exec ${states[0]}, attach ${states[1]}`,
			);
		},
	},
	{
		row: 'B4',
		expected: 'all 256 byte values return unchanged',
		against,
		async measure(program, {peer}) {
			const input = Buffer.concat([
				Buffer.from(Array.from({length: 256}, (_, byte) => byte)),
				Buffer.from([0xff, 0x80, 0xc0, 0x80, 0xe2, 0x82]),
			]);
			const {stdout, status} = await program.run(exec('echo'), {kubeconfig: peer.kubeconfig, input});
			return measured(stdout.equals(input) && status === 0, stdout.equals(input) ? 'equal' : 'differ');
		},
	},
	{
		row: 'B13',
		expected:
			'a status that is absent, truncated, doubled or 5 MB is never 0 (by SPDY: over a WebSocket the apiserver’s translator says Success itself)',
		against,
		async measure(program, {peer}) {
			const texts: string[] = [];
			let right = true;
			for (const script of ['absent', 'truncated', 'twice', 'huge']) {
				const ran = await program.run(['exec', 'web', '-c', `status-${script}`, '--', 'x'], {
					kubeconfig: peer.kubeconfig,
					limitMs: 30_000,
					env: {KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false'},
				});
				right &&= ran.status !== 0 && ran.status !== null;
				texts.push(`${script}: ${ran.status ?? 'no end'}`);
			}

			return measured(right, texts.join(', '));
		},
	},
];

/** `alive` if input after the wait is echoed, else `dead`, or a text if the middlebox would have dropped the flow. */
async function staysAlive(child: ReturnType<Program['start']>, waitMs: number, wouldCut: () => boolean): Promise<string> {
	let stdout = '';
	child.stdout!.on('data', (piece: Buffer) => {
		stdout += piece.toString();
	});
	child.stderr!.resume();
	child.stdin!.on('error', () => undefined);
	for (let waited = 0; waited < waitMs && child.exitCode === null; waited += 500) {
		await sleep(500);
		if (wouldCut()) {
			child.kill('SIGKILL');
			return 'would be cut: nothing on the wire for 60 s';
		}
	}

	child.stdin!.write('still there\n');
	for (let waited = 0; waited < 10_000 && !stdout.includes('still there'); waited += 100) {
		await sleep(100);
	}

	child.kill('SIGKILL');
	return stdout.includes('still there') ? 'alive' : 'dead';
}
