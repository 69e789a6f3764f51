/** Plugins of the build that change how spoke's own files and the built-ins are bundled. @see package-plugins.ts */
import {createRequire, isBuiltin} from 'node:module';
import {basename, dirname} from 'node:path';
import type {Plugin} from 'esbuild';
import {shippedSchemas} from '../source/commands/schema/shipped-schemas.ts';
import {presetNames} from '../source/session/keymap/keymap.ts';
import {shippedKeymap} from '../source/session/keymap/shipped-keymaps.ts';
import {shippedThemes} from '../source/session/themes/shipped-themes.ts';

/** `import('./logs/run.ts')` becomes `import('commands/logs.js')`: the path inside the build. */
export function keepCommandsExternal(): Plugin {
	return {
		name: 'keep-commands-external',
		setup(build) {
			build.onResolve({filter: /^\.{1,2}\/[\w-]+\/run\.ts$/}, ({path, kind}) =>
				kind === 'dynamic-import' ? {path: `commands/${basename(dirname(path))}.js`, external: true} : undefined,
			);
		},
	};
}

/** `import('./parse-yaml.ts')` becomes `import('parts/parse-yaml.js')`: the path inside the build. */
export function keepPartsExternal(parts: readonly string[]): Plugin {
	const names = parts.map(path => basename(path).replace('.', '\\.'));
	return {
		name: 'keep-parts-external',
		setup(build) {
			build.onResolve({filter: new RegExp(`/(?:${names.join('|')})$`)}, ({path, kind}) =>
				kind === 'dynamic-import' ? {path: `parts/${basename(path).replace(/\.tsx?$/, '.js')}`, external: true} : undefined,
			);
		},
	};
}

/** As data: only a user's own file needs the YAML reader, and a single executable has no files beside it. */
export function embedShippedFiles(): Plugin {
	return {
		name: 'embed-shipped-files',
		setup(build) {
			build.onLoad({filter: /\/keymap\/shipped-keymaps\.ts$/}, async () => {
				const names = ['default', ...presetNames];
				const keymaps = await Promise.all(names.map(async name => [name, await shippedKeymap(name)] as const));
				return {
					contents: `const keymaps = ${JSON.stringify(Object.fromEntries(keymaps))};export const shippedKeymap = async name => keymaps[name];`,
				};
			});
			build.onLoad({filter: /\/commands\/schema\/shipped-schemas\.ts$/}, async () => ({
				contents: `const schemas = ${JSON.stringify(await shippedSchemas())};export const shippedSchemas = async () => schemas;`,
			}));
			build.onLoad({filter: /\/themes\/shipped-themes\.ts$/}, async () => ({
				contents: `const themes = ${JSON.stringify(await shippedThemes())};export const shippedThemes = async () => themes;`,
			}));
		},
	};
}

/** A default import of a CommonJS module defines a getter for each of its exports, in every file that has the import. */
export function resolveProcessToGlobal(): Plugin {
	return {
		name: 'resolve-process-to-global',
		setup(build) {
			build.onResolve({filter: /^node:process$/}, () => ({path: 'process', namespace: 'global'}));
			build.onLoad({filter: /./, namespace: 'global'}, () => ({contents: 'export default process'}));
		},
	};
}

/**
Built-ins that a start imports but does not use cost milliseconds each, so each is loaded when one of its functions is called.
`importers`: in the files with such a path.
*/
export function loadBuiltinsLazily(importers = /./): Plugin {
	const require = createRequire(import.meta.url);
	const lateTables = new Set(['constants', 'STATUS_CODES']);
	return {
		name: 'load-builtins-lazily',
		setup(build) {
			build.onResolve(
				{filter: /^(?:node:)?(?:fs\/promises|timers\/promises|os|tty|zlib|child_process|https?|http2|v8)$/},
				({path, namespace, importer}) =>
					namespace === 'lazy' || !importers.test(importer)
						? undefined
						: {path: `node:${path.replace(/^node:/, '')}`, namespace: 'lazy', sideEffects: false},
			);
			build.onLoad({filter: /.*/, namespace: 'lazy'}, ({path}) => ({
				// Only functions and tables can be loaded late. A named import of anything else fails the build.
				contents: Object.entries(require(path) as Record<string, unknown>)
					.filter(([name, value]) => lateTables.has(name) || (typeof value === 'function' && /^[a-z]\w*$/.test(name)))
					.map(([name]) =>
						lateTables.has(name)
							? `export const ${name} = new Proxy({}, {get: (_, name) => process.getBuiltinModule('${path}').${name}[name]});`
							: `export function ${name}(...args) { return process.getBuiltinModule('${path}').${name}(...args); }`,
					)
					.join('\n'),
			}));
		},
	};
}

/**
`import x from 'node:http'` in an ES module evaluates all exports of `node:http`, including an HTTP client; `require` does not. Only the
used exports are read, because esbuild defines a getter for each export of a CommonJS module in every file that imports it.
*/
export function requireBuiltins(): Plugin {
	const require = createRequire(import.meta.url);
	return {
		name: 'require-builtins',
		setup(build) {
			build.onResolve({filter: /./}, ({path, kind}) =>
				isBuiltin(path) && kind === 'import-statement' ? {path, namespace: 'builtin', sideEffects: false} : undefined,
			);
			build.onLoad({filter: /./, namespace: 'builtin'}, ({path}) => ({
				contents: [
					`const builtin = require(${JSON.stringify(path)});`,
					'export default builtin;',
					...Object.keys(require(path) as object)
						.filter(name => name !== 'default')
						.map(name => `export const ${name} = /* @__PURE__ */ (() => builtin.${name})();`),
				].join('\n'),
			}));
		},
	};
}
