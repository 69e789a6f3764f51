/** The longest route name on the screens. */
import test from 'ava';
import {createElement as h} from 'react';
import {drawn} from '../../support/drawn.ts';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import {emptySession, type ShownAuditRow} from '../../../source/session/frame/session-state.ts';
import {AuditView} from '../../../source/session/audit/audit.tsx';
import {plainTheme} from '../../../source/session/kit/theme.ts';

const screenOf = (columns: number, rows: readonly ShownAuditRow[] = []) => {
	const state = emptySession(clusterState(null), {columns, rows: 40}, 0);
	return {state: {...state, audit: {...state.audit, rows}}, theme: plainTheme, keymap: new Map(), hints: []};
};

const row: ShownAuditRow = {
	id: 'C2',
	title: 'exec and attach',
	verdict: 'fail',
	heading: null,
	state: 'unknown',
	leg: {route: {state: 'egress-http-connect', basis: 'inferred'}, tls: {state: 'unknown', basis: 'unknown'}},
	basis: 'inferred',
	howKnown: 'inferred, proven for 0 of 1 apiserver',
	lines: [],
};

test('the audit shows route and TLS state, and shortens the route on a narrow screen', async t => {
	const alone: ShownAuditRow = {...row, title: 'route to nodes', id: 'C10', state: 'egress-http-connect', leg: null};
	const at = async (columns: number, title = row.title) =>
		(await drawn(screenOf(columns, [row, alone]), h(AuditView))).find(text => text.includes(title)) ?? '';
	t.regex(await at(200), /x ~ egress http-connect \. TLS unknown$/);
	t.regex(await at(60), /x ~ http-conn \. TLS unknown$/);
	t.true((await at(60)).length <= 60);
	t.regex(await at(60, alone.title), /x ~ egress http-connect$/);
});
