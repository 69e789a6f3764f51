/** The view of events. */
import test from 'ava';
import {emptyList, reduceList} from '../../../source/session/lists/list-state.ts';
import {listKinds} from '../../../source/session/lists/list-kinds.ts';
import {targetOf} from '../../../source/session/lists/selection.ts';
import {rowReader} from '../../../source/session/lists/table-rows.ts';
import {sessionOnSandbox} from '../../support/open-session.ts';

const columns = ['Last Seen', 'Type', 'Reason', 'Object', 'Message', 'Count', 'Name'].map(name => ({
	name,
	type: 'string',
	format: '',
	priority: 0,
}));
const read = rowReader(listKinds.events.columns, '', columns, 0);
const event = (seen: string, object: string) =>
	read({cells: [seen, 'Warning', 'BackOff', object, 'back-off', 3, `${object}.1`], object: null}, 'demo');

test('events are in the order in which they were last seen, the newest first', t => {
	const rows = [event('5m', 'pod/a'), event('3s', 'pod/b'), event('2h', 'job/c')];
	const list = reduceList(emptyList('events'), {type: 'page', chunk: 'events', rows, first: true});
	t.deepEqual(
		list.visible.map(row => targetOf('events', row)),
		['pod/b', 'pod/a', 'job/c'],
	);
});

test('events are a view of the namespace, and enter goes to the object and escape back', async t => {
	const {session} = await sessionOnSandbox(t, [], {columns: 120, rows: 40});
	await session.sees(/CrashLoopBackOff/);
	session.type(':ev\r');
	await session.sees(/events: \d+[\s\S]*SEEN↑? +TYPE +REASON +OBJECT +COUNT +MESSAGE[\s\S]*Back-off restarting failed container/);
	session.press('list.problems');
	await session.sees(/problems only: \d+ of \d+[\s\S]*▸ \d+s +Warning +BackOff +pod\/flaky-/);
	session.press('open');
	await session.sees(/┤1 Pods 1├[\s\S]*pod\/flaky-[\s\S]*▸ flaky-\S+ +[01]\/1/);
	session.press('view.back');
	await session.sees(/problems only: /);
	session.press('list.details');
	await session.sees(/Details├ pod\/flaky-/);
});
