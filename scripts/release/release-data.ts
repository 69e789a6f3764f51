/** What a release consists of. */
import {readFileSync} from 'node:fs';

type Manifest = {
	name: string;
	version: string;
	description: string;
	license: string;
	homepage: string;
	repository: {url: string};
	bugs: {url: string};
	/** The names of the program: its own, and those of a kubectl plugin and its completion. */
	bin: Readonly<Record<string, string>>;
};

export const root = new URL('../../', import.meta.url).pathname;
export const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Manifest;

/** Where the files of this release are published, below the repository of package.json. */
export const downloadUrl = `${manifest.repository.url.replace(/^git\+/, '').replace(/\.git$/, '')}/releases/download/v${manifest.version}`;

/** Name of the npm package as `npm pack` gives it. */
export const npmPackage = `${manifest.name}-${manifest.version}.tgz`;

export type Platform = {
	/** As `process.platform` and `process.arch`. */
	os: 'linux' | 'darwin';
	arch: 'x64' | 'arm64';
	/** SHA-256 of the Node that becomes the single executable; null if it has not been seen. */
	nodeSha256: string | null;
};

/** The Node of the tests; `node` in package.json installs it. */
export const nodeVersion = '24.21.0';

export const platforms: readonly Platform[] = [
	{
		os: 'linux',
		arch: 'x64',
		nodeSha256: '7fde7b8afa198da66257f42ee2001d874c7355631e6d1579a5fb5ef1f246df4c',
	},
	{
		os: 'linux',
		arch: 'arm64',
		nodeSha256: '0f8949d1028f6d61506b2d5bc57e7e6fe893d7b1997509b7847294fc9c616584',
	},
	{os: 'darwin', arch: 'x64', nodeSha256: null},
	{os: 'darwin', arch: 'arm64', nodeSha256: null},
];

/** `process.arch` → Go's name, which nfpm, krew and container images use. */
export const goArch = {x64: 'amd64', arm64: 'arm64'} as const;

/** Name of an archive's folder, and of the archive without its suffix. */
export function archiveName({os, arch}: Platform): string {
	return `${manifest.name}-${manifest.version}-${os}-${arch}`;
}
