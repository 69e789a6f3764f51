/** The list pane. */
import test from 'ava';
import {clusterState} from '../../../source/session/clusters/cluster-state.ts';
import {listKinds, type ListName} from '../../../source/session/lists/list-kinds.ts';
import {reduceList, type ListEvent} from '../../../source/session/lists/list-state.ts';
import {emptySession} from '../../../source/session/frame/session-state.ts';
import {cellWidth} from '../../../source/text/cell-width.ts';
import {sortRows} from '../../../source/session/lists/sort-rows.ts';
import {rowReader, type Row} from '../../../source/session/lists/table-rows.ts';
import {unicodeGlyphs} from '../../../source/session/kit/glyphs.ts';
import {fillCell, nextSortColumn} from '../../../source/session/lists/list-columns.ts';
import {describeListStatus, listPane} from '../../../source/session/lists/list-pane.tsx';
import type {ScreenInput} from '../../../source/session/kit/screen-input.ts';

/** The time is one minute after 1970 began. */
function pane(...events: readonly ListEvent[]): string {
	return listPane(screenAfter(events), 'pods', 5, 100)
		.map(({spans}) => spans.map(({text}) => text).join(''))
		.join('\n');
}

function screenAfter(events: readonly ListEvent[]): ScreenInput {
	const session = emptySession({...clusterState(null), namespace: 'demo', reachable: 'yes'}, {columns: 100, rows: 24}, 60_000);
	let list = session.lists.pods;
	for (const event of events) {
		list = reduceList(list, event);
	}

	return {
		state: {...session, lists: {...session.lists, pods: list}},
		theme: {glyphs: unicodeGlyphs},
		hints: [],
		keymap: new Map(),
	} as unknown as ScreenInput;
}

const live: ListEvent = {type: 'phase', phase: {kind: 'live'}};

test('a list without rows for a selector names the selector, not the namespace', t => {
	t.regex(pane({type: 'filter', text: '-l nope=1'}, {type: 'reset', selector: 'nope=1'}, live), /No pods in demo match -l nope=1\./);
	t.regex(pane(live), /No pods in demo\./);
});

test('an empty list says that its typed namespace did not exist, but not of another namespace', t => {
	const screen = screenAfter([live]);
	const textOf = (name: string) => {
		const cluster = {...screen.state.cluster, missingNamespace: {name, at: 60_000}};
		return listPane({...screen, state: {...screen.state, cluster}}, 'pods', 5, 100)
			.flatMap(({spans}) => spans.map(({text}) => text))
			.join('');
	};

	t.regex(textOf('demo'), /Namespace demo did not exist at \d\d:\d\d:\d\d\. {2}:ns another namespace/);
	t.regex(textOf('other'), /No pods in demo\./);
});

test('an empty list names the requested selector while another one is typed', t => {
	for (const typed of ['-l app in (web', '-l app=web', '']) {
		t.regex(
			pane({type: 'filter', text: '-l nope=1'}, {type: 'reset', selector: 'nope=1'}, live, {type: 'filter', text: typed}),
			/No pods in demo match -l nope=1\./,
		);
	}
});

test('the number of matches for a selector appears after the request', t => {
	const noteAfter = (...events: readonly ListEvent[]) => {
		const screen = screenAfter(events);
		return describeListStatus(screen, screen.state.lists.pods, 100);
	};

	t.is(noteAfter(live, {type: 'filter', text: '-l app=web'}), 'filter: -l app=web');
	t.is(noteAfter({type: 'filter', text: '-l app=web'}, {type: 'reset', selector: 'app=web'}, live), 'filter: -l app=web · 0 of 0');
});

test('the age of a restart grows while its row is shown', t => {
	const read = rowReader(
		listKinds.pods.columns,
		'',
		[
			{name: 'Name', type: 'string', format: 'name', priority: 0},
			{name: 'Restarts', type: 'string', format: '', priority: 0},
		],
		0,
	);
	const page: ListEvent = {
		type: 'page',
		chunk: 'pods',
		first: true,
		rows: [read({cells: ['web', '8 (63s ago)'], object: null}, 'demo'), read({cells: ['api', '2 (3s ago)'], object: null}, 'demo', 50_000)],
	};
	const text = pane(page, {type: 'wide'}, live);
	t.regex(text, /web .* 8 \(2m ago\)/);
	t.regex(text, /api .* 2 \(13s ago\)/);
});

type ListOnScreen = [name: ListName, given: readonly string[], cells: readonly string[], width: number, events?: readonly ListEvent[]];

/** For all namespaces, with names and namespaces of usual length. */
function screenOf(...[name, given, cells, width, events = []]: ListOnScreen): ScreenInput {
	const session = emptySession({...clusterState(null), namespace: null, reachable: 'yes'}, {columns: width, rows: 24}, 60_000);
	const read = rowReader(
		listKinds[name].columns,
		'',
		['Name', ...given].map(title => ({name: title, type: 'string', format: '', priority: 0})),
		0,
	);
	const rows = [read({cells: ['konnectivity-agent-7c9f8d6b5c-x2xkq', ...cells], object: null}, 'kube-system')];
	const page: ListEvent = {type: 'page', chunk: name, first: true, rows};
	const list = [page, live, ...events].reduce((now, event) => reduceList(now, event), session.lists[name]);
	return {
		state: {...session, lists: {...session.lists, [name]: list}},
		theme: {glyphs: unicodeGlyphs},
		hints: [],
		keymap: new Map(),
	} as unknown as ScreenInput;
}

function head(...shown: ListOnScreen): string {
	const [name, , , width] = shown;
	return listPane(screenOf(...shown), name, 5, width)[0]!
		.spans.map(({text}) => text)
		.join('')
		.trim()
		.replaceAll(/ +/g, ' ')
		.replace(/ \S+–\S+$/, '');
}

test('a cron job shows whether it is suspended, and its active jobs', t => {
	const given = ['Name', 'Schedule', 'Timezone', 'Suspend', 'Active', 'Last Schedule', 'Age'].map(title => ({
		name: title,
		type: 'string',
		format: '',
		priority: 0,
	}));
	const read = rowReader(listKinds.workloads.columns, 'cronjob/', given, 0);
	const cells = (suspend: string, active: number) =>
		read({cells: ['nightly', '0 3 * * *', '<none>', suspend, active, '<none>', '3d'], object: null}, 'demo').cells.slice(2, 4);
	t.deepEqual(cells('False', 2), ['2 active', '0 3 * * *']);
	t.deepEqual(cells('True', 0), ['Suspended', '0 3 * * *']);
	t.deepEqual(cells('True', 1), ['Suspended, 1 active', '0 3 * * *']);
});

test('the last run of a cron job is shown on a wide screen, and its age grows', t => {
	const titles = ['Name', 'Schedule', 'Timezone', 'Suspend', 'Active', 'Last Schedule', 'Age'].map(title => ({
		name: title,
		type: 'string',
		format: '',
		priority: 0,
	}));
	const cron = rowReader(listKinds.workloads.columns, 'cronjob/', titles, 0);
	const deploy = rowReader(
		listKinds.workloads.columns,
		'deploy/',
		['Name', 'Ready'].map(title => ({name: title, type: 'string', format: '', priority: 0})),
		0,
	);
	const jobs = ['nightly:63s', 'never:<none>', 'hourly:3s']
		.map(job => job.split(':'))
		.map(([name, last]) => cron({cells: [name, '0 3 * * *', '<none>', 'False', 0, last, '3d'], object: null}, 'demo'));
	const session = emptySession({...clusterState(null), namespace: 'demo', reachable: 'yes'}, {columns: 120, rows: 24}, 60_000);
	const shown = (rows: readonly Row[], width = 120) => {
		const list = reduceList(reduceList(session.lists.workloads, {type: 'page', chunk: 'cronjobs', first: true, rows}), live);
		const screen = {
			state: {...session, lists: {...session.lists, workloads: list}},
			theme: {glyphs: unicodeGlyphs},
			hints: [],
			keymap: new Map(),
		} as unknown as ScreenInput;
		return listPane(screen, 'workloads', 5, width).map(({spans}) =>
			spans
				.map(({text}) => text)
				.join('')
				.trim()
				.replaceAll(/ +/g, ' '),
		);
	};

	const web = deploy({cells: ['web', '2/2'], object: null}, 'demo');
	const [head, nightly, never, hourly] = shown([...jobs, web]);
	t.regex(head!, /SCHEDULE LAST SCHEDULE AGE/);
	t.regex(nightly!, /nightly .* 2m 3d$/);
	t.regex(never!, /never .* <none> 3d$/);
	t.regex(hourly!, /hourly .* 63s 3d$/);
	t.notRegex(shown([web])[0]!, /SCHEDULE/);
	t.notRegex(shown([...jobs, web], 80)[0]!, /SCHEDULE/);
	t.deepEqual(
		sortRows(jobs, listKinds.workloads, {column: 'LAST SCHEDULE', reverse: false}).map(({name}) => name),
		['cronjob/hourly', 'cronjob/nightly', 'cronjob/never'],
	);
});

test('a narrow list keeps the most important columns', t => {
	const pods = (width: number) =>
		head('pods', ['Ready', 'Status', 'Restarts', 'Node'], ['0/1', 'Init:CrashLoopBackOff', '14', 'worker-7'], width);
	t.is(pods(120), 'NAMESPACE NAME READY STATUS RESTARTS NODE AGE');
	t.is(pods(80), 'NAMESPACE NAME READY STATUS RST AGE');
	t.is(pods(70), 'NAMESPACE NAME READY STATUS RST AGE');
	t.is(pods(64), 'NAMESPACE NAME READY STATUS AGE');
	t.is(pods(50), 'NAMESPACE NAME READY STATUS');
	const services = (width: number) =>
		head('services', ['Type', 'Cluster-IP', 'Port(s)'], ['ClusterIP', '10.96.179.36', '80/TCP,9090/TCP,7000/TCP'], width);
	t.is(services(80), 'NAMESPACE NAME PORTS AGE');
	t.is(services(50), 'NAMESPACE NAME PORTS AGE');
	const workloads = (width: number) => head('workloads', ['Ready', 'Up-to-date', 'Status'], ['2/3', '1', ''], width);
	t.is(workloads(80), 'NAMESPACE NAME READY UPD STATUS AGE');
});

for (const [column, width, shown] of [
	['READY', 80, 'NAMESPACE NAME READY↑ STATUS RST AGE'],
	['RESTARTS', 80, 'NAMESPACE NAME READY STATUS RST↓ AGE'],
	['NODE', 80, 'NAMESPACE NAME READY STATUS NODE↑'],
	['AGE', 50, 'NAMESPACE NAME READY STATUS AGE↑'],
] as const) {
	test(`a narrow list in the order of ${column} shows that column and its direction`, t => {
		const given = ['Ready', 'Status', 'Restarts', 'Node'];
		t.is(head('pods', given, ['0/1', 'Init:CrashLoopBackOff', '14', 'worker-7'], width, [{type: 'sort', column}]), shown);
	});
}

/** The heads of a list, after each press of the sort key until the first order returns. */
function sortedHeads(...[name, given, cells, width, events = []]: ListOnScreen): string[] {
	const {state} = screenOf(name, given, cells, width, events);
	const column = nextSortColumn(state, state.lists[name]);
	const sorted: ListOnScreen = [name, given, cells, width, [...events, {type: 'sort', column}]];
	return [head(...sorted), ...(column === 'NAME' ? [] : sortedHeads(...sorted))];
}

const podsOnScreen = (width: number, ...events: readonly ListEvent[]): ListOnScreen => [
	'pods',
	['Ready', 'Status', 'Restarts', 'Node', 'IP'],
	['0/1', 'Init:CrashLoopBackOff', '14', 'worker-7', '10.2.0.1'],
	width,
	events,
];
const jobsOnScreen: ListOnScreen = [
	'workloads',
	['Suspend', 'Active', 'Schedule', 'Last Schedule'],
	['False', '0', '0 3 * * *', '63s'],
	160,
];
for (const [where, list, visited] of [
	['on a narrow screen', podsOnScreen(80), ['READY', 'STATUS', 'RST', 'AGE']],
	['on a wide screen', podsOnScreen(120), ['READY', 'STATUS', 'RESTARTS', 'NODE', 'AGE']],
	['with more columns', podsOnScreen(160, {type: 'wide'}), ['READY', 'STATUS', 'RESTARTS', 'NODE', 'IP', 'AGE']],
	['without a cron job', ['workloads', ['Ready'], ['2/3'], 160], ['READY', 'UP-TO-DATE', 'STATUS', 'AGE']],
	['with a cron job', jobsOnScreen, ['READY', 'UP-TO-DATE', 'STATUS', 'SCHEDULE', 'LAST SCHEDULE', 'AGE']],
	['of services', ['services', ['Type'], ['ClusterIP'], 160], ['TYPE', 'CLUSTER-IP', 'PORTS', 'AGE']],
] as ReadonlyArray<readonly [string, ListOnScreen, readonly string[]]>) {
	test(`${where}, the sort key visits each column and changes none`, t => {
		const shown = head(...list);
		t.deepEqual(
			sortedHeads(...list).map(text => text.replace('↓', '↑')),
			[...visited.map(title => shown.replace(title, `${title}↑`)), shown],
		);
	});
}

test('a column in whose order a list is stays, also when no row has a value for it', t => {
	const workloads = (column: string) => head('workloads', ['Ready', 'Up-to-date'], ['2/3', '1'], 160, [{type: 'sort', column}]);
	t.is(workloads('READY'), 'NAMESPACE NAME READY↑ UP-TO-DATE STATUS AGE');
	t.is(workloads('SCHEDULE'), 'NAMESPACE NAME READY UP-TO-DATE STATUS SCHEDULE↑ AGE');
});

test('the sort key changes the order by CONTEXT at once when one context is left', t => {
	const {state} = screenOf('pods', ['Ready'], ['0/1'], 80, [{type: 'sort', column: 'CONTEXT'}]);
	t.is(nextSortColumn(state, state.lists.pods), 'READY');
});

test('a count is shown with its total', t => {
	const given = ['Name', 'Desired', 'Ready'].map(name => ({name, type: 'string', format: '', priority: 0}));
	t.is(rowReader(listKinds.workloads.columns, 'ds/', given, 0)({cells: ['agent', 3, 2], object: null}, 'demo').cells[0], '2/3');
});

test('the rule shows the row range if the column titles leave no space', t => {
	const read = rowReader(
		listKinds.pods.columns,
		'',
		[
			{name: 'Name', type: 'string', format: 'name', priority: 0},
			{name: 'Status', type: 'string', format: '', priority: 0},
		],
		0,
	);
	const rows = Array.from({length: 30}, (_, index) =>
		read({cells: [`${'a-long-name-'.repeat(3)}${index}`, 'Running'], object: null}, 'demo'),
	);
	const screen = screenAfter([{type: 'page', chunk: 'pods', first: true, rows}, {type: 'window', rows: 5}, live]);
	const headAt = (width: number) =>
		listPane(screen, 'pods', 5, width)[0]!
			.spans.map(({text}) => text)
			.join('');
	t.regex(headAt(100), /1–5\/30/);
	t.is(describeListStatus(screen, screen.state.lists.pods, 100), '');
	t.notRegex(headAt(60), /1–5\/30/);
	t.is(describeListStatus(screen, screen.state.lists.pods, 60), '1–5/30');
});

for (const [what, text, shown] of [
	['of narrow characters', 'ContainerCreatingFor', 'Contai…gFor'],
	['of wide characters', '映像を取得できません', '映像を…せん'],
	['with an odd cell left', 'ab映像を取得できません', 'ab映像…せん'],
] as const) {
	test(`a cell ${what} is cut in its middle to the column width`, t => {
		t.is(fillCell(text, 11), shown);
		t.is(cellWidth(fillCell(text, 11)), 11);
	});
}
