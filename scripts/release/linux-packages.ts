/** Packages for Debian and RPM, written by nfpm. */
import {stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {execa} from 'execa';
import {goArch, manifest, type Platform} from './release-data.ts';
import {filesBelow} from './stage.ts';

/** Go checks the module and all that it needs against its checksum database. Later versions need modules that Go’s proxy refused. */
const nfpm = 'github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2';

/** Libraries that Node links, with the oldest version that Node supports. */
const needs = {
	deb: ['libc6 (>= 2.28)', 'libstdc++6 (>= 8.5)', 'libgcc-s1'],
	rpm: ['glibc >= 2.28', 'libstdc++', 'libgcc'],
};

type Target = {folder: string; scratch: string; date: Date};

/** Writes a deb and an rpm of `prefix` into `folder`, under the names that each kind of package usually has. */
export async function writeLinuxPackages(platform: Platform, prefix: string, {folder, scratch, date}: Target): Promise<void> {
	const config = join(scratch, 'nfpm.json');
	await writeFile(config, JSON.stringify({...about(platform, date), contents: await contentsOf(prefix)}));
	for (const packager of ['deb', 'rpm']) {
		await execa('go', ['run', nfpm, 'package', '--config', config, '--packager', packager, '--target', `${folder}/`], {
			env: {SOURCE_DATE_EPOCH: String(date.getTime() / 1000)},
		});
	}
}

/** @see https://nfpm.goreleaser.com/docs/configuration/ */
function about({arch}: Platform, date: Date) {
	return {
		name: manifest.name,
		arch: goArch[arch],
		platform: 'linux',
		version: manifest.version,
		release: '1',
		section: 'admin',
		maintainer: `${manifest.name} <${manifest.bugs.url}>`,
		description: manifest.description,
		homepage: manifest.homepage,
		license: manifest.license,
		mtime: date.toISOString(),
		overrides: {deb: {depends: needs.deb}, rpm: {depends: needs.rpm}},
		rpm: {buildhost: 'localhost', compression: 'gzip:6'},
		deb: {compression: 'gzip'},
	};
}

async function contentsOf(prefix: string) {
	const contents = (await filesBelow(prefix)).map(async path => {
		const file = join(prefix, path);
		return {src: file, dst: `/usr/${path}`, file_info: {mode: (await stat(file)).mode & 0o777}};
	});
	return [
		...(await Promise.all(contents)),
		// The name that Debian's policy wants.
		{
			src: join(prefix, 'share/doc', manifest.name, 'LICENSE'),
			dst: `/usr/share/doc/${manifest.name}/copyright`,
			packager: 'deb',
			file_info: {mode: 0o644},
		},
	];
}
