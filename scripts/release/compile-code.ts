/**
Compiles every function of the program's files:
`node --random-seed=1 --single-threaded-gc --initial-heap-size=2048 scripts/release/compile-code.ts FOLDER NAME…`. The V8 that executes
this must be the one that uses the result. Without a fixed seed, V8 would order its hash tables differently each time. V8 does not clear
the padding of bytecode arrays, so it contains what was there before a garbage collection; the heap is so large that there is none.
*/
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import process from 'node:process';
import {setFlagsFromString} from 'node:v8';
import {Script} from 'node:vm';
import {compiledName, embeddedPath} from '../../source/code-loader.ts';

const [folder, ...names] = process.argv.slice(2) as [string, ...string[]];

/** Flags that `--single-threaded-gc` turns off. */
const collectorFlags = [
	'concurrent-array-buffer-sweeping',
	'concurrent-marking',
	'concurrent-sweeping',
	'parallel-compaction',
	'parallel-marking',
	'parallel-pointer-update',
	'parallel-scavenge',
	'parallel-weak-ref-clearing',
];

/**
Where stored code has the hash of V8's flags, in SerializedCodeData.
@see https://github.com/v8/v8/blob/13.6.233/src/snapshot/code-serializer.h
*/
const flagHashOffset = 12;

const defaultFlagHash = readDefaultFlagHash();

for (const name of names) {
	const code = readFileSync(join(folder, name), 'utf8');
	// V8 compiles lazily by default, and rejects code that was stored with other flags.
	setFlagsFromString('--no-lazy');
	const script = new Script(code, {filename: embeddedPath(name)});
	setFlagsFromString('--lazy');
	const data = script.createCachedData();
	data.writeUInt32LE(defaultFlagHash, flagHashOffset);
	writeFileSync(join(folder, compiledName(name)), data);
}

/** V8 rejects code that was stored with other flags, although the garbage collector does not matter to code. */
function readDefaultFlagHash(): number {
	setFlagsFromString('--no-single-threaded-gc');
	setFlagsFromString('--initial-heap-size=0');
	for (const flag of collectorFlags) {
		setFlagsFromString(`--${flag}`);
	}

	const hash = new Script('').createCachedData().readUInt32LE(flagHashOffset);
	for (const flag of collectorFlags) {
		setFlagsFromString(`--no-${flag}`);
	}

	setFlagsFromString('--single-threaded-gc');
	return hash;
}
