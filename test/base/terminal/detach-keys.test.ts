/** Detach keys: syntax of docker, and detection in split input. */
import test from 'ava';
import {DetachKeys, parseDetachKeys} from '../../../source/base/terminal/detach-keys.ts';

test('detach keys parse to bytes', t => {
	t.is(parseDetachKeys('ctrl-p,ctrl-q').toString('hex'), '1011');
	t.is(parseDetachKeys('ctrl-@,ctrl-[,ctrl-_,DEL,a').toString('hex'), '001b1f7f61');
	for (const wrong of ['ctrl-', 'ctrl-1', 'escape', '', 'ctrl-p,']) {
		t.throws(() => parseDetachKeys(wrong), {code: 'ERR_USAGE'}, wrong);
	}
});

test('only input outside the detach keys is passed, however it is split', t => {
	const rows: ReadonlyArray<[keys: string, typed: string, passed: string, detached: boolean]> = [
		['ctrl-p,ctrl-q', 'ls\r', 'ls\r', false],
		['ctrl-p,ctrl-q', 'a\u0010\u0011b', 'a', true],
		['ctrl-p,ctrl-q', '\u0010x\u0010\u0011', '\u0010x', true],
		['ctrl-p,ctrl-q', '\u0010\u0010\u0011', '\u0010', true],
		['ctrl-p,ctrl-q', '\u0011\u0010', '\u0011', false],
		['a,a,b', 'aaac', 'aaac', false],
		['x', 'x', '', true],
	];
	for (const [spelled, typed, passed, detached] of rows) {
		for (let cut = 0; cut <= typed.length; cut++) {
			const keys = new DetachKeys(parseDetachKeys(spelled));
			const first = keys.feed(Buffer.from(typed.slice(0, cut)));
			const second = first.detached ? {pass: Buffer.alloc(0), detached: true} : keys.feed(Buffer.from(typed.slice(cut)));
			t.is(Buffer.concat([first.pass, second.pass]).toString(), passed, `${spelled}: ${JSON.stringify(typed)} cut at ${cut}`);
			t.is(second.detached, detached);
		}
	}
});
