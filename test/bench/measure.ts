/** Measures several programs alternately in one run, and compares the medians. */
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFile} from 'node:fs/promises';
import {dirname} from 'node:path';
import process from 'node:process';

export {setTimeout as pause} from 'node:timers/promises';

/** `floor`: floor.cjs. */
export type ProgramName = 'spoke' | 'kubectl' | 'stern' | 'k9s' | 'floor';

export type Program = {name: ProgramName; command: readonly string[]};

/** One measurement of one program: values by row of the table. */
export type Figures = ReadonlyMap<string, number>;

/** Figures that are measured together, for the programs that have the feature. */
export type Group = {
	name: string;
	programs: readonly ProgramName[];
	/** Has a fifth of the rounds. */
	isSlow?: true;
	measure: (program: Program) => Promise<Figures>;
	setUp?: () => Promise<void>;
	tearDown?: () => Promise<void>;
};

/** Values by row and program, in the order measured. */
export type Rows = ReadonlyMap<string, ReadonlyMap<ProgramName, readonly number[]>>;

/** Milliseconds from the start of a program until its first byte on stdout; then interrupts it. @throws Error if it prints nothing */
export async function firstByteMs([program = '', ...args]: readonly string[]): Promise<number> {
	const startedAt = performance.now();
	const child = spawn(program, args, {stdio: ['ignore', 'pipe', 'ignore'], env: benchEnvironment()});
	const closed = once(child, 'close');
	const first = await Promise.race([once(child.stdout.resume(), 'data'), closed.then(() => null)]);
	const ms = performance.now() - startedAt;
	child.kill('SIGINT');
	await closed;
	if (first === null) {
		throw new Error(`${program} ${args.join(' ')} printed nothing`);
	}

	return ms;
}

/** Measures each program in turn, `rounds` times. */
export async function alternate(
	programs: readonly Program[],
	rounds: number,
	measureOnce: (program: Program) => Promise<Figures>,
): Promise<Rows> {
	const rows = new Map<string, Map<ProgramName, number[]>>();
	for (let round = 0; round < rounds; round++) {
		// The first program changes each round, because the machine warms up.
		for (const program of round % 2 === 0 ? programs : programs.toReversed()) {
			for (const [row, value] of await measureOnce(program)) {
				const values = rows.get(row) ?? new Map<ProgramName, number[]>();
				values.set(program.name, [...(values.get(program.name) ?? []), value]);
				rows.set(row, values);
			}
		}
	}

	return rows;
}

export function median(values: readonly number[]): number {
	return quantile(values, 0.5);
}

export function quantile(values: readonly number[], part: number): number {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}

/** A Markdown table: one column per program, and after each of the others its ratio to spoke (above 1: spoke is better). */
export function tableOf(rows: Rows, programs: readonly ProgramName[]): string {
	const others = programs.filter(name => name !== 'spoke');
	const lines = [['row', 'spoke', ...others.flatMap(name => [name, 'ahead by'])]];
	for (const [row, values] of rows) {
		const own = median(values.get('spoke') ?? []);
		lines.push([
			row,
			figure(own),
			...others.flatMap(name => {
				const other = median(values.get(name) ?? []);
				const ratio = advantage(row, own, other);
				return [figure(other), Number.isFinite(ratio) ? `${ratio.toFixed(2)}×` : '–'];
			}),
		]);
	}

	const widths = lines[0]!.map((_, column) => Math.max(...lines.map(line => line[column]!.length)));
	const [head, ...body] = lines.map(
		line => `| ${line.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(' | ')} |`,
	);
	return [
		head,
		`| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`,
		...body,
	].join('\n');
}

/** The ratio of spoke's figure to another's, above 1 where spoke is better. */
export function advantage(row: string, own: number, other: number): number {
	return isBetterHigh(row) ? own / other : other / own;
}

function isBetterHigh(row: string): boolean {
	return row.includes('MiB/s') || row.includes('lines/s in');
}

/** CPU time and memory of a running process; `undefined` if it has ended. */
export async function usageOf(pid: number): Promise<{cpuS: number; residentMiB: number; mostResidentMiB: number} | undefined> {
	try {
		const [stat, status] = await Promise.all([readFile(`/proc/${pid}/stat`, 'utf8'), readFile(`/proc/${pid}/status`, 'utf8')]);
		const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
		const mebibytes = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)![1]) / 1024;
		return {cpuS: (Number(fields[11]) + Number(fields[12])) / 100, residentMiB: mebibytes('VmRSS'), mostResidentMiB: mebibytes('VmHWM')};
	} catch {
		return undefined;
	}
}

/** This Node starts spoke. It reads the file of NODE_EXTRA_CA_CERTS at each start; spoke never uses it, and it is seldom set. */
export function benchEnvironment(): NodeJS.ProcessEnv {
	const {NODE_EXTRA_CA_CERTS: _roots, PATH: path = '', ...environment} = process.env;
	return {...environment, PATH: `${dirname(process.execPath)}:${path}`};
}

export function figure(value: number): string {
	return Number.isNaN(value) ? '–' : value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
