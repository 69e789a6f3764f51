/** Lines of several containers come out in the order of their times. */
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {LineOrder} from '../../source/app/line-order.ts';

const block = (...stamps: string[]) => Buffer.from(stamps.map(stamp => `2026-11-24T14:00:${stamp}Z line ${stamp}\n`).join(''));

test('one source alone waits for nobody', t => {
	const out: string[] = [];
	new LineOrder((_, __, bytes) => out.push(bytes.toString()), () => {}).lines(0, block('01.5', '02'));
	t.deepEqual(out, ['line 01.5', 'line 02']);
});

test('lines of two sources are put by time once they are settled, and none is lost', async t => {
	const out: string[] = [];
	const order = new LineOrder((source, _, bytes) => out.push(`${source} ${bytes.toString()}`), () => {});
	order.lines(0, block('01'));
	order.lines(1, block('03', '05'));
	order.lines(0, block('02', '04'));
	t.deepEqual(out, ['0 line 01']);
	await delay(400);
	t.deepEqual(out, ['0 line 01', '0 line 02', '1 line 03', '0 line 04', '1 line 05']);
	order.lines(0, block('06'));
	order.flushAll();
	t.is(out.at(-1), '0 line 06');
});
