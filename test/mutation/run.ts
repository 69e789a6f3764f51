/**
`npm run test:mutation [-- --mutants 850] [--seed spoke] [--processes 1] [--again] [--since DATE] [--seconds N] [FILE…]`: mutates the
rules, the wire, the resume of logs and the session's reducers, one place at a time, and runs the tests of the same folder that execute it,
up to 10 s of them. Results are kept in node_modules/.cache/spoke-mutation, so a run that was stopped goes on. `--again` tries each mutant
that no test failed with, with all of these tests. `--since` takes those of files of commits after a date of Git; after `--seconds`, no
further test is measured and no further mutant tried. Fails if a survivor has no reason in reasons.json, if none was tried,
and if less than 96 % of a room are killed where all were tried.
*/
import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {programFiles} from '../together/suite-files.ts';
import {mutantsOf, type Mutant} from './mutants.ts';
import type {Coverage, Failure, Report, TrialTest} from './trial-process.ts';
import {Trials} from './trials.ts';

type Outcome = 'killed' | 'timeout' | 'survived' | 'not-covered';
/** `loaded` and `covers`: ids of mutants that the modules themselves and a test execute. `digest`: of the text of all `files`. */
type Measurement = Pick<Report, 'imports'> & {
	digest: string;
	files: string[];
	loaded: string[];
	tests: Array<{title: string; ms: number; covers: string[]}>;
};
type Results = Record<string, Mutant & {outcome: Outcome; by: Failure | null}>;

const root = fileURLToPath(new URL('../../', import.meta.url));
const {values, positionals} = parseArgs({
	allowPositionals: true,
	options: {
		mutants: {type: 'string', default: '850'},
		seed: {type: 'string', default: 'spoke'},
		processes: {type: 'string', default: '1'},
		again: {type: 'boolean', default: false},
		since: {type: 'string'},
		seconds: {type: 'string', default: 'Infinity'},
	},
});
const folder = join(root, 'node_modules/.cache/spoke-mutation');
const results = load<Results>('results.json');
/** By test file. */
const measurements = load<Record<string, Measurement>>('measurements.json');
/** Why no test can refute a mutant, by `key`. */
const reasons = JSON.parse(readFileSync(new URL('reasons.json', import.meta.url), 'utf8')) as Record<string, string>;

/** Without the table of distributions, which a test of docs/clusters.md compares, and what is tested on each version of Node. */
const targets = [
	...filesOf('source/evidence/rules').filter(file => !file.endsWith('/distributions.ts')),
	...filesOf('source/wire').filter(file => !file.endsWith('/node-internals.ts')),
	...filesOf('source/streams/logs').filter(isAboutResume),
	...filesOf('source/session').filter(file => /^export function reduce/m.test(read(file))),
];
const endsAt = performance.now() + 1000 * Number(values.seconds);
const leastKilledPercent = 96;
/** Of one trial, as measured one after the other. */
const maxTestMs = values.again ? Infinity : 10_000;
const maxMeasurementBlockedMs = 60_000;

const all = targets.flatMap(file => mutantsOf(file, read(file), values.seed)).sort((a, b) => a.order.localeCompare(b.order));
const changed = values.since === undefined ? null : changedSince(values.since);
const chosen = all
	.slice(0, Number(values.mutants))
	.filter(({file}) => (changed?.has(file) ?? true) && (positionals.length === 0 || positionals.some(part => file.includes(part))));
const open = chosen.filter(isOpen);
const programs = new Set(programFiles());
process.stdout.write(`${open.length} of ${chosen.length} mutants to try\n`);
await inProcesses([...new Set(open.map(({file}) => file))], tryMutantsOf);
process.exitCode = summarize() ? 0 : 1;

async function inProcesses(files: readonly string[], work: (trials: Trials, file: string) => Promise<void>): Promise<void> {
	const queue = [...files];
	await Promise.all(
		Array.from({length: Number(values.processes)}, async () => {
			const trials = new Trials();
			for (let file = queue.shift(); file !== undefined && performance.now() < endsAt; file = queue.shift()) {
				await work(trials, file);
			}

			trials.end();
		}),
	);
}

/** Runs a test file without a mutant, to learn what each of its tests executes. */
async function measure(trials: Trials, file: string): Promise<void> {
	const before = measurements[file];
	if (before !== undefined && before.digest === digestOf(before.files)) {
		return;
	}

	const perform = async () => trials.perform({kind: 'measurement', file, targets}, maxMeasurementBlockedMs);
	let report = await perform();
	if (report?.missed.length) {
		// An error outside of tests can be of an earlier file.
		trials.end();
		report = await perform();
	}

	for (const title of report?.missed ?? []) {
		process.stdout.write(`not used: ${file}: ${title}\n`);
	}

	delete measurements[file];
	if (report === undefined || report.tests.length === 0) {
		process.stdout.write(`not used: ${file}\n`);
	} else {
		const {imports, loaded, tests} = report;
		const files = [...new Set([file, ...imports.flat()])];
		measurements[file] = {
			digest: digestOf(files),
			files,
			imports,
			loaded: idsIn(loaded),
			tests: tests.map(({title, ms, coverage}) => ({title, ms, covers: idsIn(coverage)})),
		};
	}

	save('measurements.json', measurements);
}

function digestOf(files: readonly string[]): string {
	const hash = createHash('sha256');
	for (const file of [...files, ...filesOf('test/mutation')]) {
		hash.update(existsSync(join(root, file)) ? read(file) : '');
	}

	return hash.digest('hex');
}

function idsIn(coverage: Coverage): string[] {
	return all.filter(({file, reachedAt: at}) => coverage[file]?.findLast(([from, to]) => from <= at && at < to)?.[2]).map(({id}) => id);
}

/** Those of the same folder, as everything else would take seconds per mutant. Mutants are not in the program that tests start. */
function testFilesOf(file: string): readonly string[] {
	return filesOf(dirname(file).replace('source/', 'test/')).filter(test => test.endsWith('.test.ts') && !programs.has(test));
}

async function tryMutantsOf(trials: Trials, file: string): Promise<void> {
	for (const test of testFilesOf(file)) {
		if (performance.now() > endsAt) {
			return;
		}

		await measure(trials, test);
	}

	const affected = importersOf(file);
	const tried = open.filter(mutant => mutant.file === file);
	for (const mutant of tried) {
		if (performance.now() > endsAt) {
			break;
		}

		const tests = testsOf(mutant);
		const failure = tests.length === 0 ? null : await failureOf(trials, mutant, affected, tests);
		// On a machine that does much else, tests can be as slow without the mutant; the next run tries it again.
		if (failure?.reason === 'hangs' && !(await hangsByMutant(trials, mutant, affected, failure, tests))) {
			continue;
		}

		const outcome = tests.length === 0 ? 'not-covered' : failure === null ? 'survived' : failure.reason === 'hangs' ? 'timeout' : 'killed';
		results[mutant.id] = {...mutant, outcome, by: failure};
		save('results.json', results);
	}

	await assertSound(trials, affected, tried);
	const outcomes = chosen.filter(mutant => mutant.file === file).map(({id}) => results[id]?.outcome);
	process.stdout.write(`${file}: ${outcomes.filter(isKill).length} of ${outcomes.length} killed\n`);
}

/** Whether the hanging tests end without the mutant, and hang with it a second time. */
async function hangsByMutant(
	trials: Trials,
	mutant: Mutant,
	affected: readonly string[],
	{title: hanging}: Failure,
	tests: readonly TrialTest[],
): Promise<boolean> {
	const again = tests.filter(({title}) => hanging === null || title === hanging);
	return (
		(await failureOf(trials, null, affected, again)) === null && (await failureOf(trials, mutant, affected, again))?.reason === 'hangs'
	);
}

/** The tests that detected mutants must pass without one in the same process. What others detected is tried again on the next run. */
async function assertSound(trials: Trials, affected: readonly string[], tried: readonly Mutant[]): Promise<void> {
	for (;;) {
		const refuting = tried.flatMap(({id}) => results[id]?.by ?? []);
		const tests = tried
			.flatMap(testsOf)
			.filter(test => refuting.some(({file, title}) => file === test.file && (title === null || title === test.title)));
		const unique = [...new Map(tests.map(test => [`${test.file}: ${test.title}`, test])).values()];
		const failure = unique.length === 0 ? null : await failureOf(trials, null, affected, unique);
		if (failure === null) {
			return;
		}

		process.stdout.write(`fails without a mutant: ${failure.file}: ${failure.title}\n`);
		for (const {id} of tried) {
			const by = results[id]?.by;
			if (by?.file === failure.file && (failure.title === null || by.title === null || by.title === failure.title)) {
				delete results[id];
			}
		}

		save('results.json', results);
		trials.end();
		if (!refuting.some(({file}) => file === failure.file)) {
			return;
		}
	}
}

async function failureOf(
	trials: Trials,
	mutant: Mutant | null,
	affected: readonly string[],
	tests: readonly TrialTest[],
): Promise<Failure | null> {
	const maxBlockedMs = 5000 + 5 * Math.max(...tests.map(({ms}) => ms));
	const perform = async () => trials.perform({kind: 'trial', mutant, affected, tests}, maxBlockedMs);
	let report = await perform();
	if (report?.failure?.title === null) {
		// An error outside of tests can be of an earlier mutant.
		trials.end();
		report = await perform();
	}

	if (report?.failure?.reason === 'hangs') {
		trials.end();
	}

	return report === undefined ? {file: tests[0]!.file, title: null, reason: 'hangs'} : report.failure;
}

function isOpen({id}: Mutant): boolean {
	const outcome = results[id]?.outcome;
	return outcome === undefined || (values.again && outcome !== 'killed');
}

/** A mutant with which the tests never end is noticed, too. */
function isKill(outcome: Outcome | undefined): boolean {
	return outcome === 'killed' || outcome === 'timeout';
}

/** Tests that execute the mutated text: those of the file of the same name first, then the quickest. */
function testsOf({file, id}: Mutant): TrialTest[] {
	const own = file.replace('source/', 'test/').replace('.ts', '.test.ts');
	let sum = 0;
	return testFilesOf(file)
		.flatMap(test => {
			const measurement = measurements[test];
			const covering = measurement?.tests.filter(({covers}) => covers.includes(id) || measurement.loaded.includes(id));
			return (covering ?? []).map(({title, ms}) => ({file: test, title, ms}));
		})
		.sort((a, b) => Number(b.file === own) - Number(a.file === own) || a.ms - b.ms)
		.filter(({ms}, index) => (sum += ms) <= maxTestMs || index === 0);
}

/** All files that import this one, also by others. */
function importersOf(file: string): string[] {
	const importers = Map.groupBy(
		Object.values(measurements).flatMap(({imports}) => imports),
		([, imported]) => imported,
	);
	const found = new Set([file]);
	for (const one of found) {
		for (const [importer] of importers.get(one) ?? []) {
			found.add(importer);
		}
	}

	return [...found];
}

function summarize(): boolean {
	const tried = chosen.flatMap(({id}) => results[id] ?? []);
	const killed = tried.filter(({outcome}) => isKill(outcome)).length;
	const alive = tried.filter(({outcome}) => !isKill(outcome));
	const unexplained = alive.filter(mutant => reasons[mutant.key] === undefined);
	for (const mutant of unexplained) {
		process.stdout.write(`${mutant.outcome}: ${mutant.file}:${mutant.line}: ${JSON.stringify(mutant.key)}\n`);
	}

	const rooms = [...Map.groupBy(tried, ({file}) => file.split('/').slice(1, -1).slice(0, 2).join('/'))].map(([room, mutants]) => ({
		room,
		percent: (100 * mutants.filter(({outcome}) => isKill(outcome)).length) / mutants.length,
	}));
	process.stdout.write(
		`${rooms.map(({room, percent}) => `${room} ${percent.toFixed(1)} %`).join(', ')}\n` +
			`${tried.length} of ${chosen.length} mutants: ${killed} killed (${tried.filter(({outcome}) => outcome === 'timeout').length} of them by a timeout), ` +
			`${alive.length - unexplained.length} with a reason, ${unexplained.length} open\n`,
	);
	const isWhole = changed === null && positionals.length === 0 && tried.length === chosen.length;
	const isEmpty = tried.length === 0 && chosen.length > 0;
	return unexplained.length === 0 && !isEmpty && (!isWhole || rooms.every(({percent}) => percent >= leastKilledPercent));
}

function changedSince(date: string): Set<string> {
	return new Set(execFileSync('git', ['log', `--since=${date}`, '--name-only', '--pretty='], {cwd: root, encoding: 'utf8'}).split('\n'));
}

function filesOf(under: string): string[] {
	return readdirSync(join(root, under), {recursive: true, encoding: 'utf8'})
		.filter(file => /\.tsx?$/.test(file))
		.map(file => `${under}/${file}`)
		.sort();
}

function isAboutResume(file: string): boolean {
	return /resum|recent-lines|continuity|second-read|log-outage|stall-detector/.test(file);
}

function read(file: string): string {
	return readFileSync(join(root, file), 'utf8');
}

function load<Content extends object>(name: string): Content {
	const path = join(folder, name);
	return (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}) as Content;
}

function save(name: string, content: object): void {
	mkdirSync(folder, {recursive: true});
	writeFileSync(join(folder, name), JSON.stringify(content));
}
