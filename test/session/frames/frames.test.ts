/**
Golden frames: what the session draws, as files that a person can read.

- `states/*.ts` name states of the session, as data (test/support/session-state.ts builds them). Each is drawn as a whole screen, with the
  default keymap and without colors, at 80×24 and at 120×40, or at its own `sizes`; with `spoken`, also as a screen reader
  reads it; with `roles`, also the roles of its texts, which a theme colors.
- `NAME.txt` has these frames, one below the other. A test compares each with what is drawn now.
- After an intended change of the screen, write them again and look at the difference:

      SPOKE_FRAMES=write npx ava --no-worker-threads test/session/frames/frames.test.ts && git diff test/session/frames

- A new screen, or a new branch of one: add a row to a file of states, write, and read the new file.

A frame knows nothing of how the state came about. What keys, streams and answers do to it is tested with a session of this process:
`openSession` and `sessionOnSandbox` (test/support/open-session.ts) have the keys of the keymap, and waits for what the screen shows.
Together they are what holds when the code between state and screen is built anew: neither names a component or a handler.
*/
import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import process from 'node:process';
import test from 'ava';
import {frameRoles, sessionFrame, spokenFrame} from '../../support/session-frame.ts';
import {sessionState, type GivenState} from '../../support/session-state.ts';
import {connectionStates} from './states/connection-rows.ts';
import {dialogStates} from './states/dialogs.ts';
import {listStates} from './states/lists.ts';
import {pageStates} from './states/pages.ts';
import {tailStates} from './states/tails.ts';
import {viewStates} from './states/views.ts';

export type NamedStates = Readonly<
	Record<string, GivenState & {sizes?: ReadonlyArray<readonly [columns: number, rows: number]>; spoken?: true; roles?: true}>
>;

// Clocks on the screen are local.
process.env['TZ'] = 'UTC';

const states: NamedStates = {...listStates, ...connectionStates, ...tailStates, ...dialogStates, ...pageStates, ...viewStates};
const fileOf = (name: string) => new URL(`${name.replaceAll(/[^\w]+/g, '-')}.txt`, import.meta.url);
const isWriting = process.env['SPOKE_FRAMES'] === 'write';

for (const [
	name,
	{
		sizes = [
			[80, 24],
			[120, 40],
		],
		spoken,
		roles,
		...given
	},
] of Object.entries(states)) {
	test(`the screen shows ${name} as its file`, async t => {
		const frames = [];
		for (const [columns, rows] of sizes) {
			frames.push([`${columns}×${rows}`, ...(await sessionFrame(sessionState({...given, columns, rows})))]);
		}

		if (spoken) {
			frames.push(['read aloud', ...spokenFrame(sessionState({...given, hasScreenReader: true}))]);
		}

		if (roles) {
			frames.push(['roles', ...(await frameRoles(sessionState({...given, columns: 80, rows: 24})))]);
		}

		const text = frames.map(([title, ...rows]) => `═══ ${title}\n${rows.join('\n')}\n`).join('\n');
		if (isWriting) {
			writeFileSync(fileOf(name), text);
		}

		t.is(text, existsSync(fileOf(name)) ? readFileSync(fileOf(name), 'utf8') : '');
	});
}

test('each file of a frame belongs to a state', t => {
	const files = new Set(Object.keys(states).map(name => fileOf(name).pathname.split('/').at(-1)));
	t.is(files.size, Object.keys(states).length, 'two states have one file');
	t.deepEqual(
		readdirSync(new URL('.', import.meta.url)).filter(name => name.endsWith('.txt') && !files.has(name)),
		[],
	);
});
