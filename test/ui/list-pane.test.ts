/** What stands where rows would be is true of what was asked. */
import test from 'ava';
import {clusterState} from '../../source/app/cluster-state.ts';
import {listKinds} from '../../source/state/list-kinds.ts';
import {reduceList, type ListEvent} from '../../source/state/list-state.ts';
import {emptySession} from '../../source/state/session-state.ts';
import {rowReader} from '../../source/state/table-rows.ts';
import {unicodeGlyphs} from '../../source/ui/glyphs.ts';
import {listPane} from '../../source/ui/list-pane.ts';
import type {Screen} from '../../source/ui/screen.ts';

/** The text of the pane after `events` in the list of pods, a minute after 1970 began. */
function pane(...events: readonly ListEvent[]): string {
	const session = emptySession({...clusterState(null), namespace: 'demo', reachable: 'yes'}, {columns: 100, rows: 24}, 60_000, false);
	let list = session.lists.pods;
	for (const event of events) {
		list = reduceList(list, event);
	}

	const screen = {state: {...session, lists: {...session.lists, pods: list}}, theme: {glyphs: unicodeGlyphs}, hints: [], keymap: new Map()} as unknown as Screen;
	return listPane(screen, 'pods', 5, 100).map(({spans}) => spans.map(({text}) => text).join('')).join('\n');
}

const live: ListEvent = {type: 'phase', phase: {kind: 'live'}};

test('a list that labels left empty says so, and nothing of the namespace', t => {
	t.regex(pane({type: 'filter', text: '-l nope=1'}, live), /No pods in demo fit -l nope=1\./);
	t.regex(pane(live), /No pods in demo\./);
});

test('how long ago a pod was restarted grows while the row stands', t => {
	const read = rowReader(listKinds.pods.columns, '', [{name: 'Name', type: 'string', format: 'name', priority: 0}, {name: 'Restarts', type: 'string', format: '', priority: 0}], 0);
	const page: ListEvent = {type: 'page', chunk: 'pods', first: true, rows: [read({cells: ['web', '8 (63s ago)'], object: null}, 'demo'), read({cells: ['api', '2 (3s ago)'], object: null}, 'demo', 50_000)]};
	const text = pane(page, {type: 'wide'}, live);
	t.regex(text, /web .* 8 \(2m ago\)/);
	t.regex(text, /api .* 2 \(13s ago\)/);
});
