/** Rows that need attention. */
import test from 'ava';
import {nodePressure} from '../../../source/session/lists/problems.ts';
import {emptyList, reduceList, type ListEvent, type ListState} from '../../../source/session/lists/list-state.ts';
import {isProblem, servicesWithoutPods, withProblem} from '../../../source/session/lists/problems.ts';
import {listKinds, type ListName} from '../../../source/session/lists/list-kinds.ts';
import type {Row} from '../../../source/session/lists/table-rows.ts';
import {sessionOnSandbox} from '../../support/open-session.ts';

const cases: ReadonlyArray<readonly [ListName, string, readonly string[], boolean]> = [
	['pods', 'web', ['1/1', 'Running'], false],
	['pods', 'web', ['1/2', 'Running'], true],
	['pods', 'web', ['0/1', 'CrashLoopBackOff'], true],
	['pods', 'web', ['0/1', 'Pending'], true],
	['pods', 'web', ['0/1', 'Completed'], false],
	['workloads', 'deploy/web', ['3/3', '3', ''], false],
	['workloads', 'deploy/web', ['2/3', '3', ''], true],
	['workloads', 'deploy/web', ['0/0', '0', ''], false],
	['workloads', 'ds/agent', ['9/10', '', ''], true],
	['workloads', 'job/report', ['0/1', '', 'Running'], false],
	['workloads', 'job/report', ['0/1', '', 'Failed'], true],
	['workloads', 'cronjob/nightly', ['', '', '1 active'], false],
	['nodes', 'n1', ['Ready'], false],
	['nodes', 'n1', ['Ready,SchedulingDisabled'], false],
	['nodes', 'n1', ['NotReady'], true],
	['nodes', 'n1', ['Unknown'], true],
	['services', 'web', ['ClusterIP'], false],
	['events', 'web.1', ['3s', 'Warning'], true],
	['events', 'web.2', ['3s', 'Normal'], false],
];
for (const [list, name, cells, expected] of cases) {
	test(`${name} in ${list} with ${cells.filter(Boolean).join(' ')} is ${expected ? 'a problem' : 'no problem'}`, t => {
		t.is(isProblem(list, {name, cells}), expected);
	});
}

const podKind = (restarts: string, status = 'Running'): Row => {
	const cells = listKinds.pods.columns.map(({title}) => ({READY: '1/1', STATUS: status, RESTARTS: restarts})[title] ?? '');
	return {...row('web'), cells, readAt: 1_000_000};
};

for (const [restarts, status, until] of [
	['13 (24s ago)', 'Running', 1_276_000],
	['1 (4m59s ago)', 'Running', 1_001_000],
	['1 (5m ago)', 'Running', undefined],
	['3', 'Running', undefined],
	['2 (10s ago)', 'Completed', undefined],
] as const) {
	test(`a ${status} pod with ${restarts} restarts is ${until === undefined ? 'no problem' : 'a problem for a while'}`, t => {
		const {problem, problemUntil} = withProblem('pods', podKind(restarts, status));
		t.deepEqual([problem === true, problemUntil], [until !== undefined, until]);
	});
}

test('a pod that crashes in a loop stays a problem until 5 min after its last restart', t => {
	const crashing = withProblem('pods', podKind('13 (24s ago)'));
	const list = [
		{type: 'page', chunk: 'pods', rows: [crashing], first: true} as const,
		{type: 'problems'} as const,
		{type: 'expire', now: 1_275_999} as const,
	].reduce<ListState>((before, event) => reduceList(before, event), emptyList('pods'));
	t.is(list.visible.length, 1);
	t.is(reduceList(list, {type: 'expire', now: 1_276_000}).visible.length, 0);
});

test('a service is a problem if its slices have pods or none, and none is ready', t => {
	const cells = new Map([
		['web', '2/2'],
		['api', '0/2'],
		['empty', '0/0'],
	]);
	t.deepEqual([...servicesWithoutPods({namespace: 'demo', cells}).keys()], ['demo/api', 'demo/empty']);
});

test('a node is under pressure if a pressure condition holds', t => {
	const conditions = [
		{type: 'MemoryPressure', status: 'False'},
		{type: 'DiskPressure', status: 'True'},
		{type: 'Ready', status: 'True'},
	];
	t.deepEqual(nodePressure({status: {conditions}}), ['DiskPressure']);
});

const row = (name: string, problem = false): Row => ({
	id: name,
	namespace: 'demo',
	name,
	cells: [],
	created: 0,
	gone: null,
	...(problem && {problem: true}),
});
const page: ListEvent = {type: 'page', chunk: 'pods', rows: [row('a'), row('b', true), row('c'), row('d', true)], first: true};

const changed = (name: string, problem: boolean, now: number): ListEvent => ({
	type: 'changes',
	changes: [{chunk: 'pods', type: 'modified', row: row(name, problem)}],
	now,
});

const names = (events: readonly ListEvent[]): string =>
	events
		.reduce<ListState>((list, event) => reduceList(list, event), emptyList('pods'))
		.visible.map(({name}) => name)
		.join(' ');
const known = new Map([['demo/c', 'DiskPressure']]);

test('a problem does not mark an object of the same name in another cluster', t => {
	const ofContext = (context: string): ListEvent[] => [
		{type: 'phase', context, phase: {kind: 'live'}},
		{type: 'page', chunk: `${context}\npods`, rows: [{...row('c'), id: context, context}], first: true},
	];
	const list = [
		...ofContext('eu'),
		...ofContext('us'),
		{type: 'known-problems', context: 'us', known} as const,
		{type: 'problems'} as const,
	].reduce<ListState>((before, event) => reduceList(before, event), emptyList('pods'));
	t.deepEqual(
		list.visible.map(({context}) => context),
		['us'],
	);
	t.is(reduceList(list, {type: 'known-problems', context: 'us', known: null}).visible.length, 0);
});

for (const [title, events, shown] of [
	['rows with problems come first', [page], 'b d a c'],
	['problems that the table does not show come first too', [page, {type: 'known-problems', context: '', known}], 'b c d a'],
	['a row whose problem ended goes to its place in the order', [page, changed('b', true, 1000), changed('b', false, 2000)], 'd a b c'],
	['a chosen order has no problems first', [page, {type: 'reverse'}, {type: 'reverse'}], 'a b c d'],
	['only problems are shown', [page, {type: 'problems'}], 'b d'],
	[
		'only problems are shown, also unread ones, once they are known',
		[page, {type: 'problems'}, {type: 'known-problems', context: '', known}],
		'b c d',
	],
	['all rows are shown again', [page, {type: 'problems'}, {type: 'problems'}], 'b d a c'],
	['a problem that ends leaves the list of problems', [page, {type: 'problems'}, changed('b', false, 1)], 'd'],
] as ReadonlyArray<readonly [string, readonly ListEvent[], string]>) {
	test(`in a list, ${title}`, t => {
		t.is(names(events), shown);
	});
}

test('the problems key shows only problems, and all rows again', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/CrashLoopBackOff/);
	await session.sees(/1 problem first[\s\S]*▸ flaky-/);
	session.press('list.problems');
	await session.sees(/problems only: [01] of 8/);
	await session.loses(/ api-\w+-\w+ /);
	session.press('list.problems');
	await session.sees(/ api-\w+-\w+ /);
	session.press('view.nodes', 'list.problems');
	await session.sees(/No problems among the nodes in this cluster\. {2}! all rows/);
});
