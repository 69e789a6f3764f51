/** What stands where the lines of a tail would be is no more than is known. */
import test from 'ava';
import {clusterState} from '../../source/session/clusters/cluster-state.ts';
import {emptySession} from '../../source/state/session-state.ts';
import {restartTail, emptyTail} from '../../source/state/tail/tail-view.ts';
import {clockTime} from '../../source/text/clock-time.ts';
import {describeEmptyTail} from '../../source/ui/empty-tail.ts';
import type {RenderInput} from '../../source/ui/render-input.ts';

const askedAt = Date.parse('2026-11-25T14:03:07Z');
const asked = restartTail(emptyTail('tail-1', 'pod/web'), 'tail', {previous: false, now: askedAt});
const screenAt = (now: number) =>
	({state: emptySession(clusterState(null), {columns: 80, rows: 24}, now), hints: [], keymap: new Map()}) as unknown as RenderInput;

test('a log that is not answered for some seconds says since when it is asked for, and that one without lines may be answered so', t => {
	t.deepEqual(describeEmptyTail(screenAt(askedAt + 1000), asked), ['opening']);
	t.deepEqual(describeEmptyTail(screenAt(askedAt + 5000), asked), [
		`Asked at ${clockTime(askedAt)}, no answer yet: that of a log without lines may come with the first one.`,
	]);
});

test('a log that is answered, and has no line, says that it has none', t => {
	t.regex(
		describeEmptyTail(screenAt(askedAt + 5000), {...asked, phase: 'following'})[0]!,
		/^No line yet\. The container runs and has written nothing so far\./,
	);
});
