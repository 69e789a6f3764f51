/**
Runs tests of the unit suite against a mutant in this process. Each trial loads the modules that import the mutated file anew, under URLs of
its own; all others stay loaded. The parent ends a process that no longer reports (trials.ts).
*/
import {readFileSync} from 'node:fs';
import {Session} from 'node:inspector/promises';
import {registerHooks, stripTypeScriptTypes} from 'node:module';
import process from 'node:process';
import {setImmediate as turn, setTimeout as delay} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {Semaphore} from '../../source/base/async/queues.ts';
import type {Mutant} from './mutants.ts';

/** What of each target ran, as `[start, end, executed]` of blocks, outer ones first. */
export type Coverage = Readonly<Record<string, ReadonlyArray<readonly [start: number, end: number, executed: boolean]>>>;
export type TrialTest = {file: string; title: string; ms: number};
export type Task =
	| {kind: 'measurement'; file: string; targets: readonly string[]}
	| {kind: 'trial'; mutant: Mutant | null; affected: readonly string[]; tests: readonly TrialTest[]};

/** `title` is null if no single test failed; `hangs`: the test took much longer than without a mutant. */
export type Failure = {file: string; title: string | null; reason: 'failed' | 'hangs'};
export type Report = {
	failure: Failure | null;
	imports: ReadonlyArray<readonly [importer: string, imported: string]>;
	/** Of the modules themselves. */
	loaded: Coverage;
	/** That passed, in the order of their run. */
	tests: ReadonlyArray<{title: string; ms: number; coverage: Coverage}>;
	/** Titles of measured tests that failed, or took too long. */
	missed: readonly string[];
};

type RunnerTask = {title: string; metadata: {selected: boolean}};
type RunnerOptions = {file: string; projectDir: string; failFast: boolean; serial: boolean};
type AvaRunner = {
	chain: object;
	tasks: Record<'serial' | 'concurrent', RunnerTask[]>;
	on(event: string, listen: (event: {data: {type: string; title?: string}}) => void): void;
	start(): Promise<void>;
	runTest(task: RunnerTask, context: unknown): Promise<boolean>;
};

/** At this interval, an idle event loop tells the parent that it runs. */
const signOfLifeMs = 500;
const maxConcurrentTests = 6;
/** A test that takes longer without a mutant is not used. */
const maxMeasuredMs = 15_000;
const maxLoadMs = 60_000;

const root = new URL('../../', import.meta.url);
const ava = new URL('current-ava.ts', import.meta.url).href;
// Ava starts a process per file; its runner has no public entry point.
const {default: Runner} = (await import(new URL('node_modules/ava/lib/runner.js', root).href)) as {
	default: new (options: RunnerOptions) => AvaRunner;
};

/** One test after the other, with what each of them runs. */
class MeasuringRunner extends Runner {
	readonly measured: Array<Report['tests'][number]> = [];
	readonly missed: string[] = [];
	loaded: Coverage = {};
	readonly #targets: readonly string[];
	#hasBegun = false;

	constructor(options: RunnerOptions, targets: readonly string[]) {
		super({...options, serial: true});
		this.#targets = targets;
	}

	override async runTest(task: RunnerTask, context: unknown): Promise<boolean> {
		if (!this.#hasBegun) {
			this.#hasBegun = true;
			this.loaded = await takeCoverage(this.#targets);
		}

		const began = performance.now();
		const passed = await Promise.race([super.runTest(task, context), delay(maxMeasuredMs, false)]);
		const ms = Math.ceil(performance.now() - began);
		const coverage = await takeCoverage(this.#targets);
		if (passed && failure === null) {
			this.measured.push({title: task.title, ms, coverage});
		} else {
			this.missed.push(task.title);
		}

		failure = null;
		return passed;
	}
}

/** The given tests, quickest first, until one fails or hangs. */
class TrialRunner extends Runner {
	readonly #trial = trial;
	readonly #file: string;
	readonly #msOf: ReadonlyMap<string, number>;
	readonly #slots = new Semaphore(maxConcurrentTests);

	constructor(options: RunnerOptions, file: string, tests: readonly TrialTest[]) {
		super({...options, failFast: true});
		this.#file = file;
		this.#msOf = new Map(tests.map(({title, ms}) => [title, ms]));
	}

	override async start(): Promise<void> {
		for (const tasks of [this.tasks.serial, this.tasks.concurrent]) {
			tasks.sort((a, b) => this.#limitOf(a) - this.#limitOf(b));
			for (const task of tasks) {
				task.metadata.selected = this.#msOf.has(task.title);
			}
		}

		await super.start();
	}

	override async runTest(task: RunnerTask, context: unknown): Promise<boolean> {
		return this.#slots.run(async () => {
			// Lets the process report between tests that wait for nothing.
			await turn();
			if (failure !== null) {
				return false;
			}

			const ended = new AbortController();
			const passed = await Promise.race([super.runTest(task, context), delay(this.#limitOf(task), null, {signal: ended.signal})]);
			ended.abort();
			if (passed === null) {
				fail(this.#trial, {file: this.#file, title: task.title, reason: 'hangs'});
			}

			return passed ?? false;
		});
	}

	#limitOf({title}: RunnerTask): number {
		return 3000 + 5 * (this.#msOf.get(title) ?? 0);
	}
}

let trial = 0;
let mutant: Mutant | null = null;
let isAffected: (file: string) => boolean = () => true;
let failure: Failure | null = null;
let runningFile = '';
const imports: Array<[string, string]> = [];
const sources = new Map<string, string>();

registerHooks({
	resolve(specifier, context, nextResolve) {
		if (specifier === 'ava') {
			return {url: ava, shortCircuit: true};
		}

		const resolved = nextResolve(specifier, context);
		const file = projectFile(resolved.url);
		const importer = context.parentURL?.includes('?trial=') ? projectFile(context.parentURL) : null;
		if (file === null || importer === null || resolved.url === ava) {
			return resolved;
		}

		imports.push([importer, file]);
		return isAffected(file) ? {...resolved, url: `${resolved.url}?trial=${trial}`} : resolved;
	},
	load(url, context, nextLoad) {
		const file = projectFile(url);
		if (file === null || !url.includes('?trial=') || file.endsWith('.tsx')) {
			return nextLoad(url.replace(/\?trial=.*/, ''), context);
		}

		const text =
			file === mutant?.file ? mutatedText(mutant) : (sources.get(file) ?? stripTypeScriptTypes(readFileSync(new URL(file, root), 'utf8')));
		if (file !== mutant?.file) {
			sources.set(file, text);
		}

		return {format: 'module', source: text, shortCircuit: true};
	},
});

const session = new Session();
session.connect();
for (const event of ['uncaughtException', 'unhandledRejection']) {
	process.on(event, () => {
		fail(trial, {file: runningFile, title: null, reason: 'failed'});
	});
}

process.on('message', async (task: Task) => {
	process.send!(await perform(task));
});
process.on('disconnect', () => process.exit());
setInterval(() => process.send!('alive'), signOfLifeMs);

async function perform(task: Task): Promise<Report> {
	trial++;
	failure = null;
	imports.length = 0;
	if (task.kind === 'trial') {
		await tryTests(task);
		return {failure, imports, loaded: {}, tests: [], missed: []};
	}

	isAffected = () => true;
	await session.post('Profiler.enable');
	await session.post('Profiler.startPreciseCoverage', {callCount: true, detailed: true});
	const runner = new MeasuringRunner(optionsFor(task.file), task.targets);
	await runFile(task.file, runner);
	await session.post('Profiler.stopPreciseCoverage');
	return {failure, imports, loaded: runner.loaded, tests: runner.measured, missed: runner.missed};
}

async function tryTests(task: Task & {kind: 'trial'}): Promise<void> {
	({mutant} = task);
	const affected = new Set([...task.affected, ...task.tests.map(({file}) => file)]);
	isAffected = file => affected.has(file);
	for (const [file, tests] of Map.groupBy(task.tests, ({file}) => file)) {
		await runFile(file, new TrialRunner(optionsFor(file), file, tests));
		if (failure !== null) {
			break;
		}
	}
}

function optionsFor(file: string): RunnerOptions {
	return {file: fileURLToPath(new URL(file, root)), projectDir: fileURLToPath(root), failFast: false, serial: false};
}

/** Resolves when the file's tests have ended, in a trial also when one failed. */
async function runFile(file: string, runner: AvaRunner): Promise<void> {
	runningFile = file;
	const own = trial;
	const ended = new Promise<void>(resolve => {
		runner.on('stateChange', ({data}) => {
			if ((data.type === 'test-failed' || data.type === 'hook-failed') && runner instanceof TrialRunner) {
				fail(own, {file, title: data.type === 'test-failed' ? data.title! : null, reason: 'failed'});
				resolve();
			}
		});
		runner.on('error', () => {
			fail(own, {file, title: null, reason: 'failed'});
			resolve();
		});
		runner.on('finish', () => resolve());
	});
	(globalThis as {avaChain?: object}).avaChain = runner.chain;
	try {
		const loading = import(`${new URL(file, root).href}?trial=${trial}`).then(() => true);
		if (!(await Promise.race([loading, delay(maxLoadMs, false)]))) {
			throw new Error(`${file} is not loaded`);
		}
	} catch {
		fail(own, {file, title: null, reason: 'failed'});
		return;
	}

	await ended;
}

/** Tests of an earlier trial can still run. */
function fail(ofTrial: number, first: Failure): void {
	if (ofTrial === trial) {
		failure ??= first;
	}
}

function mutatedText({file, start, end, replacement}: Mutant): string {
	const text = readFileSync(new URL(file, root), 'utf8');
	return stripTypeScriptTypes(`${text.slice(0, start)}${replacement}${text.slice(end)}`);
}

/** What ran since the last call. Type stripping keeps offsets, so the blocks are those of the file's text. */
async function takeCoverage(targets: readonly string[]): Promise<Coverage> {
	const {result} = await session.post('Profiler.takePreciseCoverage');
	const rows = result.flatMap(({url, functions}) => {
		const file = url.endsWith(`?trial=${trial}`) ? projectFile(url) : null;
		const ranges = functions.flatMap(({ranges}) =>
			ranges.map(({startOffset, endOffset, count}) => [startOffset, endOffset, count > 0] as const),
		);
		return file !== null && targets.includes(file) ? [[file, ranges.sort(([a, b], [c, d]) => d - c - (b - a))] as const] : [];
	});
	return Object.fromEntries(rows);
}

/** Path from the root of a TypeScript file of this repository. */
function projectFile(url: string): string | null {
	const [path] = url.split('?');
	return path!.startsWith(root.href) && !path!.includes('/node_modules/') && /\.tsx?$/.test(path!) ? path!.slice(root.href.length) : null;
}
