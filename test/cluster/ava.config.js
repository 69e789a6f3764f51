/** The real-cluster suite: one test at a time, since they share one cluster and some of them break it. */
const config = {
	files: ['test/cluster/**/*.cluster.ts'],
	extensions: ['ts'],
	nodeArguments: ['--import=tsx'],
	serial: true,
	concurrency: 1,
	timeout: '10m',
	workerThreads: false,
};

export default config;
