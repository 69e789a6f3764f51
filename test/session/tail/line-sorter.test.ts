/** The order of lines of several containers. */
import test from 'ava';
import {insertLateLines} from '../../../source/session/tail/insert-lines.ts';
import {LineSorter, type LineSorterCallbacks} from '../../../source/session/tail/line-sorter.ts';
import {LineBuffer} from '../../../source/session/tail/line-buffer.ts';
import {until} from '../../support/until.ts';

const block = (...stamps: string[]) => Buffer.from(stamps.map(stamp => `2026-11-24T14:00:${stamp}Z line ${stamp}\n`).join(''));

function ordered() {
	const buffer = new LineBuffer();
	let now = 0;
	const tells: LineSorterCallbacks = {
		put(source, time, late, bytes, from, to) {
			buffer.append(source, time, 0, 'text', Buffer.from(`${source} ${bytes.toString('utf8', from, to)}${late ? ' late' : ''}`));
		},
		insert(lines) {
			insertLateLines(
				buffer,
				lines.map(line => ({...line, bytes: Buffer.from(`${line.source} ${line.bytes.toString()}`)})),
			);
		},
		settled() {},
	};
	return {
		order: new LineSorter(tells, () => now),
		buffer,
		texts: () => Array.from({length: buffer.end}, (_, at) => buffer.line(at)!.bytes.toString()),
		pass(ms: number) {
			now += ms;
		},
	};
}

test('a single source is not delayed', t => {
	const {order, texts} = ordered();
	order.lines(0, block('01.5', '02'));
	t.deepEqual(texts(), ['0 line 01.5', '0 line 02']);
});

test('lines of two sources are sorted by time after settling, and none is lost', async t => {
	const {order, texts, pass} = ordered();
	order.lines(0, block('01'));
	order.lines(1, block('03', '05'));
	order.lines(0, block('02', '04'));
	t.deepEqual(texts(), ['0 line 01']);
	pass(301);
	await until(() => texts().length === 5, texts);
	t.deepEqual(texts(), ['0 line 01', '0 line 02', '1 line 03', '0 line 04', '1 line 05']);
	order.lines(0, block('06'));
	order.flushAll();
	t.is(texts().at(-1), '0 line 06');
});

test('the backlog of a second log is inserted between the visible lines of the first', t => {
	const {order, texts} = ordered();
	order.lines(0, block('10', '20', '30'));
	order.lines(1, block('05', '15', '15', '35'));
	order.flushAll();
	order.lines(2, block('16', '40'));
	order.flushAll();
	t.deepEqual(texts(), [
		'1 line 05',
		'0 line 10',
		'1 line 15',
		'1 line 15',
		'2 line 16',
		'0 line 20',
		'0 line 30',
		'1 line 35',
		'2 line 40',
	]);
});

test('a late line of a running log stays where it arrived and is marked', t => {
	const {order, texts, pass} = ordered();
	order.lines(0, block('10'));
	order.lines(1, block('11'));
	order.flushAll();
	pass(10_000);
	order.lines(0, block('30'));
	order.flushAll();
	order.lines(1, block('20'));
	order.flushAll();
	t.deepEqual(texts(), ['0 line 10', '1 line 11', '0 line 30', '1 line 20 late']);
});

test('a later part of a log follows the earlier part, also at the same time', t => {
	const {order, texts} = ordered();
	order.lines(0, block('10', '20'));
	order.lines(1, block('15'));
	order.flushAll();
	order.lines(1, block('15.0', '16'));
	order.flushAll();
	t.deepEqual(texts(), ['0 line 10', '1 line 15', '1 line 15.0', '1 line 16', '0 line 20']);
});

test('a log whose clock moved back keeps its order', t => {
	const {order, texts} = ordered();
	order.lines(0, block('10', '20'));
	order.lines(1, block('15', '12', '13', '18'));
	order.flushAll();
	t.deepEqual(texts(), ['0 line 10', '1 line 15', '1 line 12', '1 line 13', '1 line 18', '0 line 20']);
});

test('a notice follows the lines of its source and moves no other line', t => {
	const {order, buffer, texts} = ordered();
	order.lines(0, block('10'));
	order.lines(1, block('11', '14'));
	order.notice(1, () => {
		buffer.append(1, 0, 0, 'notice', Buffer.from('restarted'));
	});
	order.lines(0, block('12', '16'));
	order.lines(1, block('15'));
	order.flushAll();
	t.deepEqual(texts(), ['0 line 10', '1 line 11', '0 line 12', '1 line 14', 'restarted', '1 line 15', '0 line 16']);
});

test('a notice of a source without lines follows all earlier lines', t => {
	const {order, buffer, texts} = ordered();
	order.lines(0, block('10'));
	order.lines(1, block('11'));
	order.lines(0, block('13'));
	order.notice(-1, () => {
		buffer.append(-1, 0, 0, 'notice', Buffer.from('no pod now'));
	});
	order.lines(1, block('12', '14'));
	order.flushAll();
	t.deepEqual(texts(), ['0 line 10', '1 line 11', '1 line 12', '0 line 13', 'no pod now', '1 line 14']);
});
