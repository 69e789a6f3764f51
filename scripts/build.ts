/** Bundles the program: `build/spoke.js`, and one self-contained file a command, so that a one-shot reads two files. */
import {chmod, mkdir, readFile, readdir, rm, utimes, writeFile} from 'node:fs/promises';
import {createRequire, isBuiltin} from 'node:module';
import {basename, dirname, join} from 'node:path';
import process from 'node:process';
import {build, type BuildOptions, type Plugin} from 'esbuild';
import {presetNames} from '../source/keymap/keymap.ts';
import {shippedKeymap} from '../source/keymap/shipped-keymaps.ts';
import {buildStamp, isBuildStale} from './is-build-stale.ts';
import {licensesOf} from './licenses.ts';
import {manPages} from './man-pages.ts';

const root = new URL('../', import.meta.url);
const inRoot = (path: string) => new URL(path, root).pathname;
const {version} = JSON.parse(await readFile(inRoot('package.json'), 'utf8')) as {version: string};

if (process.argv.includes('--if-stale') && !(await isBuildStale(inRoot('')))) {
	process.exit(0);
}

const startedAt = new Date();
/** Command name → the file that runs it. */
const commands = Object.fromEntries(
	(await readdir(inRoot('source/commands'), {recursive: true}))
		.filter(path => /^[\w-]+[/\\]run\.ts$/.test(path))
		.map(path => [dirname(path), inRoot(`source/commands/${path}`)]),
);

const shared = {
	bundle: true,
	metafile: true,
	platform: 'node',
	target: 'node22',
	minify: true,
	legalComments: 'none',
	jsx: 'automatic',
	// ws looks for a native part otherwise, which a bundle cannot carry.
	define: {'process.env.NODE_ENV': '"production"', 'process.env.WS_NO_BUFFER_UTIL': '"1"', SPOKE_VERSION: JSON.stringify(version)},
	logLevel: 'warning',
} as const satisfies BuildOptions;

/**
 * What every start reads: importing a built-in as an ES module evaluates all its lazy exports (`process.stdin`, web crypto), and the loader
 * of ES modules costs as much again.
 */
const startsFast = {
	...shared,
	format: 'cjs',
	define: {...shared.define, 'import.meta.url': 'fileUrl'},
	inject: [inRoot('scripts/file-url.mjs')],
} as const satisfies BuildOptions;

/** What is loaded later may wait at its top level, as Ink's layout engine does. */
const mayWait = {
	...shared,
	format: 'esm',
	banner: {js: "import {createRequire as __createRequire} from 'node:module';const require = __createRequire(import.meta.url);"},
} as const satisfies BuildOptions;

await rm(inRoot('build'), {recursive: true, force: true});
await Promise.all([sayFormat('build', 'commonjs'), sayFormat('build/parts', 'module')]);
const built = await Promise.all([
	// The first file must still parse on Nodes that are too old, to be able to say so.
	build({
		...startsFast,
		target: 'node18',
		supported: {'dynamic-import': false},
		entryPoints: [inRoot('source/spoke.ts')],
		outfile: inRoot('build/spoke.js'),
		plugins: [commandsStayOutside('./commands/')],
	}),
	build({
		...startsFast,
		entryPoints: commands,
		outdir: inRoot('build/commands'),
		plugins: [
			commandsStayOutside('./'),
			builtInsWaitForTheirUse(),
			heavyPartsStandAlone('../parts/'),
			shippedKeymapsAsRead(),
			onlyUsedPartsOfWs(),
			noDevtools(),
			layoutWithoutFetch(),
		],
	}),
	build({
		...mayWait,
		entryPoints: [
			'source/session.ts',
			'source/sandbox/start-sandbox.ts',
			'source/cluster/kubeconfig/parse-yaml.ts',
			'source/keymap/parse-keymap.ts',
			'source/session/texts/yaml-lines.ts',
		].map(inRoot),
		outdir: inRoot('build/parts'),
		entryNames: '[name]',
		plugins: [builtinsByRequire(), heavyPartsStandAlone('./'), noDevtools(), layoutWithoutFetch()],
	}),
	// ssh2 carries a program made by emscripten, which looks for its own folder.
	build({
		...mayWait,
		entryPoints: [inRoot('source/sandbox/tunnels/ssh-tunnels.ts')],
		outdir: inRoot('build/parts'),
		plugins: [noNativeParts()],
		banner: {
			js: `${mayWait.banner.js}import __path from 'node:path';import {fileURLToPath as __toPath} from 'node:url';const __filename = __toPath(import.meta.url);const __dirname = __path.dirname(__filename);`,
		},
	}),
]);
await launchByShell('build/spoke.js');
await writeFile(inRoot('build/LICENSES.txt'), await licensesOf(built.map(({metafile}) => metafile)));
await chmod(inRoot('build/spoke.js'), 0o755);
await rm(inRoot('man'), {recursive: true, force: true});
await mkdir(inRoot('man'));
await Promise.all([...(await manPages())].map(async ([name, text]) => writeFile(inRoot(`man/${name}`), text)));
await writeFile(inRoot(buildStamp), '');
// What changed while it was built is newer than the build.
await utimes(inRoot(buildStamp), startedAt, startedAt);
if (!process.argv.includes('--quiet')) {
	process.stdout.write(`built spoke ${version}: spoke.js and ${Object.keys(commands).length} commands\n`);
}

/**
Makes the shell look whether SIGHUP was ignored at the start, before Node resets it, and then become Node. To Node the second line is a
string and a comment.
The file must not name an option of Node's instead: one that is too old would refuse it, and not get as far as saying so.
*/
async function launchByShell(path: string): Promise<void> {
	const [shebang, ...lines] = (await readFile(inRoot(path), 'utf8')).split('\n');
	if (shebang !== '#!/usr/bin/env node') {
		throw new Error(`${path} does not begin with its shebang`);
	}

	// A signal that was ignored at the start of a shell cannot be trapped (POSIX, trap).
	const launcher = '\':\' //; h=; trap h=1 HUP; kill -HUP $$; trap - HUP; [ "$h" ] || export SPOKE_HUP_IGNORED=$$; exec node "$0" "$@"';
	await writeFile(inRoot(path), ['#!/bin/sh', launcher, ...lines].join('\n'));
}

/** Tells Node what the `.js` files of a folder are. */
async function sayFormat(folder: string, type: 'commonjs' | 'module'): Promise<void> {
	await mkdir(inRoot(folder), {recursive: true});
	await writeFile(inRoot(`${folder}/package.json`), `${JSON.stringify({type})}\n`);
}

/** `import('./logs/run.ts')` of the table becomes `import('./commands/logs.js')` in the first file, and `./logs.js` in a command. */
function commandsStayOutside(folder: string): Plugin {
	return {
		name: 'commands-stay-outside',
		setup(build) {
			build.onResolve({filter: /^\.{1,2}\/[\w-]+\/run\.ts$/}, ({path, kind}) =>
				kind === 'dynamic-import' ? {path: `${folder}${basename(dirname(path))}.js`, external: true} : undefined,
			);
		},
	};
}

/**
 * The session, the sandbox, its SSH and what reads YAML are files of their own, which a command or another part loads only when it needs
 * them. `folder` is where the loader finds them.
 */
function heavyPartsStandAlone(folder: string): Plugin {
	return {
		name: 'heavy-parts-stand-alone',
		setup(build) {
			build.onResolve(
				{filter: /\/(session\.ts|start-sandbox\.ts|ssh-tunnels\.ts|parse-yaml\.ts|parse-keymap\.ts|yaml-lines\.ts)$/},
				({path, kind}) =>
					kind === 'dynamic-import' ? {path: `${folder}${basename(path).replace(/\.tsx?$/, '.js')}`, external: true} : undefined,
			);
		},
	};
}

/** The keymaps in `keymaps/` as data: YAML is then read only for a user's own file. */
function shippedKeymapsAsRead(): Plugin {
	return {
		name: 'shipped-keymaps-as-read',
		setup(build) {
			build.onLoad({filter: /\/keymap\/shipped-keymaps\.ts$/}, async () => {
				const names = ['default', ...presetNames];
				const keymaps = await Promise.all(names.map(async name => [name, await shippedKeymap(name)] as const));
				return {
					contents: `const keymaps = ${JSON.stringify(Object.fromEntries(keymaps))};export const shippedKeymap = async name => keymaps[name];`,
				};
			});
		},
	};
}

/** Ink's layout engine loads its own bytes by `fetch`, which starts a whole HTTP client; it knows another way where there is no `fetch`. */
function layoutWithoutFetch(): Plugin {
	return {
		name: 'layout-without-fetch',
		setup(build) {
			build.onLoad({filter: /yoga-wasm-base64-esm\.js$/}, async ({path}) => {
				const contents = await readFile(path, 'utf8');
				const asked = '"function"!=typeof fetch';
				if (!contents.includes(asked)) {
					throw new Error(`${path}: the question for fetch is not where it was`);
				}

				return {contents: contents.replace(asked, '!0')};
			});
		},
	};
}

/** Built-ins that a start imports but does not use, milliseconds each, are loaded by the first use of something of theirs. */
function builtInsWaitForTheirUse(): Plugin {
	const require = createRequire(import.meta.url);
	return {
		name: 'built-ins-wait-for-their-use',
		setup(build) {
			build.onResolve({filter: /^(?:node:)?(?:fs\/promises|zlib|child_process)$/}, ({path, namespace}) =>
				namespace === 'waits' ? undefined : {path: `node:${path.replace(/^node:/, '')}`, namespace: 'waits'},
			);
			build.onLoad({filter: /.*/, namespace: 'waits'}, ({path}) => ({
				contents: `module.exports = {${Object.keys(require(path) as object)
					.map(name => `get ${name}() { return process.getBuiltinModule('${path}').${name}; }`)
					.join(',')}};`,
			}));
		},
	};
}

/** ws is one folder of files that do nothing when loaded, but its package.json does not say so. */
function onlyUsedPartsOfWs(): Plugin {
	return {
		name: 'only-used-parts-of-ws',
		setup(build) {
			build.onResolve({filter: /^\.\/lib\/[\w-]+\.js$/}, ({path, importer, resolveDir}) =>
				importer.endsWith('/ws/wrapper.mjs') ? {path: join(resolveDir, path), sideEffects: false} : undefined,
			);
		},
	};
}

/**
 * `import x from 'node:http'` in an ES module evaluates all that `node:http` offers, a whole HTTP client among it; `require` gives it as it
 * is.
 */
function builtinsByRequire(): Plugin {
	return {
		name: 'builtins-by-require',
		setup(build) {
			build.onResolve({filter: /./}, ({path, kind}) =>
				isBuiltin(path) && kind === 'import-statement' ? {path, namespace: 'builtin', sideEffects: false} : undefined,
			);
			build.onLoad({filter: /./, namespace: 'builtin'}, ({path}) => ({contents: `module.exports = require(${JSON.stringify(path)})`}));
		},
	};
}

/** Ink asks for it only in development; as an external it would become a static import that fails. */
function noDevtools(): Plugin {
	return {
		name: 'no-devtools',
		setup(build) {
			build.onResolve({filter: /^react-devtools-core$/}, () => ({path: 'react-devtools-core', namespace: 'empty'}));
			build.onLoad({filter: /.*/, namespace: 'empty'}, () => ({contents: 'export default undefined'}));
		},
	};
}

/** ssh2 has optional native parts, which it does without when they fail to load; a bundle cannot carry them. */
function noNativeParts(): Plugin {
	return {
		name: 'no-native-parts',
		setup(build) {
			build.onResolve({filter: /\.node$/}, ({path}) => ({path, namespace: 'native'}));
			build.onLoad({filter: /.*/, namespace: 'native'}, () => ({contents: 'throw new Error("left out of the bundle")'}));
		},
	};
}
