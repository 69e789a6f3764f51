/** The queue of terminal users. */
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {TerminalQueue} from '../../../source/session/shell/terminal-queue.ts';

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
