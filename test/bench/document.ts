/** docs/benchmarks.md, written from one run: what was measured, on which machine, and how far spoke is ahead or behind. */
import {execFileSync, spawnSync} from 'node:child_process';
import {readFile} from 'node:fs/promises';
import {arch, cpus, release, totalmem, type} from 'node:os';
import process from 'node:process';
import {format, resolveConfig} from 'prettier';
import {advantage, benchEnvironment, figure, median, quantile, type Program, type ProgramName, type Rows} from './measure.ts';

export type MeasuredGroup = {name: string; rounds: number; load: readonly [before: number, after: number]; rows: Rows};

type WholeRun = {groups: readonly MeasuredGroup[]; programs: readonly Program[]};

/** The document at `path`, of a whole run. */
export async function benchmarkDocument(path: string, {groups, programs}: WholeRun): Promise<string> {
	const text = [
		'# Benchmarks',
		`Written by \`npm run bench -- --write\`; do not edit it. In each section, the programs take turns in each round of one run; a cell has the median, with the quartiles in parentheses. **behind**
		means that spoke needs more time, processor time or memory than the program before the column, or moves less. Where the load average is above the number of processors, wall time says little.
		The program floor (test/bench/floor.cjs) is the least work that a Node.js program needs for the same task; it checks only the apiserver’s certificate.`.replaceAll(
			/\s+/g,
			' ',
		),
		...(await circumstances(programs)),
		...sectionsOf(groups),
	].join('\n\n');
	return formatted(path, text);
}

/** The document at `path`, with new sections of some groups. `order`: the names of all groups. */
export async function withNewSections(path: string, groups: readonly MeasuredGroup[], order: readonly string[]): Promise<string> {
	const [head = '', ...known] = (await readFile(path, 'utf8')).split(/^(?=## )/m);
	const byName = new Map([...known, ...sectionsOf(groups)].map(section => [/^## (.*)/.exec(section)![1]!, section]));
	const inOrder = order.flatMap(name => byName.get(headingOf(name)) ?? []);
	return formatted(path, [head, ...inOrder].map(part => part.trim()).join('\n\n'));
}

/** Rows of spoke alone are left out, and so are its stages: `npm run bench -- start` prints them. */
function sectionsOf(groups: readonly MeasuredGroup[]): string[] {
	return groups.flatMap(group => {
		const rows = [...group.rows].filter(([, values]) => values.has('spoke') && values.size > 1);
		return rows.length === 0 ? [] : [section(group, new Map(rows))];
	});
}

function headingOf(name: string): string {
	return name[0]!.toUpperCase() + name.slice(1);
}

async function formatted(path: string, text: string): Promise<string> {
	return format(text, {...(await resolveConfig(path)), parser: 'markdown'});
}

function section({name, rounds, load}: MeasuredGroup, rows: Rows): string {
	const peers = [...new Set([...rows.values()].flatMap(values => [...values.keys()]))].filter(program => program !== 'spoke');
	const head = ['', 'spoke', ...peers.flatMap(peer => [peer, `vs. ${peer}`])];
	const body = [...rows].map(([row, values]) => [
		row,
		withSpread(values.get('spoke')!),
		...peers.flatMap(peer => {
			const other = values.get(peer);
			return other ? [withSpread(other), comparison(row, median(values.get('spoke')!), median(other))] : ['–', '–'];
		}),
	]);
	const lines = [head, head.map((_, column) => (column === 0 ? '---' : '--:')), ...body].map(cells => `| ${cells.join(' | ')} |`);
	return [`## ${headingOf(name)}`, lines.join('\n'), `${rounds} rounds; load ${load.map(at => at.toFixed(1)).join(' to ')}.`].join('\n\n');
}

function withSpread(values: readonly number[]): string {
	return `${figure(median(values))} (${figure(quantile(values, 0.25))}–${figure(quantile(values, 0.75))})`;
}

/** The shown ratio is above 1. */
function comparison(row: string, own: number, other: number): string {
	const ratio = advantage(row, own, other);
	if (!Number.isFinite(ratio) || ratio <= 0) {
		return '–';
	}

	const shown = Math.max(ratio, 1 / ratio).toFixed(2);
	return shown === '1.00' ? 'equal' : ratio > 1 ? `ahead ${shown}×` : `**behind ${shown}×**`;
}

async function circumstances(programs: readonly Program[]): Promise<readonly string[]> {
	const {version} = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {version: string};
	const [processor] = cpus();
	const facts = [
		['date', new Date().toISOString().slice(0, 10)],
		[
			'machine',
			`${cpus().length} × ${processor?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()} ${arch()}`,
		],
		['spoke', `${version} on Node.js ${process.version}`],
		...programs
			.filter(({name}) => name !== 'spoke' && name !== 'floor')
			.map(({name, command: [program = '']}) => [name, versionOf(program, versionArguments[name] ?? ['version'])]),
		['cluster', `Kubernetes ${serverVersion(programs)}, on the same machine`],
	];
	return [facts.map(([name, value]) => `- ${name}: ${value}`).join('\n')];
}

const versionArguments: Partial<Record<ProgramName, readonly string[]>> = {
	kubectl: ['version', '--client', '-o', 'json'],
	stern: ['--version'],
	k9s: ['version', '--short'],
};

/** Of a build that does not tell its own, that of its Go module, where there is Go. */
function versionOf(program: string, args: readonly string[]): string {
	const options = {encoding: 'utf8' as const, env: benchEnvironment()};
	const [told] = /v?\d+\.\d+\.\d+/.exec(execFileSync(program, args, options)) ?? [];
	if (told !== undefined) {
		return told;
	}

	const path = execFileSync('sh', ['-c', 'command -v "$0"', program], options).trim();
	const {error, stdout} = spawnSync('go', ['version', '-m', path], options);
	return (error ? null : /^\tmod\t\S+\t(\S+)/m.exec(stdout))?.[1] ?? 'of unknown version';
}

function serverVersion(programs: readonly Program[]): string {
	const [kubectl = 'kubectl'] = programs.find(({name}) => name === 'kubectl')?.command ?? [];
	const {gitVersion} = JSON.parse(execFileSync(kubectl, ['get', '--raw', '/version'], {encoding: 'utf8', env: benchEnvironment()})) as {
		gitVersion: string;
	};
	return gitVersion;
}
