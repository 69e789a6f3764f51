import test from 'ava';
import {SpokeError} from '../../source/base/errors/spoke-error.ts';
import {decodeChannelMessage, resizeMessage, stdinEndMessage, stdinMessage, parseStatusMessage} from '../../source/wire/status-message.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

test('decodes server messages of each channel, also an empty one', t => {
	t.deepEqual(decodeChannelMessage(hex('01')), {channel: 'stdout', bytes: Buffer.alloc(0)});
	t.deepEqual(decodeChannelMessage(hex('01 61')), {channel: 'stdout', bytes: Buffer.from('a')});
	t.deepEqual(decodeChannelMessage(hex('02 ff00')), {channel: 'stderr', bytes: hex('ff00')});
	t.deepEqual(decodeChannelMessage(hex('03 7b7d')), {channel: 'error', bytes: Buffer.from('{}')});
});

for (const [what, bytes, says] of [
	['no channel', '', 'is empty'],
	['standard input', '00 61', 'channel 0'],
	['resize', '04', 'channel 4'],
	['an unknown channel', '09 61', 'channel 9'],
	['close', 'ff 00', 'channel 255'],
] as const) {
	test(`rejects ${what} from a server`, t => {
		const {code, message} = t.throws(() => decodeChannelMessage(hex(bytes)), {instanceOf: SpokeError});
		t.deepEqual([code, message.includes(says)], ['ERR_PROTOCOL', true], message);
	});
}

test('encodes stdin, its end and the terminal size', t => {
	t.is(stdinMessage(Buffer.from('ls\n')).toString('hex'), '006c730a');
	t.is(stdinMessage(Buffer.alloc(0)).toString('hex'), '00');
	t.is(stdinEndMessage().toString('hex'), 'ff00');
	t.is(resizeMessage(80, 24).toString(), '\u0004{"Width":80,"Height":24}');
});

const read = (value: unknown) => parseStatusMessage(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));

const exit = (message: unknown) => ({
	metadata: {},
	status: 'Failure',
	message: 'command terminated with exit code 42',
	reason: 'NonZeroExitCode',
	details: {causes: [{reason: 'ExitCode', message}]},
});

test('only one explicit Success is a success', t => {
	t.deepEqual(read({metadata: {}, status: 'Success'}), {kind: 'success'});
	for (const text of [
		'',
		' ',
		'{}',
		'null',
		'[]',
		'"Success"',
		'{"status":"success"}',
		'{"status":"Success"}{"status":"Success"}',
		'{"status":"Success"}x',
		'{"status":"Succ',
	]) {
		t.is(read(text).kind, 'unreadable', text);
	}
});

test('a valid exit code is passed on, and an invalid one is unreadable', t => {
	t.deepEqual(read(exit('42')), {kind: 'exit', exitStatus: 42, message: 'command terminated with exit code 42'});
	for (const message of ['0', '', 'x', '-1', 42, undefined, '1e3', '99999999999']) {
		t.is(read(exit(message)).kind, 'unreadable', String(message));
	}
});

for (const details of [
	undefined,
	null,
	'x',
	[],
	{},
	{causes: null},
	{causes: {}},
	{causes: []},
	{causes: [null, 'x', {reason: 'Other', message: '42'}]},
]) {
	test(`a non-zero exit with the details ${JSON.stringify(details)} is unreadable`, t => {
		const text = JSON.stringify({...exit('42'), details});
		t.deepEqual(read(text), {kind: 'unreadable', text});
	});
}

test('an unreadable status is kept as text, truncated when long', t => {
	for (const text of [
		'<html>',
		'{"status":"Other"}',
		'[]',
		JSON.stringify({status: 'Other', message: 'x'.repeat(10_000)}),
		JSON.stringify({...exit('x'), more: 'x'.repeat(10_000)}),
		'<'.repeat(10_000),
	]) {
		t.deepEqual(read(text), {kind: 'unreadable', text: text.slice(0, 4096)});
	}
});

test('an exit code above 255 is a failure', t => {
	t.like(read(exit('255')), {kind: 'exit', exitStatus: 255});
	for (const message of ['256', '65536', '3221225477']) {
		t.like(read(exit(message)), {kind: 'failure', message: 'command terminated with exit code 42', reason: 'NonZeroExitCode'});
	}
});

test('a failure keeps the server’s message', t => {
	t.deepEqual(read({status: 'Failure', message: 'error executing command', reason: 'InternalError', code: 500}), {
		kind: 'failure',
		message: 'error executing command',
		reason: 'InternalError',
		code: 500,
	});
	t.deepEqual(read({status: 'Failure'}), {kind: 'failure', message: '', reason: null, code: null});
});

test('a Status of 5 MB is not parsed', t => {
	const result = read({status: 'Success', message: 'x'.repeat(5_000_000)});
	t.is(result.kind, 'unreadable');
	const ofLength = (bytes: number) => read(`${JSON.stringify({status: 'Success'})}${' '.repeat(bytes - 20)}`).kind;
	t.deepEqual([ofLength(1 << 20), ofLength((1 << 20) + 1)], ['success', 'unreadable']);
	t.true(result.kind === 'unreadable' && result.text.length <= 4096);
});
