/** The longest route name on the screens. */
import test from 'ava';
import {clusterState} from '../../../source/session/clusters/cluster-state.ts';
import type {Path} from '../../../source/evidence/evidence.ts';
import {emptySession, type ShownAuditRow} from '../../../source/session/frame/session-state.ts';
import {auditScreen} from '../../../source/session/audit/audit-screen.ts';
import {verticalPath} from '../../../source/session/frame/vertical-path.ts';
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
	t.regex(at(80), / http-conn, TLS unknown +inferred +1 of 1$/);
	t.true(at(80).length <= 80);
	t.regex(at(80, 'C10'), / egress http-connect +inferred /);
});

test('the vertical path gives its columns the longest name, and the rest to evidence', t => {
	const leg = {
		to: 'apiserver',
		address: null,
		route: {state: 'direct', basis: 'proven', evidence: [], need: []},
		tls: {state: 'verified', basis: 'proven', evidence: [], need: []},
	};
	const route = {state: 'egress-http-connect', basis: 'inferred', evidence: ['e1'], need: []};
	const path = {
		phase: 'settled',
		process: {id: null, known: null, read: 0, startTime: null},
		target: {kind: 'Pod', name: 'web', node: 'n1', container: 'app'},
		findings: [],
		evidence: [{id: 'e1', observed: '14 dials by http-connect over a unix socket since it started', rule: 'dials', source: 'metrics'}],
		legs: [leg, {...leg, to: 'kubelet', route}],
	} as unknown as Path;
	const shown = texts(verticalPath(screenOf(200), path, 'web', 30, 70));
	t.true(
		shown.every(text => text.length <= 70),
		shown.join('\n'),
	);
	t.true(
		shown.some(text => / egress http-connect inferred +14 dials by http-connect/.test(text)),
		shown.join('\n'),
	);
});
