/** The text of an empty tail. */
import test from 'ava';
import {clusterState} from '../../../source/session/clusters/cluster-state.ts';
import {emptySession} from '../../../source/session/frame/session-state.ts';
import {asTailSource} from '../../../source/session/tail/tail-source.ts';
import {restartTail, emptyTail} from '../../../source/session/tail/tail-view.ts';
import {clockTime} from '../../../source/text/formats.ts';
import {describeEmptyTail} from '../../../source/session/tail/empty-tail.ts';
import type {ScreenInput} from '../../../source/session/kit/screen-input.ts';

const requestedAt = Date.parse('2026-11-25T14:03:07Z');
const asked = restartTail(emptyTail('tail-1', 'pod/web'), 'tail', {previous: false, now: requestedAt});
const screenAt = (now: number) =>
	({state: emptySession(clusterState(null), {columns: 80, rows: 24}, now), hints: [], keymap: new Map()}) as unknown as ScreenInput;

test('a log without response shows when it was requested, and that it may be empty', t => {
	t.is(describeEmptyTail(screenAt(requestedAt + 1000), asked), 'opening');
	t.is(
		describeEmptyTail(screenAt(requestedAt + 5000), asked),
		`Requested at ${clockTime(requestedAt)}; no response yet. An empty log may not respond until its first line.`,
	);
});

test('a container that waits shows the reason and the message of its status', t => {
	const source = {namespace: 'd', pod: 'web', uid: null, node: 'n1', container: 'app'};
	const waiting = {...asTailSource(source), note: 'ErrImagePull', message: 'not found'};
	t.is(
		describeEmptyTail(screenAt(requestedAt), {...asked, phase: 'waiting', note: 'ErrImagePull', sources: [waiting]}),
		'app is waiting: ErrImagePull. Lines appear when it starts.\nnot found',
	);
});

test('an empty log reads “No lines yet”', t => {
	t.regex(
		describeEmptyTail(screenAt(requestedAt + 5000), {...asked, phase: 'following'}),
		/^No lines yet\. The container runs and has written nothing so far\./,
	);
});
