/** The path of the selection. */
import test from 'ava';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import type {Path, TlsState} from '../../../source/evidence/evidence.ts';
import {emptySession, type SessionState} from '../../../source/session/frame/session-state.ts';
import {shownPath} from '../../../source/session/frame/path-pane.tsx';

const pathOf = (tls: TlsState) => ({legs: [{tls: {state: 'verified'}}, {tls: {state: tls}}]}) as unknown as Path;

test('a forward with several connections shows the worst path, as in its row', t => {
	const [bad, good] = [pathOf('unverified'), pathOf('verified')];
	const state = {
		...emptySession(clusterState(null), {columns: 80, rows: 24}, 0),
		view: 'forwards',
		forwards: [{id: 'f-1'}],
		connections: [
			{
				id: 'f-1',
				paths: new Map([
					['c1', bad],
					['c2', good],
				]),
			},
		],
	} as unknown as SessionState;
	t.is(shownPath(state), bad);
});
