import {EventEmitter} from 'node:events';
import {mock} from 'node:test';
import test from 'ava';
import {watchCongestion} from '../../../source/sessions/forward/watch-congestion.ts';
import type {SpdySession} from '../../../source/wire/spdy-session.ts';

test.serial('a reader is told to be behind after a second, and to be over it only when it stays so', t => {
	mock.timers.enable({apis: ['setTimeout']});
	t.teardown(() => {
		mock.timers.reset();
	});
	const session = new EventEmitter() as unknown as SpdySession & EventEmitter;
	const told: boolean[] = [];
	const end = watchCongestion({session}, 'own', {congested(is) {
		told.push(is);
	}});
	const passes = (milliseconds: number) => {
		mock.timers.tick(milliseconds);
	};

	session.emit('congested', 'another');
	passes(2000);
	session.emit('congested', 'own');
	passes(900);
	session.emit('flowing', 'own');
	passes(900);
	t.deepEqual(told, []);

	session.emit('congested', 'own');
	passes(1000);
	t.deepEqual(told, [true]);
	for (let round = 0; round < 10; round++) {
		session.emit('flowing', 'own');
		passes(400);
		session.emit('congested', 'own');
		passes(1500);
	}

	t.deepEqual(new Set(told), new Set([true]));
	session.emit('flowing', 'own');
	passes(5000);
	t.false(told.at(-1));
	end();
	t.is(session.listenerCount('congested'), 0);
});
