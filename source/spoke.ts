#!/usr/bin/env node
/** Entry point and Node version check. */
import process from 'node:process';
import type * as cli from './cli.ts';
import {cachedFiles} from './code-cache.ts';
import {createCodeLoader, embeddedFiles} from './code-loader.ts';
import {setUpProcess, argumentProblem} from './base/own-process.ts';

const problem = argumentProblem();
setUpProcess();

const minimumNode = [22, 18] as const;
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < minimumNode[0] || (major === minimumNode[0] && minor < minimumNode[1])) {
	process.stderr.write(`spoke needs Node.js ${minimumNode.join('.')} or later; this is ${process.versions.node}`);
	process.stderr.write(" (to run it with another: npx --package=node@24 -c 'spoke --help')\n");
	process.exitCode = 1;
} else {
	// Load it only now, because an older Node may fail to parse it.
	const load = createCodeLoader(embeddedFiles() ?? cachedFiles(import.meta.dirname, process.env));
	const {main} = load('cli.js') as typeof cli;
	void main(process.argv.slice(2), problem);
}
