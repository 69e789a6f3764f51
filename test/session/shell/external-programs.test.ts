/** Text in $PAGER or $EDITOR, and a URL in $BROWSER. */
import test from 'ava';
import {openInBrowser, openInProgram} from '../../../source/session/shell/external-programs.ts';
import {fakeSession} from '../../support/fake-session.ts';

async function told(kind: 'pager' | 'editor', env: NodeJS.ProcessEnv): Promise<string[]> {
	const said: string[] = [];
	const session = fakeSession({
		env,
		withTerminal: async (work: () => Promise<unknown>) => work(),
		showMessage(text: string) {
			said.push(text);
		},
	});
	await openInProgram(session, kind, ['one\n'], 1);
	return said;
}

test('a missing program is reported with the variable that names another', async t => {
	t.deepEqual(await told('pager', {PAGER: 'no-such-pager -x'}), ['no-such-pager not found: set PAGER to an installed program']);
	t.deepEqual(await told('editor', {EDITOR: 'no-such-editor'}), ['no-such-editor not found: set VISUAL or EDITOR to an installed program']);
});

test('a program that ran is not reported as failed to start', async t => {
	t.deepEqual(await told('pager', {PAGER: 'false'}), []);
});

for (const [browser, expected] of [
	['true', ['opened http://127.0.0.1:8080']],
	['false', ['opened http://127.0.0.1:8080']],
	['no-such-browser', ['copy http://127.0.0.1:8080', 'could not start a browser; copied http://127.0.0.1:8080']],
] as const) {
	test(`opens a URL in the browser ${browser}, or copies it`, async t => {
		const said: string[] = [];
		const session = {
			env: {BROWSER: browser},
			copy: (text: string) => said.push(`copy ${text}`),
			showMessage: (text: string) => said.push(text),
		};
		await openInBrowser(session, 'http://127.0.0.1:8080');
		t.deepEqual(said, expected);
	});
}
