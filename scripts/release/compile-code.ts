/**
Compiles every function of the program's files: `node --random-seed=1 scripts/release/compile-code.ts FOLDER NAME…`. The V8 that executes
this must be the one that uses the result. Without a fixed seed, V8 would order its hash tables differently each time.
*/
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import process from 'node:process';
import {setFlagsFromString} from 'node:v8';
import {Script} from 'node:vm';
import {compiledName, embeddedPath, wrap} from '../../source/code-loader.ts';

const [folder, ...names] = process.argv.slice(2) as [string, ...string[]];

for (const name of names) {
	const code = wrap(name, readFileSync(join(folder, name), 'utf8'));
	// V8 compiles lazily by default, and rejects code that was stored with other flags.
	setFlagsFromString('--no-lazy');
	const script = new Script(code, {filename: embeddedPath(name)});
	setFlagsFromString('--lazy');
	writeFileSync(join(folder, compiledName(name)), script.createCachedData());
}
