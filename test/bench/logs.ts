/** Logs beside kubectl: the first line, a million lines into a pipe with and without -f, resident memory. */
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFile} from 'node:fs/promises';
import process from 'node:process';
import type {Program} from './measure.ts';

/** In the lab's namespace; the second is made here and stays, since a million lines take their time to write. */
const small = 'finished-writer';
const million = 'million-lines';
const lines = 1_000_000;

export const suite = {
	moreIsBetter: () => false,
	groups: new Map([
		['logs first line', firstLine],
		['logs 1M lines piped', async (program: Program) => wholeLog(program, ['logs', million])],
		['logs 1M lines followed', async (program: Program) => wholeLog(program, ['logs', '-f', '--timestamps', `--limit-bytes=${lines * 100}`, million])],
	]),
};

async function firstLine({command}: Program): Promise<Map<string, number>> {
	const began = performance.now();
	const child = spawn(command[0]!, [...command.slice(1), 'logs', small, '--tail=1'], {stdio: ['ignore', 'pipe', 'inherit']});
	await once(child.stdout, 'data');
	const firstLineMs = performance.now() - began;
	await once(child, 'exit');
	return new Map([['first line, ms', firstLineMs]]);
}

async function wholeLog({command}: Program, args: readonly string[]): Promise<Map<string, number>> {
	await makeMillion();
	const began = performance.now();
	const child = spawn(command[0]!, [...command.slice(1), ...args], {stdio: ['ignore', 'pipe', 'inherit']});
	let bytes = 0;
	let usage = {cpuS: 0, residentMiB: 0};
	child.stdout.on('data', (chunk: Buffer) => {
		bytes += chunk.length;
	});
	const looking = setInterval(() => {
		void usageOf(child.pid!).then(now => {
			usage = now ?? usage;
		});
	}, 50);
	await once(child, 'close');
	clearInterval(looking);
	if (bytes < lines * 90) {
		throw new Error(`${command.join(' ')} ${args.join(' ')} printed only ${bytes} bytes`);
	}

	return new Map([['wall, s', (performance.now() - began) / 1000], ['CPU, s', usage.cpuS], ['resident at most, MiB', usage.residentMiB]]);
}

async function usageOf(pid: number): Promise<{cpuS: number; residentMiB: number} | undefined> {
	try {
		const [stat, status] = await Promise.all([readFile(`/proc/${pid}/stat`, 'utf8'), readFile(`/proc/${pid}/status`, 'utf8')]);
		const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
		const peak = /VmHWM:\s+(\d+) kB/.exec(status);
		return peak ? {cpuS: (Number(fields[11]) + Number(fields[12])) / 100, residentMiB: Number(peak[1]) / 1024} : undefined;
	} catch {
		return undefined;
	}
}

let made: Promise<void> | undefined;

async function makeMillion(): Promise<void> {
	made ??= (async () => {
		const pod = {
			apiVersion: 'v1', kind: 'Pod', metadata: {name: million, labels: {app: million}},
			spec: {
				nodeName: 'n1', automountServiceAccountToken: false, terminationGracePeriodSeconds: 1,
				containers: [{name: 'lines', image: 'spoke.test/lab:1', imagePullPolicy: 'Never', command: ['/bin/workload'], args: ['write-lines', '-rate=0', `-count=${lines}`, '-then=sleep']}],
			},
		};
		await kubectl(['apply', '-f', '-'], JSON.stringify(pod));
		for (;;) {
			const last = await kubectl(['logs', million, '--tail=1'], '').catch(() => '');
			if (Number(last.slice(0, 10)) === lines) {
				return;
			}

			await new Promise(resolve => {
				setTimeout(resolve, 1000);
			});
		}
	})();
	await made;
}

async function kubectl(args: readonly string[], input: string): Promise<string> {
	const child = spawn(process.env['SPOKE_BENCH_KUBECTL'] ?? 'kubectl', args, {stdio: ['pipe', 'pipe', 'ignore']});
	let text = '';
	child.stdout.on('data', (chunk: Buffer) => {
		text += chunk.toString('latin1');
	});
	child.stdin.end(input);
	const [status] = await once(child, 'close') as [number];
	if (status !== 0) {
		throw new Error(`kubectl ${args.join(' ')} ended with ${status}`);
	}

	return text;
}
