import test from 'ava';
import {statusMessage} from '../../source/server-messages/parse-status.ts';
import {fullMessage} from '../../source/server-messages/full-message.ts';

const status = (message: unknown, kind = 'Status') => JSON.stringify({kind, message});

for (const [title, message, text, whole] of [
	['without words of the other side it is the message', 'gone', null, 'gone'],
	[
		'words that the message has are told once',
		'nothing listens: dial tcp 10.0.0.1:1: connect: connection refused',
		status('error dialing backend: dial tcp 10.0.0.1:1: connect: connection refused'),
		'nothing listens: dial tcp 10.0.0.1:1: connect: connection refused',
	],
	['words with room around them in their frame are told once, too', 'it closed: EOF', 'error dialing backend:  EOF', 'it closed: EOF'],
	[
		'words that the message does not have follow it',
		'the log cannot be read',
		' it is\nhidden \n',
		'the log cannot be read: it is\nhidden',
	],
	[
		'of a Status only its message follows',
		'the log cannot be read',
		status('pods "web" is hidden '),
		'the log cannot be read: pods "web" is hidden',
	],
	[
		'what is no Status follows as it came',
		'the log cannot be read',
		status('x', 'Pod'),
		'the log cannot be read: {"kind":"Pod","message":"x"}',
	],
] as const) {
	test(title, t => {
		t.is(fullMessage({message, text}), whole);
	});
}

test('the message of a Status may be empty, and other JSON has none', t => {
	t.deepEqual(
		[status('x'), status(5), status(undefined), status('x', 'Pod'), 'null', '{', ''].map(body => statusMessage(body)),
		['x', '', '', null, null, null, null],
	);
});
