/** The loader of the program's files, and the compiled code that a single executable contains. */
import {execFile} from 'node:child_process';
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {promisify} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {compiledName, createCodeLoader, wrapProgramFile} from '../source/code-loader.ts';
import {temporaryDirectory} from './support/temporary-directory.ts';

const run = promisify(execFile);
const compileCode = new URL('../scripts/release/compile-code.ts', import.meta.url).pathname;
const sources = wrapped({
	'cli.js': 'exports.part = require("parts/late.js"); exports.name = __filename; exports.again = require("parts/late.js");',
	'parts/late.js':
		'const early = require("commands/early.js"); const late = await Promise.resolve("late"); return {early: early.word, late};',
	'commands/early.js': 'exports.word = "early"; exports.unused = function () { return 1 + 1; };',
});

test('a part waits for its own top-level await, and is loaded once', async t => {
	const read: string[] = [];
	const load = createCodeLoader(name => {
		read.push(name);
		return {path: `/program/${name}`, code: sources[name]!};
	});
	const {part, again, name} = load('cli.js') as {part: Promise<unknown>; again: Promise<unknown>; name: string};
	t.deepEqual(await part, {early: 'early', late: 'late'});
	t.is(part, again);
	t.is(name, '/program/cli.js');
	t.deepEqual(read, ['cli.js', 'parts/late.js', 'commands/early.js']);
});

test('compiled code has the same bytes in each folder, and V8 accepts it', async t => {
	const [first, second] = [await compile(t), await compile(t)];
	for (const name of Object.keys(sources)) {
		const cachedData = await readFile(join(first, compiledName(name)));
		t.deepEqual(cachedData, await readFile(join(second, compiledName(name))), name);
		const {stdout} = await run(process.execPath, [
			'-p',
			'const [code, path] = process.argv.slice(1); const cachedData = fs.readFileSync(path); new vm.Script(code, {cachedData}).cachedDataRejected',
			sources[name]!,
			join(first, compiledName(name)),
		]);
		t.is(stdout, 'false\n', name);
	}
});

function wrapped(codes: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
	return Object.fromEntries(Object.entries(codes).map(([name, code]) => [name, wrapProgramFile(name, code)]));
}

/** Into a new folder. */
async function compile(t: ExecutionContext): Promise<string> {
	const folder = await temporaryDirectory(t);
	for (const [name, code] of Object.entries(sources)) {
		await mkdir(join(folder, name, '..'), {recursive: true});
		await writeFile(join(folder, name), code);
	}

	await run(process.execPath, ['--random-seed=1', compileCode, folder, ...Object.keys(sources)]);
	return folder;
}
