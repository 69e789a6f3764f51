/** The report, the why screen, the path pane and the screen reader say the same of a path. */
import test from 'ava';
import type {Basis, Evidence, Leg, Need, Path, RouteState, TlsState, Verdict} from '../../../source/evidence/evidence.ts';
import {describeUndetermined, pathSentences} from '../../../source/report/descriptions/describe-path.ts';
import {needsLegend} from '../../../source/report/descriptions/describe-verdict.ts';
import {describeNeeds, needsInOneLine, needsOfEach, needAgentMetrics} from '../../../source/evidence/rules/needs.ts';
import {formatPathLine} from '../../../source/evidence/path-line.ts';
import {pathReport} from '../../../source/report/output/path-report.ts';
import {unicodeGlyphs} from '../../../source/session/kit/theme.ts';
import {pathLineSpans} from '../../../source/session/kit/path-line-spans.ts';
import {pathVerdicts} from '../../../source/session/frame/path-pane.tsx';
import {whyLines} from '../../../source/session/why/why.ts';

/** Exhaustive by type: a new state needs a name. */
const tlsNames: Readonly<Record<TlsState, string>> = {
	verified: 'verified',
	enforced: 'enforced',
	unverified: 'unverified',
	plain: 'plain',
	refused: 'refused',
	unknown: 'TLS unknown',
};
const routeNames: Readonly<Record<RouteState, string>> = {
	direct: 'direct',
	proxy: 'proxy',
	konnectivity: 'konnectivity',
	'egress-http-connect': 'egress http-connect',
	egress: 'egress',
	'ssh-tunnel': 'ssh tunnel',
	unknown: 'route unknown',
};

const read: Evidence = {
	id: 'e1',
	source: 'flagz',
	rule: 'kubelet-ca-empty',
	observed: 'kubelet-certificate-authority=""',
	authors: ['apiserver'],
	where: 'https://a/flagz',
	process: '3f2a',
	time: '2026-11-25T09:55:58Z',
	active: false,
};
const need = {permission: 'list pods in kube-system', check: 'kubectl auth can-i list pods -n kube-system', or: '--probe active'};

function verdict<State extends string>(state: State, basis: Basis): Verdict<State> {
	return state === 'unknown'
		? {state, basis: 'unknown', evidence: [], need: [need]}
		: {state, basis, evidence: ['e1'], need: basis === 'inferred' ? [need] : []};
}

function pathOf(tls: TlsState, route: RouteState, basis: Basis): Path {
	const leg = (n: 1 | 2, tlsVerdict: Leg['tls'], routeVerdict: Verdict<RouteState>): Leg => ({
		n,
		from: n === 1 ? 'you' : 'apiserver',
		to: n === 1 ? 'apiserver' : 'kubelet',
		address: null,
		tls: tlsVerdict,
		route: {...routeVerdict, via: null, protocol: null, agent: null},
		peer: null,
		clientAuth: null,
	});
	return {
		apiVersion: 'spoke/v1',
		kind: 'Path',
		time: read.time,
		feature: 'logs',
		about: 'configuration',
		phase: 'settled',
		target: {asked: 'pod/web', kind: 'Pod', namespace: 'shop', name: 'web', uid: 'u', node: 'n1', container: null, chosenFrom: 1},
		request: null,
		cluster: {context: 'c', server: 'https://a', version: 'v1.36.0', sandbox: false},
		process: {id: '3f2a', startTime: null, boundBy: 'same-connection', known: 3, read: 1, agree: null},
		legs: [leg(1, verdict('verified', 'proven'), verdict('direct', 'proven')), leg(2, verdict(tls, basis), verdict(route, basis))],
		exposure: verdict('exposed', 'proven'),
		rttMs: {websocket: null, runtime: null},
		evidence: [read],
		findings: [],
		broken: null,
		unused: null,
		line: 'path: you -verified-> apiserver',
		error: null,
	} as unknown as Path;
}

const longReport = (paths: readonly Path[]) => pathReport(paths, {width: Infinity, withEvidence: true});
const shortReport = (paths: readonly Path[], width = Infinity) => pathReport(paths, {width, withEvidence: false});
const why = (path: Path) => whyLines(path, null, unicodeGlyphs.strokes).map(({label, text}) => `${label?.trim() ?? ''} ${text}`.trim());

for (const basis of ['proven', 'inferred'] as const) {
	test(`all surfaces give each TLS state the same name when it is ${basis}`, t => {
		for (const [state, name] of Object.entries(tlsNames)) {
			const path = pathOf(state as TlsState, 'direct', basis);
			const isUnknown = state === 'unknown';
			t.true(why(path).some(line => line.endsWith(isUnknown ? ` ${name}` : ` ${name}, ${basis}`)));
			t.true(pathSentences(path)[1]!.includes(`kubelet n1: ${isUnknown ? name : `${name}, ${basis}`}; `));
			t.true(shortReport([path]).includes(pathSentences(path)[1]!));
			t.is(pathVerdicts(path)[2]!.word, name);
		}
	});

	test(`all surfaces give each route the same name when it is ${basis}`, t => {
		for (const [state, name] of Object.entries(routeNames)) {
			const path = pathOf('verified', state as RouteState, basis);
			const isUnknown = state === 'unknown';
			t.true(why(path).some(line => line.endsWith(isUnknown ? ` ${name}` : ` ${name}, ${basis}`)));
			const spoken = name === 'direct' ? 'directly' : `by ${name}`;
			t.true(pathSentences(path)[1]!.endsWith(isUnknown ? `; ${name}.` : `; ${spoken}, ${basis}.`));
			t.true(shortReport([path]).includes(pathSentences(path)[1]!));
			t.is(pathVerdicts(path)[1]!.word, name);
		}
	});
}

test('report and why screen give the same evidence, needs and apiserver process', t => {
	const path = pathOf('unverified', 'direct', 'inferred');
	for (const text of [
		'kubelet-certificate-authority="" (from https://a/flagz, apiserver process 3f2a',
		'list pods in kube-system',
		'--probe active',
		'process 3f2a, up since an unknown time',
		'1 of 3 known apiservers examined',
	]) {
		t.true(longReport([path]).includes(text), text);
		t.true(why(path).join('\n').includes(text), text);
	}
});

test('the plain path line and the drawn one show the same ends and the same failed leg', t => {
	const path = pathOf('unverified', 'konnectivity', 'proven');
	const unknown = pathOf('unknown', 'unknown', 'unknown');
	const broken = (leg: 1 | 2, reason: string | null) => ({...path, broken: {leg, reason}}) as unknown as Path;
	for (const [given, expected] of [
		[path, ['verified > apiserver', 'konnectivity unverified > kubelet n1']],
		[unknown, ['verified > apiserver', 'unknown > kubelet n1']],
		[{...unknown, phase: 'checking'}, ['verified > apiserver', 'checking > kubelet n1']],
		[broken(2, null), ['verified > apiserver', 'konnectivity unverified x kubelet n1']],
		[broken(2, 'no-node'), ['verified > apiserver', 'konnectivity unverified x no node yet']],
		[broken(1, null), ['verified x apiserver']],
	] as const) {
		const legs = given.legs;
		const plain = formatPathLine({...given, legs}).replace(/^path: you /, '');
		t.is(
			plain.replaceAll(/-([a-z,-]+?)-([>x])/g, (_, words: string, end: string) => `${words.replace(',', ' ')} ${end}`),
			expected.join(' '),
		);
		const drawn = pathLineSpans({...given, target: {...given.target, kind: 'Node'}}, 200, unicodeGlyphs, null)
			.map(({text}) => text)
			.join('')
			.replace(/^you ━ direct /, '')
			.replaceAll(/[━╍┈] ?/g, '')
			.replaceAll('►', '>')
			.replaceAll(unicodeGlyphs.broke, 'x');
		t.is(drawn.replaceAll(/ +/g, ' ').trim(), expected.join(' '));
	}
});

test('the why screen lists what is not determined, and the report has the same needs', t => {
	const path = pathOf('unknown', 'unknown', 'unknown');
	const lines = describeUndetermined(path);
	t.deepEqual(
		lines.map(({role}) => role),
		['leg 2', 'leg 2', 'replicas'],
	);
	for (const {text} of lines) {
		t.true(why(path).join('\n').includes(text), text);
	}

	for (const report of [longReport, shortReport]) {
		t.true(report([path]).includes('needs: list pods in kube-system'));
	}

	t.true(lines[0]!.text.includes('needs list pods in kube-system'));
});

test('an undetermined agent has the need of the rule that would name it', t => {
	const path = pathOf('unverified', 'konnectivity', 'inferred');
	const [agent] = describeUndetermined(path).filter(({role}) => role === 'agent');
	t.is(agent?.text, `which agent carries it; needs ${needAgentMetrics.or}`);
});

test('needs say whether one is enough or all are needed', t => {
	const need = (permission: string, or: string | null = null): Need => ({permission, check: null, or});
	const rolesOf = (needs: readonly Need[]) => describeNeeds(needs).map(({role, text}) => `${role} ${text}`);
	const either = [need('get /flagz', '--probe active'), need('list pods'), need('get /metrics', '--probe active')];
	t.deepEqual(rolesOf(either), ['needs get /flagz', 'or list pods', 'or get /metrics', 'or --probe active']);
	t.deepEqual(rolesOf(needsOfEach([need('list pods')], [need('list leases')])), ['needs list pods', 'and list leases']);
	t.deepEqual(rolesOf(needsOfEach([need('list leases')], either)), [
		'needs list leases',
		'and one of: get /flagz',
		'or list pods',
		'or get /metrics',
		'or --probe active',
	]);
	t.is(
		needsInOneLine(needsOfEach([need('list leases')], either.slice(1))),
		'list leases; and one of: list pods, or get /metrics, or --probe active',
	);
	t.is(needsLegend(describeNeeds([need('list pods')])), null);
	t.regex(needsLegend(describeNeeds(either)) ?? '', /^needs: of lines joined by 'or', try one; spoke names another if it is not enough$/);
	t.notRegex(needsLegend(describeNeeds(either)) ?? '', /'and'/);
});

test('the report with evidence has each observation once, below the state that it shows', t => {
	const path = pathOf('unverified', 'direct', 'inferred');
	const lines = longReport([path, {...path, feature: 'exec'}])
		.trim()
		.split('\n');
	t.is(new Set(lines).size, lines.length);
	const shown = lines.findIndex(line => /^ {2}Leg 2, .*: unverified, inferred/.test(line));
	t.regex(
		lines[shown + 1]!,
		/^ {2}evidence of leg 2 TLS: kubelet-certificate-authority="" \(from https:\/\/a\/flagz, apiserver process 3f2a/,
	);
});

test('the short report says once what is equal, and names the features of the rest', t => {
	const finding = {row: 'C4', code: 'X', docs: 'https://docs', remedy: null} as const;
	const noted = {...finding, severity: 'info', leg: 1, message: 'A gateway responds'} as const;
	const found = {...finding, severity: 'warning', leg: 2, message: 'Anybody can read the data', remedy: 'set the flag'} as const;
	const of = (feature: Path['feature'], path: Path): Path => ({...path, feature, findings: [noted, found]});
	const exposed = {...pathOf('unverified', 'direct', 'proven'), exposure: {...verdict('exposed', 'proven'), why: 'no tunnel'}} as Path;
	const inferred = pathOf('unverified', 'direct', 'inferred');
	const unknown = pathOf('unknown', 'unknown', 'unknown');
	const open = {
		...unknown,
		line: 'path: you -verified-> apiserver -unknown-> pod web',
		legs: [unknown.legs[0]!, {...unknown.legs[1]!, tls: {...unknown.legs[1]!.tls, why: 'the vendor hides it'}}],
		exposure: verdict('unknown', 'unknown'),
	} as Path;
	const paths = [of('logs', {...exposed, legs: inferred.legs}), of('exec', exposed), of('attach', exposed), of('pod-proxy', open)];
	t.is(
		shortReport(paths),
		`pod/web (pod web) on c: apiserver v1.36.0, 1 of 3 known apiservers examined
Leg 1, you to apiserver: verified, proven; directly, proven.
note: A gateway responds

logs, exec, attach
  path: you -verified-> apiserver
  logs: Leg 2, apiserver to kubelet n1: unverified, inferred; directly, inferred.
  exec, attach: Leg 2, apiserver to kubelet n1: unverified, proven; directly, proven.
  exposed, proven: no tunnel
  logs: needs: list pods in kube-system, or --probe active
  ! Anybody can read the data
  fix: set the flag

pod-proxy
  path: you -verified-> apiserver -unknown-> pod web
  Leg 2, apiserver to kubelet n1: TLS unknown; route unknown.
  leg 2 TLS: the vendor hides it
  exposure unknown
  needs: list pods in kube-system, or --probe active
  ! Anybody can read the data
  fix: set the flag

evidence of each verdict: spoke path TARGET -v 1
`,
	);
	t.deepEqual(
		shortReport(paths, 60)
			.split('\n')
			.filter(line => line.length > 60),
		[],
	);
});
