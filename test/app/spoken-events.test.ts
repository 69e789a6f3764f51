/** What a screen reader hears: each event once, at most one a second. */
import test from 'ava';
import type {Message} from '../../source/state/session-state.ts';
import {SpokenEvents} from '../../source/ui/spoken-events.ts';

const message = (text: string, role: Message['role'] = 'plain'): Message => ({time: 0, text, role, hint: ''});

test('each is said once', t => {
	const events = new SpokenEvents();
	const one = [message('a')];
	t.true(events.take(one, 0));
	t.false(events.take(one, 5000));
	t.deepEqual(events.said, ['a']);
});

test('what comes within a second waits, and the worst of it is said with the number of the rest', t => {
	const events = new SpokenEvents();
	const messages = [message('a')];
	events.take(messages, 0);
	messages.push(message('b'), message('broken', 'error'), message('c', 'warn'));
	t.false(events.take(messages, 900));
	t.true(events.take(messages, 1000));
	t.deepEqual(events.said, ['a', 'broken; 2 more in the messages']);
});

test('messages that were let go do not make old ones new', t => {
	const events = new SpokenEvents();
	const messages = [message('a'), message('b')];
	events.take(messages, 0);
	t.true(events.take([...messages.slice(1), message('c')], 2000));
	t.deepEqual(events.said, ['b; 1 more in the messages', 'c']);
});
