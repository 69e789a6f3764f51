/**
 * The session under load, on a screen of 120×40: a tail of 5,000 lines a second beside k9s, 1,000,000 lines with keys while they come,
 * 150,000 pods (`SPOKE_BENCH_BIG` is the kubeconfig of lab/big.ts).
 */
import process from 'node:process';
import {logsInK9s} from './k9s-logs.ts';
import {median, pause, quantile, type Figures, type Group, type Program} from './measure.ts';
import {onScreen, type OnScreen} from './on-screen.ts';
import {makeWriter} from './writers.ts';

const million = 1_000_000;
const maxAttempts = 4;
const flowsWithinMs = 20_000;

export const sessionLoadGroups: readonly Group[] = [
	{name: 'session tail of 5,000 lines/s', programs: ['spoke', 'k9s'], isSlow: true, measure: steadyTail},
	// k9s keeps 5,000 lines at most.
	{name: 'session tail of 1,000,000 lines', programs: ['spoke'], isSlow: true, measure: wholeLog},
	...(process.env['SPOKE_BENCH_BIG'] === undefined
		? []
		: [
				{
					name: 'session 150,000 pods',
					isSlow: true,
					programs: ['spoke', ...(process.env['SPOKE_BENCH_BIG_K9S'] === undefined ? [] : (['k9s'] as const))],
					measure: manyPods,
				} as Group,
			]),
];

async function steadyTail(program: Program): Promise<Figures> {
	// In bursts, ten a second: k9s shows no lines of a stream without pauses.
	await makeWriter('fast', ['-rate=5000', '-burst=500']);
	const screen = await steadyScreen(program);
	await pause(3000);
	const [before, first] = [await screen.usage(), newestNumber(screen)];
	const seconds = 10;
	await pause(seconds * 1000);
	const [after, last] = [await screen.usage(), newestNumber(screen)];
	await screen.end();
	return new Map([
		['CPU, cores', (after.cpuS - before.cpuS) / seconds],
		['lines/s in', (last - first) / seconds],
		['resident, MiB', after.residentMiB],
	]);
}

/**
 * Returns once new lines keep arriving on the screen. k9s sometimes keeps showing that it waits for logs: it is then restarted, and stderr
 * reports this.
 */
async function steadyScreen(program: Program): Promise<OnScreen> {
	for (let tries = 1; ; tries++) {
		const screen = await openSteadyTail(program);
		try {
			await screen.until('lines', rows => newestOf(rows) > 0, undefined, tries < maxAttempts ? flowsWithinMs : undefined);
			const first = newestNumber(screen);
			await screen.until('newer lines', rows => newestOf(rows) > first + 5000, undefined, flowsWithinMs);
			return screen;
		} catch (error) {
			await screen.end();
			if (tries === maxAttempts) {
				throw error;
			}

			process.stderr.write(`${program.name} shows no new lines within ${flowsWithinMs / 1000} s: restarted\n`);
		}
	}
}

async function openSteadyTail({name, command}: Program): Promise<OnScreen> {
	return name === 'spoke' ? onScreen([...command, 'tail', '-n', 'demo', 'pod/fast']) : logsInK9s(command, 'fast');
}

function newestOf(rows: readonly string[]): number {
	return Math.max(0, ...rows.map(row => Number(/(\d{10}) [\da-f]{16} \./.exec(row)?.[1] ?? 0)));
}

function newestNumber(screen: OnScreen): number {
	return newestOf(screen.rows());
}

async function wholeLog({command}: Program): Promise<Figures> {
	await makeWriter('million-lines', ['-rate=0', `-count=${million}`, '-then=sleep'], million);
	const screen = await onScreen([...command, 'tail', '-n', 'demo', 'pod/million-lines']);
	await screen.until('the last lines', rows => rows.some(row => row.includes('0001000000')));
	const began = performance.now();
	// From the first line on, as fast as they come; the cursor is moved meanwhile.
	screen.type('1');
	await screen.until('the first line', rows => rows.some(row => row.includes('0000000001 ')));
	const keys: number[] = [];
	const isAll = () => screen.rows().some(row => row.includes('1,000,000'));
	let cursor = 0;
	for (let index = 0; !isAll(); index++) {
		const isDown = index % 20 < 10;
		const pressed = performance.now();
		screen.type(isDown ? 'j' : 'k');
		cursor += isDown ? 1 : -1;
		const row = cursor;
		keys.push(
			await screen.until(
				'the cursor',
				rows => rows.some(one => one.startsWith('▸') && one.includes(String(row + 1).padStart(10, '0'))),
				pressed,
			),
		);
		await pause(15);
	}

	const seconds = (performance.now() - began) / 1000;
	const loaded = await screen.usage();
	screen.type('/0000777777\r');
	const found = await screen.until('a line by search', rows => rows.some(row => /^▸.*0000777777/.test(row)), performance.now());
	const {residentMiB, mostResidentMiB} = await screen.usage();
	await screen.end();
	process.stderr.write(`${keys.length} keys in ${seconds.toFixed(1)} s, resident when loaded ${loaded.residentMiB.toFixed(0)} MiB\n`);
	return new Map([
		['lines/s in', million / seconds],
		['key to screen p50, ms', median(keys)],
		['key to screen p99, ms', quantile(keys, 0.99)],
		['found by search, ms', found],
		['resident, MiB', residentMiB],
		['at most, MiB', mostResidentMiB],
	]);
}

async function manyPods(program: Program): Promise<Figures> {
	const kubeconfig = process.env['SPOKE_BENCH_BIG']!;
	const screen =
		program.name === 'k9s'
			? await onScreen([...program.command, '--kubeconfig', kubeconfig, '--splashless', '--command', 'pods', '--all-namespaces'])
			: await onScreen([...program.command, '--kubeconfig', kubeconfig, '-A']);
	const first = await screen.until('a pod', rows => rows.some(row => /app-\d{3}-\w{5}/.test(row)));
	const all = await screen.until('all pods', rows => rows.some(row => /150[,.]?000/.test(row)));
	const {residentMiB, mostResidentMiB, cpuS} = await screen.usage();
	const began = performance.now();
	let scrolled = 0;
	if (program.name === 'spoke') {
		screen.type('G');
		await screen.until('the end', rows => rows.some(row => row.includes('150,000/150,000')), began);
		scrolled = performance.now() - began;
	}

	await screen.end();
	return new Map([
		['first rows, ms', first],
		['all rows, ms', all],
		['CPU, s', cpuS],
		['resident, MiB', residentMiB],
		['at most, MiB', mostResidentMiB],
		...(scrolled > 0 ? [['to the last row, ms', scrolled] as const] : []),
	]);
}
