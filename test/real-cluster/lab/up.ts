/**
Starts or extends a lab that stays until `down.ts`: `node test/real-cluster/lab/up.ts [--state FOLDER] [--postures a,b] [--nodes n2,n3]
[--balancer] [--gateway POSTURE] [--impersonator POSTURE] [--twin POSTURE]`.
*/
import process from 'node:process';
import {parseArgs} from 'node:util';
import {defaultFolder, openLab} from './lab.ts';
import {nodes, type NodeName} from './node.ts';
import {base, postures, type PostureName} from './postures.ts';
import {startProfile} from './profile.ts';

const {values} = parseArgs({
	options: {
		state: {type: 'string', default: defaultFolder()},
		postures: {type: 'string', default: base},
		nodes: {type: 'string', default: 'n1'},
		balancer: {type: 'boolean', default: false},
		gateway: {type: 'string'},
		impersonator: {type: 'string'},
		twin: {type: 'string'},
	},
});
const started = Date.now();
const lab = await openLab(values.state);
await startProfile(lab, {
	postures: known<PostureName>('posture', values.postures, postures),
	nodes: known<NodeName>('node', values.nodes, nodes),
	balancer: values.balancer,
	gateway: values.gateway === undefined ? undefined : known<PostureName>('posture', values.gateway, postures)[0],
	impersonator: values.impersonator === undefined ? undefined : known<PostureName>('posture', values.impersonator, postures)[0],
	twin: values.twin === undefined ? undefined : known<PostureName>('posture', values.twin, postures)[0],
});
process.stdout.write(
	`ready after ${((Date.now() - started) / 1000).toFixed(1)} s; kubeconfigs: ${lab.folder}/kubeconfigs/POSTURE-PERSON.yaml\n`,
);

function known<Name extends string>(what: string, list: string, table: Record<Name, unknown>): Name[] {
	const names = list.split(',');
	const unknown = names.find(name => !(name in table));
	if (unknown !== undefined) {
		throw new Error(`no ${what} ${unknown}; there are ${Object.keys(table).join(', ')}`);
	}

	return names as Name[];
}
