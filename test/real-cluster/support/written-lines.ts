/** What a follow makes of the numbered lines of `linesPod`. */
import {createHash} from 'node:crypto';
import type {ExecutionContext} from 'ava';
import {linesPod} from '../lab/workloads.ts';
import {until} from '../../support/until.ts';
import {wordsOf, type Arguments} from '../lab/kubectl.ts';
import type {Cluster, LabServer, Running} from './cluster.ts';

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

/** `logs -f` whose first line has been printed. */
export async function follow(cluster: Cluster, place: LabServer, args: Arguments): Promise<Running> {
	const running = cluster.startSpoke(place, ['logs', '-f', ...wordsOf(args)]);
	await until(() => running.stdout() !== '', running.stderr);
	return running;
}

/** Resolves when it has printed more than what was on its way. */
export async function grows({stdout, stderr}: Running, limitMs = 60_000): Promise<void> {
	const before = stdout().length;
	await until(() => stdout().length > before + 10_000, stderr, limitMs);
}

/** Ends a follow of one pod; no line is missing, changed or repeated. */
export async function assertComplete(t: ExecutionContext, running: Running): Promise<void> {
	await running.stop();
	t.deepEqual(judge(running.stdout()).wrong, []);
	t.notRegex(running.stderr(), /may be missing|ended with/);
}

/** Starts eight pods whose logs share HTTP/2 connections; the caller deletes them by the label `app`. */
export async function startEightPods(cluster: Cluster, app: string) {
	const names = Array.from({length: 8}, (_, index) => `${app}-${index}`);
	await cluster.apply(...names.map(name => linesPod(name, '-rate=50', {app})));
	const linesOf = ({stdout}: Running) => {
		const lines = new Map<string, string>();
		for (const [, name, line] of stdout().matchAll(/^\[pod\/([^/]+)\/lines\] (.*\n)/gm)) {
			lines.set(name!, (lines.get(name!) ?? '') + line!);
		}

		return lines;
	};
	return {
		names,
		/** Resolves when each has printed. */
		async follow(place: LabServer, args: Arguments = []): Promise<Running> {
			const running = await follow(cluster, place, ['-l', `app=${app}`, '--prefix', '--tail=1', ...wordsOf(args)]);
			await until(() => linesOf(running).size === names.length, running.stderr);
			return running;
		},
		async eachGrows(running: Running, limitMs = 60_000): Promise<void> {
			const before = linesOf(running);
			await until(
				() => [...linesOf(running)].every(([name, {length}]) => length > before.get(name)!.length + 10_000),
				running.stderr,
				limitMs,
			);
		},
		async assertComplete(t: ExecutionContext, running: Running): Promise<void> {
			await running.stop();
			t.notRegex(running.stderr(), /may be missing|ended with/);
			for (const [name, text] of linesOf(running)) {
				t.deepEqual(judge(text).wrong, [], name);
			}
		},
	};
}
