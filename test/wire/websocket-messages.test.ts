import test from 'ava';
import {maskedMessage, reuseMessage} from '../../source/wire/websocket-messages.ts';

for (const [length, head] of [
	[0, '8280'],
	[125, '82fd'],
	[126, '82fe007e'],
	[65_535, '82feffff'],
	[65_536, '82ff0000000000010000'],
] as const) {
	test(`a message of ${length} bytes has the head ${head} and a key`, t => {
		const frame = maskedMessage([Buffer.alloc(length)], true);
		t.is(frame.subarray(0, head.length / 2).toString('hex'), head);
		t.is(frame.length, head.length / 2 + 4 + length);
		t.is(maskedMessage([Buffer.alloc(length)], false)[0], 0x81);
	});
}

for (const [length, isUsedAgain] of [
	[65_516, false],
	[65_517, true],
	[655_344, true],
	[655_345, false],
] as const) {
	test.serial(`the memory of a message of ${length} bytes is ${isUsedAgain ? '' : 'not '}reused`, t => {
		const parts = [Buffer.alloc(length)];
		const sent = maskedMessage(parts, true);
		reuseMessage(sent);
		const next = maskedMessage(parts, true);
		t.is(next.buffer === sent.buffer, isUsedAgain);
		t.not(maskedMessage(parts, true).buffer, next.buffer);
	});
}

test.serial('the memory of at most four messages is kept', t => {
	const parts = [Buffer.alloc(100_000)];
	const sent = Array.from({length: 5}, () => maskedMessage(parts, true));
	for (const message of sent) {
		reuseMessage(message);
	}

	const next = Array.from({length: 5}, () => maskedMessage(parts, true).buffer);
	t.deepEqual(
		next.map(buffer => sent.some(message => message.buffer === buffer)),
		[true, true, true, true, false],
	);
});
