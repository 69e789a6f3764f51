/** `spoke mcp` on a real cluster, as an administrator and as a user with few permissions. */
import test from 'ava';
import type {Doctor} from '../../source/evidence/doctor/doctor-object.ts';
import type {Audit} from '../../source/evidence/audit/audit-object.ts';
import {startMcp, type ToolCallResult} from '../support/mcp-client.ts';
import {useCluster} from './support/cluster.ts';

const cluster = await useCluster({postures: ['good-direct']});

function objectsOf({result}: ToolCallResult): ReadonlyArray<Record<string, unknown>> {
	return result!.clusterData.objects;
}

test.serial('an administrator lists, reads and checks, each with its path', async t => {
	const {call} = await startMcp(t, [], {KUBECONFIG: cluster.kubeconfig('good-direct')});
	const listed = objectsOf(await call('list'));
	const names = await cluster.kubectl('good-direct', 'get pods -o name');
	t.deepEqual(
		listed
			.slice(1)
			.map(({name}) => `pod/${name as string}`)
			.sort(),
		names.stdout.trimEnd().split('\n').sort(),
	);
	t.is(listed[0]!['line'], 'path: you -verified-> apiserver');

	const logs = await call('logs', {target: 'finished-writer', tail: 3});
	const {stdout} = await cluster.kubectl('good-direct', 'logs finished-writer --tail=3');
	t.is(
		objectsOf(logs)
			.map(({text}) => `${text as string}\n`)
			.join(''),
		stdout,
	);
	t.like(logs.result!.clusterData.paths[0], {
		feature: 'logs',
		about: 'open-connection',
		legs: [{tls: {state: 'verified', basis: 'proven'}}, {tls: {state: 'verified'}}],
	});

	const [path] = objectsOf(await call('path', {target: 'writer', feature: ['exec']}));
	t.like(path, {kind: 'Path', about: 'configuration', legs: [{n: 1}, {n: 2, tls: {state: 'enforced'}}]});
	const [doctor] = objectsOf(await call('doctor', {target: 'writer'})) as unknown as [Doctor];
	t.deepEqual(
		doctor.steps.map(({name, status}) => [name, status]).filter(([, status]) => status !== 'ok' && status !== 'note'),
		[['leg-2', 'unknown']],
	);
	const [audit] = objectsOf(await call('audit')) as unknown as [Audit];
	t.like(audit, {kind: 'Audit', probe: 'passive'});
	t.like(
		audit.rows.find(({id}) => id === 'C4'),
		{verdict: 'pass'},
	);
});

test.serial('a user with few permissions gets what is allowed, and clear errors for the rest', async t => {
	const {call} = await startMcp(t, [], {KUBECONFIG: cluster.kubeconfig('good-direct', 'plain')});
	const logs = await call('logs', {target: 'finished-writer', tail: 1});
	t.false(logs.isError, logs.text);
	t.is(objectsOf(logs).length, 1);
	const nodes = await call('list', {kind: 'nodes'});
	t.true(nodes.isError);
	t.like(nodes.result, {exitStatus: 7, code: 'ERR_FORBIDDEN', clusterData: {error: {leg: 1}}});
	const audit = await call('audit');
	t.false(audit.isError, audit.text);
	const {rows} = objectsOf(audit)[0] as unknown as Audit;
	t.like(
		rows.find(({id}) => id === 'C4'),
		{verdict: 'unknown', basis: 'unknown'},
	);
});
