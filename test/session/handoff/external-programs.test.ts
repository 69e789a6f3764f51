/** Text in a program of the person's own. */
import test from 'ava';
import {openInProgram} from '../../../source/session/handoff/external-programs.ts';
import type {Session} from '../../../source/session/session.ts';

/** What the session says when `env` names the program. */
async function told(kind: 'pager' | 'editor', env: NodeJS.ProcessEnv): Promise<string[]> {
	const said: string[] = [];
	const session = {
		env,
		withTerminal: async (work: () => Promise<unknown>) => work(),
		tell(text: string) {
			said.push(text);
		},
	} as unknown as Session;
	await openInProgram(session, kind, ['one\n'], 1);
	return said;
}

test('a program that is not there is said to be missing, with the variable that names another', async t => {
	t.deepEqual(await told('pager', {PAGER: 'no-such-pager -x'}), ['no-such-pager was not found: set PAGER to a program that is here']);
	t.deepEqual(await told('editor', {EDITOR: 'no-such-editor'}), [
		'no-such-editor was not found: set VISUAL or EDITOR to a program that is here',
	]);
});

test('a program that ran is not said to have failed to start', async t => {
	t.deepEqual(await told('pager', {PAGER: 'false'}), []);
});
