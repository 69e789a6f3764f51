/**
Starts a lab that stays: `node test/cluster/lab/up.ts [--state FOLDER] [--postures a,b] [--nodes n1,n2]`.
Asking again for more adds to the running lab. `down.ts` ends it.
*/
import process from 'node:process';
import {parseArgs} from 'node:util';
import {defaultFolder, openLab} from './lab.ts';
import type {NodeName} from './node.ts';
import {exclusively} from './one-at-a-time.ts';
import {base, type PostureName} from './postures.ts';
import {startBase, startPosture, startReadyNode} from './start.ts';

const {values} = parseArgs({options: {
	state: {type: 'string', default: defaultFolder()},
	postures: {type: 'string', default: base},
	nodes: {type: 'string', default: 'n1'},
}});
const lab = await openLab(values.state);
await exclusively(lab, async () => {
	await timed('base', startBase(lab));
	for (const node of values.nodes.split(',') as NodeName[]) {
		await timed(node, startReadyNode(lab, node));
	}

	await Promise.all((values.postures.split(',') as PostureName[]).map(async posture => timed(posture, startPosture(lab, posture))));
});
process.stdout.write(`kubeconfigs: ${lab.folder}/kubeconfigs/POSTURE-PERSON.yaml\n`);

async function timed(what: string, work: Promise<void>): Promise<void> {
	const start = Date.now();
	await work;
	process.stdout.write(`${what}: ${((Date.now() - start) / 1000).toFixed(1)} s\n`);
}
