/** The queue of terminal users. */
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {openInBrowser, openInProgram, TerminalQueue} from '../../../source/session/shell/terminal-queue.ts';
import {fakeSession} from '../../support/fake-session.ts';

function recordedQueue({isTaken}: {isTaken: boolean}) {
	const calls: string[] = [];
	const queue = new TerminalQueue({
		store: {
			hold() {
				calls.push('hold');
			},
			release() {
				calls.push('release');
			},
		},
		screen: {
			isTaken,
			async suspended(work) {
				calls.push('screen away');
				return work();
			},
		},
		terminal: {
			handOff: async work => work(),
			lend: async (_take, work) => work(),
		},
	});
	return {queue, calls};
}

test('a terminal request waits for the previous one to end, even if that one fails', async t => {
	const {queue, calls} = recordedQueue({isTaken: true});
	const shell = queue.lend(
		() => {},
		async () => {
			calls.push('shell');
			await delay(10);
			throw new Error('cut');
		},
	);
	const plugin = queue.handOff(async () => {
		calls.push('plugin');
		return 'token';
	});
	await t.throwsAsync(shell, {message: 'cut'});
	t.is(await plugin, 'token');
	t.deepEqual(calls, ['hold', 'screen away', 'shell', 'release', 'hold', 'screen away', 'plugin', 'release']);
});

test('nothing is suspended before the first screen is drawn', async t => {
	const {queue, calls} = recordedQueue({isTaken: false});
	await queue.handOff(async () => {
		calls.push('plugin');
	});
	t.deepEqual(calls, ['hold', 'plugin', 'release']);
});

test('closing does not wait for a pager that keeps running', async t => {
	const {queue} = recordedQueue({isTaken: true});
	const pager = Promise.withResolvers<void>();
	const viewing = queue.handOff(async () => pager.promise);
	// The queue's timer does not keep the process running, so the test waits with its own.
	await t.notThrowsAsync(Promise.all([queue.waitUntilFree(), delay(600)]));
	pager.resolve();
	await viewing;
});

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
