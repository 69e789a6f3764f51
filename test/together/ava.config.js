/** Ava settings of `npm test`. A single file runs with the settings of package.json instead. */
import packageJson from '../../package.json' with {type: 'json'};
import {sharesProcess, unitFiles} from './suite-files.ts';

const {ava: settings} = packageJson;

const config = {
	...settings,
	files: ['test/together/*.test.ts', ...unitFiles().filter(path => !sharesProcess(path))],
	workerThreads: false,
};

export default config;
