/** The queue of terminal users. */
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {TerminalQueue} from '../../../source/session/handoff/terminal-queue.ts';

/** Records changes of the screen. */
function turnsOf({isTaken}: {isTaken: boolean}) {
	const happened: string[] = [];
	const turns = new TerminalQueue({
		store: {
			hold() {
				happened.push('hold');
			},
			letGo() {
				happened.push('let go');
			},
		},
		screen: {
			isTaken,
			async suspended(work) {
				happened.push('screen away');
				return work();
			},
		},
		terminal: {
			handOff: async work => work(),
			lend: async (_take, work) => work(),
		},
	});
	return {turns, happened};
}

test('a terminal request waits for the end of the current holder, also if that failed', async t => {
	const {turns, happened} = turnsOf({isTaken: true});
	const shell = turns.lend(
		() => {},
		async () => {
			happened.push('shell');
			await delay(10);
			throw new Error('cut');
		},
	);
	const plugin = turns.handOff(async () => {
		happened.push('plugin');
		return 'token';
	});
	await t.throwsAsync(shell, {message: 'cut'});
	t.is(await plugin, 'token');
	t.deepEqual(happened, ['hold', 'screen away', 'shell', 'let go', 'hold', 'screen away', 'plugin', 'let go']);
});

test('before the first screen nothing is suspended', async t => {
	const {turns, happened} = turnsOf({isTaken: false});
	await turns.handOff(async () => {
		happened.push('plugin');
	});
	t.deepEqual(happened, ['hold', 'plugin', 'let go']);
});

test('closing does not wait for a pager that keeps running', async t => {
	const {turns} = turnsOf({isTaken: true});
	const pager = Promise.withResolvers<void>();
	const viewing = turns.handOff(async () => pager.promise);
	// Its own timer does not keep the program running.
	await t.notThrowsAsync(Promise.all([turns.over(), delay(600)]));
	pager.resolve();
	await viewing;
});
