/** The rows that are always there. */
import test from 'ava';
import {clusterState} from '../../source/app/clusters/cluster-state.ts';
import {emptySession} from '../../source/state/session-state.ts';
import {header} from '../../source/ui/chrome.ts';
import {unicodeGlyphs} from '../../source/ui/glyphs.ts';
import type {Screen} from '../../source/ui/screen.ts';

const headerOf = (context: string, columns: number) => {
	const cluster = {...clusterState(null), context, namespace: null, user: 'ada', legOne: {tls: 'verified', route: 'direct'}, replicas: {read: 1, known: 3}};
	const state = {...emptySession(cluster as never, {columns, rows: 24}, 0)};
	return header({state, theme: {glyphs: unicodeGlyphs}, hints: [], keymap: new Map()} as unknown as Screen).spans.map(({text}) => text).join('');
};

test('between the place and the way there is room, whatever goes for it', t => {
	t.regex(headerOf('prod-eu', 80), /prod-eu › all namespaces {2,}ada ━ verified ━► apiserver · 1 of 3 read $/);
	t.regex(headerOf('a-context-of-some-length', 80), /a-context-of-some-length › all namespaces {2,}ada ━ verified ━► apiserver $/);
	t.regex(headerOf('a-context-of-some-length', 60), / ━ verified ━► apiserver $/);
	t.regex(headerOf('a-context-of-some-length', 40), / 1 ━ verified$/);
});
