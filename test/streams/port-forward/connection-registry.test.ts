import {Duplex} from 'node:stream';
import {mock} from 'node:test';
import test from 'ava';
import {watchCongestion} from '../../../source/streams/port-forward/connection-registry.ts';

test.serial('watchCongestion reports congestion after a second, and its end only when it lasts', t => {
	mock.timers.enable({apis: ['setTimeout']});
	t.teardown(() => {
		mock.timers.reset();
	});
	const data = new Duplex();
	const told: boolean[] = [];
	const end = watchCongestion(data, {
		congested(is) {
			told.push(is);
		},
	});
	const passes = (milliseconds: number) => {
		mock.timers.tick(milliseconds);
	};

	data.emit('congested');
	passes(900);
	data.emit('flowing');
	passes(900);
	t.deepEqual(told, []);

	data.emit('congested');
	passes(1000);
	t.deepEqual(told, [true]);
	for (let round = 0; round < 10; round++) {
		data.emit('flowing');
		passes(400);
		data.emit('congested');
		passes(1500);
	}

	t.deepEqual(new Set(told), new Set([true]));
	data.emit('flowing');
	passes(5000);
	t.false(told.at(-1));
	end();
	t.is(data.listenerCount('congested'), 0);
});
