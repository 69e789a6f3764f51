/** The release suite: its tests share two dry runs. */
const config = {
	files: ['test/release/**/*.release.ts'],
	extensions: ['ts'],
	nodeArguments: ['--import=./test/support/test-process.ts'],
	serial: true,
	concurrency: 1,
	timeout: '10m',
	workerThreads: false,
};

export default config;
