import test from 'ava';
import {encodeName} from '../../../source/streams/copy/copy-program.ts';
import {unsafeLinkReason} from '../../../source/streams/copy/safe-link.ts';

const reason = (path: string, target: string) =>
	unsafeLinkReason(
		path.split('/').map(part => Buffer.from(part)),
		Buffer.from(target),
	);

test('a link may stay inside the destination', t => {
	for (const [path, target] of [
		['a', 'b'],
		['a', '.'],
		['a', './b//c'],
		['d/a', '../b'],
		['d/e/a', '../../b'],
		['d/e/a', '../..'],
		['a', '...'],
	] as const) {
		t.is(reason(path, target), null, `${path} -> ${target}`);
	}
});

test('a link that leads out, or could through a second one, is refused', t => {
	for (const [path, target] of [
		['a', '..'],
		['a', '../b'],
		['d/a', '../../b'],
		['d/a', './../../b'],
		['a', '/etc'],
		['d/e/a', 'b/..'],
		['d/e/a', '../b/../..'],
		['a', ''],
	] as const) {
		t.is(typeof reason(path, target), 'string', `${path} -> ${target}`);
	}
});

test('a name reaches the program only in letters that a shell does not read', t => {
	t.is(encodeName(Buffer.from('/srv/a-b_c.txt')), '/srv/a-b_c.txt');
	t.is(encodeName(Buffer.from('a b\n$\'"\\*')), String.raw`a\0040b\0012\0044\0047\0042\0134\0052`);
	t.is(encodeName(Buffer.from([0xff, 0xc3, 0xa9])), String.raw`\0377\0303\0251`);
	t.regex(encodeName(Buffer.from(Array.from({length: 255}, (_, index) => index + 1))), /^[\w./,:@%+=\\-]+$/);
});
