/** The row of a match in a text. */
import test from 'ava';
import type {TextLine} from '../../../source/session/frame/session-state.ts';
import {wrapped, searchText} from '../../../source/session/kit/text-rows.ts';
import {pageRows, rowOfMatch} from '../../../source/session/text/pager.tsx';
import {inputOf, sessionState, textLayer} from '../../support/session-state.ts';

const asIs = (text: string): TextLine => ({text, asIs: true});

const screenOf = (columns: number) => inputOf(sessionState({columns}));

const layerOf = (lines: readonly TextLine[], text: string) => textLayer({lines, search: searchText(lines, {text, regex: false}, 0)});

test('the row of a match is the one on which the match starts', t => {
	const lines = [asIs('x'.repeat(30)), asIs(`${'y'.repeat(25)}image`)];
	const layer = layerOf(lines, 'image');
	t.is(rowOfMatch(screenOf(80), layer, wrapped), 1);
	t.is(rowOfMatch(screenOf(11), layer, wrapped), 6);
	t.is(rowOfMatch(screenOf(80), layerOf(lines, 'nowhere'), wrapped), -1);
	const rows = pageRows(screenOf(11), layer);
	t.deepEqual(
		[0, 3, 4, 99].map(top => rows[top]?.of),
		[0, 0, 1, undefined],
	);
});
