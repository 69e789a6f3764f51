/**
Builds one file that contains Node, the program and its compiled code.
@see https://nodejs.org/docs/latest-v24.x/api/single-executable-applications.html
*/
import {chmod, copyFile, cp, readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {execa} from 'execa';
import {compiledName} from '../../source/code-loader.ts';
import {certificateOption, heapOptions} from '../node-options.ts';
import {sha256Of} from './archive.ts';
import {nodeVersion, root, type Platform} from './release-data.ts';

/**
Writes `output`. The Node that executes this becomes the file, because only its V8 takes the compiled code.
@throws Error for another Node than that of the release
*/
export async function buildSingleExecutable(platform: Platform, scratch: string, output: string): Promise<void> {
	await checkNode(platform);
	await cp(join(root, 'build'), scratch, {recursive: true});
	const names = await programFiles(scratch);
	// The code contains how many functions Node had loaded before, which depends on variables such as NODE_COMPILE_CACHE.
	await execa(
		process.execPath,
		[
			'--random-seed=1',
			'--single-threaded-gc',
			'--initial-heap-size=2048',
			join(root, 'scripts/release/compile-code.ts'),
			scratch,
			...names,
		],
		{env: {}, extendEnv: false},
	);
	const code = await readFile(join(scratch, 'spoke.js'), 'utf8');
	// The first two lines are for the shell.
	await writeFile(join(scratch, 'main.js'), code.split('\n').slice(2).join('\n'));
	// Relative paths, because the blob contains them.
	const config = {
		main: 'main.js',
		output: 'spoke.blob',
		disableExperimentalSEAWarning: true,
		// The second overrides NODE_USE_SYSTEM_CA=1, which Node refuses together with the first.
		execArgv: [certificateOption, '--no-use-system-ca', ...heapOptions],
		// NODE_OPTIONS is meant for programs that the user starts with `node`.
		execArgvExtension: 'none',
		assets: Object.fromEntries(names.flatMap(name => [name, compiledName(name)]).map(name => [name, name])),
	};
	await writeFile(join(scratch, 'sea.json'), JSON.stringify(config));
	await execa(process.execPath, ['--experimental-sea-config', 'sea.json'], {cwd: scratch});
	await copyFile(process.execPath, output);
	await chmod(output, 0o755);
	await prepareBinary(platform, output);
	// The fuse is Node's own constant: it tells Node that the file contains a program.
	const injection = ['NODE_SEA_BLOB', join(scratch, 'spoke.blob'), '--sentinel-fuse', 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'];
	await execa(process.execPath, [
		join(root, 'node_modules/postject/dist/cli.js'),
		output,
		...injection,
		...(platform.os === 'darwin' ? ['--macho-segment-name', 'NODE_SEA'] : []),
	]);
	if (platform.os === 'darwin') {
		await execa('codesign', ['--sign', '-', output]);
	}
}

async function checkNode({os, arch, nodeSha256}: Platform): Promise<void> {
	if (process.versions.node !== nodeVersion || process.platform !== os || process.arch !== arch) {
		throw new Error(`Node ${process.versions.node} for ${process.platform} ${process.arch}; needed: ${nodeVersion} for ${os} ${arch}`);
	}

	const sha256 = await sha256Of(process.execPath);
	if (nodeSha256 !== null && nodeSha256 !== sha256) {
		throw new Error(`${process.execPath} has SHA-256 ${sha256}, not ${nodeSha256}`);
	}
}

/** Those that the loader loads. */
async function programFiles(build: string): Promise<string[]> {
	const names = await readdir(build, {recursive: true});
	return names.filter(name => name.endsWith('.js') && name !== 'spoke.js').toSorted();
}

/** Symbols are 16 MiB of 121. macOS checks a signature, which the program invalidates. */
async function prepareBinary({os}: Platform, path: string): Promise<void> {
	await (os === 'darwin' ? execa('codesign', ['--remove-signature', path]) : execa('strip', [path]));
}
