/** A hundred pods followed at once: until the last of them has printed a line, and processor time per line. */
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {benchEnvironment, pause, usageOf, type Figures, type Group, type Program, type ProgramName} from './measure.ts';
import {createWriter, kubectl} from './writers.ts';

const pods = 100;
const linesPerSecond = 20;
const measuredS = 5;
/** Processor time is measured from here on, because spoke’s code is slower before V8 has optimized it. */
const measuredFromMs = 20_000;
const maxStartMs = 300_000;

export const crowdGroups: readonly Group[] = [
	{
		name: `logs of ${pods} pods`,
		programs: ['spoke', 'kubectl', 'stern', 'floor'],
		isSlow: true,
		measure: followAll,
		setUp: createPods,
		tearDown: async () => {
			await kubectl(['delete', 'pods', '-l', 'crowd=yes', '--now', '--wait=false'], '');
		},
	},
];

async function createPods(): Promise<void> {
	const names = Array.from({length: pods}, (_, index) => `crowd-${index}`);
	for (const name of names) {
		await createWriter(name, [`-rate=${linesPerSecond}`], {crowd: 'yes'});
	}

	const limit = performance.now() + maxStartMs;
	for (let running = 0; running < pods;) {
		if (performance.now() > limit) {
			throw new Error(`${running} of ${pods} pods run after ${maxStartMs / 1000} s`);
		}

		await pause(2000);
		const phases = await kubectl(['get', 'pods', '-l', 'crowd=yes', '-o', 'jsonpath={.items[*].status.phase}'], '');
		running = phases.split(' ').filter(phase => phase === 'Running').length;
	}
}

async function followAll({name, command}: Program): Promise<Figures> {
	const selection = ['-l', 'crowd=yes', '--tail=1', `--max-log-requests=${pods}`];
	const logs = ['logs', '-f', ...selection, '--prefix'];
	const args = new Map<ProgramName, readonly string[]>([
		['spoke', logs],
		['kubectl', logs],
		['stern', [...selection, '--color=never', '--only-log-lines']],
		['floor', ['demo', 'crowd=yes', 'follow']],
	]);
	const began = performance.now();
	const child = spawn(command[0]!, [...command.slice(1), ...args.get(name)!], {
		stdio: ['ignore', 'pipe', 'ignore'],
		env: benchEnvironment(),
	});
	const closed = once(child, 'close');
	const seen = new Set<string>();
	let lines = 0;
	const allSeen = Promise.withResolvers<number>();
	createInterface({input: child.stdout}).on('line', line => {
		lines++;
		const [pod] = /crowd-\d+/.exec(line) ?? [];
		if (pod !== undefined && seen.size < pods && seen.add(pod).size === pods) {
			allSeen.resolve(performance.now() - began);
		}
	});
	const lastPodMs = await allSeen.promise;
	await pause(Math.max(1000, measuredFromMs - lastPodMs));
	const [before, from] = [await usageOf(child.pid!), lines];
	await pause(measuredS * 1000);
	const [after, to] = [await usageOf(child.pid!), lines];
	child.kill('SIGINT');
	await closed;
	return new Map([
		['first line of the last pod, ms', lastPodMs],
		['CPU per 1,000 lines, ms', (((after?.cpuS ?? NaN) - (before?.cpuS ?? NaN)) * 1_000_000) / (to - from)],
		['resident at most, MiB', after?.mostResidentMiB ?? NaN],
	]);
}
