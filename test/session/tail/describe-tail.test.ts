/** The description of a tail. */
import test from 'ava';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import {emptySession} from '../../../source/session/frame/session-state.ts';
import type {ScreenInput} from '../../../source/session/kit/screen-input.ts';
import {
	describeEmptyTail,
	describeFarEnds,
	describeOlderLines,
	describeTailScope,
	describeTailState,
	tailCounts,
} from '../../../source/session/tail/describe-tail.ts';
import {LineBuffer} from '../../../source/session/tail/line-buffer.ts';
import {asTailSource} from '../../../source/session/tail/tail-sources.ts';
import {
	emptyTail,
	filterTail,
	goTo,
	restartTail,
	searchTail,
	type TailSource,
	type TailView,
} from '../../../source/session/tail/tail-view.ts';
import {clockTime} from '../../../source/base/text/formats.ts';

function tailOf(...lines: readonly string[]): TailView {
	const buffer = new LineBuffer();
	for (const text of lines) {
		buffer.append(0, 0, text.startsWith('error') ? 4 : 0, 'text', Buffer.from(text));
	}

	return emptyTail('tail-1', 'pod/web', buffer);
}

const source = (pod: string, {container = 'app', node = 'n1', besides = []}: Partial<TailSource> = {}): TailSource => ({
	context: null,
	shortContext: '',
	namespace: 'demo',
	pod,
	container,
	node,
	short: pod,
	color: 1,
	on: true,
	state: 'open',
	note: '',
	besides,
});
const three = tailOf('a', 'error: b', 'c');

const states: ReadonlyArray<readonly [string, TailView, string]> = [
	['that opens', tailOf(), 'opening'],
	['that follows', {...three, phase: 'following'}, 'following'],
	[
		'that reads its backlog',
		{...three, phase: 'following', rate: 3, catchingUpAt: new Date(2026, 10, 24, 14, 3, 7).getTime()},
		'catching up · at 14:03:07',
	],
	['that follows at a rate', {...three, phase: 'following', rate: 3.24}, 'following · 3.2 lines/s'],
	['that waits', {...three, phase: 'waiting', note: 'ImagePullBackOff', rate: 5}, 'waiting · ImagePullBackOff'],
	['that failed', {...three, phase: 'failed', note: 'refused'}, 'failed · refused'],
	['without new lines', {...three, phase: 'following', rate: 0, quietMs: 12_300}, 'following · no new lines for 12 s'],
	['without new lines for a moment', {...three, phase: 'following', rate: 0, quietMs: 2000}, 'following · 0 lines/s'],
	['with rare lines', {...three, phase: 'following', rate: 0.2, quietMs: 4000}, 'following · 0.2 lines/s'],
	[
		'that waits for a response',
		{...three, phase: 'waiting', note: 'asking again, no answer', waitedMs: 31_000},
		'waiting · asking again, no answer for 31 s',
	],
	[
		'that waits since an unknown time',
		{...three, phase: 'waiting', note: 'ContainerCreating', waitedMs: null},
		'waiting · ContainerCreating',
	],
	['that does not follow', {...goTo({...three, windowRows: 1}, 0), phase: 'following'}, 'not following · 2 below'],
	['that is paused', {...three, pausedAt: 3}, 'paused · 0 buffered'],
	['that is paused while errors arrive', {...three, pausedAt: 1}, 'paused · 2 buffered, 1 error'],
	['that loads older lines', {...three, older: {phase: 'reading', read: 12_000, note: ''}}, 'loading older lines, 12,000 so far'],
];
for (const [what, view, words] of states) {
	test(`a tail ${what} reads: ${words}`, t => {
		t.is(describeTailState(view, '·'), words);
	});
}

const tailed: ReadonlyArray<readonly [string, Partial<TailView>, string]> = [
	['no pod yet', {}, ''],
	['the pod in its title', {sources: [source('web')]}, 'app'],
	['one of two containers', {sources: [source('web', {besides: ['proxy']})]}, 'app, 1 of 2 containers'],
	['two containers of a pod', {sources: [source('web'), source('web', {container: 'proxy'})]}, '2 containers'],
	['two pods', {sources: [source('a'), source('b')]}, '2 pods · app'],
	['two pods, one of them gone', {title: 'deploy/web', sources: [{...source('a'), isGone: true}, source('b')]}, 'app'],
	['two pods, one of them ended', {sources: [{...source('a'), state: 'ended'}, source('b')]}, '1 of 2 pods · app'],
	[
		'two pods that have ended',
		{
			sources: [
				{...source('a'), state: 'ended'},
				{...source('b'), state: 'ended'},
			],
		},
		'2 pods · app',
	],
	[
		'two pods that are gone',
		{
			sources: [
				{...source('a'), isGone: true},
				{...source('b'), isGone: true},
			],
		},
		'2 pods gone · app',
	],
	['a pod by another title', {title: 'deploy/web, 1 pod', sources: [source('a')]}, '1 pod · app'],
	['JSON from five minutes ago', {sources: [source('web')], json: true, since: '5m'}, 'app · json · since 5m'],
	['a log from its head', {sources: [source('web')], since: 'head'}, 'app · from the first line'],
	['the previous log', {sources: [source('web')], since: 'head', previous: true}, 'app · previous log'],
];
for (const [what, change, words] of tailed) {
	test(`the title of ${what} reads: ${words || 'nothing'}`, t => {
		t.is(describeTailScope({...tailOf(), ...change}, '·'), words);
	});
}

const older: ReadonlyArray<readonly [TailView['older'], string | undefined, string]> = [
	[{phase: 'unread', read: 0, note: ''}, 'g', 'older lines not loaded   g load'],
	[{phase: 'unread', read: 0, note: ''}, undefined, 'older lines not loaded'],
	[{phase: 'unread', read: 0, note: 'web: gone'}, 'g', 'older lines not loaded: web: gone   g load'],
	[{phase: 'reading', read: 7, note: ''}, 'g', 'loading older lines, 7 so far'],
	[{phase: 'full', read: 0, note: '9 older lines were dropped'}, 'g', '9 older lines were dropped'],
	[{phase: 'none', read: 0, note: ''}, 'g', 'start of log: the server has no older lines'],
];
for (const [state, key, words] of older) {
	test(`the row above the first line${key === undefined ? ', without a key,' : ''} reads: ${words}`, t => {
		t.is(describeOlderLines({...three, older: state}, key), words);
	});
}

const ends: ReadonlyArray<readonly [string, readonly TailSource[], string | undefined]> = [
	['one pod', [source('a')], undefined],
	['two containers of one pod', [source('a'), source('a', {container: 'proxy'})], undefined],
	['two pods on one node', [source('a'), source('b')], 'kubelet n1, 2 pods'],
	['two nodes', [source('a'), source('b', {node: 'n2'})], 'kubelets n1 n2'],
	['five nodes', ['n1', 'n2', 'n3', 'n4', 'n5'].map(node => source(node, {node})), '5 kubelets'],
	[
		'two pods, and a deleted one on another node',
		[source('a'), source('b'), {...source('c', {node: 'n2'}), isGone: true}],
		'kubelet n1, 2 pods',
	],
	['two pods, one of them ended', [{...source('a'), state: 'ended'}, source('b', {node: 'n2'})], undefined],
	['unknown nodes', [source('a', {node: null}), source('b', {node: null})], undefined],
];
for (const [what, sources, words] of ends) {
	test(`the paths to ${what} end at ${words ?? 'the far end of the path'}`, t => {
		t.is(describeFarEnds({...tailOf(), sources}), words);
	});
}

const looked = (view: TailView) => {
	view.searchIndex?.advance(view.buffer, 1000);
	view.shownIndex?.advance(view.buffer, 1000);
	return view;
};

const firstCounts: ReadonlyArray<readonly [string, TailView, readonly string[]]> = [
	['without a search', three, ['3 lines', '1 error']],
	['of a search', goTo(looked(searchTail(three, {text: 'error', regex: false})), 1), ['/error: match 1 of 1', 'line 2 of 3']],
	['of a running search', searchTail(three, {text: 'error', regex: false}), ['searching, 0 of 3', '3 lines']],
	['of a filter', looked(filterTail(three, {filter: {text: 'error', regex: false, inverse: true}})), ['2 match !error', '3 lines']],
	[
		'of a filter that hides nothing',
		looked(filterTail({...three, matchesOnly: false}, {level: 4})),
		['2 lines at error or above (all shown)', '3 lines'],
	],
];
for (const [what, view, words] of firstCounts) {
	test(`the counters ${what} start with: ${words.join(', ')}`, t => {
		t.deepEqual(
			tailCounts(view, undefined)
				.slice(0, 2)
				.map(({text}) => text),
			words,
		);
	});
}

test('counters of zero are not shown, and a restart offers the previous log while following', t => {
	const restarted: TailView = {...three, phase: 'following', counters: {reconnects: 0, possibleGaps: 2, restarts: 1}};
	const words = (view: TailView, key?: string) => tailCounts(view, key).map(({text}) => text);
	t.deepEqual(words(restarted, 'p'), ['3 lines', '1 error', '1 restart (p previous log)', '2 possible gaps']);
	t.deepEqual(words(restarted), ['3 lines', '1 error', '1 restart', '2 possible gaps']);
	t.true(words({...restarted, phase: 'waiting'}, 'p').includes('1 restart'));
	t.true(words({...restarted, previous: true}, 'p').includes('1 restart'));
});

const requestedAt = Date.parse('2026-11-25T14:03:07Z');
const asked = restartTail(emptyTail('tail-1', 'pod/web'), 'tail', {previous: false, now: requestedAt});

const screenAt = (now: number) =>
	({state: emptySession(clusterState(null), {columns: 80, rows: 24}, now), hints: [], keymap: new Map()}) as unknown as ScreenInput;

test('a log without response shows when it was requested, and that it may be empty', t => {
	t.is(describeEmptyTail(screenAt(requestedAt + 1000), asked), 'opening');
	t.is(
		describeEmptyTail(screenAt(requestedAt + 5000), asked),
		`Requested at ${clockTime(requestedAt)}; no response yet. An empty log may not respond until its first line.`,
	);
});

test('a container that waits shows the reason and the message of its status', t => {
	const source = {namespace: 'd', pod: 'web', uid: null, node: 'n1', container: 'app'};
	const waiting = {...asTailSource(source), note: 'ErrImagePull', message: 'not found'};
	t.is(
		describeEmptyTail(screenAt(requestedAt), {...asked, phase: 'waiting', note: 'ErrImagePull', sources: [waiting]}),
		'app is waiting: ErrImagePull. Lines appear when it starts.\nnot found',
	);
});

test('an empty log reads “No lines yet”', t => {
	t.regex(
		describeEmptyTail(screenAt(requestedAt + 5000), {...asked, phase: 'following'}),
		/^No lines yet\. The container runs and has written nothing so far\./,
	);
});
