/** Preloaded where sources run unbuilt: Node strips their types, but reads no JSX. */
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

		// Whoever reaches no JSX need not wait for a compiler.
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
