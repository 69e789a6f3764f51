/** npm's `prepare` script. Plain JavaScript, because the installed Node may not run TypeScript. */
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
