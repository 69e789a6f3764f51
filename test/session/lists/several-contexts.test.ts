/** The rows of several clusters in one list. */
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {openContexts, shareContexts} from '../../support/sandbox.ts';
import {newHome} from '../../support/sandbox-session.ts';
import {openTerminal, type TerminalOptions} from '../../support/terminal.ts';

const contexts = shareContexts(test, {eu: {}, us: {}});

async function openSession(t: ExecutionContext, argv: readonly string[], options: Partial<TerminalOptions> = {}) {
	const terminal = await openTerminal(t, argv, {home: await newHome(t), env: contexts.env, ...options});
	await terminal.sees(/ contexts/);
	// A pod of this name is in both clusters.
	terminal.type('/db-0\r');
	await terminal.sees(/eu +db-0 .*Running[^]*us +db-0 .*Running/);
	return terminal;
}

test('a context that is down or broken has a row with its error beside those of the others', async t => {
	const terminal = await openSession(t, ['--context', 'eu,us,down,broken']);
	await terminal.sees(/spoke {2}4 contexts, 2 down › /);
	await terminal.sees(/CONTEXT +NAME[^]* down +the apiserver https:\/\/127\.0\.0\.1:1 cannot be/);
	await terminal.sees(/ broken +invalid configuration: /);
	terminal.press('move.start', 'shell');
	await terminal.sees(/(?:down|broken) cannot be read: /);
	terminal.press('why');
	await terminal.sees(/Why├ list of pods on (?:down|broken)/);
});

test('the selected row decides the cluster of a path, details, YAML, a tail and a shell', async t => {
	const terminal = await openSession(t, ['--context', 'eu,us'], {columns: 200, rows: 50});
	for (const [context, key] of [
		['us', 'move.end'],
		['eu', 'move.start'],
	] as const) {
		terminal.press(key);
		await terminal.sees(new RegExp(`2 contexts › ${context} › default[^]*▸ ${context} +db-0[^]*Path to db-0 on ${context}`));
		terminal.press('list.details');
		await terminal.sees(new RegExp(`Details├ pod/db-0 on ${context} `));
		terminal.press('view.back', 'list.yaml');
		await terminal.sees(new RegExp(`YAML├ pod/db-0 on ${context} `));
		terminal.press('view.back', 'doctor');
		await terminal.sees(new RegExp(`Doctor├ default › pod/db-0 on ${context} `));
		terminal.press('view.back', 'logs');
		await terminal.sees(new RegExp(`Tail pod/db-0├ on ${context} `));
		terminal.press('view.back', 'shell');
		await terminal.sees(new RegExp(`shell in ${context} default/db-0, container db[^]*/ # $`, 'm'));
		terminal.type('exit 0\r');
		await terminal.sees(new RegExp(`shell in ${context} [^]*any other key: back to the pods`));
		terminal.type(' ');
		await terminal.sees(new RegExp(`▸ ${context} +db-0`));
	}
});

test('a typed target needs one context, a tail does not, and :ctx chooses them', async t => {
	const terminal = await openSession(t, ['--context', 'eu,us'], {columns: 120});
	terminal.type(':shell pod/db-0\r');
	await terminal.sees(/which of 2 contexts is meant is unknown/);
	terminal.type(':tail pod/db-0\r');
	await terminal.sees(/Tail pod\/db-0├.* eu, us /);
	terminal.press('view.back');
	terminal.type(':tail pod/none\r');
	await terminal.sees(/Tail pod\/none├/);
	terminal.press('doctor');
	await terminal.sees(/no pod of this tail was found yet/);
	terminal.press('view.back');
	terminal.type(':ctx us,us\r');
	await terminal.loses(/CONTEXT/);
	await terminal.sees(/▸ db-0 /);
	terminal.type(':ctx eu,us\r');
	await terminal.sees(/2 contexts › [^]*CONTEXT +NAME/);
});

test('a context that cannot be opened at first is read when its file is there', async t => {
	const {kubeconfigFile, env} = await openContexts(t, {eu: {}, us: {}});
	const home = await newHome(t);
	const caFile = join(home, 'ca.pem');
	const config = JSON.parse(await readFile(kubeconfigFile, 'utf8')) as {clusters: Array<{name: string; cluster: Record<string, string>}>};
	const us = config.clusters.find(({name}) => name === 'us')!;
	const {'certificate-authority-data': ca = '', ...cluster} = us.cluster;
	us.cluster = {...cluster, 'certificate-authority': caFile};
	await writeFile(kubeconfigFile, JSON.stringify(config));
	const terminal = await openTerminal(t, ['--context', 'eu,us'], {home, env, columns: 140});
	await terminal.sees(/2 contexts, 1 down[^]*▸? us +invalid configuration: [^\n]* r retry {2}w why/);
	terminal.press('move.start', 'list/retry');
	await terminal.sees(/retrying us …/);
	await writeFile(caFile, Buffer.from(ca, 'base64'));
	terminal.type('/db-0\r');
	await terminal.sees(/eu +db-0 .*Running[^]*us +db-0 .*Running/);
	await terminal.loses(/ down/);
});

test('services of several contexts show the Ready pods of each cluster', async t => {
	const {env} = await openContexts(t, {eu: {}, us: {user: 'cleo'}});
	const terminal = await openTerminal(t, ['--context', 'eu,us'], {home: await newHome(t), env, columns: 120});
	await terminal.sees(/ 2 contexts/);
	terminal.press('view.services');
	await terminal.sees(/CONTEXT +NAME[^\n]* PODS/);
	await terminal.sees(/eu +web +ClusterIP [^\n]* 2\/2 /);
	// The user of the other cluster cannot read EndpointSlices.
	await terminal.sees(/us +web +ClusterIP [^\n]* \? /);
	terminal.press('list.problems');
	await terminal.sees(/problems only: 0 of \d+ \(endpoints of us were not read\)/);
});

test('the pressure of nodes is read in each of several contexts', async t => {
	const terminal = await openSession(t, ['--context', 'eu,us'], {columns: 120});
	terminal.press('view.nodes', 'list.problems');
	await terminal.sees(/No problems among the nodes in these 2 clusters\. {2}/);
});

test('enter on an event shows its object in the cluster of the event alone', async t => {
	const terminal = await openSession(t, ['--context', 'eu,us'], {columns: 120, rows: 40});
	terminal.type(':ev\r');
	await terminal.sees(/events: \d+[^]* eu +\d+s +Normal[^]* us +\d+s +Normal/);
	// A regular expression is matched over all cells, and the context is the first.
	terminal.type('/~^us$.*pod/db-0\r');
	await terminal.sees(/filter: ~[^]*▸ us +\d+s +Normal +\w+ +pod\/db-0/);
	terminal.press('open');
	await terminal.sees(/2 contexts › us › [^]*┤1 Pods 1├[^]* pod\/db-0 [^]*▸ db-0 +1\/1[^]*Path to db-0 on us/);
	terminal.press('view.back');
	await terminal.sees(/filter: ~[^]*▸ us +\d+s +Normal +\w+ +pod\/db-0/);
});

test('the rows of an apiserver that goes down stand, below its error, until it returns', async t => {
	const {sandboxes, env} = await openContexts(t, {here: {}, away: {}});
	const terminal = await openTerminal(t, ['--all-contexts'], {home: await newHome(t), env});
	terminal.type('/db-0\r');
	await terminal.sees(/away +db-0 .*Running[^]*here +db-0 .*Running/);
	const back = Promise.withResolvers<void>();
	const restarted = sandboxes.away.faults.restartApiserver({until: back.promise});
	await terminal.sees(/ away +the apiserver [^]*away +db-0 .*Running[^]*here +db-0 .*Running/);
	back.resolve();
	await restarted;
	await terminal.loses(/ away +the apiserver /, 60_000);
	await terminal.sees(/away +db-0 .*Running[^]*here +db-0 .*Running/);
});
