/**
 * A tail of a pod that writes 100,000 lines a second, or as many as this machine gets through: keys while they come, and whether every line
 * arrived.
 */
import {logsInK9s} from './k9s-logs.ts';
import {median, pause, quantile, type Figures, type Group, type Program} from './measure.ts';
import {onScreen, type OnScreen} from './on-screen.ts';
import {createWriter, kubectl} from './writers.ts';

const name = 'flood';
const keyCount = 300;
/** A tail keeps a million lines: the first lines are dropped after ten seconds. */
const keysAtOnePlace = 60;

export const sessionFloodGroups: readonly Group[] = [
	// k9s keeps 5,000 lines at most, and counts none: of it only keys are measured.
	{name: 'session tail live at 100,000 lines/s', programs: ['spoke', 'k9s'], isSlow: true, measure: flood},
];

async function flood(program: Program): Promise<Figures> {
	await createWriter(name, ['-rate=100000', '-burst=100']);
	try {
		return program.name === 'k9s' ? await keysOfK9s(program) : await keysAndLines(program);
	} finally {
		await kubectl(['delete', 'pod', name, '--ignore-not-found', '--now'], '');
	}
}

async function keysAndLines({command}: Program): Promise<Figures> {
	const screen = await onScreen([...command, 'tail', '-n', 'demo', `pod/${name}`]);
	await screen.until('lines', () => numbers(screen).length > 20);
	await pause(2500);
	await holdAtEnd(screen);
	const [began, before] = [performance.now(), counted(screen)];
	const keys: number[] = [];
	let at = cursor(screen);
	for (let index = 0; index < keyCount; index++) {
		if (index > 0 && index % keysAtOnePlace === 0) {
			await holdAtEnd(screen);
			at = cursor(screen);
		}

		const isDown = index % 20 < 10;
		at += isDown ? 1 : -1;
		const wanted = at;
		const pressed = performance.now();
		screen.type(isDown ? 'j' : 'k');
		keys.push(await screen.until('the cursor', () => cursor(screen) === wanted, pressed));
		await pause(15);
	}

	const echoed = await keysOfCat();
	const rate = (counted(screen) - before) / ((performance.now() - began) / 1000);
	await kubectl(['delete', 'pod', name, '--wait=false'], '');
	// What the node still had is read by then.
	await pause(6000);
	const figures = new Map([
		['lines/s in', rate],
		['key to screen p50, ms', median(keys)],
		['key to screen p99, ms', quantile(keys, 0.99)],
		['the same of cat beside it, p99, ms', quantile(echoed, 0.99)],
		['lines lost', await lost(screen)],
		['at most, MiB', (await screen.usage()).mostResidentMiB],
	]);
	await screen.end();
	return figures;
}

/** Where k9s shows at once what a key has changed: whether it scrolls on with the log. */
async function keysOfK9s({command}: Program): Promise<Figures> {
	const screen = await logsInK9s(command, name);
	await screen.until('the log', rows => rows.some(row => row.includes('Autoscroll:')));
	const at = screen.rows().findIndex(row => row.includes('Autoscroll:'));
	const scrolls = () => /Autoscroll:(On|Off)/.exec(screen.row(at))?.[1];
	await pause(2500);
	const keys: number[] = [];
	for (let index = 0; index < keyCount; index++) {
		const before = scrolls();
		const pressed = performance.now();
		screen.type('s');
		keys.push(await screen.until('the other word', () => scrolls() !== undefined && scrolls() !== before, pressed));
		await pause(15);
	}

	const {mostResidentMiB} = await screen.usage();
	await screen.end();
	return new Map([
		['key to screen p50, ms', median(keys)],
		['key to screen p99, ms', quantile(keys, 0.99)],
		['at most, MiB', mostResidentMiB],
	]);
}

/** What a key takes here and now in a program that only echoes it: so much of the figures is the machine's. */
async function keysOfCat(): Promise<number[]> {
	const screen = await onScreen(['sh', '-c', 'stty raw -echo; cat']);
	const keys: number[] = [];
	await pause(500);
	for (let index = 0; index < keyCount; index++) {
		const pressed = performance.now();
		screen.type('j');
		keys.push(await screen.until('the key', () => screen.row(Math.floor(index / 120)).length > index % 120, pressed));
		await pause(15);
	}

	await screen.end();
	return keys;
}

async function holdAtEnd(screen: OnScreen): Promise<void> {
	screen.type('G');
	await screen.until('the end', () => cursor(screen) === 0);
	screen.type('k'.repeat(12));
	await screen.until('the cursor', () => cursor(screen) > 0);
	await pause(500);
}

/** Lines are numbered by their writer: from the first one that came to the newest there are as many as the tail has counted. */
async function lost(screen: OnScreen): Promise<number> {
	screen.type('G');
	await pause(1500);
	const [newest, lines] = [Math.max(...numbers(screen)), counted(screen)];
	screen.type('g');
	await screen.until('the first line', () => numbers(screen).every(number => number < newest));
	const dropped = amount(/([\d,]+) dropped/.exec(bottom(screen)));
	return newest - Math.min(...numbers(screen)) + 1 + dropped - lines;
}

function numbers(screen: OnScreen): number[] {
	return screen
		.rows()
		.flatMap(row => /(\d{10}) [\da-f]{16} \./.exec(row)?.[1] ?? [])
		.map(Number);
}

/** Where the cursor's row was last. */
let cursorRow = 0;

/** A key moves it by one row. */
function cursor(screen: OnScreen): number {
	const near = [cursorRow, cursorRow - 1, cursorRow + 1].find(at => screen.row(at).startsWith('▸'));
	cursorRow =
		near ??
		Math.max(
			0,
			screen.rows().findIndex(row => row.startsWith('▸')),
		);
	return Number(/^▸\S+ (\d{10})/.exec(screen.row(cursorRow))?.[1] ?? 0);
}

function counted(screen: OnScreen): number {
	return amount(/([\d,]+) lines/.exec(bottom(screen)));
}

function bottom(screen: OnScreen): string {
	return screen.rows().slice(-3).join('\n');
}

function amount(found: RegExpExecArray | null): number {
	return Number(found?.[1]?.replaceAll(',', '') ?? 0);
}
