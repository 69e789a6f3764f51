/** The text about the next retry. */
import test from 'ava';
import {describeNextRetry} from '../../../source/session/clusters/describe-next-retry.ts';
import {clockTime} from '../../../source/text/formats.ts';

const at = Date.parse('2026-11-25T14:03:07Z');

for (const [name, now, words] of [
	['pending', at - 3200, ' in 4 s'],
	['due in less than a second', at - 1, ' in 1 s'],
	['starting', at, ' now'],
	['running for less than a second', at + 999, ' now'],
	['running for longer', at + 1000, ` since ${clockTime(at)}`],
] as const) {
	test(`a retry that is ${name} reads: retrying${words.replace(/\d\d:.*/, 'its start')}`, t => {
		t.is(describeNextRetry({now, isReducedMotion: false}, at), words);
	});
}

test('reduced motion shows no countdown, but the start of a running retry', t => {
	t.is(describeNextRetry({now: at - 3200, isReducedMotion: true}, at), '');
	t.is(describeNextRetry({now: at + 5000, isReducedMotion: true}, at), ` since ${clockTime(at)}`);
});
