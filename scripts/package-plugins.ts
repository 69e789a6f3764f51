/** Plugins of the build that change packages, for a faster start and less memory. Those that replace code fail if it is not found. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {Plugin} from 'esbuild';

/**
Ink's layout engine is WebAssembly. Its own code decodes it by JavaScript and compiles it in other threads, which delays the first screen by
20 ms; this takes 4 ms.
*/
export function layoutCompilesAtOnce(): Plugin {
	return {
		name: 'layout-compiles-at-once',
		setup(build) {
			build.onLoad({filter: /yoga-wasm-base64-esm\.js$/}, async ({path}) => {
				const [code = '', bytes, ...rest] = (await readFile(path, 'utf8')).split(/(?<=;base64,)([\w+/=]{1000,})(?=")/);
				if (rest.length !== 1 || !rest[0]!.includes('instantiateWasm')) {
					throw new Error(`${path}: the WebAssembly is not where it was, or cannot be given to it`);
				}

				return {contents: `${code}${rest[0]!}\nexport const wasm = '${bytes}';`};
			});
			build.onLoad({filter: /yoga-layout[/\\]dist[/\\]src[/\\]index\.js$/}, async ({path}) => {
				const code = await readFile(path, 'utf8');
				const [imported, call] = ['import loadYoga from', 'loadYoga()'];
				if (!code.includes(imported) || !code.includes(call)) {
					throw new Error(`${path}: the call is not where it was`);
				}

				return {
					contents: `${code.replace(imported, 'import loadYoga, {wasm} from').replace(call, 'loadYoga({instantiateWasm})')}
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
export function widthTablesWait(): Plugin {
	return {
		name: 'width-tables-wait',
		setup(build) {
			build.onResolve({filter: /^string-width$/}, ({namespace}) =>
				namespace === 'single-cells-first' ? undefined : {path: 'string-width', namespace: 'single-cells-first'},
			);
			build.onLoad({filter: /./, namespace: 'single-cells-first'}, () => ({
				resolveDir: fileURLToPath(new URL('../source/text', import.meta.url)),
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
export function smallTextCaches(): Plugin {
	return {
		name: 'small-text-caches',
		setup(build) {
			build.onLoad({filter: /ink[/\\]build[/\\](measure|wrap)-text\.js$/}, async ({path}) => {
				const contents = await readFile(path, 'utf8');
				const size = 'maxSize: 4096';
				if (!contents.includes(size)) {
					throw new Error(`${path}: the size of the cache is not where it was`);
				}

				return {contents: contents.replace(size, 'maxSize: 512')};
			});
		},
	};
}

/** The files of ws have no side effects, but its package.json does not declare it. */
export function onlyUsedPartsOfWs(): Plugin {
	return {
		name: 'only-used-parts-of-ws',
		setup(build) {
			build.onResolve({filter: /^\.\/lib\/[\w-]+\.js$/}, ({path, importer, resolveDir}) =>
				importer.endsWith('/ws/wrapper.mjs') ? {path: join(resolveDir, path), sideEffects: false} : undefined,
			);
			// It looks for native masking in `node:http`, which takes 2 ms to load; spoke masks by itself, and servers do not mask.
			build.onLoad({filter: /\/ws\/lib\/buffer-util\.js$/}, async ({path}) => ({contents: await withHttp(path, '{}')}));
			// Its client gets a socket that is already upgraded, and takes no more of the request than this. @see overUpgradedSocket
			build.onLoad({filter: /\/ws\/lib\/websocket\.js$/}, async ({path}) => ({
				contents: await withHttp(path, '{request: ({headers}) => Object.assign(new EventEmitter(), {getHeader: name => headers[name]})}'),
			}));
		},
	};
}

/** The code of a file of ws, with another object as `node:http`. */
async function withHttp(path: string, http: string): Promise<string> {
	const code = await readFile(path, 'utf8');
	const asked = "require('http')";
	if (!code.includes(asked)) {
		throw new Error(`${path} does not load node:http where it did`);
	}

	return code.replace(asked, http);
}

/** Ink needs it only in development; as an external it would become a static import that fails. */
export function noDevtools(): Plugin {
	return {
		name: 'no-devtools',
		setup(build) {
			build.onResolve({filter: /^react-devtools-core$/}, () => ({path: 'react-devtools-core', namespace: 'empty'}));
			build.onLoad({filter: /.*/, namespace: 'empty'}, () => ({contents: 'export default undefined'}));
		},
	};
}

/** The MCP SDK contains a copy of ajv, with which a server checks what its client elicits from the user. spoke elicits nothing. */
export function noSchemaValidator(): Plugin {
	return {
		name: 'no-schema-validator',
		setup(build) {
			build.onResolve({filter: /^@modelcontextprotocol\/server\/_shims$/}, () => ({path: 'shims', namespace: 'mcp'}));
			build.onLoad({filter: /./, namespace: 'mcp'}, () => ({
				contents: 'export const process = globalThis.process; export class DefaultJsonSchemaValidator {}',
			}));
		},
	};
}

/** ssh2 works without its optional native parts; a bundle cannot contain them. */
export function noNativeParts(): Plugin {
	return {
		name: 'no-native-parts',
		setup(build) {
			build.onResolve({filter: /\.node$/}, ({path}) => ({path, namespace: 'native'}));
			build.onLoad({filter: /.*/, namespace: 'native'}, () => ({contents: 'throw new Error("left out of the bundle")'}));
		},
	};
}
