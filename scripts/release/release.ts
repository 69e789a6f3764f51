/**
`npm run release -- --dry-run` writes the files of a release into `dist/`. It publishes nothing; `.github/workflows/release.yml` does.
Without `--dry-run`, the commit must have the tag of its version. A program is built where it runs, so the workflow runs `--only platform`
on each platform, collects the files, and adds the others with `--only shared`.
*/
import {mkdir, mkdtemp, readdir, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {parseArgs} from 'node:util';
import {execa} from 'execa';
import {sha256Of, writeArchive} from './archive.ts';
import {catalogs, type Checksums} from './catalogs.ts';
import {writeImage} from './container.ts';
import {writeLinuxPackages} from './linux-packages.ts';
import {archiveName, manifest, platforms, root} from './release-data.ts';
import {writeSbom} from './sbom.ts';
import {buildSingleExecutable} from './single-executable.ts';
import {stageFiles} from './stage.ts';

const checksumFile = 'SHA256SUMS';

const {values: options} = parseArgs({
	options: {
		'dry-run': {type: 'boolean', default: false},
		only: {type: 'string'},
	},
});
if (![undefined, 'platform', 'shared'].includes(options.only)) {
	throw new Error('--only takes platform or shared');
}

const folder = join(root, 'dist');

if (!options['dry-run']) {
	await checkTag();
}

if (options.only !== 'shared') {
	await rm(folder, {recursive: true, force: true});
	await mkdir(folder);
	await writePlatformFiles(await dateOfCommit());
}

if (options.only !== 'platform') {
	await execa('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], {cwd: root});
	await writeCatalogs();
}

await printFiles();

async function writePlatformFiles(date: Date): Promise<void> {
	const platform = platforms.find(({os, arch}) => os === process.platform && arch === process.arch);
	if (!platform) {
		throw new Error(`no release for ${process.platform} ${process.arch}`);
	}

	const scratch = await mkdtemp(join(tmpdir(), 'spoke-release-'));
	try {
		const program = join(scratch, manifest.name);
		await buildSingleExecutable(platform, join(scratch, 'program'), program);
		const prefix = join(scratch, 'prefix');
		await stageFiles(program, prefix);
		const name = archiveName(platform);
		await writeArchive(join(folder, `${name}.tar.gz`), prefix, {prefix: name, date, compressed: true});
		await writeSbom(join(folder, `${name}.cdx.json`));
		if (platform.os === 'linux') {
			await writeLinuxPackages(platform, prefix, {folder, scratch, date});
			await writeImage(platform, program, {file: join(folder, `${name}.oci.tar`), scratch, date});
		}
	} finally {
		await rm(scratch, {recursive: true});
	}
}

async function writeCatalogs(): Promise<void> {
	const checksums = await checksumsOf(await releaseFiles());
	for (const [name, render] of Object.entries(catalogs)) {
		await writeFile(join(folder, name), render(checksums));
	}

	const lines = [...(await checksumsOf(await releaseFiles()))].map(([name, sha256]) => `${sha256}  ${name}\n`);
	await writeFile(join(folder, checksumFile), lines.join(''));
}

async function printFiles(): Promise<void> {
	for (const [name, sha256] of await checksumsOf(await releaseFiles())) {
		const {size} = await stat(join(folder, name));
		process.stdout.write(`${sha256}  ${size.toLocaleString('en-US').padStart(11)} B  ${name}\n`);
	}
}

async function releaseFiles(): Promise<string[]> {
	return (await readdir(folder)).filter(name => name !== checksumFile).toSorted();
}

async function checksumsOf(names: readonly string[]): Promise<Checksums> {
	return new Map(await Promise.all(names.map(async name => [name, await sha256Of(join(folder, name))] as const)));
}

/** Times in archives, so that the same commit gives the same bytes. @see https://reproducible-builds.org/specs/source-date-epoch/ */
async function dateOfCommit(): Promise<Date> {
	const seconds = process.env['SOURCE_DATE_EPOCH'] ?? (await execa('git', ['log', '-1', '--format=%ct'], {cwd: root})).stdout;
	return new Date(Number(seconds) * 1000);
}

/** @throws Error unless the commit has the tag of package.json's version, and nothing is changed */
async function checkTag(): Promise<void> {
	const {stdout: tags} = await execa('git', ['tag', '--points-at', 'HEAD'], {cwd: root});
	const {stdout: changes} = await execa('git', ['status', '--porcelain'], {cwd: root});
	if (!tags.split('\n').includes(`v${manifest.version}`) || changes !== '') {
		throw new Error(`a release needs the tag v${manifest.version} on a clean tree; without them, use --dry-run`);
	}
}
