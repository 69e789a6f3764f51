/** The help screen. */
import test from 'ava';
import {contexts} from '../../../source/actions/contexts.ts';
import {loadKeymap} from '../../../source/keymap/load-keymap.ts';
import {unicodeGlyphs} from '../../../source/session/kit/glyphs.ts';
import {createScreenInput} from '../../../source/session/frame/create-screen-input.ts';
import {emptySession, type SessionState} from '../../../source/session/frame/session-state.ts';
import {clusterState} from '../../../source/session/clusters/cluster-state.ts';
import {plainTheme} from '../../../source/session/kit/theme.ts';
import {helpBody} from '../../../source/session/text/help.tsx';
import type {ScreenInput} from '../../../source/session/kit/screen-input.ts';
import {fakeSession} from '../../support/fake-session.ts';

const keymaps = await Promise.all([undefined, 'vim', 'k9s'].map(async name => loadKeymap({}, name)));

const textOf = (context: string) =>
	helpBody(
		{
			state: {size: {columns: 40, rows: 24}, pageRows: 21, cluster: {missingPermissions: new Map()}},
			theme: {glyphs: unicodeGlyphs},
			hints: [],
			keymap: keymaps[0]!.keymap,
		} as unknown as ScreenInput,
		context,
	).map(({spans}) =>
		spans
			.map(({text}) => text)
			.join('')
			.trim(),
	);

test('the help lists the filters of the current view, and no others', t => {
	t.true(textOf('pods').includes('text  !exclude  ~regex'));
	const tail = textOf('tail');
	t.false(tail.some(line => line.includes('~regex') || line.includes('-l app=web')));
	t.deepEqual(tail.slice(tail.indexOf('FILTERS') + 1).slice(0, 2), ['text  !exclude', 'Ctrl-r while typing: regex']);
	t.false(textOf('why').includes('FILTERS'));
});

test('no column of the help starts with a blank row', t => {
	for (const {keymap} of keymaps) {
		for (const context of ['pods', 'tail', 'why', 'doctor', 'audit', 'proxy']) {
			for (const [columns, rows] of [
				[80, 24],
				[200, 50],
				[60, 30],
			] as const) {
				const screen = {
					state: {size: {columns, rows}, pageRows: rows - 3, cluster: {missingPermissions: new Map()}},
					theme: {glyphs: unicodeGlyphs},
					hints: [],
					keymap,
				} as unknown as ScreenInput;
				const [first, second] = helpBody(screen, context).map(({spans}) => spans.map(({text}) => text).join(''));
				const half = Math.floor((columns - 2) / 2);
				t.true(
					columns > 100 || first!.slice(half).trim() !== '' || second!.slice(half).trim() === '',
					`${context} at ${columns}: ${second!}`,
				);
			}
		}
	}
});

test('no text of the help is cut at 80 columns', t => {
	for (const {keymap} of keymaps) {
		for (const context of Object.keys(contexts)) {
			const screen = {
				state: {size: {columns: 80, rows: 24}, pageRows: 21, cluster: {missingPermissions: new Map()}},
				theme: {glyphs: unicodeGlyphs},
				hints: [],
				keymap,
			} as unknown as ScreenInput;
			const cut = helpBody(screen, context)
				.map(({spans}) => spans.map(({text}) => text).join(''))
				.filter(text => text.includes('…'));
			t.deepEqual(cut, [], context);
		}
	}
});

test('no heading of the help is the last row of a column', t => {
	for (const {keymap} of keymaps) {
		for (const context of ['pods', 'tail', 'why', 'doctor', 'audit', 'proxy']) {
			for (const columns of [80, 120, 160, 200]) {
				const screen = {
					state: {size: {columns, rows: 40}, pageRows: 37, cluster: {missingPermissions: new Map()}},
					theme: {glyphs: unicodeGlyphs},
					hints: [],
					keymap,
				} as unknown as ScreenInput;
				const lines = helpBody(screen, context).map(({spans}) => spans.map(({text}) => text).join(''));
				const last = lines.flatMap((text, row) =>
					[...text.matchAll(/PATH LINE|GLYPHS|FILTERS|CUSTOM KEYS|EVERYWHERE/g)]
						.filter(({index}) => (lines[row + 1] ?? '').slice(index, index + 8).trim() === '')
						.map(([heading]) => heading),
				);
				t.deepEqual(last, [], `${context} at ${columns}`);
			}
		}
	}
});

test('the help judges the zoom for the screen below it', t => {
	const zoomReasonBelow = (...layers: SessionState['layers']) => {
		const state = {...emptySession(clusterState(null), {columns: 80, rows: 24}, 0), layers};
		const {hints} = createScreenInput(fakeSession({store: {state}, keymap: keymaps[0]!.keymap}), plainTheme);
		return hints.find(({action}) => action.id === 'view.zoom')!.disabledReason;
	};

	const help = {kind: 'help', keyContext: 'pods', top: 0} as const;
	t.is(zoomReasonBelow(help), null);
	t.is(zoomReasonBelow({kind: 'why'} as SessionState['layers'][number], help), 'this screen has only one pane');
});
