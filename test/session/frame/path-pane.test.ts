/** Texts and verdicts of the path pane. */
import test from 'ava';
import type {ErrorObject} from '../../../source/base/errors/spoke-error.ts';
import type {Evidence, EvidenceSource, Need, Path, Verdict} from '../../../source/evidence/evidence.ts';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import {
	describeEvidence,
	isNothingSelected,
	pathVerdicts,
	pendingLegName,
	verdictColumnWidth,
} from '../../../source/session/frame/path-pane.tsx';
import {emptySession, type SessionState} from '../../../source/session/frame/session-state.ts';
import {emptyList, type ListState} from '../../../source/session/lists/list-state.ts';

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

const listed = (phase: ListState['phase']) =>
	({
		...emptySession(clusterState(null), {columns: 80, rows: 24}, 0),
		lists: {pods: {...emptyList('pods'), phase}},
	}) as unknown as SessionState;
const refused: ListState['phase'] = {kind: 'failed', error: {code: 'ERR_CREDENTIALS'} as ErrorObject, since: 0, retryAt: null};
const forbidden: ListState['phase'] = {...refused, error: {code: 'ERR_FORBIDDEN'} as ErrorObject};

test('refused credentials leave the path undetermined, and a forbidden list has no selection', t => {
	t.is(pendingLegName(listed({kind: 'reading'})), 'not determined yet');
	t.is(pendingLegName(listed(refused)), 'not determined');
	t.false(isNothingSelected(listed(refused)));
	t.true(isNothingSelected(listed(forbidden)));
});

type Read = readonly [rule: string, source: EvidenceSource, observed: string];

function wordsOf(read: readonly Read[], width: number, verdict: Partial<Verdict<string>> = {}) {
	const evidence = read.map(
		([rule, source, observed], index) => ({id: `e${index}`, rule, source, observed, authors: ['apiserver']}) as unknown as Evidence,
	);
	return describeEvidence(
		{phase: 'settled', evidence} as unknown as Path,
		{state: 'direct', basis: 'proven', evidence: evidence.map(({id}) => id), need: [], ...verdict},
		width,
	);
}

const noFile: Read = ['egress-file-empty', 'flagz', 'egress-selector-config-file=""'];
const noProxy: Read = ['no-proxy-in-environment', 'mirror-pod', 'the apiserver’s pod sets no HTTP_PROXY or HTTPS_PROXY'];
const authority: Read = ['kubelet-ca-set', 'flagz', 'kubelet-certificate-authority="/etc/kubernetes/pki/kubelet-ca.crt"'];
const answered: Read = ['kubelet-certificate-accepted', 'step-test', 'this kubelet responded'];

/** Cells for a fact at 80 columns. */
const width = 53;

test('each observation is shown as read, with its source, if it fits', t => {
	t.is(
		wordsOf([noFile, noProxy], 200),
		'egress-selector-config-file="" (from /flagz); the apiserver’s pod sets no HTTP_PROXY or HTTPS_PROXY (from apiserver pod)',
	);
});

test('in less space, all observations are shown in short form, and sources are dropped last', t => {
	t.is(wordsOf([noFile, noProxy], width), 'no egress flag (/flagz); no proxy set (apiserver pod)');
	t.is(wordsOf([authority, answered], width), 'kubelet CA set (/flagz); kubelet reached (step test)');
	t.is(wordsOf([noFile, noProxy], 40), 'no egress flag; no proxy set');
	t.is(wordsOf([authority], width), 'kubelet CA set (from /flagz)');
});

test('a possible proxy is named in 80 columns, with what it cannot apply to', t => {
	const possible: Read = ['environment-proxy-possible', 'construction', 'the apiserver’s environment, which was not observed, may set it'];
	t.is(wordsOf([noFile, possible], width), 'no egress flag; HTTPS_PROXY may apply, not to shells');
});

test('the same flag of three apiservers is shown once', t => {
	const empty: Read = ['kubelet-ca-empty', 'flagz', 'kubelet-certificate-authority=""'];
	t.is(
		wordsOf([empty, empty, ['kubelet-ca-empty', 'mirror-pod', 'kubelet-certificate-authority=""']], width),
		'no kubelet CA (from /flagz, apiserver pod)',
	);
});

test('needs are shown as whole permissions, as many as fit', t => {
	const need: readonly Need[] = ['get nonResourceURL /flagz', 'list pods in kube-system', 'get nonResourceURL /metrics'].map(
		permission => ({permission, check: null, or: null}),
	);
	t.is(wordsOf([], 80, {state: 'unknown', basis: 'unknown', need}), 'needs get on /flagz, or list pods in kube-system, or get on /metrics');
	t.is(wordsOf([], width, {state: 'unknown', basis: 'unknown', need}), 'needs get on /flagz, or list pods in kube-system');
	t.is(wordsOf([], 10, {state: 'unknown', basis: 'unknown', need}), 'needs get on /flagz');
});

test('an unknown verdict shows its reason, not its evidence', t => {
	t.is(
		wordsOf([authority], width, {state: 'unknown', basis: 'unknown', why: 'a certificate was refused, so verification may be on'}),
		'a certificate was refused, so verification may be on',
	);
});
