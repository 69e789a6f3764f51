/** The longest route name on the screens. */
import test from 'ava';
import {clusterState} from '../../../source/session/clusters/cluster-state.ts';
import {emptySession, type ShownAuditRow} from '../../../source/session/frame/session-state.ts';
import {auditScreen} from '../../../source/session/audit/audit-screen.ts';
import type {Line} from '../../../source/session/kit/styled-line.ts';
import {plainTheme} from '../../../source/session/kit/theme.ts';

const texts = (lines: readonly Line[]) => lines.map(({spans}) => spans.map(({text}) => text).join(''));
const screenOf = (columns: number, rows: readonly ShownAuditRow[] = []) => {
	const state = emptySession(clusterState(null), {columns, rows: 40}, 0);
	return {state: {...state, audit: {...state.audit, rows}}, theme: plainTheme, keymap: new Map(), hints: [], tail: null};
};

const row: ShownAuditRow = {
	id: 'C2',
	title: 'exec and attach',
	verdict: 'fail',
	heading: null,
	state: 'unknown',
	leg: {route: 'egress-http-connect', tls: 'unknown'},
	basis: 'inferred',
	provenOn: {short: '1 of 1', long: '1 of 1 apiserver'},
	lines: [],
};

test('the audit shows route and TLS state, and shortens the route on a narrow screen', t => {
	const alone: ShownAuditRow = {...row, id: 'C10', state: 'egress-http-connect', leg: null};
	const at = (columns: number, id = 'C2') => texts(auditScreen(screenOf(columns, [row, alone]), 20)).find(text => text.includes(id)) ?? '';
	t.regex(at(200), / egress http-connect, TLS unknown +inferred /);
	t.regex(at(80), / http-conn, TLS unknown +inferred +1 of 1 +C2$/);
	t.true(at(80).length <= 80);
	t.regex(at(80, 'C10'), / egress http-connect +inferred /);
});
