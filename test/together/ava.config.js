/** `npm test`: the files that share a process stand for what they load. One file alone runs with the settings of package.json. */
import packageJson from '../../package.json' with {type: 'json'};
import {sharesProcess, testFiles} from './shared-files.ts';

const {ava: alone} = packageJson;

const config = {
	...alone,
	files: ['test/together/*.test.ts', ...testFiles().filter(path => !sharesProcess(path))],
	workerThreads: false,
};

export default config;
