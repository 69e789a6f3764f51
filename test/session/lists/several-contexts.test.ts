/** The rows of several clusters in one list. */
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {newHome} from '../../support/new-home.ts';
import {openSession, type SessionOptions} from '../../support/open-session.ts';
import {openContexts, shareContexts} from '../../support/sandbox.ts';

const contexts = shareContexts(test, {eu: {}, us: {}});

async function openBoth(t: ExecutionContext, argv: readonly string[], options: Partial<SessionOptions> = {}) {
	const session = await openSession(t, argv, {home: await newHome(t), env: contexts.env, ...options});
	await session.sees(/ contexts/);
	// A pod of this name is in both clusters.
	session.type('/db-0\r');
	await session.sees(/eu +db-0 .*Running[^]*us +db-0 .*Running/);
	return session;
}

test('a context that is down or broken has a row with its error beside those of the others', async t => {
	const session = await openBoth(t, ['--context', 'eu,us,down,broken']);
	await session.sees(/spoke {2}4 contexts, 2 down › /);
	await session.sees(/CONTEXT +NAME[^]* down +the apiserver https:\/\/127\.0\.0\.1:1 cannot be/);
	await session.sees(/ broken +invalid configuration: /);
	session.press('move.start', 'shell');
	await session.sees(/(?:down|broken) cannot be read: /);
	session.press('why');
	await session.sees(/Why├ list of pods on (?:down|broken)/);
});

test('the selected row decides the cluster of a path, details, YAML, a tail and a shell', async t => {
	const session = await openBoth(t, ['--context', 'eu,us'], {columns: 200, rows: 50});
	for (const [context, key] of [
		['us', 'move.end'],
		['eu', 'move.start'],
	] as const) {
		session.press(key);
		await session.sees(new RegExp(`2 contexts › ${context} › default[^]*▸ ${context} +db-0[^]*\\n you ━`));
		session.press('list.details');
		await session.sees(new RegExp(`Details├ pod/db-0 on ${context} `));
		session.press('view.back', 'list.yaml');
		await session.sees(new RegExp(`YAML├ pod/db-0 on ${context} `));
		session.press('view.back', 'doctor');
		await session.sees(new RegExp(`Doctor├ default › pod/db-0 on ${context} `));
		session.press('view.back', 'logs');
		await session.sees(new RegExp(`Tail pod/db-0├ on ${context} `));
		session.press('view.back', 'shell');
		await session.sees(new RegExp(`shell in ${context} default/db-0, container db[^]*/ # $`, 'm'));
		session.type('exit 0\r');
		await session.sees(new RegExp(`▸ ${context} +db-0[^]*shell terminated with exit code 0`));
	}
});

test('a typed target needs one context, a tail does not, and :ctx chooses them', async t => {
	const session = await openBoth(t, ['--context', 'eu,us'], {columns: 120});
	session.type(':shell pod/db-0\r');
	await session.sees(/which of 2 contexts is meant is unknown/);
	session.type(':tail pod/db-0\r');
	await session.sees(/Tail pod\/db-0├.* eu, us /);
	session.press('view.back');
	session.type(':tail pod/none\r');
	await session.sees(/Tail pod\/none├/);
	session.press('doctor');
	await session.sees(/no pod of this tail was found yet/);
	session.press('view.back');
	session.type(':ctx us,us\r');
	await session.loses(/CONTEXT/);
	await session.sees(/▸ db-0 /);
	session.type(':ctx eu,us\r');
	await session.sees(/2 contexts › [^]*CONTEXT +NAME/);
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
	const session = await openSession(t, ['--context', 'eu,us'], {home, env, columns: 140});
	await session.sees(/2 contexts, 1 down[^]*▸? us +invalid configuration: [^\n]* r retry {2}w why/);
	session.press('move.start', 'list/retry');
	await session.sees(/retrying us …/);
	await writeFile(caFile, Buffer.from(ca, 'base64'));
	session.type('/db-0\r');
	await session.sees(/eu +db-0 .*Running[^]*us +db-0 .*Running/);
	await session.loses(/ down/);
});

test('services of several contexts show the Ready pods of each cluster', async t => {
	const {env} = await openContexts(t, {eu: {}, us: {user: 'cleo'}});
	const session = await openSession(t, ['--context', 'eu,us'], {home: await newHome(t), env, columns: 120});
	await session.sees(/ 2 contexts/);
	session.press('view.services');
	await session.sees(/CONTEXT +NAME[^\n]* PODS/);
	await session.sees(/eu +web +ClusterIP [^\n]* 2\/2 /);
	// The user of the other cluster cannot read EndpointSlices.
	await session.sees(/us +web +ClusterIP [^\n]* \? /);
	session.press('list.problems');
	await session.sees(/problems only: 0 of \d+ \(endpoints of us were not read\)/);
});

test('the pressure of nodes is read in each of several contexts', async t => {
	const session = await openBoth(t, ['--context', 'eu,us'], {columns: 120});
	session.press('view.nodes', 'list.problems');
	await session.sees(/No problems among the nodes in these 2 clusters\. {2}/);
});

test('enter on an event shows its object in the cluster of the event alone', async t => {
	const session = await openBoth(t, ['--context', 'eu,us'], {columns: 120, rows: 40});
	session.type(':ev\r');
	// Which of them has the newest events changes with time.
	await session.sees(/events: \d+[^]* eu +\d+s +(?:Normal|Warning)/);
	await session.sees(/ us +\d+s +(?:Normal|Warning)/);
	// A regular expression is matched over all cells, and the context is the first.
	session.type('/~^us$.*pod/db-0\r');
	await session.sees(/filter: ~[^]*▸ us +\d+s +Normal +\w+ +pod\/db-0/);
	session.press('open');
	await session.sees(/2 contexts › us › [^]*┤1 Pods 1├[^]* pod\/db-0 [^]*▸ db-0 +1\/1[^]*\n you ━/);
	session.press('view.back');
	await session.sees(/filter: ~[^]*▸ us +\d+s +Normal +\w+ +pod\/db-0/);
});

test('the rows of an apiserver that goes down stand, below its error, until it returns', async t => {
	const {sandboxes, env} = await openContexts(t, {here: {}, away: {}});
	const session = await openSession(t, ['--all-contexts'], {home: await newHome(t), env});
	session.type('/db-0\r');
	await session.sees(/away +db-0 .*Running[^]*here +db-0 .*Running/);
	const back = Promise.withResolvers<void>();
	const restarted = sandboxes.away.faults.restartApiserver({until: back.promise});
	await session.sees(/ away +the apiserver [^]*away +db-0 .*Running[^]*here +db-0 .*Running/);
	back.resolve();
	await restarted;
	await session.loses(/ away +the apiserver /, 60_000);
	await session.sees(/away +db-0 .*Running[^]*here +db-0 .*Running/);
});
