/** What a release consists of, with a small stand-in for the single executable. */
import {execFile} from 'node:child_process';
import {chmod, mkdir, readFile, stat, utimes, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {promisify} from 'node:util';
import test from 'ava';
import {parse} from 'yaml';
import {sha256Of, writeArchive} from '../../scripts/release/archive.ts';
import {homebrewFormula, krewManifest, nixExpression} from '../../scripts/release/catalogs.ts';
import {archiveName, downloadUrl, manifest, nodeVersion, npmPackage, platforms} from '../../scripts/release/release-data.ts';
import {filesBelow, stageFiles} from '../../scripts/release/stage.ts';
import {builtProgram} from '../support/run-spoke.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';

const run = promisify(execFile);
const date = new Date('2026-11-28T00:00:00Z');
const [linux, , , mac] = platforms.map(platform => `${archiveName(platform)}.tar.gz`) as [string, string, string, string];
const checksums = new Map([
	[linux, 'a'.repeat(64)],
	[mac, 'b'.repeat(64)],
	[npmPackage, 'c'.repeat(64)],
]);

test('an installation has the program under its three names, and all that belongs to it', async t => {
	const folder = await temporaryDirectory(t);
	const program = join(folder, 'program');
	await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${builtProgram}' "$@"\n`, {mode: 0o755});
	const prefix = join(folder, 'prefix');
	await stageFiles(program, prefix);
	const files = await filesBelow(prefix);
	for (const path of [
		'bin/kubectl-spoke',
		'bin/kubectl_complete-spoke',
		'bin/spoke',
		'share/bash-completion/completions/spoke',
		'share/doc/spoke/LICENSE',
		'share/doc/spoke/LICENSES.txt',
		'share/doc/spoke/NODE-LICENSE.txt',
		'share/fish/vendor_completions.d/spoke.fish',
		'share/man/man1/spoke-audit.1',
		'share/zsh/site-functions/_spoke',
	]) {
		t.true(files.includes(path), path);
		t.is((await stat(join(prefix, path))).mode & 0o777, path.startsWith('bin/') ? 0o755 : 0o644, path);
	}

	const {stdout} = await run(join(prefix, 'bin/kubectl-spoke'), ['version']);
	t.is(stdout, `spoke ${manifest.version}\n`);
});

test('an archive depends on neither the times nor the order of its files', async t => {
	const sums = [];
	for (const names of [
		['first', 'second'],
		['second', 'first'],
	]) {
		const folder = await temporaryDirectory(t);
		await mkdir(join(folder, 'content'));
		for (const [index, name] of names.entries()) {
			const file = join(folder, 'content', name);
			await writeFile(file, name);
			await chmod(file, 0o644);
			await utimes(file, index, index);
		}

		await writeArchive(join(folder, 'archive'), join(folder, 'content'), {prefix: 'spoke', date, compressed: true});
		sums.push(await sha256Of(join(folder, 'archive')));
	}

	t.is(sums[0], sums[1]);
});

test('the krew manifest names each archive of the release, and no other', t => {
	const {spec} = parse(krewManifest(checksums)) as {
		spec: {version: string; platforms: Array<{uri: string; sha256: string; selector: object}>};
	};
	t.is(spec.version, `v${manifest.version}`);
	t.deepEqual(
		spec.platforms.map(({uri, sha256, selector}) => [uri, sha256[0], selector]),
		[
			[`${downloadUrl}/${linux}`, 'a', {matchLabels: {os: 'linux', arch: 'amd64'}}],
			[`${downloadUrl}/${mac}`, 'b', {matchLabels: {os: 'darwin', arch: 'arm64'}}],
		],
	);
});

test('the Homebrew formula names each archive of the release, and no other', t => {
	const formula = homebrewFormula(checksums);
	t.deepEqual(
		[...formula.matchAll(/(?:on_(\w+) do|url "(.+)"|sha256 "(.)\w+")/g)].map(([, system, url, sha256]) => system ?? url ?? sha256),
		['linux', 'intel', `${downloadUrl}/${linux}`, 'a', 'macos', 'arm', `${downloadUrl}/${mac}`, 'b'],
	);
});

test('the Nix expression names the npm package', t => {
	t.regex(nixExpression(checksums), new RegExp(`url = "${downloadUrl}/${npmPackage}";\n    sha256 = "c{64}";`));
});

test('the release takes the Node that package.json installs', async t => {
	const installed = new URL('../../node_modules/node/package.json', import.meta.url);
	t.is((JSON.parse(await readFile(installed, 'utf8')) as {version: string}).version, nodeVersion);
});
