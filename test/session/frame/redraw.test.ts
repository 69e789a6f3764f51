/** The redraw key. */
import test from 'ava';
import {sessionOnSandbox} from '../../support/open-session.ts';

for (const [what, env] of [
	['of rows', {}],
	['for a screen reader', {INK_SCREEN_READER: 'true'}],
] as const) {
	test(`the redraw key repairs a screen ${what}, even when nothing else changes`, async t => {
		const {session} = await sessionOnSandbox(t, [], {env: {...env, NO_MOTION: '1'}});
		await session.sees(/verified ━► apiserver[\s\S]*toolbox|tab: Pods[\s\S]*\d+ of \d+: /);
		session.press('messages.open');
		await session.sees(/Messages[\s\S]*No messages yet[\s\S]*\? help/);
		const before = session.screen();
		// A screen reader's screen has few rows, and those below are not its own.
		await session.overwrite('\u001B7\u001B[Hwritten by another program\u001B[3;1H\u001B[2Kand so was this\u001B8');
		await session.sees(/written by another program[\s\S]*and so was this/);
		session.press('screen.redraw');
		await session.shows(before);
	});
}
