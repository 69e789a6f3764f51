/** `npm run test:program`. Its processes wait for the programs that they start, so more of them fit on the machine. */
import packageJson from '../../package.json' with {type: 'json'};
import {programFiles} from './suite-files.ts';

const config = {...packageJson.ava, files: programFiles(), workerThreads: false, concurrency: 5};

export default config;
