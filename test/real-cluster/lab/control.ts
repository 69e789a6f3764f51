/**
Controls a running lab: `node test/real-cluster/lab/control.ts [--state FOLDER] WHAT …`
kill-agents|freeze-agents|thaw-agents|remove-agents|restore-agents  grpc|http-connect|http-connect-tcp [NODE]
kill-tunnel|restore-tunnel  grpc|http-connect|http-connect-tcp
restart-apiserver POSTURE [FLAGS-OF-POSTURE] | freeze-apiserver POSTURE | thaw-apiserver POSTURE
stop-all-but [POSTURE|NODE]…: the base stays, too
*/
import {parseArgs} from 'node:util';
import * as faults from './faults.ts';
import type {TunnelMode} from './konnectivity.ts';
import {defaultFolder, readLab} from './lab.ts';
import {postureOf, type PostureName} from './postures.ts';
import {stopAllBut} from './stop.ts';

const {
	values,
	positionals: [what = '', ...names],
} = parseArgs({allowPositionals: true, options: {state: {type: 'string', default: defaultFolder()}}});
const lab = await readLab(values.state);
if (!lab) {
	throw new Error(`no lab in ${values.state}`);
}

const [which = '', more] = names;
const mode = which as TunnelMode;
const posture = which as PostureName;
const doings: Record<string, () => Promise<unknown>> = {
	'kill-agents': async () => faults.killAgents(lab, mode, more),
	'freeze-agents': async () => faults.freezeAgents(lab, mode, more),
	'thaw-agents': async () => faults.thawAgents(lab, mode, more),
	'remove-agents': async () => faults.removeAgents(lab, mode),
	'restore-agents': async () => faults.restoreAgents(lab, mode),
	'kill-tunnel': async () => faults.killTunnelServer(lab, mode),
	'restore-tunnel': async () => faults.restoreTunnelServer(lab, mode),
	'restart-apiserver': async () => faults.restartApiserver(lab, posture, more ? postureOf(more as PostureName) : {}),
	'freeze-apiserver': async () => faults.freezeApiserver(lab, posture),
	'thaw-apiserver': async () => faults.thawApiserver(lab, posture),
	'stop-all-but': async () => stopAllBut(lab, names),
};
const doing = doings[what];
if (!doing) {
	throw new Error(`unknown: ${what}; known: ${Object.keys(doings).join(' ')}`);
}

await doing();
