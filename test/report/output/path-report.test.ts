/** A doctor run as text. */
import test from 'ava';
import type {Doctor, DoctorStep, NodeCheckSummary, NodeGroup} from '../../../source/evidence/doctor/doctor-object.ts';
import {doctorStepNames} from '../../../source/report/descriptions/describe-doctor.ts';
import {doctorReport, nodeCheckReport} from '../../../source/report/output/path-report.ts';

const step: DoctorStep = {
	name: 'leg-2',
	leg: 2,
	status: 'failed',
	observed: 'the apiserver refused the kubelet',
	text: 'x509: certificate signed by unknown authority',
	means: 'the kubelet CA differs',
	speaker: 'apiserver',
	fits: ['an old kubelet certificate'],
	remedy: 'approve its signing request',
	evidence: [],
	tookMs: 3,
} as unknown as DoctorStep;

const report = (steps: readonly DoctorStep[]) => doctorReport({path: null, steps, error: null, stoppedAt: null} as unknown as Doctor);

test('a doctor report labels server message, meaning, sender, causes and fix', t => {
	t.is(
		report([step]),
		[
			'✗ leg 2        the apiserver refused the kubelet',
			'      server   x509: certificate signed by unknown authority',
			'      means    the kubelet CA differs',
			'      from     apiserver',
			'      also     an old kubelet certificate',
			'      fix      approve its signing request',
			'',
			'every leg responds',
			'',
		].join('\n'),
	);
});

test('a doctor report omits the fix of a successful step', t => {
	t.notRegex(report([{...step, status: 'ok'}]), /fix/);
});

test('a doctor report prints readable step names, not the identifiers of the JSON', t => {
	t.deepEqual(
		Object.values(doctorStepNames).filter(name => name.includes('-') || name === 'rights'),
		[],
	);
});

const group: NodeGroup = {
	result: 'responded',
	reason: null,
	rule: null,
	route: 'konnectivity',
	routeBasis: 'inferred',
	agent: null,
	tls: 'verified',
	tlsBasis: 'proven',
	medianMs: 14.2,
	longestMs: 2100,
	longestNode: 'n9',
	error: null,
	consistentFacts: [],
	nodes: ['n8', 'n9'],
};
const summary: NodeCheckSummary = {
	apiVersion: 'spoke/v1',
	kind: 'NodeCheckSummary',
	time: '2026-11-28T20:00:00.000Z',
	cluster: {context: 'lab', server: 'https://lab:6443', version: 'v1.36.3', sandbox: false},
	nodes: {total: 2, responded: 2, failed: 0, noResponse: 0, notTried: 0, unfinished: 0},
	nodesFrom: 'nodes',
	namespaces: ['kube-system'],
	concurrency: 50,
	timeoutMs: 35_000,
	tookMs: 2300,
	medianMs: 14.2,
	longestMs: 2100,
	longestNode: 'n9',
	groups: [group],
	agents: null,
	stopped: null,
	error: null,
	exitStatus: 0,
};

test('kubelets that respond show route, TLS state, basis, median and longest time', t => {
	t.is(
		nodeCheckReport(summary),
		`lab  v1.36.3

✓ 2 nodes: konnectivity (inferred), verified (proven); median 14 ms, longest 2.1 s (n9)

2 kubelets tried, 2 responded; median 14 ms, longest 2.1 s (n9)
`,
	);
});

test('a failure shows its path, server message, fix and at most 20 names', t => {
	const error = {
		code: 'ERR_SECOND_LEG',
		leg: 2,
		legKnown: true,
		message: 'no agent',
		text: 'No agent\navailable',
		remedy: 'start it',
		exitStatus: 11,
	} as const;
	const nodes = Array.from({length: 22}, (_, index) => `n${10 + index}`);
	const failing: NodeGroup = {
		...group,
		result: 'failed',
		medianMs: null,
		longestMs: null,
		error,
		consistentFacts: ['agent pod a on n10 is not ready'],
		nodes,
	};
	t.deepEqual(
		nodeCheckReport({...summary, groups: [failing]})
			.split('\n')
			.slice(2, 8),
		[
			'✗ 22 nodes: no agent',
			'      path     konnectivity (inferred), verified (proven)',
			'      server   No agent ⏎ available',
			'      also     agent pod a on n10 is not ready',
			'      fix      start it',
			`      nodes    ${nodes.slice(0, 20).join(', ')}, 2 more`,
		],
	);
});

test('a stopped check shows the signal and the number of nodes not checked', t => {
	const text = nodeCheckReport({...summary, stopped: 'SIGINT', nodes: {...summary.nodes, total: 5, unfinished: 3}});
	t.regex(text, /\nstopped: SIGINT\n2 kubelets tried, 2 responded; median 14 ms, longest 2.1 s \(n9\); 3 nodes not checked\n$/);
});
