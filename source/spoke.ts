#!/usr/bin/env node
/** The program's first file: says in one line when this Node is too old, else hands over to the command line. */
import process from 'node:process';
import {enableCompileCache} from './compile-cache.ts';
import {settleProcess} from './own-process.ts';

settleProcess();

const oldest = [22, 18] as const;
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
	process.stderr.write(`spoke needs Node ${oldest.join('.')} or later; this is ${process.versions.node}\n`);
	process.exitCode = 1;
} else {
	enableCompileCache(process.env);
	// What it loads need not even load on an older one.
	void import('./cli.ts').then(async ({main}) => main(process.argv.slice(2)));
}
