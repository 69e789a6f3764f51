/** The help screen in each keymap. The frames have it for each context in the default one. */
import test from 'ava';
import {contexts} from '../../../source/session/actions/contexts.ts';
import {loadKeymap} from '../../../source/session/keymap/load-keymap.ts';
import {createScreenInput} from '../../../source/session/frame/session-display.ts';
import type {SessionState} from '../../../source/session/frame/session-state.ts';
import {plainTheme} from '../../../source/session/kit/theme.ts';
import {helpBody} from '../../../source/session/text/help.ts';
import {fakeSession} from '../../support/fake-session.ts';
import {inputOf, sessionState, textOf} from '../../support/session-state.ts';

const keymaps = await Promise.all([undefined, 'vim', 'k9s'].map(async name => loadKeymap({}, name)));
const largeHelps = ['pods', 'tail', 'why', 'doctor', 'audit', 'proxy'];

/** In each keymap. */
const helps = (context: string, columns: number, rows: number) =>
	keymaps.map(({keymap}) => textOf(helpBody(inputOf(sessionState({columns, rows}), {keymap}), context)));

test('the help lists the filters of the current view, and no others', t => {
	const linesOf = (context: string) => helps(context, 40, 24)[0]!.map(text => text.trim());
	t.true(linesOf('pods').includes('text  !exclude  ~regex'));
	const tail = linesOf('tail');
	t.false(tail.some(line => line.includes('~regex') || line.includes('-l app=web')));
	t.deepEqual(tail.slice(tail.indexOf('FILTERS') + 1).slice(0, 2), ['text  !exclude', 'Ctrl-r while typing: regex']);
	t.false(linesOf('why').includes('FILTERS'));
});

test('no column of the help starts with a blank row', t => {
	for (const context of largeHelps) {
		for (const [columns, rows] of [
			[80, 24],
			[60, 30],
		] as const) {
			for (const [first, second] of helps(context, columns, rows)) {
				const half = Math.floor((columns - 2) / 2);
				t.true(first!.slice(half).trim() !== '' || second!.slice(half).trim() === '', `${context} at ${columns}: ${second!}`);
			}
		}
	}
});

test('no text of the help is cut at 80 columns', t => {
	for (const context of Object.keys(contexts)) {
		const cut = helps(context, 80, 24).flatMap(lines => lines.filter(text => text.includes('…')));
		t.deepEqual(cut, [], context);
	}
});

test('no heading of the help is the last row of a column', t => {
	for (const context of largeHelps) {
		for (const columns of [80, 120, 160, 200]) {
			for (const lines of helps(context, columns, 40)) {
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
		const state = sessionState({layers});
		const {hints} = createScreenInput(fakeSession({store: {state}, keymap: keymaps[0]!.keymap}), plainTheme);
		return hints.find(({action}) => action.id === 'view.zoom')!.disabledReason;
	};

	const help = {kind: 'help', keyContext: 'pods', top: 0} as const;
	t.is(zoomReasonBelow(help), null);
	t.is(zoomReasonBelow({kind: 'why'} as SessionState['layers'][number], help), 'this screen has only one pane');
});
