/** Spoken events. */
import {PassThrough} from 'node:stream';
import test from 'ava';
import {render} from 'ink';
import {createElement} from 'react';
import type {Message} from '../../../source/session/frame/session-state.ts';
import {Spoken, type SpokenEvent, SpokenEvents} from '../../../source/session/frame/spoken-events.ts';

const message = (text: string, role: Message['role'] = 'plain'): Message => ({time: 0, text, role, hint: ''});

test('each message is spoken once', t => {
	const events = new SpokenEvents();
	const one = [message('a')];
	t.true(events.take(one, 0));
	t.false(events.take(one, 5000));
	t.deepEqual(events.said, {number: 1, text: 'a'});
});

test('messages within a second are combined: the worst one, and the number of the others', t => {
	const events = new SpokenEvents();
	const messages = [message('a')];
	events.take(messages, 0);
	messages.push(message('b'), message('broken', 'error'), message('c', 'warn'));
	t.false(events.take(messages, 900));
	t.true(events.take(messages, 1000));
	t.deepEqual(events.said, {number: 2, text: 'broken; 2 more in the messages'});
});

test('dropped messages do not make old ones new', t => {
	const events = new SpokenEvents();
	const messages = [message('a'), message('b')];
	events.take(messages, 0);
	t.is(events.said?.text, 'b; 1 more in the messages');
	t.true(events.take([...messages.slice(1), message('c')], 2000));
	t.is(events.said?.text, 'c');
});

test('each event is written once, also with the text of the previous one', t => {
	let written = '';
	const stdout = Object.assign(new PassThrough(), {columns: 80, rows: 24, isTTY: true}) as unknown as NodeJS.WriteStream;
	stdout.on('data', (bytes: Buffer) => {
		written += bytes.toString();
	});
	const of = (said: SpokenEvent | null, text: string) => createElement(Spoken, {said, text});
	const ink = render(of(null, 'place 0'), {
		stdout,
		patchConsole: false,
		exitOnCtrlC: false,
		interactive: true,
		isScreenReaderEnabled: true,
	});
	const said = [null, 'reconnecting', 'reconnecting', 'resumed'];
	for (const [number, text] of said.entries()) {
		for (const place of ['one', 'two']) {
			ink.rerender(of(text === null ? null : {number, text}, `place ${place} of ${number}`));
		}
	}

	ink.unmount();
	t.deepEqual(written.match(/reconnecting|resumed/g), ['reconnecting', 'reconnecting', 'resumed']);
	t.regex(written, /place two of 2[\s\S]*resumed[\s\S]*place two of 3/);
});
