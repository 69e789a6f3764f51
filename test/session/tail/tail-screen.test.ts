/** The layout of a tail. */
import test from 'ava';
import {createElement as h} from 'react';
import {clusterState} from '../../../source/session/clusters/cluster-state.ts';
import {drawn, drawnBytes} from '../../support/drawn.ts';
import type {Path} from '../../../source/evidence/evidence.ts';
import {emptySession, type SessionState} from '../../../source/session/frame/session-state.ts';
import {LineBuffer} from '../../../source/session/tail/line-buffer.ts';
import {emptyTail, goTo, type TailView} from '../../../source/session/tail/tail-view.ts';
import type {ScreenInput} from '../../../source/session/kit/screen-input.ts';
import {fitTail} from '../../../source/session/tail/tail-fit.ts';
import {Tail} from '../../../source/session/tail/tail.tsx';
import {plainTheme} from '../../../source/session/kit/theme.ts';

const time = Date.parse('2026-11-25T22:42:56Z');
const refused =
	"the apiserver refuses the kubelet's certificate: the name is right, and the authority that signed it is not the one that it was given";

function tailOf(...lines: ReadonlyArray<readonly ['text' | 'notice', string]>): TailView {
	const buffer = new LineBuffer();
	for (const [kind, text] of lines) {
		buffer.append(-1, time, 0, kind, Buffer.from(text));
	}

	return emptyTail('tail-1', 'pod/web', buffer);
}

type ShownOptions = {columns?: number; line?: number | null; keys?: Readonly<Record<string, string>>; paths?: readonly Path[]};

function screenOf(
	view: TailView,
	{columns = 80, line = null, keys = {}, paths = []}: ShownOptions = {},
): {screen: ScreenInput; view: TailView} {
	const connections =
		paths.length === 0
			? []
			: [{id: 'tail-1', namespace: 'demo', context: 'main', paths: new Map(paths.map((path, index) => [`c${index}`, path]))}];
	const state = {
		...emptySession({...clusterState(null), namespace: 'demo', context: 'main'}, {columns, rows: 24}, 0),
		layers: [{kind: 'tail', id: 'tail-1', line}],
		connections,
	} as unknown as SessionState;
	const hints = Object.entries(keys).map(([id, key]) => ({action: {id}, keys: [key]})) as unknown as ScreenInput['hints'];
	const screen = {state, theme: plainTheme, keymap: new Map(), hints};
	return {screen, view: fitTail(screen, view)};
}

async function shown(view: TailView, options?: ShownOptions): Promise<string[]> {
	const {screen, view: fitted} = screenOf(view, options);
	return drawn(screen, h(Tail, {view: fitted}));
}

const words = (rows: readonly string[]) =>
	rows
		.slice(1)
		.map(row => row.replaceAll(/^[-> ]+|[-|. !~]+$/g, ''))
		.join(' ');

test('notices are complete on any width', async t => {
	for (const view of [tailOf(['notice', refused]), goTo(tailOf(['text', 'a'], ['notice', refused]), 1)]) {
		t.true(words(await shown(view)).includes(`22:42:56 ${refused}`));
		t.true(words(await shown(view, {columns: 40})).includes(refused));
	}

	t.false(words(await shown(tailOf(['text', refused]))).includes(refused), 'a line of a log is cut');
});

test('a rule follows a notice of one row, but not one of several rows', async t => {
	const at = (rows: readonly string[], text: string) => rows.find(row => row.includes(text))!;
	t.regex(at(await shown(tailOf(['notice', 'app started again'])), 'started'), /again -{40,}/);
	const rows = await shown(tailOf(['notice', refused]));
	for (const text of ['the apiserver refuses', 'that it was given']) {
		t.notRegex(at(rows, text), /\w -+/);
	}
});

test('an empty tail shows the searched period, and the keys that reach further back', async t => {
	const of = async (since: TailView['since']) =>
		words(
			await shown({...tailOf(), phase: 'following', since}, {keys: {'tail.since-5m': '3', 'tail.since-1h': '6', 'tail.since-head': '1'}}),
		);
	t.regex(await of('1m'), /has written nothing in the last minute\.? +3 6 1 look further back/);
	t.regex(await of('5m'), /in the last 5 minutes\.? +6 1 look further back/);
	t.regex(await of('1h'), /in the last hour\.? +1 looks further back/);
	t.regex(await of('tail'), /has written nothing so far/);
	t.notRegex(await of('tail'), /further/);
});

test('a leg is being checked only while a connection exists', async t => {
	t.true(words(await shown({...tailOf(), phase: 'opening'})).includes('checking'));
	const waits = words(await shown({...tailOf(), phase: 'waiting', note: 'ImagePullBackOff'}));
	t.false(waits.includes('checking'));
	t.true(waits.includes('no open connection'));
});

test('present pods are listed before deleted ones', async t => {
	const source = (short: string, isGone: boolean) =>
		({
			context: null,
			shortContext: '',
			namespace: 'demo',
			pod: short,
			container: 'app',
			node: 'n1',
			short,
			color: 1,
			on: true,
			state: isGone ? 'ended' : 'open',
			note: '',
			isGone,
		}) as const;
	const sources = [...Array.from({length: 12}, (_, at) => source(`old${at}`, true)), source('new', false)];
	t.regex((await shown({...tailOf(), sources}, {columns: 120}))[1]!, /^ new .*old0/);
});

const names = ['web-5d9c7b-abcde', 'web-5d9c7b-bcdef'];
const fullScope = 'pod/web-5d9c7b-abcde';

for (const [columns, title] of [
	[100, `-[Tail ${fullScope}] 2 pods | app | since 30m -- not following | 1,299 below -`],
	[80, `-[Tail ${fullScope}] 2 pods | since 30m -- not following | 1,299 below -`],
	[70, `-[Tail ${fullScope}] 2 pods | since 30m -- not following -`],
] as const) {
	test(`the title of a tail on ${columns} columns has no cut count`, async t => {
		const sources = names.map(pod => ({
			context: null,
			shortContext: '',
			namespace: 'demo',
			pod,
			container: 'app',
			node: 'n1',
			short: pod,
			color: 1,
			on: true,
			state: 'open' as const,
			note: '',
		}));
		const lines = Array.from({length: 1320}, () => ['text', 'a'] as const);
		const view = {...tailOf(...lines), title: fullScope, sources, since: '30m' as const, follow: false, windowRows: 20};
		t.is((await shown(view, {columns}))[0]!.replaceAll(/-{2,}/g, '--'), title);
	});
}

test('a mark is visible on the selected line', async t => {
	const view = goTo(tailOf(['text', 'first'], ['text', 'last']), 1);
	t.true((await shown(view)).some(row => row.startsWith('>') && row.includes('last')));
	t.true((await shown({...view, marked: new Set([view.cursor])})).some(row => row.startsWith('&') && row.includes('last')));
});

test('a wrapped line continues below its text', async t => {
	const view = {...tailOf(['text', 'x'.repeat(150)]), wrap: true};
	const rows = (await shown(view)).slice(1, 4);
	t.deepEqual(
		rows.map(row => row.search(/x/)),
		[14, 14, 14],
	);
	t.is(rows.join('').replaceAll(/[^x]/g, '').length, 150);
	t.is((await shown(view, {columns: 40}))[2]!.search(/x/), 1, 'a narrow screen leaves no space for it');
});

test('plain lines are complete and have no prefix', async t => {
	const text = 'x'.repeat(200);
	t.deepEqual((await shown({...tailOf(['text', text], ['text', 'end']), plain: true})).slice(1, 5), [
		'x'.repeat(80),
		'x'.repeat(80),
		'x'.repeat(40),
		'end',
	]);
});

test('an expanded notice shows only its length in the title', async t => {
	const title = (await shown(goTo(tailOf(['notice', refused]), 0), {line: 0})).find(row => row.includes('Line 1'));
	t.regex(title ?? '', /Line 1\W+\d+ bytes/);
	t.notRegex(title ?? '', /,/);
});

test('a tail that failed before it connected shows no pending path', async t => {
	t.true((await shown({...tailOf(['notice', refused]), phase: 'opening'})).some(row => row.includes('leg 2 is determined')));
	const failed = await shown({...tailOf(['notice', refused]), phase: 'failed'});
	t.false(failed.some(row => row.includes('leg 2 is determined')));
	t.true(failed.some(row => row.includes('no open connection')));
});

const endTime = '2026-11-28T13:48:31Z';

function pathOf([first, second]: readonly [first: object, second: object], state: object): Path {
	return {
		...state,
		target: {kind: 'Pod', name: 'web', node: 'n1', container: 'app'},
		process: {id: null},
		error: null,
		legs: [
			{...first, n: 1, to: 'apiserver'},
			{...second, n: 2, to: 'kubelet'},
		],
	} as unknown as Path;
}

test('a tail without response shows the last path without colors', async t => {
	const leg = {tls: {state: 'verified', basis: 'proven'}, route: {state: 'direct', basis: 'proven'}} as const;
	const path = pathOf([leg, leg], {about: 'open-connection', phase: 'settled'});
	const theme = {...plainTheme, sgr: {...plainTheme.sgr, 'tls.verified': '92', 'text.dim': '2'}};
	const bytes = (phase: TailView['phase']) => {
		const {screen, view} = screenOf({...tailOf(['text', 'a']), phase}, {paths: [path], columns: 120});
		return drawnBytes({...screen, theme}, h(Tail, {view}));
	};

	t.regex(bytes('following'), /\u001B\[0;92m[^\u001B]*verified/);
	t.regex(bytes('waiting'), /\u001B\[0;2mno data now: {2}[^\u001B]*verified/);
	t.notRegex(bytes('waiting'), /\u001B\[0;92m/);
	const ended = {...path, about: 'ended-connection', time: endTime} as Path;
	const rows = await shown({...tailOf(['text', 'a']), phase: 'waiting'}, {paths: [ended], columns: 120});
	t.true(rows.some(row => /^ not connected; last path ended \d\d:\d\d:\d\d {2}\S+ .*verified/.test(row)));
});

test('a tail whose connection closed before it was used shows an unknown path, not a check', async t => {
	const unknown = {tls: {state: 'unknown', basis: 'unknown'}, route: {state: 'unknown', basis: 'unknown'}} as const;
	const path = pathOf([{...unknown, tls: {state: 'verified', basis: 'proven'}}, unknown], {
		about: 'ended-connection',
		phase: 'checking',
		time: endTime,
	});
	const rows = await shown({...tailOf(['notice', refused]), phase: 'failed'}, {paths: [path], columns: 120});
	t.false(rows.some(row => row.includes('checking')));
	t.true(rows.some(row => /unknown .*kubelet n1/.test(row)));
});
