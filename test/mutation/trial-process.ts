/**
Runs test files of the unit suite against a mutant in this process. Each trial loads the modules that import the mutated file anew, under
URLs of its own; all others stay loaded. The parent ends a process whose trial does not.
*/
import {readFileSync} from 'node:fs';
import {Session} from 'node:inspector/promises';
import {registerHooks, stripTypeScriptTypes} from 'node:module';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import type {Mutant} from './mutants.ts';

/** `[start, end, executed]` of blocks, outer ones first. */
export type Blocks = ReadonlyArray<readonly [start: number, end: number, executed: boolean]>;
export type Task =
	| {kind: 'baseline'; test: string; targets: readonly string[]}
	| {kind: 'trial'; mutant: Mutant | null; affected: readonly string[]; tests: readonly string[]};
export type Report = {
	failure: string | null;
	ms: number;
	blocks: Record<string, Blocks>;
	imports: ReadonlyArray<readonly [importer: string, imported: string]>;
};

type Runner = {chain: object; on(event: string, listen: (event: {data: {type: string; title?: string}}) => void): void};
type RunnerOptions = {file: string; projectDir: string; failFast: boolean; serial: boolean};

const root = new URL('../../', import.meta.url);
const ava = new URL('current-ava.ts', import.meta.url).href;
// Ava starts a process per file; its runner has no public entry point.
const {default: Runner} = (await import(new URL('node_modules/ava/lib/runner.js', root).href)) as {
	default: new (options: RunnerOptions) => Runner;
};

let trial = 0;
let mutant: Mutant | null = null;
let isAffected: (file: string) => boolean = () => true;
let failure: string | null = null;
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
// A late rejection belongs to the trial that caused it, which has failed then.
process.on('uncaughtException', error => (failure ??= `uncaught: ${error.message}`));
process.on('unhandledRejection', reason => (failure ??= `unhandled: ${String(reason)}`));
process.on('message', async (task: Task) => {
	process.send!(await perform(task));
});

async function perform(task: Task): Promise<Report> {
	const started = performance.now();
	trial++;
	failure = null;
	imports.length = 0;
	const blocks: Record<string, Blocks> = {};
	if (task.kind === 'baseline') {
		isAffected = () => true;
		await session.post('Profiler.enable');
		await session.post('Profiler.startPreciseCoverage', {callCount: false, detailed: true});
		await runFile(task.test);
		Object.assign(blocks, await executedBlocks(task.targets));
		await session.post('Profiler.stopPreciseCoverage');
	} else {
		({mutant} = task);
		const affected = new Set([...task.affected, ...task.tests]);
		isAffected = file => affected.has(file);
		for (const test of task.tests) {
			await runFile(test);
			if (failure !== null) {
				break;
			}
		}
	}

	return {failure, ms: performance.now() - started, blocks, imports};
}

/** Resolves when the file's tests have ended, or its first one failed. */
async function runFile(test: string): Promise<void> {
	const runner = new Runner({file: fileURLToPath(new URL(test, root)), projectDir: fileURLToPath(root), failFast: true, serial: false});
	const ended = new Promise<void>(resolve => {
		runner.on('stateChange', ({data}) => {
			if (data.type === 'test-failed' || data.type === 'hook-failed') {
				failure ??= `${test}: ${data.title}`;
				resolve();
			}
		});
		runner.on('error', () => {
			failure ??= `${test}: the runner failed`;
			resolve();
		});
		runner.on('finish', () => resolve());
	});
	(globalThis as {avaChain?: object}).avaChain = runner.chain;
	try {
		await import(`${new URL(test, root).href}?trial=${trial}`);
	} catch (error) {
		failure ??= `${test}: ${error instanceof Error ? error.message : 'not loaded'}`;
		return;
	}

	await ended;
}

function mutatedText({file, start, end, replacement}: Mutant): string {
	const text = readFileSync(new URL(file, root), 'utf8');
	return stripTypeScriptTypes(`${text.slice(0, start)}${replacement}${text.slice(end)}`);
}

/** Type stripping keeps offsets, so the blocks are those of the file's text. */
async function executedBlocks(targets: readonly string[]): Promise<Record<string, Blocks>> {
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
