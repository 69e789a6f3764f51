/** Bundles the program: `build/spoke.js`, which checks Node and loads compiled code, `build/cli.js`, and one file per command. */
import {createHash} from 'node:crypto';
import {chmod, mkdir, readFile, readdir, rm, utimes, writeFile} from 'node:fs/promises';
import {dirname} from 'node:path';
import process from 'node:process';
import {build, type BuildOptions, type Metafile} from 'esbuild';
import {wrapProgramFile} from '../source/code-loader.ts';
import {
	embedShippedFiles,
	keepCommandsExternal,
	keepPartsExternal,
	loadBuiltinsLazily,
	requireBuiltins,
	resolveProcessToGlobal,
} from './build-plugins.ts';
import {buildStamp, isBuildStale} from './is-build-stale.ts';
import {licensesOf} from './licenses.ts';
import {manPages} from './man-pages.ts';
import {certificateOption, heapOptions} from './node-options.ts';
import {
	compileLayoutSynchronously,
	loadWidthTablesLazily,
	omitDevtools,
	omitSchemaValidator,
	shrinkTextCaches,
	treeShakeWs,
} from './package-plugins.ts';

const root = new URL('../', import.meta.url);
const inRoot = (path: string) => new URL(path, root).pathname;
const {version} = JSON.parse(await readFile(inRoot('package.json'), 'utf8')) as {version: string};

if (process.argv.includes('--if-stale') && !(await isBuildStale(inRoot('')))) {
	process.exit(0);
}

const startedAt = new Date();
/** Command name → source file. */
const commands = Object.fromEntries(
	(await readdir(inRoot('source/commands'), {recursive: true}))
		.filter(path => /^[\w-]+[/\\]run\.ts$/.test(path))
		.map(path => [dirname(path), inRoot(`source/commands/${path}`)]),
);

/** Source files of parts that few runs need: separate files, which are loaded on demand. */
const parts = [
	'source/session/run-session.ts',
	'source/sandbox/start-sandbox.ts',
	'source/cluster/kubeconfig/parse-yaml.ts',
	'source/session/keymap/parse-keymap.ts',
	'source/session/themes/parse-theme.ts',
	'source/evidence/policies/parse-policy.ts',
	'source/commands/help-text.ts',
	'source/commands/logs/export-logs.ts',
	'source/commands/logs/print-node-log.ts',
	'source/commands/logs/shape-lines.ts',
	'source/commands/mcp/serve-stdio.ts',
	'source/streams/remote-command/command-recording.ts',
	'source/session/text/yaml-lines.ts',
	'source/commands/port-forward/detach.ts',
	'source/commands/port-forward/local-command.ts',
];

const shared = {
	bundle: true,
	metafile: true,
	platform: 'node',
	target: 'node22',
	minify: true,
	legalComments: 'none',
	jsx: 'automatic',
	// Otherwise ws looks for a native part, which a bundle cannot contain.
	define: {'process.env.NODE_ENV': '"production"', 'process.env.WS_NO_BUFFER_UTIL': '"1"', SPOKE_VERSION: JSON.stringify(version)},
	logLevel: 'warning',
} as const satisfies BuildOptions;

/**
For every start: an ES module import of a built-in evaluates its lazy exports (`process.stdin`, web crypto), and the ES module loader costs
as much again.
*/
const startsFast = {
	...shared,
	format: 'cjs',
	define: {...shared.define, 'import.meta.url': 'fileUrl', 'Intl.Segmenter': 'LateSegmenter'},
	inject: [inRoot('scripts/file-url.mjs'), inRoot('scripts/late-segmenter.mjs')],
} as const satisfies BuildOptions;

/** Loaded later, so it can use top-level await, as Ink's layout engine does. @see partAsScript */
const mayWait = {
	...startsFast,
	format: 'esm',
	define: {...startsFast.define, 'import.meta.resolve': 'undefined'},
} as const satisfies BuildOptions;

await rm(inRoot('build'), {recursive: true, force: true});
await mkdir(inRoot('build'));
await writeFile(inRoot('build/package.json'), '{"type":"commonjs"}\n');
const built = await Promise.all([
	build({
		...startsFast,
		entryPoints: [inRoot('source/cli.ts')],
		outfile: inRoot('build/cli.js'),
		plugins: [resolveProcessToGlobal(), keepCommandsExternal(), loadBuiltinsLazily(), keepPartsExternal(parts)],
	}),
	build({
		...startsFast,
		entryPoints: commands,
		outdir: inRoot('build/commands'),
		plugins: [
			resolveProcessToGlobal(),
			keepCommandsExternal(),
			loadBuiltinsLazily(),
			keepPartsExternal(parts),
			embedShippedFiles(),
			treeShakeWs(),
			omitDevtools(),
			compileLayoutSynchronously(),
		],
	}),
	build({
		...mayWait,
		entryPoints: parts.map(inRoot),
		outdir: inRoot('build/parts'),
		entryNames: '[name]',
		plugins: [
			loadBuiltinsLazily(/^(?!.*[/\\]node_modules[/\\](?!ws[/\\]))/),
			requireBuiltins(),
			keepPartsExternal(parts),
			treeShakeWs(),
			omitDevtools(),
			compileLayoutSynchronously(),
			shrinkTextCaches(),
			loadWidthTablesLazily(),
			omitSchemaValidator(),
		],
	}),
]);
const partFiles = (await readdir(inRoot('build/parts'))).map(name => `parts/${name}`);
await Promise.all(partFiles.map(async path => partAsScript(inRoot(`build/${path}`))));
const loadedFiles = ['cli.js', ...Object.keys(commands).map(name => `commands/${name}.js`), ...partFiles].toSorted();
await Promise.all(
	loadedFiles.map(async path => rewrite(inRoot(`build/${path}`), code => wrapProgramFile(path, inAscii(importByLoader(code))))),
);
// Node versions that are too old must parse this file, to print that they are.
await build({
	...startsFast,
	target: 'node18',
	define: {...startsFast.define, 'import.meta.dirname': '__dirname', SPOKE_BUILD: JSON.stringify(await buildHash())},
	entryPoints: [inRoot('source/spoke.ts')],
	outfile: inRoot('build/spoke.js'),
	plugins: [resolveProcessToGlobal()],
});
await launchByShell('build/spoke.js');
// For the bill of materials of a release.
await writeFile(inRoot('build/bundled.json'), JSON.stringify(mergedMetafile(built.map(({metafile}) => metafile))));
await writeFile(inRoot('build/LICENSES.txt'), await licensesOf(built.map(({metafile}) => metafile)));
await chmod(inRoot('build/spoke.js'), 0o755);
await rm(inRoot('man'), {recursive: true, force: true});
await mkdir(inRoot('man'));
await Promise.all([...(await manPages())].map(async ([name, text]) => writeFile(inRoot(`man/${name}`), text)));
await writeFile(inRoot(buildStamp), '');
// Files that changed during the build are newer.
await utimes(inRoot(buildStamp), startedAt, startedAt);
if (!process.argv.includes('--quiet')) {
	process.stdout.write(`built spoke ${version}: spoke.js and ${Object.keys(commands).length} commands\n`);
}

function mergedMetafile(metafiles: readonly Metafile[]): Metafile {
	return {
		inputs: Object.assign({}, ...metafiles.map(({inputs}) => inputs)) as Metafile['inputs'],
		outputs: Object.assign({}, ...metafiles.map(({outputs}) => outputs)) as Metafile['outputs'],
	};
}

/**
Lets the shell check whether SIGHUP was ignored at the start, before Node resets it, and then exec Node. For Node, the second line is a
string and a comment. The file must name no new option of Node: a Node that is too old would reject it before spoke can report that.
*/
async function launchByShell(path: string): Promise<void> {
	const [shebang, ...lines] = (await readFile(inRoot(path), 'utf8')).split('\n');
	if (shebang !== '#!/usr/bin/env node') {
		throw new Error(`${path} does not begin with its shebang`);
	}

	const launcher = [
		"':' //",
		// A signal that was ignored at the start of a shell cannot be trapped (POSIX, trap).
		'h=; trap h=1 HUP; kill -HUP $$; trap - HUP; [ "$h" ] || export SPOKE_HUP_IGNORED=$$',
		`case "$NODE_OPTIONS$NODE_USE_SYSTEM_CA" in "") c=${certificateOption};; *) c=;; esac`,
		`exec node $c ${heapOptions.join(' ')} "$0" "$@"`,
	].join('; ');
	await writeFile(inRoot(path), ['#!/bin/sh', launcher, ...lines].join('\n'));
}

/** An ES module without imports becomes the body of an async function that returns its exports. @see wrapProgramFile */
async function partAsScript(path: string): Promise<void> {
	const code = await readFile(path, 'utf8');
	const [exported, names] = /export\{([\w$]+ as [\w$]+(?:,[\w$]+ as [\w$]+)*)\};\s*$/.exec(code) ?? [];
	if (exported === undefined || names === undefined || /^import[\s{*"]|import\.meta/m.test(code)) {
		throw new Error(`${path} imports statically, or does not end with its exports`);
	}

	const fields = names.split(',').map(name => name.split(' as ').toReversed().join(':'));
	await writeFile(path, `${code.slice(0, -exported.length)}return{${fields.join(',')}};\n`);
}

async function rewrite(path: string, change: (code: string) => string): Promise<void> {
	await writeFile(path, change(await readFile(path, 'utf8')));
}

/** Replaces `import()` of commands, parts and built-ins by the loader's `require`. */
function importByLoader(code: string): string {
	return code.replaceAll(/\bimport\((?="(?:commands\/|parts\/|node:))/g, 'require(');
}

/**
esbuild leaves other characters in regular expressions. One of them would double the size of the whole file in memory, and take 1.5 ms more
to load logs.js.
*/
function inAscii(code: string): string {
	return code.replaceAll(/[^\0-\x7F]/g, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Identifies the files of this build. */
async function buildHash(): Promise<string> {
	const hash = createHash('sha256');
	for (const path of loadedFiles) {
		hash.update(await readFile(inRoot(`build/${path}`)));
	}

	return hash.digest('hex').slice(0, 16);
}
