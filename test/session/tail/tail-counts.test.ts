/** Title, path and counters of a tail. */
import test from 'ava';
import {createElement as h} from 'react';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import {asTailSource} from '../../../source/session/tail/tail-sources.ts';
import type {Path} from '../../../source/evidence/evidence.ts';
import {reduceConnectionList, type ConnectionList, type ConnectionEntry} from '../../../source/session/frame/connection-list.ts';
import {emptySession} from '../../../source/session/frame/session-state.ts';
import {emptyTail} from '../../../source/session/tail/tail-view.ts';
import {plainTheme, unicodeGlyphs} from '../../../source/session/kit/theme.ts';
import type {ScreenInput} from '../../../source/session/kit/screen-input.ts';
import {Tail} from '../../../source/session/tail/tail.tsx';
import {drawn} from '../../support/drawn.ts';

const leg = (n: number, to: string) => ({n, to, route: {state: 'direct', basis: 'proven'}, tls: {state: 'verified', basis: 'proven'}});
const path = {
	phase: 'settled',
	process: {id: null},
	target: {kind: 'Pod', name: 'web-0', container: 'app', node: 'n1'},
	legs: [leg(1, 'apiserver'), leg(2, 'kubelet')],
	error: null,
} as unknown as Path;

async function rows(
	title: string,
	logs: ReadonlyArray<readonly [pod: string, container: string]>,
	entry: Partial<ConnectionEntry> = {},
): Promise<string[]> {
	let connections: ConnectionList = reduceConnectionList([], {
		type: 'open',
		entry: {id: 'tail-1', kind: 'logs', what: title, context: 'main', since: 0, ...entry},
	});
	connections = reduceConnectionList(reduceConnectionList(connections, {type: 'connected', id: 'tail-1', connection: 'c1'}), {
		type: 'label',
		connection: 'c1',
		path,
	});
	const state = {...emptySession({...clusterState(null), context: 'main', namespace: 'demo'}, {columns: 120, rows: 24}, 0), connections};
	const sources = logs.map(([pod, container]) => asTailSource({namespace: 'demo', pod, uid: null, node: 'n1', container}));
	const screen = {state, theme: {...plainTheme, glyphs: unicodeGlyphs}, hints: [], keymap: new Map()} as unknown as ScreenInput;
	return drawn(screen, h(Tail, {view: {...emptyTail('tail-1', title), sources, phase: 'following'}}));
}

test('containers are counted, not their distinct names', async t => {
	t.regex(
		(
			await rows('-l app=web', [
				['web-0', 'app'],
				['web-0', 'side'],
				['web-1', 'app'],
				['web-1', 'side'],
			])
		)[0]!,
		/2 pods · 4 containers/,
	);
	t.regex(
		(
			await rows('-l app=web', [
				['web-0', 'app'],
				['web-1', 'app'],
			])
		)[0]!,
		/2 pods · app/,
	);
});

test('one of several containers says so, and shows the key to the others while waiting', async t => {
	const sources = [
		{
			...asTailSource({namespace: 'demo', pod: 'web-0', uid: null, node: 'n1', container: 'app', otherContainers: ['setup', 'side']}),
			note: 'PodInitializing',
		},
	];
	const screen = {
		state: emptySession(clusterState(null), {columns: 80, rows: 24}, 0),
		theme: {...plainTheme, glyphs: unicodeGlyphs},
		hints: [{action: {id: 'tail.sources'}, keys: ['a']}],
		keymap: new Map(),
	} as unknown as ScreenInput;
	const view = {...emptyTail('tail-1', 'pod/web-0'), sources, phase: 'waiting', note: 'PodInitializing'} as const;
	const shown = await drawn(screen, h(Tail, {view}));
	t.regex(shown[0]!, /Tail pod\/web-0├ app, 1 of 3 containers ─/);
	t.regex(shown.slice(1, 3).join(''), /app is waiting: PodInitializing\..* {2}a other containers$/);
});

test('a restart shows the key to the previous log, unless that is open', async t => {
	const screen = {
		state: emptySession(clusterState(null), {columns: 80, rows: 24}, 0),
		theme: {...plainTheme, glyphs: unicodeGlyphs},
		hints: [{action: {id: 'tail.previous-log'}, keys: ['p']}],
		keymap: new Map(),
	} as unknown as ScreenInput;
	const counted = async (phase: 'following' | 'waiting', restarts: number) => {
		const view = {...emptyTail('tail-1', 'pod/web-0'), phase, counters: {reconnects: 0, possibleGaps: 0, restarts}};
		return (await drawn(screen, h(Tail, {view}))).at(-1)!;
	};

	t.regex(await counted('following', 1), /1 restart \(p previous log\)/);
	t.notRegex(await counted('waiting', 1), /log before/);
	t.notRegex(await counted('following', 0), /log before/);
});

test('the path of several pods names no pod', async t => {
	t.regex(
		(
			await rows('sts/web', [
				['web-0', 'app'],
				['web-1', 'app'],
			])
		).at(-2)!,
		/kubelet n1, 2 pods$/,
	);
	t.regex((await rows('sts/web', [['web-0', 'app']])).at(-2)!, /kubelet n1 ─► web-0\/app$/);
});

test('the title of a tail shows its namespace if it is not the current one', async t => {
	t.regex((await rows('pod/web-0', [['web-0', 'app']], {namespace: 'other'}))[0]!, /Tail other\/pod\/web-0├/);
	t.regex((await rows('pod/web-0', [['web-0', 'app']], {namespace: 'demo'}))[0]!, /Tail pod\/web-0├/);
});

test('a narrow title drops the rate and keeps the state', async t => {
	const titled = async (columns: number) => {
		const screen = {
			state: emptySession(clusterState(null), {columns, rows: 24}, 0),
			theme: {...plainTheme, glyphs: unicodeGlyphs},
			hints: [],
			keymap: new Map(),
		} as unknown as ScreenInput;
		const sources = [
			asTailSource({
				namespace: 'demo',
				pod: 'web-xwp8q9v99b-4ms2q',
				uid: null,
				node: 'n1',
				container: 'web',
				otherContainers: ['access-log'],
			}),
		];
		const view = {...emptyTail('tail-1', 'pod/web-xwp8q9v99b-4ms2q'), sources, phase: 'following', rate: 0} as const;
		return (await drawn(screen, h(Tail, {view})))[0]!;
	};

	t.regex(await titled(90), /─ following · 0 lines\/s ─$/);
	t.regex(await titled(80), /─ following ─$/);
});
