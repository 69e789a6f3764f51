/** From where a log is read again, so that nothing is missed. */
import test from 'ava';
import {ResumePosition} from '../../../source/streams/logs/resume-position.ts';

const seen = (since: number | null) => ({since});

test('once a line was seen it is its second, whatever was asked for first', t => {
	const beginning = new ResumePosition({tailLines: 10}, seen(1_800_000_000));
	beginning.followed(0);
	t.deepEqual(beginning.again, {timestamps: true, sinceTime: '2027-01-15T08:00:00Z'});
	t.deepEqual(beginning.behind(9000), beginning.again);
	t.false(beginning.mayMiss);
});

test('without a line the newest ones are asked for again, and since when they must reach back is known', t => {
	const beginning = new ResumePosition({tailLines: 10}, seen(null));
	t.deepEqual(beginning.behind(9000), {timestamps: true, tailLines: 10});
	beginning.followed(1000);
	beginning.followed(5000);
	t.true(beginning.mayMiss);
	t.deepEqual(beginning.behind(9000), {timestamps: true, tailLines: 10});
	t.deepEqual(beginning.since(9000), {timestamps: true, sinceSeconds: 10});
});

test('the last seconds begin where they began; who wanted no line from before misses none', t => {
	const seconds = new ResumePosition({sinceSeconds: 60}, seen(null));
	seconds.followed(0);
	t.false(seconds.mayMiss);
	t.is(seconds.behind(3000).sinceSeconds, 65);
	const both = new ResumePosition({tailLines: 10, sinceSeconds: 60}, seen(null));
	both.followed(0);
	t.deepEqual(both.behind(3000), {timestamps: true, tailLines: 10, sinceSeconds: 65});
	const none = new ResumePosition({tailLines: 0}, seen(null));
	none.followed(0);
	t.false(none.mayMiss);
	t.is(none.behind(3000).sinceSeconds, 5);
});

test('a whole log is read again from its beginning', t => {
	const beginning = new ResumePosition({insecureSkipTLSVerifyBackend: true}, seen(null));
	beginning.followed(0);
	t.deepEqual(beginning.behind(9000), {timestamps: true, insecureSkipTLSVerifyBackend: true});
});
