import test from 'ava';
import {statusMessage, fullMessage} from '../../../source/cluster/server-messages/unwrap-message.ts';

const status = (message: unknown, kind = 'Status') => JSON.stringify({kind, message});

for (const [title, message, text, full] of [
	['returns the message alone without server text', 'gone', null, 'gone'],
	[
		'omits server text that the message contains',
		'nothing listens: dial tcp 10.0.0.1:1: connect: connection refused',
		status('error dialing backend: dial tcp 10.0.0.1:1: connect: connection refused'),
		'nothing listens: dial tcp 10.0.0.1:1: connect: connection refused',
	],
	['omits server text that the message contains, despite extra spaces', 'it closed: EOF', 'error dialing backend:  EOF', 'it closed: EOF'],
	[
		'appends server text that the message does not contain',
		'the log cannot be read',
		' it is\nhidden \n',
		'the log cannot be read: it is\nhidden',
	],
	[
		'appends only the message of a Status',
		'the log cannot be read',
		status('pods "web" is hidden '),
		'the log cannot be read: pods "web" is hidden',
	],
	[
		'appends JSON that is not a Status unchanged',
		'the log cannot be read',
		status('x', 'Pod'),
		'the log cannot be read: {"kind":"Pod","message":"x"}',
	],
] as const) {
	test(title, t => {
		t.is(fullMessage({message, text}), full);
	});
}

test('statusMessage returns an empty text for a Status without message and null for other bodies', t => {
	t.deepEqual(
		[status('x'), status(5), status(undefined), status('x', 'Pod'), 'null', '{', ''].map(body => statusMessage(body)),
		['x', '', '', null, null, null, null],
	);
});
