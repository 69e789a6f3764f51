/** The columns of lists. The frames have whole lists. */
import test from 'ava';
import {listKinds, type ListName} from '../../../source/session/lists/list-kinds.ts';
import type {ListEvent} from '../../../source/session/lists/list-state.ts';
import {fillCell, nextSortColumn} from '../../../source/session/lists/list-columns.ts';
import {describeListStatus, listPane, describeNextRetry} from '../../../source/session/lists/list-pane.tsx';
import {sortRows} from '../../../source/session/lists/row-filter.ts';
import type {Row} from '../../../source/session/lists/table-rows.ts';
import {cellWidth} from '../../../source/base/text/cell-width.ts';
import {inputOf, listRows, listState, sessionState, textOf, type GivenState} from '../../support/session-state.ts';
import {clockTime} from '../../../source/base/text/formats.ts';

/** Without blanks that only align. */
const pane = (given: GivenState, width: number) =>
	textOf(listPane(inputOf(sessionState(given)), (given.view ?? 'pods') as ListName, 5, width)).map(text =>
		text.trim().replaceAll(/ +/g, ' '),
	);

const live: ListEvent = {type: 'phase', phase: {kind: 'live'}};

test('the number of matches for a selector appears after the request', t => {
	const noteAfter = (...listEvents: readonly ListEvent[]) => {
		const state = sessionState({listEvents});
		return describeListStatus(inputOf(state), state.lists.pods);
	};

	t.is(noteAfter(live, {type: 'filter', text: '-l app=web'}), 'filter: -l app=web');
	t.is(noteAfter({type: 'filter', text: '-l app=web'}, {type: 'reset', selector: 'app=web'}, live), 'filter: -l app=web · 0 of 0');
});

test('the age of a restart grows while its row is shown', t => {
	t.regex(pane({now: 120_000, pods: ['web  1/1  Running  8 (63s ago)  n1'], listEvents: [{type: 'wide'}]}, 100)[1]!, /web .* 8 \(2m ago\)/);
});

const cronTitles = 'Name  Schedule  Timezone  Suspend  Active  Last Schedule  Age';

const cronJob = (name: string, suspend: string, active: number, last: string) =>
	listRows('workloads', [`${name}  0 3 * * *  <none>  ${suspend}  ${active}  ${last}  3d`], cronTitles, 'cronjob/')[0]!;

test('a cron job shows whether it is suspended, and its active jobs', t => {
	const cells = (suspend: string, active: number) => cronJob('nightly', suspend, active, '<none>').cells.slice(2, 4);
	t.deepEqual(cells('False', 2), ['2 active', '0 3 * * *']);
	t.deepEqual(cells('True', 0), ['Suspended', '0 3 * * *']);
	t.deepEqual(cells('True', 1), ['Suspended, 1 active', '0 3 * * *']);
});

test('the last run of a cron job is shown on a wide screen, and its age grows', t => {
	const jobs = [cronJob('nightly', 'False', 0, '63s'), cronJob('never', 'False', 0, '<none>'), cronJob('hourly', 'False', 0, '3s')];
	const shown = (rows: readonly Row[], width = 120) =>
		pane({now: 120_000, view: 'workloads', columns: width, lists: listState('workloads', rows)}, width);
	const web = listRows('workloads', ['web  2/2'], 'Name  Ready', 'deploy/');
	const [head, nightly, never, hourly] = shown([...jobs, ...web]);
	t.regex(head!, /SCHEDULE LAST SCHEDULE AGE/);
	t.regex(hourly!, /hourly .* 63s 3d$/);
	t.regex(never!, /never .* <none> 3d$/);
	t.regex(nightly!, /nightly .* 2m 3d$/);
	t.notRegex(shown(web)[0]!, /SCHEDULE/);
	t.notRegex(shown([...jobs, ...web], 80)[0]!, /SCHEDULE/);
	t.deepEqual(
		sortRows(jobs, listKinds.workloads, {column: 'LAST SCHEDULE', reverse: false}).map(({name}) => name),
		['cronjob/hourly', 'cronjob/nightly', 'cronjob/never'],
	);
});

type ListOnScreen = [name: ListName, titles: string, cells: string, width: number, events?: readonly ListEvent[]];

/** For all namespaces, with names and namespaces of usual length. */
function stateOf(...[name, titles, cells, columns, listEvents = []]: ListOnScreen) {
	const rows = listRows(name, [`konnectivity-agent-7c9f8d6b5c-x2xkq  ${cells}`], `Name  ${titles}`);
	const lists = listState(
		name,
		rows.map(row => ({...row, namespace: 'kube-system'})),
	);
	return sessionState({view: name, columns, cluster: {namespace: null}, lists, listEvents});
}

function head(...shown: ListOnScreen): string {
	const [name, , , width] = shown;
	return textOf(listPane(inputOf(stateOf(...shown)), name, 5, width))[0]!
		.trim()
		.replaceAll(/ +/g, ' ')
		.replace(/ \S+–\S+$/, '');
}

/** The heads of a list, after each press of the sort key until the first order returns. */
function sortedHeads(...[name, given, cells, width, events = []]: ListOnScreen): string[] {
	const state = stateOf(name, given, cells, width, events);
	const column = nextSortColumn(state, state.lists[name]);
	const sorted: ListOnScreen = [name, given, cells, width, [...events, {type: 'sort', column}]];
	return [head(...sorted), ...(column === 'NAME' ? [] : sortedHeads(...sorted))];
}

const podsOnScreen = (width: number, ...events: readonly ListEvent[]): ListOnScreen => [
	'pods',
	'Ready  Status  Restarts  Node  IP',
	'0/1  Init:CrashLoopBackOff  14  worker-7  10.2.0.1',
	width,
	events,
];
const jobsOnScreen: ListOnScreen = ['workloads', 'Suspend  Active  Schedule  Last Schedule', 'False  0  0 3 * * *  63s', 160];
for (const [where, list, visited] of [
	['on a narrow screen', podsOnScreen(80), ['READY', 'STATUS', 'RST', 'AGE']],
	['on a wide screen', podsOnScreen(120), ['READY', 'STATUS', 'RESTARTS', 'NODE', 'IP', 'AGE']],
	['without a cron job', ['workloads', 'Ready', '2/3', 160], ['READY', 'UP-TO-DATE', 'STATUS', 'AGE']],
	['with a cron job', jobsOnScreen, ['READY', 'UP-TO-DATE', 'STATUS', 'SCHEDULE', 'LAST SCHEDULE', 'AGE']],
	['of services', ['services', 'Type', 'ClusterIP', 160], ['TYPE', 'CLUSTER-IP', 'PORTS', 'AGE']],
] as ReadonlyArray<readonly [string, ListOnScreen, readonly string[]]>) {
	test(`${where}, the sort key visits each column and changes none`, t => {
		const shown = head(...list);
		t.deepEqual(
			sortedHeads(...list).map(text => text.replace('↓', '↑')),
			[...visited.map(title => shown.replace(title, `${title}↑`)), shown],
		);
	});
}

test('the sort key changes the order by CONTEXT at once when one context is left', t => {
	const state = stateOf('pods', 'Ready', '0/1', 80, [{type: 'sort', column: 'CONTEXT'}]);
	t.is(nextSortColumn(state, state.lists.pods), 'READY');
});

test('a count is shown with its total', t => {
	t.is(listRows('workloads', ['agent  3  2'], 'Name  Desired  Ready', 'ds/')[0]!.cells[0], '2/3');
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

const at = Date.parse('2026-11-25T14:03:07Z');

for (const [name, now, words] of [
	['pending', at - 3200, ' in 4 s'],
	['due in less than a second', at - 1, ' in 1 s'],
	['starting', at, ' now'],
	['running for less than a second', at + 999, ' now'],
	['running for longer', at + 1000, ` since ${clockTime(at)}`],
] as const) {
	test(`a retry that is ${name} reads: retrying${words.replace(/\d\d:.*/, 'its start')}`, t => {
		t.is(describeNextRetry({now, isReducedMotion: false}, at), words);
	});
}

test('reduced motion shows no countdown, but the start of a running retry', t => {
	t.is(describeNextRetry({now: at - 3200, isReducedMotion: true}, at), '');
	t.is(describeNextRetry({now: at + 5000, isReducedMotion: true}, at), ` since ${clockTime(at)}`);
});
