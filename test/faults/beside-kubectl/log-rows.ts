/** Follows through interruptions, stalls, rotations and restarts, on log files that the test writes. */
import {once} from 'node:events';
import {setTimeout as sleep} from 'node:timers/promises';
import type {ChildProcess} from 'node:child_process';
import {LogServer, type LogRecord} from '../../support/log-server.ts';
import {startTcpCutter, type TcpCutter} from '../../support/tcp-cutter.ts';
import {measured, type Fixture, type Measured, type MeasuredRow} from './row.ts';
import type {Program} from './programs.ts';

const against = 'scripted kubelet logs';

export const logRows: readonly MeasuredRow[] = [
	{
		row: 'F1',
		expected: 'a follow through 20 resets: 0 lost, 0 repeated',
		against,
		async measure(program, fixture) {
			return following(program, fixture, async ({write, cutter}) => {
				for (let cut = 0; cut < 20; cut++) {
					write(20);
					await sleep(150);
					cutter.reset();
				}

				write(20);
			});
		},
	},
	{
		row: 'F3',
		expected: 'resets within a second of 100 lines with equal timestamps: 0 lost, 0 repeated',
		against,
		async measure(program, fixture) {
			return following(program, fixture, async ({writeAt, cutter}) => {
				for (let cut = 0; cut < 5; cut++) {
					writeAt(new Date().toISOString().replace(/\.\d+Z/, '.500000000Z'), 100);
					await sleep(100);
					cutter.reset();
					writeAt(new Date().toISOString().replace(/\.\d+Z/, '.500000000Z'), 100);
					await sleep(1500);
				}
			});
		},
	},
	{
		row: 'F4',
		expected: 'a reset together with a rotation: no available line is skipped, and the gap is reported',
		against,
		async measure(program, fixture) {
			return following(
				program,
				fixture,
				async ({write, cutter, log}) => {
					write(50);
					await sleep(800);
					cutter.refuse(true);
					cutter.reset();
					write(50);
					log.rotate();
					write(50);
					await sleep(500);
					cutter.refuse(false);
				},
				{allowLost: 50, mustSay: /gap|missing|rotated/},
			);
		},
	},
	{
		row: 'F5',
		expected: 'five container restarts, one with a reset: 0 lost, in order',
		against,
		async measure(program, fixture) {
			return following(program, fixture, async ({write, cutter, log}) => {
				for (let life = 0; life < 5; life++) {
					write(20);
					await sleep(2000);
					if (life === 2) {
						cutter.reset();
					}

					// A kubelet serves the logs of the current and the previous instance only.
					log.restart();
					await sleep(4000);
				}

				write(20);
			});
		},
	},
	{
		row: 'F7',
		waits: true,
		expected: 'a black hole is reported as a stall within 30 s (the test allows 90 s); then 0 lost, 0 repeated',
		against,
		async measure(program, fixture) {
			return following(
				program,
				fixture,
				async ({write, cutter}) => {
					write(20);
					await sleep(500);
					cutter.swallow(true);
					write(20);
					await sleep(60_000);
					cutter.swallow(false);
					cutter.reset();
					write(20);
				},
				{mustSay: /stall|nothing|silent|does not answer/i},
			);
		},
	},
	{
		row: 'F9',
		expected: 'a kubelet failure inside the body is an error, never a line, and the follow resumes',
		against,
		async measure(program, fixture) {
			const words = 'failed to create fsnotify watcher: too many open files';
			const server = await LogServer.start();
			try {
				const log = server.addPod('web').get('app')!;
				log.append(...records(0, 5));
				server.faults.push({kind: 'kubelet-error', text: words});
				const child = program.start(['logs', '-f', 'web', '-n', 'demo'], {kubeconfig: await fixture.kubeconfigFor(server.url)});
				const seen = outputOf(child);
				await sleep(4000);
				log.append(...records(5, 5));
				await sleep(2000);
				const goesOn = child.exitCode === null;
				await endOf(child);
				const asLine = seen.stdout().includes(words);
				const {lost, repeated} = counted(seen.stdout(), 10);
				return measured(
					!asLine && lost === 0 && repeated === 0,
					`${asLine ? 'printed as a line of the log' : 'told as an error'}; ${goesOn ? 'followed on' : `ended, status ${child.exitCode}`}, ${lost} lost`,
				);
			} finally {
				await server.stop();
			}
		},
	},
	{
		row: 'F10',
		expected: 'Retry-After of a 429 is respected',
		against,
		async measure(program, fixture) {
			const server = await LogServer.start();
			try {
				server
					.addPod('web')
					.get('app')!
					.append(...records(0, 5));
				server.faults.push({
					kind: 'refuse',
					status: 429,
					body: '{"kind":"Status","reason":"TooManyRequests"}',
					headers: {'Retry-After': '3'},
				});
				const {status, stdout} = await program.run(['logs', 'web', '-n', 'demo'], {
					kubeconfig: await fixture.kubeconfigFor(server.url),
					limitMs: 20_000,
				});
				const waited = server.seen.length > 1 ? (server.seen[1]!.at - server.seen[0]!.at) / 1000 : null;
				return measured(
					waited !== null && waited >= 2.9 && status === 0,
					`asked again after ${waited === null ? '–' : `${waited.toFixed(1)} s`}, status ${status}, ${stdout.toString().trim().split('\n').length} lines`,
				);
			} finally {
				await server.stop();
			}
		},
	},
];

type Following = {
	write: (lines: number) => void;
	writeAt: (time: string, lines: number) => void;
	cutter: TcpCutter;
	log: ReturnType<LogServer['addPod']> extends Map<string, infer Log> ? Log : never;
};

/** Follows a log while `faults` happen, and counts the numbers of its lines. */
async function following(
	program: Program,
	fixture: Fixture,
	faults: (with_: Following) => Promise<void>,
	{allowLost = 0, mustSay}: {allowLost?: number; mustSay?: RegExp} = {},
): Promise<Measured> {
	const server = await LogServer.start();
	const cutter = await startTcpCutter(new URL(server.url).host);
	try {
		const log = server.addPod('web').get('app')!;
		const child = program.start(['logs', '-f', 'web', '-n', 'demo'], {kubeconfig: await fixture.kubeconfigFor(`http://${cutter.address}`)});
		const seen = outputOf(child);
		for (let waited = 0; server.openFollows === 0 && waited < 10_000; waited += 50) {
			await sleep(50);
		}

		let number = 0;
		const writeAt = (time: string, lines: number) => {
			log.append(...records(number, lines, time));
			number += lines;
		};

		await faults({
			writeAt,
			cutter,
			log,
			write(lines) {
				writeAt(new Date().toISOString().replace('Z', '000000Z'), lines);
			},
		});
		// A retry can be waiting, but a program that has ended is detected immediately.
		for (let waited = 0; child.exitCode === null && counted(seen.stdout(), number).lost > allowLost && waited < 15_000; waited += 100) {
			await sleep(100);
		}

		await sleep(300);
		const status = child.exitCode;
		await endOf(child);
		const {lost, repeated, inOrder} = counted(seen.stdout(), number);
		const said = mustSay === undefined || mustSay.test(seen.stderr());
		return measured(
			lost <= allowLost && repeated === 0 && inOrder && said && status === null,
			[
				`of ${number} lines ${lost} lost, ${repeated} repeated`,
				...(inOrder ? [] : ['out of order']),
				...(status === null ? [] : [`ended, status ${status}`]),
				...(mustSay === undefined ? [] : [said ? 'said' : 'not said']),
			].join('; '),
		);
	} finally {
		await cutter.stop();
		await server.stop();
	}
}

function records(from: number, count: number, time = new Date().toISOString().replace('Z', '000000Z')): LogRecord[] {
	return Array.from({length: count}, (_, index) => ({time, text: `line ${from + index}`}));
}

function counted(stdout: string, all: number): {lost: number; repeated: number; inOrder: boolean} {
	const numbers = [...stdout.matchAll(/^line (\d+)$/gm)].map(([, number]) => Number(number));
	const distinct = new Set(numbers);
	return {
		lost: all - distinct.size,
		repeated: numbers.length - distinct.size,
		inOrder: numbers.every((number, index) => index === 0 || number > numbers[index - 1]!),
	};
}

function outputOf(child: ChildProcess): {stdout: () => string; stderr: () => string} {
	let [stdout, stderr] = ['', ''];
	child.stdout!.on('data', (piece: Buffer) => {
		stdout += piece.toString();
	});
	child.stderr!.on('data', (piece: Buffer) => {
		stderr += piece.toString();
	});
	return {stdout: () => stdout, stderr: () => stderr};
}

async function endOf(child: ChildProcess): Promise<void> {
	if (child.exitCode === null && child.signalCode === null) {
		const ended = once(child, 'close');
		child.kill('SIGKILL');
		await ended;
	}
}
