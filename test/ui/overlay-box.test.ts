/** What floats over the screen. */
import test from 'ava';
import type {SessionState} from '../../source/state/session-state.ts';
import {floatingBox} from '../../source/ui/overlay-box.ts';
import {plainTheme} from '../../source/ui/theme.ts';

test('what is asked before something that cannot be taken back stands out as dangerous', t => {
	const screen = {state: {size: {columns: 80, rows: 24}} as SessionState, theme: plainTheme, keymap: new Map(), hints: [], tail: null};
	const box = floatingBox(screen, {kind: 'confirm', question: 'Send DELETE to svc/web?', details: ['It goes.'], leaves: false});
	const roleOf = (words: string) => box?.lines.flatMap(({spans}) => spans).find(({text}) => text.includes(words))?.role;
	t.is(roleOf('DELETE'), 'danger');
	t.is(roleOf('It goes'), 'text.dim');
});
