/** Header and view tabs. */
import test from 'ava';
import {loadKeymap} from '../../../source/keymap/load-keymap.ts';
import {clusterState} from '../../../source/session/clusters/cluster-state.ts';
import {emptySession, type ClusterState, type ForwardState, type SessionState} from '../../../source/session/frame/session-state.ts';
import {clockTime} from '../../../source/text/format-time.ts';
import {createScreenInput} from '../../../source/session/frame/create-screen-input.ts';
import type {Session} from '../../../source/session/frame/session.ts';
import {Footer} from '../../../source/session/frame/footer.tsx';
import {Header} from '../../../source/session/frame/header.tsx';
import {Tabs} from '../../../source/session/frame/tabs.tsx';
import {createElement} from 'react';
import {unicodeGlyphs} from '../../../source/session/kit/glyphs.ts';
import type {ScreenInput} from '../../../source/session/kit/screen-input.ts';
import {plainTheme} from '../../../source/session/kit/theme.ts';
import {drawn} from '../../support/drawn.ts';

const theme = {...plainTheme, glyphs: unicodeGlyphs};

const headerOf = async (
	context: string,
	columns: number,
	more: Partial<ClusterState> = {},
	recording: SessionState['recording'] = null,
) => {
	const cluster = {
		...clusterState(null),
		context,
		namespace: null,
		user: 'ada',
		legOne: {tls: 'verified', route: 'direct'},
		replicas: {read: 1, known: 3},
		...more,
	};
	const state = {...emptySession(cluster as never, {columns, rows: 24}, 0), recording};
	const [row = ''] = await drawn({state, theme, hints: [], keymap: new Map()}, createElement(Header));
	return row;
};

test('the header separates context and path at any width', async t => {
	t.regex(await headerOf('prod-eu', 80), /prod-eu › all namespaces {2,}ada ━ verified ━► apiserver \(1 of 3 examined\)$/);
	t.regex(await headerOf('eu-context', 76), / verified ━► apiserver$/);
	t.regex(await headerOf('eu', 76), / verified ━► apiserver \(1 of 3 examined\)$/);
	t.regex(await headerOf('a-context-of-some-length', 80), /a-context-of-some-length › all namespaces {2,}ada ━ verified ━► apiserver$/);
	t.regex(await headerOf('a-context-of-some-length', 60), / ━ verified ━► apiserver$/);
	t.regex(await headerOf('a-context-of-some-length', 40), / 1 ━ verified$/);
});

test('the header says at any width whether shells and input are recorded', async t => {
	for (const columns of [120, 80, 60, 50]) {
		const [shells, both] = [false, true].map(async input => headerOf('prod-eu', columns, {}, {directory: '/var/transcripts', input}));
		t.regex(await shells!, / {2}records shells .*━ verified/, `${columns}`);
		t.regex(await both!, / {2}records shells and input .*━ verified/, `${columns}`);
	}

	t.notRegex(await headerOf('prod-eu', 120), /records/);
	const required = [{states: ['verified' as const], minBasis: 'proven' as const, undecided: 'refuse' as const, source: null}];
	for (const context of ['prod-eu', 'a-context-of-some-length-and-more']) {
		t.regex(
			await headerOf(context, 80, {required}, {directory: '/var/transcripts', input: true}),
			/ requires verified {2}records shells and input 1 ━ verified$/,
		);
	}
});

test('overdue requests replace replica count and version by the last response time', async t => {
	const at = Date.UTC(2026, 10, 26, 13, 48, 31);
	const shown = async (columns: number, more: Partial<ClusterState> = {}) =>
		headerOf('prod-eu', columns, {asOf: at, version: 'v1.36.3', ...more});
	t.regex(await shown(120), new RegExp(`ada ━ verified ━► apiserver as of ${clockTime(at)}$`));
	t.regex(await shown(80), new RegExp(`━ verified ━► apiserver as of ${clockTime(at)}$`));
	t.regex(await shown(40), new RegExp(` 1 ━ verified as of ${clockTime(at)}$`));
	t.regex(await shown(120, {reachable: 'no'}), /━━━✗ apiserver/);
	t.notRegex(await shown(120, {reachable: 'no'}), /as of/);
	t.regex(await shown(120, {asOf: null}), /apiserver v1\.36\.3 \(1 of 3 known apiservers examined\)$/);
});

test('the footer quotes a key that reads as punctuation', async t => {
	const state = emptySession(clusterState(null), {columns: 80, rows: 24}, 0);
	const hint = (key: string, label: string, place: number) => ({
		action: {id: label, label, footer: place},
		keys: [key],
		disabledReason: null,
	});
	const hints = [hint('|', 'pager', 1), hint(',', 'fields', 2), hint('?', 'help', 3)];
	const screen = {state, theme, hints, keymap: new Map()} as unknown as ScreenInput;
	t.deepEqual(await drawn(screen, createElement(Footer)), [' "|" pager  "," fields  ? help']);
});

test('the tab of forwards counts those that run, of all that the list shows', async t => {
	const tabsWith = async (...phases: ReadonlyArray<ForwardState['phase']>) => {
		const forwards = phases.map((phase, id) => ({id: `f-${id}`, phase}) as unknown as ForwardState);
		const state = {...emptySession(clusterState(null), {columns: 120, rows: 24}, 0), forwards};
		return (await drawn({state, theme, hints: [], keymap: new Map()}, createElement(Tabs))).join('\n');
	};

	t.regex(await tabsWith(), /─Forwards─/);
	t.regex(await tabsWith('open', 'working'), /─Forwards 2─/);
	t.regex(await tabsWith('open', 'stopped'), /─Forwards 1 of 2─/);
	t.regex(await tabsWith('failed'), /─Forwards 0 of 1─/);
});

test('while a view is zoomed the footer shows the key that ends the zoom', async t => {
	const {keymap} = await loadKeymap({}, 'default');
	const footerOf = async (more: Partial<SessionState>) => {
		const state = {...emptySession(clusterState(null), {columns: 60, rows: 24}, 0), ...more};
		const session = {store: {state}, keymap} as unknown as Session;
		return (await drawn(createScreenInput(session, theme), createElement(Footer))).join('\n');
	};

	t.regex(await footerOf({zoom: true}), / z end zoom {2}: more {2}\? help$/);
	t.regex(await footerOf({zoom: true, hasScreenReader: true}), /z end zoom, : more, \? help$/);
	t.notRegex(await footerOf({zoom: false}), /zoom/);
	t.notRegex(await footerOf({zoom: true, layers: [{kind: 'messages', top: 0}]}), /zoom/);
});
