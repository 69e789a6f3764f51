/** Removes a lab: `node test/real-cluster/lab/down.ts [--state FOLDER]`. */
import process from 'node:process';
import {parseArgs} from 'node:util';
import {defaultFolder, readLab} from './lab.ts';
import {stopLab} from './stop.ts';

const {values} = parseArgs({options: {state: {type: 'string', default: defaultFolder()}, 'keep-logs': {type: 'boolean', default: false}}});
const lab = await readLab(values.state);
if (lab) {
	await stopLab(lab, {keepLogs: values['keep-logs']});
} else {
	process.stderr.write(`no lab in ${values.state}\n`);
}
