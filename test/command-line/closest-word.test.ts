/** Suggestions for misspelled words. */
import test from 'ava';
import {closestWord} from '../../source/command-line/closest-word.ts';

const words = ['logs', 'exec', 'attach', 'audit', 'port-forward', 'v', 'as'];
for (const [typed, word] of [
	['lgos', 'logs'],
	['log', 'logs'],
	['logss', 'logs'],
	['auidt', 'audit'],
	['port-foward', 'port-forward'],
	['portforward', 'port-forward'],
	['get', null],
	['x', null],
	['', null],
	['zzzzzzzzzzzz', null],
	['a'.repeat(100_000), null],
] as const) {
	test(`${JSON.stringify(typed.slice(0, 20))} is closest to ${word}`, t => {
		t.is(closestWord(typed, words), word);
	});
}
