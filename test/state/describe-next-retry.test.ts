/** What is said of the next try is true while it is waited for, and while it runs. */
import test from 'ava';
import {describeNextRetry} from '../../source/state/describe-next-retry.ts';
import {clockTime} from '../../source/text/clock-time.ts';

const at = Date.parse('2026-11-25T14:03:07Z');

for (const [name, now, words] of [
	['waited for', at - 3200, 'again in 4 s'],
	['due in a moment', at - 1, 'again in 1 s'],
	['begun', at, 'again now'],
	['begun less than a second ago', at + 999, 'again now'],
	['running for longer', at + 1000, `again since ${clockTime(at)}`],
] as const) {
	test(`a try that is ${name} is told as: ${words.replace(/\d\d:.*/, 'its beginning')}`, t => {
		t.is(describeNextRetry({now, isStill: false}, at), words);
	});
}

test('where nothing may move a try that is waited for has no figure, and one that runs has its beginning', t => {
	t.is(describeNextRetry({now: at - 3200, isStill: true}, at), 'again');
	t.is(describeNextRetry({now: at + 5000, isStill: true}, at), `again since ${clockTime(at)}`);
});
