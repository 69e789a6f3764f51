/** Pods that write numbered lines, and what a follow makes of them. */
import {createHash} from 'node:crypto';
import type {Cluster, LabServer} from './cluster.ts';

const lineOf = (number: number) =>
	`${String(number).padStart(10, '0')} ${createHash('sha256').update(String(number)).digest('hex').slice(0, 16)} `;

/** Checks that the numbers are in order, the hashes right, and no line is repeated. */
export function judge(text: string): {lines: number; wrong: string[]; first: number; last: number} {
	const lines = text.split('\n');
	const wrong: string[] = [];
	const cut = lines.pop();
	if (cut !== '') {
		wrong.push(`ends in the middle of a line: ${cut}`);
	}

	const numbers = lines.map(line => Number(line.slice(0, 10)));
	for (const [index, line] of lines.entries()) {
		if (!line.startsWith(lineOf(numbers[index]!))) {
			wrong.push(`changed: ${line}`);
		}

		if (index > 0 && numbers[index] !== numbers[index - 1]! + 1) {
			wrong.push(`${numbers[index - 1]} is followed by ${numbers[index]}`);
		}
	}

	return {lines: lines.length, wrong: wrong.slice(0, 5), first: numbers[0] ?? 0, last: numbers.at(-1) ?? 0};
}

export type Follow = {stdout: () => string; stderr: () => string; stop: () => Promise<void>; ended: Promise<number | null>};

export function follow(on: Cluster, place: LabServer, args: readonly string[]): Follow {
	const child = on.startSpoke(place, ['logs', '-f', ...args]);
	const out: Buffer[] = [];
	const err: Buffer[] = [];
	child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
	child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
	const ended = new Promise<number | null>(resolve => {
		child.once('close', resolve);
	});
	return {
		stdout: () => Buffer.concat(out).toString('latin1'),
		stderr: () => Buffer.concat(err).toString(),
		ended,
		async stop() {
			child.kill('SIGINT');
			await ended;
		},
	};
}

/** A pod that writes numbered lines. `more`: of its spec. */
export const linesPod = (name: string, args: readonly string[], {more = {}, app = 'logs-test'}: {more?: object; app?: string} = {}) => ({
	apiVersion: 'v1',
	kind: 'Pod',
	metadata: {name, namespace: 'demo', labels: {app}},
	spec: {
		nodeName: 'n1',
		automountServiceAccountToken: false,
		terminationGracePeriodSeconds: 1,
		containers: [
			{
				name: 'lines',
				image: 'spoke.test/lab:1',
				imagePullPolicy: 'Never',
				command: ['/bin/workload'],
				args: ['write-lines', ...args],
				volumeMounts: [{name: 'data', mountPath: '/data'}],
			},
		],
		volumes: [{name: 'data', emptyDir: {}}],
		...more,
	},
});
