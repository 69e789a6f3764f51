/** Ava settings of `npm test`. A single file runs with the settings of package.json instead. */
import packageJson from '../../package.json' with {type: 'json'};
import {sharesProcess, slowFiles, testFiles} from './shared-files.ts';

const {ava: settings} = packageJson;

const config = {
	...settings,
	files: ['test/together/*.test.ts', ...testFiles().filter(path => !sharesProcess(path) && !slowFiles.includes(path))],
	workerThreads: false,
};

export default config;
