/** Words of lost and reset streams. */
import test from 'ava';
import {silenceError, StreamResetError} from '../../source/wire/protocol-error.ts';

test('silence is given in whole seconds', t => {
	t.deepEqual(
		[600_000, 1499, 1500].map(ms => silenceError(ms).message.replace(/^.* for /, '')),
		['600 s', '1 s', '2 s'],
	);
});

/** SPDY/3 section 2.6.3. */
for (const [status, name] of [
	[1, 'protocolError'],
	[2, 'invalidStream'],
	[3, 'refused'],
	[4, 'unsupportedVersion'],
	[5, 'cancel'],
	[6, 'internalError'],
	[7, 'flowControlError'],
	[8, 'status'],
] as const) {
	test(`a reset with the status ${status} is named ${name}`, t => {
		const error = new StreamResetError(status);
		t.is(error.message, `the other side reset the stream (${name} ${status})`);
		t.is(error.status, status);
	});
}
