/** `npm run test:slow`. */
import packageJson from '../../package.json' with {type: 'json'};
import {slowFiles} from './suite-files.ts';

const config = {...packageJson.ava, files: slowFiles, workerThreads: false};

export default config;
