/** The selected row of a dialog. */
import test from 'ava';
import {createElement as h} from 'react';
import {Dialog} from '../../../source/session/dialogs/dialog.tsx';
import {plainTheme} from '../../../source/session/kit/theme.ts';
import {drawnBytes} from '../../support/drawn.ts';
import {inputOf, sessionState} from '../../support/session-state.ts';

test('the selected row of a dialog has its ground from edge to edge', t => {
	const screen = inputOf(sessionState({dialog: {kind: 'picker', items: [{id: 'a', cells: ['first']}]}}));
	const bytes = drawnBytes({...screen, theme: {...plainTheme, sgr: {...plainTheme.sgr, selection: '7'}}}, h(Dialog));
	t.regex(bytes, /\u001B\[0;7m > first {66}\u001B\[m\|/);
});
