/** Header and view tabs. */
import test from 'ava';
import {clusterState} from '../../../source/session/clusters/cluster-state.ts';
import {emptySession, type ClusterState} from '../../../source/session/frame/session-state.ts';
import {clockTime} from '../../../source/text/format-time.ts';
import {footer, header} from '../../../source/session/frame/chrome.ts';
import {unicodeGlyphs} from '../../../source/session/kit/glyphs.ts';
import type {RenderInput} from '../../../source/session/kit/render-input.ts';

const headerOf = (context: string, columns: number, more: Partial<ClusterState> = {}) => {
	const cluster = {
		...clusterState(null),
		context,
		namespace: null,
		user: 'ada',
		legOne: {tls: 'verified', route: 'direct'},
		replicas: {read: 1, known: 3},
		...more,
	};
	const state = {...emptySession(cluster as never, {columns, rows: 24}, 0)};
	return header({state, theme: {glyphs: unicodeGlyphs}, hints: [], keymap: new Map()} as unknown as RenderInput)
		.spans.map(({text}) => text)
		.join('');
};

test('the header separates context and path at any width', t => {
	t.regex(headerOf('prod-eu', 80), /prod-eu › all namespaces {2,}ada ━ verified ━► apiserver \(1 of 3 examined\) $/);
	t.regex(headerOf('eu-context', 76), / verified ━► apiserver \(1\/3 examined\) $/);
	t.regex(headerOf('a-context-of-some-length', 80), /a-context-of-some-length › all namespaces {2,}ada ━ verified ━► apiserver $/);
	t.regex(headerOf('a-context-of-some-length', 60), / ━ verified ━► apiserver $/);
	t.regex(headerOf('a-context-of-some-length', 40), / 1 ━ verified$/);
});

test('overdue requests replace replica count and version by the last response time', t => {
	const at = Date.UTC(2026, 10, 26, 13, 48, 31);
	const shown = (columns: number, more: Partial<ClusterState> = {}) =>
		headerOf('prod-eu', columns, {asOf: at, version: 'v1.36.3', ...more});
	t.regex(shown(120), new RegExp(`ada ━ verified ━► apiserver as of ${clockTime(at)} $`));
	t.regex(shown(80), new RegExp(`━ verified ━► apiserver as of ${clockTime(at)} $`));
	t.regex(shown(40), new RegExp(` 1 ━ verified as of ${clockTime(at)}$`));
	t.regex(shown(120, {reachable: 'no'}), /━━━✗ apiserver/);
	t.notRegex(shown(120, {reachable: 'no'}), /as of/);
	t.regex(shown(120, {asOf: null}), /apiserver v1\.36\.3 \(1 of 3 apiservers examined\) $/);
});

test('the footer quotes a key that reads as punctuation', t => {
	const state = emptySession(clusterState(null), {columns: 80, rows: 24}, 0);
	const hint = (key: string, label: string, place: number) => ({
		action: {id: label, label, footer: place},
		keys: [key],
		disabledReason: null,
	});
	const hints = [hint('|', 'pager', 1), hint(',', 'fields', 2), hint('?', 'help', 3)];
	const screen = {state, theme: {glyphs: unicodeGlyphs}, hints, keymap: new Map()} as unknown as RenderInput;
	t.is(
		footer(screen)
			.spans.map(({text}) => text)
			.join('')
			.trim(),
		'"|" pager  "," fields  ? help',
	);
});
