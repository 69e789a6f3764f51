/** Running work and its end. */
import {setImmediate} from 'node:timers/promises';
import test from 'ava';
import {RunningWork} from '../../../source/session/frame/session.ts';

/** Stops in a later turn. */
function slow(acts: string[], name: string) {
	return {
		async stop() {
			await setImmediate();
			acts.push(name);
		},
	};
}

test('a stop after a restart also ends the restarted work', async t => {
	const work = new RunningWork();
	const acts: string[] = [];
	work.start('forward', 'f-1', slow(acts, 'first'));
	const restarting = work.end('f-1', () => {
		acts.push('restart');
		work.start('forward', 'f-1', slow(acts, 'second'));
	});
	await Promise.all([restarting, work.end('f-1', () => acts.push('gone'))]);
	t.deepEqual([...new Set(acts)], ['first', 'restart', 'second', 'gone']);
	t.deepEqual(work.list('forward'), []);
});

test('work that stops at once has ended when the call returns', t => {
	const work = new RunningWork();
	work.start('request', 'r-1', {stop() {}});
	void work.end('r-1');
	t.is(work.get('request', 'r-1'), undefined);
});

test('the end of replaced work does not end its successor', t => {
	const work = new RunningWork();
	const onEnded = work.start('request', 'r-1', {stop() {}});
	work.start('request', 'r-1', {stop() {}});
	onEnded();
	t.is(work.list('request').length, 1);
	t.is(work.get('tail', 'r-1'), undefined);
});
