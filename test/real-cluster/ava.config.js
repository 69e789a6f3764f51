/** The real-cluster suite: one file at a time, since they share one cluster and some of them break it. Tests that only wait run at once. */
const config = {
	files: ['test/real-cluster/**/*.cluster.ts'],
	extensions: ['ts'],
	nodeArguments: ['--import=./test/support/test-process.ts'],
	concurrency: 1,
	timeout: '10m',
	workerThreads: false,
};

export default config;
