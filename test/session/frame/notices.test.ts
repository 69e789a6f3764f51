/** Notices in the footer. */
import test from 'ava';
import type {ErrorObject} from '../../../source/base/errors/spoke-error.ts';
import {emptySession, type ClusterState} from '../../../source/session/frame/session-state.ts';
import {reduceSession, type SessionEvent} from '../../../source/session/frame/session-reducer.ts';

const run = (...events: SessionEvent[]) => {
	let state = emptySession({} as ClusterState, {columns: 80, rows: 24}, 1000);
	for (const event of events) {
		state = reduceSession(state, event);
	}

	return state;
};

const warning: SessionEvent = {type: 'notice', text: 'the keymap has a mistake', role: 'warn', now: 1000};
const news = (now: number): SessionEvent => ({type: 'notice', text: 'a sandbox was opened', now});

test('a notice does not replace a recent warning, and both stay in the messages', t => {
	const state = run(warning, news(1200));
	t.is(state.notice?.text, 'the keymap has a mistake');
	t.deepEqual(
		state.messages.map(({text}) => text),
		['the keymap has a mistake', 'a sandbox was opened'],
	);
	t.is(run(warning, {type: 'notice', text: 'worse', role: 'error', now: 1200}).notice?.text, 'worse');
});

test('a notice about a key of a view is neither shown in another view nor kept in the messages', t => {
	const passing: SessionEvent = {type: 'notice', text: 'this is the first view', isPassing: true, now: 1000};
	const nodes: SessionEvent = {type: 'view', view: 'nodes'};
	t.is(run(passing).notice?.text, 'this is the first view');
	t.is(run(passing, nodes).notice, null);
	t.deepEqual(run(passing).messages, []);
	t.is(run(news(1000), nodes).notice?.text, 'a sandbox was opened');
});

test('a key or a timeout makes way for the next notice', t => {
	t.is(run(warning, {type: 'notice-read'}, news(1200)).notice?.text, 'a sandbox was opened');
	t.is(run(warning, news(9000)).notice?.text, 'a sandbox was opened');
});

test('a failure is shown, and `why` is about it until another action starts', t => {
	const failure = {about: 'list', error: {code: 'ERR_FORBIDDEN'} as ErrorObject, path: null};
	const failed: SessionEvent = {type: 'failed', failure, text: 'list: forbidden', hint: 'w why', now: 1000};
	const state = run(failed, news(1200));
	t.deepEqual(state.notice, {time: 1000, text: 'list: forbidden', role: 'error', hint: 'w why'});
	t.is(state.lastFailure, failure);
	const over = reduceSession(state, {type: 'failure-over'});
	t.is(over.lastFailure, null);
	t.is(over.notice, state.notice);
	t.is(reduceSession(over, {type: 'failure-over'}), over);
});

test('an event that changes nothing keeps the state, so that nothing is drawn', t => {
	const state = run();
	for (const event of [
		{type: 'list-rows', rows: state.listRows},
		{type: 'page-rows', rows: state.pageRows},
		{type: 'pending', keys: []},
		{type: 'notice-read'},
		{type: 'first-hints-over'},
	] satisfies SessionEvent[]) {
		t.is(reduceSession(state, event), state, event.type);
	}

	const waiting = reduceSession(state, {type: 'pending', keys: ['g']});
	t.deepEqual(waiting.pending, ['g']);
	t.deepEqual(reduceSession(waiting, {type: 'pending', keys: []}).pending, []);
});
