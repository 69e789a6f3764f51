/** The views that list no objects of the cluster: forwards, proxy, audit and sandbox. */
import {rowIds, type AuditRow} from '../../../../source/evidence/audit/audit-object.ts';
import {noAudit, type ShownAuditRow} from '../../../../source/session/frame/session-state.ts';
import {unverifiedPath} from '../../../support/session-state.ts';
import type {NamedStates} from '../frames.test.ts';

const canceled = 'canceled; the request may have taken effect';
const post = {method: 'POST', asked: 'svc/web:80/'};
const unverified = {tls: {state: 'unverified', basis: 'proven'}, route: {state: 'direct', basis: 'proven'}} as const;
const row = (id: string, verdict: AuditRow['verdict'], state: string, more: Partial<ShownAuditRow> = {}) =>
	({
		id,
		title: `title of ${id}`,
		verdict,
		state,
		leg: null,
		basis: 'proven',
		heading: null,
		howKnown: 'proven for 3 of 3 apiservers',
		lines: [{text: 'certificate not verified'}],
		...more,
	}) as unknown as ShownAuditRow;
const audit = (...rows: readonly ShownAuditRow[]) => ({...noAudit, rows, note: '2 fail'});

const small = [
	[80, 14],
	[60, 14],
	[40, 14],
	[40, 10],
] as const;

export const viewStates: NamedStates = {
	forwards: {
		spoken: true,
		view: 'forwards',
		forwards: [
			{note: 'carried by web-1', open: 2, bytesDown: 1200},
			{local: 7000, target: 'sts/db', remote: '7000', phase: 'stopped'},
		],
		connections: [{id: 'f-0', path: unverifiedPath}],
	},
	'no forwards': {roles: true, spoken: true, view: 'forwards'},
	'no forwards, and a saved set': {spoken: true, view: 'forwards', forwardSets: [{name: 'mine', count: 2}]},
	'no proxy requests': {spoken: true, view: 'proxy'},
	'a proxy request and its response': {
		roles: true,
		spoken: true,
		view: 'proxy',
		exchanges: [{status: 200, tookMs: 3, bytes: 5, type: 'text/plain', body: 'hello'}],
	},
	'proxy requests of other namespaces': {
		view: 'proxy',
		exchanges: [
			{...post, namespace: 'shop'},
			{asked: 'node/n1/healthz', namespace: 'shop'},
		],
	},
	'a proxy request that waits': {spoken: true, view: 'proxy', exchanges: [post]},
	'a proxy request whose response is under way': {view: 'proxy', exchanges: [{...post, status: 200, bytes: 7, body: 'tick 1'}]},
	'a canceled proxy request': {spoken: true, view: 'proxy', exchanges: [{...post, tookMs: 900, isCanceled: true, note: canceled}]},
	'a proxy request canceled within its response': {
		spoken: true,
		view: 'proxy',
		exchanges: [{...post, status: 200, tookMs: 900, bytes: 7, body: 'tick 1', isCanceled: true, note: canceled}],
	},
	'an audit with a cause above its rows': {
		roles: true,
		spoken: true,
		view: 'audit',
		audit: {
			...audit(
				row('C1', 'fail', 'unverified', {heading: '1 cause, 2 rows: set the flag', leg: unverified}),
				row('C4', 'fail', 'unverified'),
			),
			cursor: 1,
		},
	},
	'each row of an audit, unknown': {
		view: 'audit',
		audit: audit(...rowIds.map(id => row(id, 'unknown', 'unknown', {basis: 'unknown', howKnown: 'unknown', lines: []}))),
	},
	'rows of an audit that share a state, in their own words': {
		view: 'audit',
		audit: audit(
			row('C5', 'pass', 'protected'),
			row('C9', 'pass', 'impossible'),
			row('C10', 'not-applicable', 'direct'),
			row('C11', 'pass', 'protected'),
			row('N3', 'pass', 'ca-equal'),
			row('N5', 'warn', 'secured'),
			row('N6', 'fail', 'exposed'),
		),
	},
	'an audit row with more details than the screen has rows': {
		view: 'audit',
		audit: audit(row('N3', 'pass', 'ca-equal', {lines: Array.from({length: 200}, (_, at) => ({text: `text ${at}`}))})),
	},
	'an audit on small screens': {
		sizes: small,
		view: 'audit',
		audit: audit(row('C1', 'fail', 'unverified'), row('C4', 'fail', 'unverified')),
	},
	'proxy requests on small screens': {
		sizes: small,
		view: 'proxy',
		exchanges: Array.from({length: 4}, () => ({status: 200, tookMs: 3, bytes: 5, type: 'text/plain', body: 'hello'})),
	},
	'the switches of the sandbox': {
		roles: true,
		spoken: true,
		view: 'sandbox',
		cluster: {sandbox: true},
		sandboxSwitches: [
			{id: 'a', label: 'certificate check', values: ['off', 'on'], valueIndex: 1, effect: 'kubelets are verified', fault: false},
			{id: 'b', label: 'fault', values: ['none'], valueIndex: 0, effect: 'none', fault: true},
		],
		sandboxLog: ['restarted'],
	},
};
