/** The real-cluster suite: one test at a time, since they share one cluster and some of them break it. */
const config = {
	files: ['test/real-cluster/**/*.cluster.ts'],
	extensions: ['ts'],
	nodeArguments: ['--import=./test/support/test-process.ts'],
	serial: true,
	concurrency: 1,
	timeout: '10m',
	workerThreads: false,
};

export default config;
