/** Plugins of the build that change packages, for a faster start and less memory. Those that replace code fail if it is not found. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {Plugin} from 'esbuild';

/**
Ink's layout engine is WebAssembly. Its own code decodes it by JavaScript and compiles it in other threads, which delays the first screen by
20 ms; this takes 4 ms.
*/
export function compileLayoutSynchronously(): Plugin {
	return {
		name: 'compile-layout-synchronously',
		setup(build) {
			build.onLoad({filter: /yoga-wasm-base64-esm\.js$/}, async ({path}) => {
				const [code = '', bytes, ...rest] = (await readFile(path, 'utf8')).split(/(?<=;base64,)([\w+/=]{1000,})(?=")/);
				if (rest.length !== 1 || !rest[0]!.includes('instantiateWasm')) {
					throw new Error(`${path}: the WebAssembly is not where it was, or cannot be given to it`);
				}

				return {contents: `${code}${rest[0]!}\nexport const wasm = '${bytes}';`};
			});
			build.onLoad({filter: /yoga-layout[/\\]dist[/\\]src[/\\]index\.js$/}, async ({path}) => {
				const code = await readWithReplacements(
					path,
					['import loadYoga from', 'import loadYoga, {wasm} from'],
					['loadYoga()', 'loadYoga({instantiateWasm})'],
				);
				return {
					contents: `${code}
						function instantiateWasm(imports, done) {
							const instance = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(wasm, 'base64')), imports);
							done(instance);
							return instance.exports;
						}
					`,
				};
			});
		},
	};
}

/** The tables of string-width take 10 ms to load, and most screens have no character that needs them. */
export function loadWidthTablesLazily(): Plugin {
	return {
		name: 'load-width-tables-lazily',
		setup(build) {
			build.onResolve({filter: /^string-width$/}, ({namespace}) =>
				namespace === 'single-cells-first' ? undefined : {path: 'string-width', namespace: 'single-cells-first'},
			);
			build.onLoad({filter: /./, namespace: 'single-cells-first'}, () => ({
				resolveDir: fileURLToPath(new URL('../source/base/text', import.meta.url)),
				contents: `
					import {widthOfSingleCells} from './single-cells.ts';
					export default (text, options) =>
						widthOfSingleCells(text, options) ?? require('string-width').default(text, options);
				`,
			}));
		},
	};
}

/** Ink caches 8,192 texts. A screen that changes each second fills that with megabytes of lines that are never drawn again. */
export function shrinkTextCaches(): Plugin {
	return {
		name: 'shrink-text-caches',
		setup(build) {
			build.onLoad({filter: /ink[/\\]build[/\\](measure|wrap)-text\.js$/}, async ({path}) => ({
				contents: await readWithReplacements(path, ['maxSize: 4096', 'maxSize: 512']),
			}));
		},
	};
}

const httpOfWs = "require('http')";

/** The files of ws have no side effects, but its package.json does not declare it. */
export function treeShakeWs(): Plugin {
	return {
		name: 'tree-shake-ws',
		setup(build) {
			build.onResolve({filter: /^\.\/lib\/[\w-]+\.js$/}, ({path, importer, resolveDir}) =>
				importer.endsWith('/ws/wrapper.mjs') ? {path: join(resolveDir, path), sideEffects: false} : undefined,
			);
			// It looks for native masking in `node:http`, which takes 2 ms to load; spoke masks by itself, and servers do not mask.
			build.onLoad({filter: /\/ws\/lib\/buffer-util\.js$/}, async ({path}) => ({
				contents: await readWithReplacements(path, [httpOfWs, '{}']),
			}));
			// Its client gets a socket that is already upgraded, and takes no more of the request than this. @see overUpgradedSocket
			build.onLoad({filter: /\/ws\/lib\/websocket\.js$/}, async ({path}) => ({
				contents: await readWithReplacements(path, [
					httpOfWs,
					'{request: ({headers}) => Object.assign(new EventEmitter(), {getHeader: name => headers[name]})}',
				]),
			}));
		},
	};
}

/** Ink needs it only in development; as an external it would become a static import that fails. */
export function omitDevtools(): Plugin {
	return {
		name: 'omit-devtools',
		setup(build) {
			build.onResolve({filter: /^react-devtools-core$/}, () => ({path: 'react-devtools-core', namespace: 'empty'}));
			build.onLoad({filter: /.*/, namespace: 'empty'}, () => ({contents: 'export default undefined'}));
		},
	};
}

/** The MCP SDK contains a copy of ajv, with which a server checks what its client elicits from the user. spoke elicits nothing. */
export function omitSchemaValidator(): Plugin {
	return {
		name: 'omit-schema-validator',
		setup(build) {
			build.onResolve({filter: /^@modelcontextprotocol\/server\/_shims$/}, () => ({path: 'shims', namespace: 'mcp'}));
			build.onLoad({filter: /./, namespace: 'mcp'}, () => ({
				contents: 'export const process = globalThis.process; export class DefaultJsonSchemaValidator {}',
			}));
		},
	};
}

/** A file with the first occurrence of each old text replaced by its new one. @throws Error if the file does not contain an old text */
async function readWithReplacements(
	path: string,
	...replacements: ReadonlyArray<readonly [old: string, replacement: string]>
): Promise<string> {
	let code = await readFile(path, 'utf8');
	for (const [old, replacement] of replacements) {
		if (!code.includes(old)) {
			throw new Error(`${path} does not contain ${old}`);
		}

		code = code.replace(old, replacement);
	}

	return code;
}
