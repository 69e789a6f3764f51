/** The start of the next log read. */
import test from 'ava';
import {ResumePosition} from '../../../source/streams/logs/continuity-check.ts';

const seen = (since: number | null) => ({since});

test('a log resumes at the whole second of its last line, whatever was requested first', t => {
	const beginning = new ResumePosition({tailLines: 10}, seen(1_800_000_000));
	beginning.recordFollow(0);
	t.deepEqual(beginning.fromLastLine, {timestamps: true, sinceTime: '2027-01-15T08:00:00Z'});
	t.deepEqual(beginning.afterFollow(9000), beginning.fromLastLine);
	t.false(beginning.mayHaveMissed);
});

test('without a line, the newest lines are requested again, and the time to cover is known', t => {
	const beginning = new ResumePosition({tailLines: 10}, seen(null));
	t.deepEqual(beginning.afterFollow(9000), {timestamps: true, tailLines: 10});
	beginning.recordFollow(1000);
	beginning.recordFollow(5000);
	t.true(beginning.mayHaveMissed);
	t.deepEqual(beginning.afterFollow(9000), {timestamps: true, tailLines: 10});
	t.deepEqual(beginning.sinceFirstFollow(9000), {timestamps: true, sinceSeconds: 10});
});

test('sinceSeconds grows by the elapsed time and a 2 s margin, and tailLines=0 misses no line', t => {
	const seconds = new ResumePosition({sinceSeconds: 60}, seen(null));
	seconds.recordFollow(0);
	t.false(seconds.mayHaveMissed);
	t.is(seconds.afterFollow(3000).sinceSeconds, 65);
	const both = new ResumePosition({tailLines: 10, sinceSeconds: 60}, seen(null));
	both.recordFollow(0);
	t.deepEqual(both.afterFollow(3000), {timestamps: true, tailLines: 10, sinceSeconds: 65});
	const none = new ResumePosition({tailLines: 0}, seen(null));
	none.recordFollow(0);
	t.false(none.mayHaveMissed);
	t.deepEqual(none.afterFollow(3000), {timestamps: true, sinceSeconds: 5});
});

test('a whole log is read again from its start', t => {
	const beginning = new ResumePosition({insecureSkipTLSVerifyBackend: true}, seen(null));
	beginning.recordFollow(0);
	t.deepEqual(beginning.afterFollow(9000), {timestamps: true, insecureSkipTLSVerifyBackend: true});
});
