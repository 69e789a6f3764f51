/** Preloaded to run unbuilt sources: Node strips types, but cannot read JSX. */
import {readFileSync} from 'node:fs';
import {createRequire, registerHooks} from 'node:module';
import {fileURLToPath} from 'node:url';
import type * as Esbuild from 'esbuild';

const require = createRequire(import.meta.url);

registerHooks({
	load(url, context, nextLoad) {
		if (!url.endsWith('.tsx')) {
			return nextLoad(url, context);
		}

		// On demand: a compiler takes time to load.
		const {transformSync} = require('esbuild') as typeof Esbuild;
		const {code} = transformSync(readFileSync(fileURLToPath(url), 'utf8'), {
			loader: 'tsx',
			jsx: 'automatic',
			format: 'esm',
			sourcemap: 'inline',
			sourcefile: url,
		});
		return {format: 'module', source: code, shortCircuit: true};
	},
});
