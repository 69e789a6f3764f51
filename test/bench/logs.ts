/** Logs beside kubectl and stern: the first line, a million lines into a pipe with and without following or selection, resident memory. */
import {spawn} from 'node:child_process';
import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {benchEnvironment, usageOf, type Figures, type Group, type Program} from './measure.ts';
import {kubectl, makeWriter} from './writers.ts';

/** In the lab's namespace; the second is made here and stays, since a million lines take their time to write. */
const small = 'finished-writer';
const million = 'million-lines';
const lines = 1_000_000;

const lineFeed = 10;

/** Longer than any machine takes for a million lines, milliseconds. */
const maxDurationMs = 180_000;

export const logGroups: readonly Group[] = [
	{name: 'logs: time until the first line', programs: ['spoke', 'kubectl', 'stern'], measure: firstLine},
	{
		name: 'logs 1M lines piped',
		programs: ['spoke', 'kubectl', 'stern'],
		isSlow: true,
		measure: async program => wholeLog(program, {follow: false}),
	},
	{
		name: 'logs 1M lines followed',
		programs: ['spoke', 'kubectl', 'stern'],
		isSlow: true,
		measure: async program => wholeLog(program, {follow: true}),
	},
	{name: 'logs 1M lines selected', programs: ['spoke', 'stern'], isSlow: true, measure: selectedLines},
];

async function firstLine({name, command}: Program): Promise<Figures> {
	const args =
		name === 'stern' ? [`^${small}$`, '--no-follow', '--tail=1', '--output=raw', '--only-log-lines'] : ['logs', small, '--tail=1'];
	const began = performance.now();
	const child = spawn(command[0]!, [...command.slice(1), ...args], {stdio: ['ignore', 'pipe', 'ignore'], env: benchEnvironment()});
	await once(child.stdout, 'data');
	const firstLineMs = performance.now() - began;
	await once(child, 'exit');
	return new Map([
		['first line, ms', firstLineMs],
		['until it has ended, ms', performance.now() - began],
	]);
}

/** Over once every line was printed: a follow goes on by itself, and is ended then. */
async function wholeLog({name, command}: Program, {follow}: {follow: boolean}): Promise<Figures> {
	await makeWriter(million, ['-rate=0', `-count=${lines}`, '-then=sleep'], lines);
	const args =
		name === 'stern'
			? [`^${million}$`, '--output=raw', '--only-log-lines', ...(follow ? [] : ['--no-follow'])]
			: ['logs', million, ...(follow ? ['-f'] : [])];
	return printedLog(command, args, {lines});
}

/** Stern has no `--level`: spoke also decides the level of each line. */
async function selectedLines({name, command}: Program): Promise<Figures> {
	await makeWriter(million, ['-rate=0', `-count=${lines}`, '-then=sleep'], lines);
	const selection = ['--include=7', '--exclude=33'];
	const args =
		name === 'stern'
			? [`^${million}$`, '--no-follow', '--only-log-lines', '--output=raw', ...selection]
			: ['logs', million, '--level=info', ...selection];
	expected ??= kubectl(['logs', million], '').then(text => {
		const selected = text.split('\n').filter(line => line.includes('7') && !line.includes('33'));
		const printed = selected.map(line => `${line}\n`).join('');
		return {lines: selected.length, sha256: createHash('sha256').update(printed).digest('hex')};
	});
	return printedLog(command, args, await expected);
}

type Expected = {lines: number; sha256?: string};

let expected: Promise<Expected> | undefined;

async function printedLog(command: readonly string[], args: readonly string[], {lines, sha256}: Expected): Promise<Figures> {
	const began = performance.now();
	const child = spawn(command[0]!, [...command.slice(1), ...args], {stdio: ['ignore', 'pipe', 'pipe'], env: benchEnvironment()});
	const hash = createHash('sha256');
	const words: Buffer[] = [];
	child.stderr.on('data', (chunk: Buffer) => {
		words.push(chunk);
	});
	let usage = {cpuS: NaN, mostResidentMiB: NaN};
	const look = async () => {
		usage = (await usageOf(child.pid!)) ?? usage;
	};

	const looking = setInterval(() => void look(), 20);
	const ended = once(child, 'close');
	const tooLong = setTimeout(() => child.kill('SIGKILL'), maxDurationMs);
	let seen = 0;
	for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
		for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, at + 1)) {
			seen++;
		}

		if (sha256 !== undefined) {
			hash.update(chunk);
		}

		if (seen === lines) {
			break;
		}
	}

	const wallS = (performance.now() - began) / 1000;
	await look();
	clearInterval(looking);
	clearTimeout(tooLong);
	child.kill('SIGINT');
	await ended;
	if (seen !== lines) {
		throw new Error(`${command.join(' ')} ${args.join(' ')} printed ${seen} of ${lines} lines: ${Buffer.concat(words).toString().trim()}`);
	}

	if (sha256 !== undefined && hash.digest('hex') !== sha256) {
		throw new Error(`${command.join(' ')} ${args.join(' ')} printed other lines than those selected`);
	}

	return new Map([
		['wall, s', wallS],
		['CPU, s', usage.cpuS],
		['resident at most, MiB', usage.mostResidentMiB],
	]);
}
