/** What a release consists of. */
export const root = new URL('../../', import.meta.url).pathname;

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
