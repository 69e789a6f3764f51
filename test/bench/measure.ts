/** How is something measured on two programs so that their ratio can be believed: alternating, in one run, by the median. */

export type Program = {name: 'spoke' | 'kubectl'; command: readonly string[]};

/** One figure of one program; `null` where the program cannot do it. */
export type Figure = {row: string; unit: string; betterIs: 'less' | 'more'; values: Map<Program['name'], number[]>};

/** Runs `once` for each program in turn, `rounds` times, and keeps what it gives. */
export async function alternate(programs: readonly Program[], rounds: number, once: (program: Program) => Promise<ReadonlyMap<string, number>>): Promise<Map<string, Map<Program['name'], number[]>>> {
	const rows = new Map<string, Map<Program['name'], number[]>>();
	for (let round = 0; round < rounds; round++) {
		// Who goes first changes, since the machine warms up.
		for (const program of round % 2 === 0 ? programs : programs.toReversed()) {
			for (const [row, value] of await once(program)) {
				const values = rows.get(row) ?? new Map<Program['name'], number[]>();
				values.set(program.name, [...values.get(program.name) ?? [], value]);
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

/** `row | spoke | kubectl | ratio`, the ratio above 1 where spoke is ahead. */
export function tableOf(rows: ReadonlyMap<string, ReadonlyMap<Program['name'], readonly number[]>>, moreIsBetter: (row: string) => boolean): string {
	const lines = [['row', 'spoke', 'kubectl', 'ahead by']];
	for (const [row, values] of rows) {
		const [own, other] = [median(values.get('spoke') ?? []), median(values.get('kubectl') ?? [])];
		const ratio = moreIsBetter(row) ? own / other : other / own;
		lines.push([row, figure(own), figure(other), Number.isFinite(ratio) ? `${ratio.toFixed(2)}×` : '–']);
	}

	const widths = lines[0]!.map((_, column) => Math.max(...lines.map(line => line[column]!.length)));
	return lines.map(line => line.map((cell, column) => column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)).join('  ')).join('\n');
}

function figure(value: number): string {
	return Number.isNaN(value) ? '–' : (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
}
