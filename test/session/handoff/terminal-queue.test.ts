/** Who has the terminal in place of the screen. */
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {TerminalQueue} from '../../../source/session/handoff/terminal-queue.ts';

/** Turns that write down what becomes of the screen. */
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

test('whoever wants the terminal waits for the end of who has it, also of one that failed', async t => {
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

test('where there is no screen yet none has to step aside', async t => {
	const {turns, happened} = turnsOf({isTaken: false});
	await turns.handOff(async () => {
		happened.push('plugin');
	});
	t.deepEqual(happened, ['hold', 'plugin', 'let go']);
});

test('a pager that goes on is not waited for at the end', async t => {
	const {turns} = turnsOf({isTaken: true});
	const pager = Promise.withResolvers<void>();
	const viewing = turns.handOff(async () => pager.promise);
	// Its own timer keeps no program alive.
	await t.notThrowsAsync(Promise.all([turns.over(), delay(600)]));
	pager.resolve();
	await viewing;
});
