/**
`npm run test:mutation [-- --mutants 700] [--seed spoke] [--again] [FILE…]`: mutates the rules, the wire and the resume of logs, one place
at a time, and runs the tests of the same folder that execute it. Results are kept in results.json below node_modules/.cache/spoke-mutation,
so a run that was stopped goes on. `--again` repeats what was not refuted. Fails below 85 %, or if a survivor has no reason in reasons.json.
*/
import {fork, type ChildProcess} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {mutantsOf, type Mutant} from './mutants.ts';
import type {Blocks, Report, Task} from './trial-process.ts';

type Outcome = 'killed' | 'timeout' | 'survived' | 'not-covered';
type Baseline = {digest: string; failure: string | null; ms: number; blocks: Record<string, Blocks>; imports: Report['imports']};
type Results = {baselines: Record<string, Baseline>; mutants: Record<string, Mutant & {outcome: Outcome; by: string | null}>};

const root = fileURLToPath(new URL('../../', import.meta.url));
const {values, positionals} = parseArgs({
	allowPositionals: true,
	options: {
		mutants: {type: 'string', default: '700'},
		seed: {type: 'string', default: 'spoke'},
		again: {type: 'boolean', default: false},
	},
});
const folder = join(root, 'node_modules/.cache/spoke-mutation');
const resultsPath = join(folder, 'results.json');
const results = (existsSync(resultsPath) ? JSON.parse(readFileSync(resultsPath, 'utf8')) : {baselines: {}, mutants: {}}) as Results;
/** Why no test can refute a mutant, by `keyOf`. */
const reasons = JSON.parse(readFileSync(new URL('reasons.json', import.meta.url), 'utf8')) as Record<string, string>;

/** Without the table of distributions, which a test of docs/clusters.md compares. */
const targets = [
	...filesOf('source/evidence/rules').filter(file => !file.endsWith('/distributions.ts')),
	...filesOf('source/wire'),
	...filesOf('source/streams/logs').filter(isAboutResume),
];
const maxTestFiles = 8;

let child: ChildProcess | undefined;
const chosen = targets
	.flatMap(file => mutantsOf(file, read(file), values.seed))
	.sort((a, b) => a.order.localeCompare(b.order))
	.slice(0, Number(values.mutants))
	.filter(({file}) => positionals.length === 0 || positionals.some(part => file.includes(part)));
/** Those of the same folders, as everything else would take seconds per mutant. */
const tests = [...new Set(chosen.map(({file}) => dirname(file).replace('source/', 'test/')))]
	.flatMap(filesOf)
	.filter(file => file.endsWith('.test.ts'));
process.stdout.write(`${chosen.length} mutants of ${new Set(chosen.map(({file}) => file)).size} files, ${tests.length} test files\n`);
await measureTests();
await tryMutants();
process.exitCode = summarize() ? 0 : 1;
child?.kill();

/** Runs each test file once without a mutant, to learn what it runs. A file that fails here is not used. */
async function measureTests(): Promise<void> {
	const texts = targets.map(read).join('');
	for (const test of tests) {
		const digest = createHash('sha256').update(texts).update(read(test)).digest('hex');
		if (results.baselines[test]?.digest === digest) {
			continue;
		}

		const report = await perform({kind: 'baseline', test, targets}, 120_000);
		if (report === undefined) {
			// Measured again on the next run.
			delete results.baselines[test];
			process.stdout.write(`not used: ${test}: timeout\n`);
			continue;
		}

		const {failure, ms, blocks, imports} = report;
		results.baselines[test] = {digest, failure, ms: Math.round(ms), blocks, imports};
		process.stdout.write(failure === null ? '' : `not used: ${test}: ${failure}\n`);
		save();
	}
}

async function tryMutants(): Promise<void> {
	for (const file of new Set(chosen.map(mutant => mutant.file))) {
		const affected = importersOf(file);
		const open = chosen.filter(mutant => mutant.file === file && isOpen(mutant));
		for (const mutant of open) {
			const covering = testsOf(mutant);
			const report = covering.length === 0 ? null : await perform({kind: 'trial', mutant, affected, tests: covering}, limitOf(covering));
			// On a machine that does much else, the tests are as slow without the mutant; the next run tries it again.
			if (report === undefined && (await failureWithoutMutant(affected, covering)) !== null) {
				continue;
			}

			const outcome = covering.length === 0 ? 'not-covered' : report === undefined ? 'timeout' : report?.failure ? 'killed' : 'survived';
			results.mutants[mutant.id] = {...mutant, outcome, by: report?.failure ?? null};
			save();
		}

		await assertSound(file, affected, open);
		const outcomes = chosen.filter(mutant => mutant.file === file).map(({id}) => results.mutants[id]?.outcome);
		process.stdout.write(`${file}: ${outcomes.filter(isKill).length} of ${outcomes.length} killed\n`);
	}
}

/** The tests that refuted mutants must pass without one in the same process. If not, a mutant left something there. */
async function assertSound(file: string, affected: readonly string[], tried: readonly Mutant[]): Promise<void> {
	const refuting = [...new Set(tried.flatMap(({id}) => results.mutants[id]?.by?.split(': ')[0] ?? []))];
	const failure = refuting.length === 0 ? null : await failureWithoutMutant(affected, refuting);
	if (failure === null) {
		return;
	}

	process.stdout.write(`${file} is tried again on the next run, because its tests fail without a mutant: ${failure}\n`);
	for (const {id} of tried) {
		delete results.mutants[id];
	}

	save();
	endChild();
}

async function failureWithoutMutant(affected: readonly string[], tests: readonly string[]): Promise<string | null> {
	const report = await perform({kind: 'trial', mutant: null, affected, tests}, limitOf(tests));
	return report === undefined ? 'timeout' : report.failure;
}

function isOpen({id}: Mutant): boolean {
	const outcome = results.mutants[id]?.outcome;
	return outcome === undefined || (values.again && outcome !== 'killed');
}

/** A mutant with which the tests never end is noticed, too. */
function isKill(outcome: Outcome | undefined): boolean {
	return outcome === 'killed' || outcome === 'timeout';
}

/** Test files that run the mutated text: that of its own name first, then the quickest. */
function testsOf({file, start}: Mutant): string[] {
	const own = file.replace('source/', 'test/').replace('.ts', '.test.ts');
	return tests
		.map(test => ({test, ...results.baselines[test]!}))
		.filter(({failure, blocks}) => failure === null && blocks[file]?.findLast(([from, to]) => from <= start && start < to)?.[2])
		.sort((a, b) => Number(b.test === own) - Number(a.test === own) || a.ms - b.ms)
		.slice(0, maxTestFiles)
		.map(({test}) => test);
}

/** A mutant that needs much longer than what its tests took before never ends. */
function limitOf(files: readonly string[]): number {
	return 15_000 + 3 * files.reduce((sum, test) => sum + results.baselines[test]!.ms, 0);
}

/** All files that import this one, also by others. */
function importersOf(file: string): string[] {
	const importers = new Map<string, Set<string>>();
	for (const [importer, imported] of Object.values(results.baselines).flatMap(({imports}) => imports)) {
		importers.set(imported, (importers.get(imported) ?? new Set()).add(importer));
	}

	const found = new Set([file]);
	for (const one of found) {
		for (const importer of importers.get(one) ?? []) {
			found.add(importer);
		}
	}

	return [...found];
}

/** `undefined` if the process ended, or did not report in time. */
async function perform(task: Task, limitMs: number): Promise<Report | undefined> {
	child ??= fork(join(import.meta.dirname, 'trial-process.ts'), {
		execArgv: ['--no-warnings', '--import=./scripts/jsx-loader.ts'],
		cwd: root,
		stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
	});
	const {promise, resolve} = Promise.withResolvers<Report | undefined>();
	const limit = setTimeout(() => resolve(undefined), limitMs);
	child.once('message', report => resolve(report as Report)).once('exit', () => resolve(undefined));
	child.send(task);
	const report = await promise;
	clearTimeout(limit);
	child.removeAllListeners();
	if (report === undefined) {
		endChild();
	}

	return report;
}

function endChild(): void {
	child?.kill('SIGKILL');
	child = undefined;
}

function summarize(): boolean {
	const tried = chosen.flatMap(({id}) => results.mutants[id] ?? []);
	const killed = tried.filter(({outcome}) => isKill(outcome)).length;
	const alive = tried.filter(({outcome}) => !isKill(outcome));
	const unexplained = alive.filter(mutant => reasons[keyOf(mutant)] === undefined);
	for (const mutant of unexplained) {
		process.stdout.write(`${mutant.outcome}: ${mutant.file}:${mutant.line}: ${JSON.stringify(keyOf(mutant))}\n`);
	}

	const share = (100 * killed) / Math.max(1, tried.length);
	process.stdout.write(
		`${tried.length} mutants: ${killed} killed (${share.toFixed(1)} %, ${tried.filter(({outcome}) => outcome === 'timeout').length} of them by a timeout), ` +
			`${alive.length - unexplained.length} with a reason, ${unexplained.length} open\n`,
	);
	return share >= 85 && unexplained.length === 0;
}

function keyOf({file, line, original, replacement}: Mutant): string {
	const context = read(file).split('\n')[line - 1]!.trim();
	return `${file}: ${context}: ${original} → ${replacement}`;
}

function filesOf(under: string): string[] {
	return readdirSync(join(root, under), {recursive: true, encoding: 'utf8'})
		.filter(file => /\.tsx?$/.test(file))
		.map(file => `${under}/${file}`)
		.sort();
}

function isAboutResume(file: string): boolean {
	return /resum|duplicate-filter|continuity|line-memory|line-timestamp|second-read|log-outage|log-interruption|stall-detector/.test(file);
}

function read(file: string): string {
	return readFileSync(join(root, file), 'utf8');
}

function save(): void {
	mkdirSync(folder, {recursive: true});
	writeFileSync(resultsPath, JSON.stringify(results));
}
