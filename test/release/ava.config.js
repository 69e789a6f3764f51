/** The release suite: its tests share two dry runs. */
import clusterConfig from '../real-cluster/ava.config.js';

const config = {...clusterConfig, files: ['test/release/**/*.release.ts']};

export default config;
