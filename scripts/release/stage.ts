/** The installed files of a release, below the prefix of an installation (`/usr`, `/usr/local`). */
import {chmod, copyFile, mkdir, readdir, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import process from 'node:process';
import {execa} from 'execa';
import {manifest, root} from './release-data.ts';

const documents = `share/doc/${manifest.name}`;

/** Other name of the program → what it adds. Scripts, because krew refuses an archive with links. */
const aliasArguments = {'kubectl-spoke': '', 'kubectl_complete-spoke': ' completion kubectl --'};

/** Where shells look for the scripts of `spoke completion SHELL`. */
const completions: ReadonlyArray<readonly [shell: string, to: string]> = [
	['bash', 'share/bash-completion/completions/spoke'],
	['zsh', 'share/zsh/site-functions/_spoke'],
	['fish', 'share/fish/vendor_completions.d/spoke.fish'],
];

/** Fills `prefix`, a new directory, with `program` and all that belongs to it. */
export async function stageFiles(program: string, prefix: string): Promise<void> {
	const binary = join(prefix, 'bin', manifest.name);
	await install(program, binary, 0o755);
	for (const [alias, words] of Object.entries(aliasArguments)) {
		const script = join(prefix, 'bin', alias);
		await writeFile(script, `#!/bin/sh\nexec "\${0%/*}/${manifest.name}"${words} "$@"\n`);
		await chmod(script, 0o755);
	}

	for (const [from, to] of await copiedFiles()) {
		await install(from, join(prefix, to), 0o644);
	}

	for (const [shell, to] of completions) {
		const {stdout} = await execa(binary, ['completion', shell], {env: {}, extendEnv: false, stripFinalNewline: false});
		await mkdir(dirname(join(prefix, to)), {recursive: true});
		await writeFile(join(prefix, to), stdout);
		await chmod(join(prefix, to), 0o644);
	}
}

/** Relative paths of all files and links, in an order that does not depend on the file system. */
export async function filesBelow(folder: string): Promise<string[]> {
	const entries = await readdir(folder, {recursive: true, withFileTypes: true});
	return entries
		.filter(entry => !entry.isDirectory())
		.map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))
		.toSorted();
}

/** The mode is explicit, because that of a checkout depends on the umask. */
async function install(from: string, to: string, mode: number): Promise<void> {
	await mkdir(dirname(to), {recursive: true});
	await copyFile(from, to);
	await chmod(to, mode);
}

/** Absolute path → path below the prefix. */
async function copiedFiles(): Promise<Array<readonly [from: string, to: string]>> {
	const pages = await readdir(join(root, 'man'));
	return [
		...pages.map(name => [join(root, 'man', name), `share/man/man1/${name}`] as const),
		...['LICENSE', 'build/LICENSES.txt', 'README.md', 'CHANGELOG.md'].map(
			path => [join(root, path), `${documents}/${path.replace('build/', '')}`] as const,
		),
		[await nodeLicense(), `${documents}/NODE-LICENSE.txt`],
	];
}

/** In the installation of the Node that becomes the program, or in the package for this platform that the npm package `node` brings. */
async function nodeLicense(): Promise<string> {
	const installed = dirname(dirname(process.execPath));
	const packages = (await readdir(join(installed, 'node_modules')).catch(() => []))
		.filter(name => name.endsWith(`-${process.platform}-${process.arch}`))
		.map(name => join(installed, 'node_modules', name));
	for (const folder of [installed, ...packages]) {
		if ((await readdir(folder)).includes('LICENSE')) {
			return join(folder, 'LICENSE');
		}
	}

	throw new Error(`found no LICENSE of the Node at ${process.execPath}`);
}
