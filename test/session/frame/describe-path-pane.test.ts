/** Texts and verdicts of the path pane. */
import test from 'ava';
import {clusterState} from '../../../source/session/clusters/cluster-state.ts';
import type {ErrorObject} from '../../../source/errors/spoke-error.ts';
import type {Path} from '../../../source/evidence/evidence.ts';
import {emptyList, type ListState} from '../../../source/session/lists/list-state.ts';
import {emptySession, type SessionState} from '../../../source/session/frame/session-state.ts';
import {
	isNothingSelected,
	pathTitle,
	describeUptime,
	pendingLegName,
	describePendingLeg,
} from '../../../source/session/frame/describe-path-pane.ts';
import {pathVerdicts, verdictColumnWidth} from '../../../source/session/frame/path-pane.tsx';

const verdict = (state: string) => ({state, basis: 'proven', evidence: [], need: []});
const leg = (to: string, route: string, tls: string) => ({to, route: verdict(route), tls: verdict(tls)});
const pathOf = (...legs: ReadonlyArray<ReturnType<typeof leg>>) =>
	({legs, process: {startTime: null, known: null, read: 0}}) as unknown as Path;
const one = leg('apiserver', 'direct', 'verified');

for (const [what, path, words] of [
	['no leg', pathOf(), []],
	['only leg 1', pathOf(one), ['verified']],
	['both legs', pathOf(one, leg('kubelet', 'konnectivity', 'unverified')), ['verified', 'konnectivity', 'unverified']],
	['an unknown leg 2', pathOf(one, leg('kubelet', 'unknown', 'unknown')), ['verified', 'route unknown', 'TLS unknown']],
] as const) {
	test(`the verdicts of ${what} are ${words.join(', ') || 'none'}`, t => {
		t.deepEqual(
			pathVerdicts(path).map(({word}) => word),
			[...words],
		);
	});
}

test('the verdict column is one cell wider than its longest name', t => {
	t.is(verdictColumnWidth([]), 11);
	t.is(verdictColumnWidth(pathVerdicts(pathOf(one, leg('kubelet', 'egress-http-connect', 'plain')))), 20);
});

for (const [to, subject, title] of [
	['kubelet', 'web', 'Path to web'],
	['service', 'web', 'Path to web through the apiserver proxy'],
	[null, 'web', 'Path to web'],
	[null, '', 'Path'],
] as const) {
	test(`${to === null ? 'an unknown path' : `a path to a ${to}`} of ${subject || 'nothing'} has the title ${title}`, t => {
		t.is(pathTitle(to === null ? null : pathOf(one, leg(to, 'direct', 'plain')), subject), title);
	});
}

for (const [startTime, known, read, words] of [
	[null, 3, 1, ''],
	['2026-11-25T00:00:00Z', null, 0, 'up 24h'],
	['2026-11-25T00:00:00Z', 3, 1, 'up 24h, 1 of 3 examined'],
] as const) {
	test(`${startTime === null ? 'an unknown apiserver process' : known === null ? 'a single apiserver process' : 'one of several processes'} reads: ${words || 'nothing'}`, t => {
		t.is(describeUptime({...pathOf(one), process: {startTime, known, read}} as unknown as Path, Date.parse('2026-11-26T00:00:00Z')), words);
	});
}

const listed = (phase: ListState['phase']) =>
	({
		...emptySession(clusterState(null), {columns: 80, rows: 24}, 0),
		lists: {pods: {...emptyList('pods'), phase}},
	}) as unknown as SessionState;
const refused: ListState['phase'] = {kind: 'failed', error: {code: 'ERR_CREDENTIALS'} as ErrorObject, since: 0, retryAt: null};
const forbidden: ListState['phase'] = {...refused, error: {code: 'ERR_FORBIDDEN'} as ErrorObject};

for (const [reachable, phase, words] of [
	['no', {kind: 'reading'}, 'leg 2 is determined after leg 1 connects'],
	['yes', {kind: 'reading'}, 'leg 2 is being determined'],
	['not yet', {kind: 'reading'}, 'leg 2 is determined after the apiserver responds'],
	['yes', refused, 'leg 2 is not determined: the apiserver does not accept your credentials'],
] as const) {
	test(`a pending path (reachable: ${reachable}, list: ${phase.kind}) reads: ${words}`, t => {
		t.is(describePendingLeg({...listed(phase), cluster: {reachable}}), words);
	});
}

test('a pending path of a forward says when it is determined', t => {
	t.is(
		describePendingLeg({...listed({kind: 'reading'}), view: 'forwards', cluster: {reachable: 'yes'}}),
		'leg 2 is determined within 2 s of the first connection',
	);
});

test('refused credentials leave the path undetermined, and a forbidden list has no selection', t => {
	t.is(pendingLegName(listed({kind: 'reading'})), 'not determined yet');
	t.is(pendingLegName(listed(refused)), 'not determined');
	t.false(isNothingSelected(listed(refused)));
	t.true(isNothingSelected(listed(forbidden)));
});
