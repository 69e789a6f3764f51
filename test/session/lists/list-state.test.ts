/** Lists: visible rows and selection. */
import test from 'ava';
import {listKinds} from '../../../source/session/lists/list-kinds.ts';
import {
	listNamespace,
	selectedRow,
	selectionFor,
	emptyList,
	deletedRowMs,
	orderHoldMs,
	reduceList,
	type ListEvent,
	type ListState,
} from '../../../source/session/lists/list-state.ts';
import {parseRowFilter} from '../../../source/session/lists/row-filter.ts';
import type {Row} from '../../../source/session/lists/table-rows.ts';

const row = (name: string, cells: readonly string[] = ['1/1', 'Running', '0', 'n1', ''], id = `uid-${name}`): Row => ({
	id,
	namespace: 'default',
	name,
	cells,
	created: 0,
	gone: null,
});
const run = (...events: ListEvent[]): ListState => {
	let list = emptyList('pods');
	for (const event of events) {
		list = reduceList(list, event);
	}

	return list;
};

const page = (...names: string[]): ListEvent => ({type: 'page', chunk: 'pods', rows: names.map(name => row(name)), first: true});
const names = (list: ListState) => list.visible.map(({name}) => name);
const change = (type: 'added' | 'modified' | 'deleted', one: Row, now = 0): ListEvent => ({
	type: 'changes',
	changes: [{chunk: 'pods', type, row: one}],
	now,
});

test('new rows are sorted by name', t => {
	t.deepEqual(names(run(page('a', 'c'), change('added', row('b')), change('added', row('d')))), ['a', 'b', 'c', 'd']);
});

test('a list begins with nothing chosen, and loses the rows of a resource that is cleared', t => {
	t.like(emptyList('pods'), {selector: '', cursorIndex: 0, problemsOnly: false});
	t.is(reduceList(run(page('a', 'b')), {type: 'clear', resource: 'pods'}).total, 0);
});

test('the cursor stays within the rows, and a window of the same height changes nothing', t => {
	const list = run(page('a', 'b'), {type: 'move', by: 9});
	t.is(selectedRow(list)?.name, 'b');
	t.is(reduceList(list, {type: 'window', rows: list.windowRows}), list);
});

test('the cursor stays on the first row until the first move', t => {
	const list = run(page('m'), change('added', row('a')));
	t.is(selectedRow(list)?.name, 'a');
});

test('the cursor keeps its object and screen position when rows arrive before it', t => {
	const list = run({type: 'window', rows: 4}, page('c', 'd', 'e', 'f', 'g', 'h'), {type: 'move', by: 4});
	const place = list.cursorIndex - list.top;
	const after = reduceList(reduceList(list, change('added', row('a'))), change('added', row('b')));
	t.is(selectedRow(after)?.name, 'g');
	t.is(after.cursorIndex - after.top, place);
});

test('scrolling moves the window and keeps the cursor in it', t => {
	const rows = page('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
	const down = run({type: 'window', rows: 3}, rows, {type: 'scroll', by: 3, now: 0});
	t.deepEqual([down.top, selectedRow(down)?.name], [3, 'd']);
	const back = reduceList(down, {type: 'scroll', by: -2, now: 0});
	t.deepEqual([back.top, selectedRow(back)?.name], [1, 'd']);
	const end = reduceList(back, {type: 'scroll', by: 30, now: 0});
	t.deepEqual([end.top, selectedRow(end)?.name], [5, 'f']);
	t.is(reduceList(end, {type: 'scroll', by: -30, now: 0}).top, 0);
});

test('the row that a filter found stays selected without the filter', t => {
	const list = run(page('api', 'flaky', 'web'), {type: 'filter', text: 'f'}, {type: 'filter', text: 'fl'}, {type: 'filter', text: ''});
	t.deepEqual([names(list), selectedRow(list)?.name], [['api', 'flaky', 'web'], 'flaky']);
	t.is(selectedRow(run(page('api', 'flaky', 'web'), {type: 'filter', text: 'a'}, {type: 'filter', text: 'we'}))?.name, 'web');
});

test('the row that a filter without matches hid is selected again without the filter', t => {
	const hidden = run(page('a', 'b', 'c'), {type: 'move', by: 2}, {type: 'filter', text: 'zzz'});
	t.is(selectedRow(hidden), null);
	t.deepEqual(reduceList(hidden, {type: 'mark'}).marked, new Set());
	t.is(selectedRow(reduceList(hidden, {type: 'filter', text: ''}))?.name, 'c');
});

test('each typed filter starts from the row that was selected before it', t => {
	const list = run({type: 'window', rows: 2}, page('a', 'b1', 'b2', 'c'), {type: 'move', by: 2});
	const from = selectionFor(list);
	const typed = ['b1', '', 'zzz'].reduce((now, text) => reduceList(now, {type: 'filter', text, from}), list);
	const back = reduceList(typed, {type: 'filter', text: '', from});
	t.deepEqual([selectedRow(back)?.name, back.top], ['b2', list.top]);
	t.is(selectedRow(reduceList(typed, {type: 'filter', text: 'b', from}))?.name, 'b2');
});

test('filter and sort keep the selected object, if it is still visible', t => {
	const list = run(page('api-1', 'api-2', 'web-1', 'web-2'), {type: 'move', by: 3});
	const filtered = reduceList(list, {type: 'filter', text: 'web'});
	t.deepEqual(names(filtered), ['web-1', 'web-2']);
	t.is(selectedRow(filtered)?.name, 'web-2');
	t.is(selectedRow(reduceList(list, {type: 'reverse'}))?.name, 'web-2');
});

test('a deleted row that is still visible is not counted', t => {
	const list = run(page('a', 'b', 'c'), {type: 'move', by: 1}, change('deleted', row('b'), 1000));
	t.deepEqual([list.total, list.visible.length], [2, 3]);
	t.is(reduceList(list, {type: 'clear', resource: 'services'}).total, 2);
});

test('a deleted selected row stays visible until the cursor leaves it or a timeout', t => {
	const list = run(page('a', 'b', 'c'), {type: 'move', by: 1}, change('deleted', row('b'), 1000));
	t.is(selectedRow(list)?.name, 'b');
	t.is(selectedRow(list)?.gone, 1000);
	t.deepEqual(names(reduceList(list, {type: 'move', by: 1})), ['a', 'c']);
	t.deepEqual(names(reduceList(list, {type: 'expire', now: 1000 + deletedRowMs - 1})), ['a', 'b', 'c']);
	const expired = reduceList(list, {type: 'expire', now: 1000 + deletedRowMs});
	t.deepEqual(names(expired), ['a', 'c']);
	t.is(selectedRow(expired)?.name, 'c');
});

test('a new pod of the same name is another object, but a row without uid is the same', t => {
	const replaced = run(
		page('db-0'),
		{type: 'move', by: 0},
		change('deleted', row('db-0')),
		change('added', row('db-0', undefined, 'uid-new')),
	);
	t.is(selectedRow(replaced)?.id, 'uid-new');
	const bare = run(
		{type: 'page', chunk: 'pods', rows: [row('a', undefined, 'default/a')], first: true},
		change('modified', row('a', ['0/1', 'Error', '1', 'n1', ''], 'uid-a')),
	);
	t.is(selectedRow(bare)?.id, 'default/a');
	t.is(selectedRow(bare)?.cells[1], 'Error');
});

test('the first page of a new list replaces the rows', t => {
	const list = run(page('a', 'b'), page('c'), {type: 'page', chunk: 'pods', rows: [row('d')], first: false});
	t.deepEqual(names(list), ['c', 'd']);
});

const filters: ReadonlyArray<readonly [string, readonly string[]]> = [
	['', ['api', 'db-0', 'web']],
	['B', ['db-0', 'web']],
	['!b', ['api']],
	['~^default/(api|web)', ['api', 'web']],
	['!~-\\d', ['api', 'web']],
	['~^w', ['web']],
	['~b$', ['web']],
	['~^0/1$', ['web']],
	['~^w.*back', ['web']],
	['crash', ['web']],
	['-l app=x', ['api', 'db-0', 'web']],
];
for (const [text, expected] of filters) {
	test(`the filter ${JSON.stringify(text)} shows ${expected.join(', ') || 'nothing'}`, t => {
		const list = run(
			{type: 'page', chunk: 'pods', rows: [row('api'), row('db-0'), row('web', ['0/1', 'CrashLoopBackOff', '4', 'n2', ''])], first: true},
			{type: 'filter', text},
		);
		t.deepEqual(names(list), expected);
	});
}

test('a filter with endless backtracking is stopped and reported', t => {
	const rows = Array.from({length: 200}, (_, index) => row(`${'a'.repeat(60)}-${index}!`));
	const list = run({type: 'page', chunk: 'pods', rows, first: true}, {type: 'filter', text: '~(a+)+$'});
	t.regex(list.filterProblem ?? '', /longer than 200 ms/);
	t.is(list.visible.length, 200);
});

test('numbers sort from the greatest, and reversed', t => {
	const list = run(
		{
			type: 'page',
			chunk: 'pods',
			rows: [row('a', ['1/1', 'Running', '2', 'n1', '']), row('b', ['1/1', 'Running', '14 (2m ago)', 'n1', '']), row('c')],
			first: true,
		},
		{type: 'sort', column: 'RESTARTS'},
	);
	t.deepEqual(names(list), ['b', 'a', 'c']);
	t.deepEqual(names(reduceList(list, {type: 'reverse'})), ['c', 'a', 'b']);
});

test('15,000 rows of 20 namespaces are shown, filtered and changed', t => {
	let list = emptyList('pods');
	for (let namespace = 0; namespace < 20; namespace++) {
		const rows = Array.from({length: 750}, (_, index): Row => ({
			...row(`pod-${String(index).padStart(6, '0')}`),
			id: `ns-${namespace}/pod-${index}`,
			namespace: `ns-${namespace}`,
		}));
		list = reduceList(list, {type: 'page', chunk: `pods ns-${namespace}`, rows, first: true});
	}

	list = reduceList(list, {type: 'move', by: 14_000});
	list = reduceList(list, {type: 'filter', text: '00071'});
	t.is(list.total, 15_000);
	t.is(list.visible.length, 220);
});

test('sorted rows keep their order while the cursor moves, and are sorted again later', t => {
	const restarts = (name: string, count: string) => row(name, ['1/1', 'Running', count, 'n1', '']);
	const sorted: ListEvent[] = [
		{type: 'page', chunk: 'pods', rows: [restarts('a', '9'), restarts('b', '5'), restarts('c', '1')], first: true},
		{type: 'sort', column: 'RESTARTS'},
	];
	const moved: ListEvent[] = [
		...sorted,
		{type: 'move', by: 1, now: 1000},
		change('modified', restarts('c', '20'), 1500),
		change('added', restarts('d', '30'), 1600),
	];
	t.deepEqual(names(run(...moved)), ['a', 'b', 'c', 'd']);
	const later = run(...moved, {type: 'expire', now: 1000 + orderHoldMs});
	t.deepEqual(names(later), ['d', 'c', 'a', 'b']);
	t.is(selectedRow(later)?.name, 'b');
});

test('the node list does not depend on the namespace', t => {
	t.deepEqual(
		listKinds.nodes.resources.map(({path}) => path('demo')),
		['/api/v1/nodes'],
	);
	t.deepEqual(
		listKinds.pods.resources.map(({path}) => path('demo')),
		['/api/v1/namespaces/demo/pods'],
	);
});

const inverses: ReadonlyArray<readonly [string, string]> = [
	['app=web', 'app!=web'],
	['app == web', 'app!=web'],
	['app!=web', 'app=web'],
	['app', '!app'],
	['!app', 'app'],
	['app in (a, b)', 'app notin (a, b)'],
	['tier.io/x notin (a)', 'tier.io/x in (a)'],
	['app=', 'app!='],
	['in', '!in'],
];
for (const [asked, inverse] of inverses) {
	test(`the filter !-l ${asked} selects ${inverse}`, t => {
		t.deepEqual(parseRowFilter(`!-l ${asked}`), {kind: 'labels', selector: inverse});
		t.deepEqual(parseRowFilter(`-l ${inverse}`), {kind: 'labels', selector: inverse});
	});
}

test('several requirements and number comparisons cannot be inverted', t => {
	for (const asked of ['app=web,tier=front', 'app in (a,b),!old', 'size>1']) {
		t.like(parseRowFilter(`!-l ${asked}`), {kind: 'invalid', why: 'only a single KEY, !KEY, =, !=, in or notin can be inverted'}, asked);
	}

	t.like(parseRowFilter('!-l app in (web'), {kind: 'invalid', why: 'invalid label selector: "," or ")" is missing at the end'});
	t.deepEqual(parseRowFilter('!-l '), {kind: 'none'});
});

test('an invalid label selector is not a filter', t => {
	t.deepEqual(parseRowFilter('-l app in (web'), {kind: 'invalid', why: 'invalid label selector: "," or ")" is missing at the end'});
	t.deepEqual(parseRowFilter('-l app in (web)'), {kind: 'labels', selector: 'app in (web)'});
});

test('a narrowed list keeps its scope when it is read, until it is left', t => {
	const scope = {of: 'deploy/web', from: 'workloads', namespace: 'shop', labelSelector: 'app=web'} as const;
	const list = run(page('a', 'b'), {type: 'filter', text: 'a'}, {type: 'sort', column: 'READY'}, {type: 'narrow', scope}, {type: 'reset'});
	t.deepEqual([list.scope, list.visible, list.filter, list.order.column], [scope, [], '', 'READY']);
	t.is(listNamespace(list, 'default'), 'shop');
	const left = reduceList(list, {type: 'narrow', scope: null});
	t.is(listNamespace(left, 'default'), 'default');
});
