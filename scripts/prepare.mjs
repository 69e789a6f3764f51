/** Builds the package where npm asks for it: in a clone, for a git URL, and before packing. Plain JavaScript, because the machine's own Node may not run TypeScript. */
import {existsSync} from 'node:fs';
import process from 'node:process';

if (existsSync(new URL('../node_modules/esbuild', import.meta.url))) {
	await import('./build.ts');
} else {
	// @see https://github.com/npm/cli/issues/8440
	process.stderr.write(
		process.env.npm_config_global === 'true'
			? 'npm does not install what a package from a git URL is built with when it is installed globally.\nUse: npm install --global "$(npm pack --silent GIT-URL)"\n'
			: 'the devDependencies are needed to build spoke: use npm ci, or --ignore-scripts to leave the build out\n',
	);
	process.exitCode = 1;
}
