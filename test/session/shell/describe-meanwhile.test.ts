/** What happened while a shell had the terminal. */
import test from 'ava';
import type {ConnectionList} from '../../../source/session/frame/connection-list.ts';
import type {Message} from '../../../source/session/frame/session-state.ts';
import {describeMeanwhile} from '../../../source/session/shell/describe-meanwhile.ts';

const broken = [{what: 'deploy/api', phase: 'working', note: 'read ECONNRESET'}] as unknown as ConnectionList;
const message = (text: string): Message => ({time: 0, text, role: 'warn', hint: ''});
const none = {count: 0, tails: 0};

test('a broken stream is reported once', t => {
	const messages = [message('logs deploy/api: read ECONNRESET'), message('forward :80: the pod is gone')];
	t.deepEqual(describeMeanwhile({connections: broken, messages, lines: {count: 3, tails: 1}}, 80), [
		'       Meanwhile: deploy/api: read ECONNRESET',
		'                  forward :80: the pod is gone',
		'                  3 lines in the tail',
	]);
});

test('a recovered stream is reported by its message', t => {
	const messages = [message('logs deploy/api: read ECONNRESET'), message('logs deploy/api: read ECONNRESET')];
	t.deepEqual(describeMeanwhile({connections: [], messages, lines: none}, 80), ['       Meanwhile: logs deploy/api: read ECONNRESET']);
});

test('a long event is wrapped at words', t => {
	const rows = describeMeanwhile({connections: [], messages: [message('one two three four five six seven eight nine')], lines: none}, 45);
	t.true(rows.every(row => row.length < 45));
	t.is(rows.map(row => row.slice(18)).join(' '), 'one two three four five six seven eight nine');
});

test('nothing is reported when nothing happened', t => {
	t.deepEqual(describeMeanwhile({connections: [], messages: [], lines: none}, 80), []);
});

test('events that are not shown are counted', t => {
	const messages = ['a', 'b', 'c', 'd'].map(text => message(text));
	const connections = Array.from({length: 5}, () => broken[0]!);
	const rows = describeMeanwhile({connections, messages, lines: none}, 80).map(row => row.slice(18));
	t.deepEqual(rows.slice(3), ['2 more broken streams', 'c', 'd', '2 more messages']);
});
