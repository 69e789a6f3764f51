import test, {type ExecutionContext} from 'ava';
import type {Audit} from '../../source/evidence/audit/audit-object.ts';
import type {Path} from '../../source/evidence/evidence.ts';
import {assertPathsMeet, evaluateRequirement} from '../../source/evidence/require-path.ts';
import {needsOfEach, needActive, needMirrorPods} from '../../source/evidence/rules/needs.ts';
import {SpokeError} from '../../source/base/errors/spoke-error.ts';
import {type Printed, runSpoke, spokePrints} from '../support/run-spoke.ts';
import {openSandbox} from '../support/sandbox.ts';

async function inSandbox(t: ExecutionContext, options?: Parameters<typeof openSandbox>[1]) {
	const {env} = await openSandbox(t, options);
	const run = async (line: string, ...more: string[]) => runSpoke([...line.split(' '), ...more], {env});
	return {
		run,
		prints: async (line: string, expected: Printed) => spokePrints(t, line.split(' '), expected, {env}),
		audit: async (...more: string[]) => JSON.parse((await run('audit -o json', ...more)).stdout) as Audit,
		junit: async (...more: string[]) => run('audit -o junit', ...more),
	};
}

/** Of the row's test case: for example, `failure`. */
function elementOf(junit: string, id: string): string | undefined {
	return new RegExp(`<testcase classname="spoke.audit" name="${id} [^"]*">\\s*<([\\w-]+)`).exec(junit)?.[1];
}

for (const [title, argv, code, status] of [
	['the apiserver cannot be reached', ['--server', 'https://127.0.0.1:1', '--request-timeout', '5s'], 'ERR_APISERVER_UNREACHABLE', 9],
	['the credentials are not accepted', ['--token', 'expired'], 'ERR_CREDENTIALS', 6],
	['the context is unknown', ['--context', 'nope<&>'], 'ERR_CONTEXT_UNKNOWN', 5],
] as const) {
	test(`audit -o junit prints a document with an error when ${title}`, async t => {
		const {junit} = await inSandbox(t, {user: 'bob'});
		const document = await junit('--require', 'verified', ...argv);
		t.is(document.status, status, document.stderr);
		t.regex(
			document.stdout,
			/^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites name="spoke audit" tests="1" failures="0" errors="1">\n {2}<testsuite name="[^"]+" tests="1" failures="0" errors="1" skipped="0" timestamp="[\d:TZ.-]+">/,
		);
		t.regex(
			document.stdout,
			new RegExp(
				`<testcase classname="spoke.audit" name="audit">\\s*<error type="${code}" message="[^"<&]*(&[a-z]+;[^"<&]*)*">[\\s\\S]*</error>\\s*</testcase>\\s*</testsuite>\\s*</testsuites>\\n$`,
			),
		);
		t.regex(document.stderr, new RegExp(`\\[${code}\\]\\n$`));
	});
}

test('with --require only the required rows are failures in JUnit', async t => {
	const {junit} = await inSandbox(t);
	const all = (await junit()).stdout;
	t.deepEqual([elementOf(all, 'C4'), elementOf(all, 'C1'), elementOf(all, 'N2')], ['failure', 'failure', 'system-out']);
	const gate = await junit('--require', 'verified');
	t.is(gate.status, 3);
	t.deepEqual([elementOf(gate.stdout, 'C4'), elementOf(gate.stdout, 'C1')], ['failure', 'skipped']);
	t.regex(gate.stdout, /tests="17" failures="1" errors="0"/);
	t.regex(gate.stdout, /<skipped message="fail, not required: /);
	const met = await junit('--require', 'C9=pass');
	t.is(met.status, 0, met.stderr);
	t.regex(met.stdout, /failures="0"/);
});

test('a required row with too weak a basis is a failure in JUnit', async t => {
	const {audit, junit} = await inSandbox(t);
	t.like(
		(await audit()).rows.find(({id}) => id === 'C5'),
		{verdict: 'pass', basis: 'inferred'},
	);
	for (const [more, status, element] of [
		[[], 4, 'failure'],
		[['--min-basis', 'inferred'], 0, 'system-out'],
	] as const) {
		const document = await junit('--require', 'C5=pass', ...more);
		t.deepEqual([document.status, elementOf(document.stdout, 'C5')], [status, element], document.stderr);
	}
});

test('an undecided row is a failure in JUnit also when another requirement fails', async t => {
	const {audit, junit} = await inSandbox(t);
	const unknown = (await audit()).rows.find(({verdict}) => verdict === 'unknown')!.id;
	const document = await junit('--require', `verified,${unknown}=pass`);
	t.is(document.status, 3);
	t.deepEqual([elementOf(document.stdout, 'C4'), elementOf(document.stdout, unknown)], ['failure', 'failure']);
});

test('an accepted row does not fail --require and its reason is shown in text, JSON and JUnit', async t => {
	const {run, audit, junit} = await inSandbox(t);
	const argv = ['--require', 'verified', '--accept', 'C4=private network, ticket <7>', '--accept', 'C1=as C4'];
	const {rows, require, exitStatus} = await audit(...argv);
	t.is(exitStatus, 0);
	const row = rows.find(({id}) => id === 'C4');
	t.like(row, {verdict: 'fail', accepted: 'private network, ticket <7>'}, 'the verdict stays what the evidence says');
	t.is(rows.find(({id}) => id === 'C2')?.accepted, null);
	t.like(require, {result: 'met', results: [{row: 'C4', result: 'accepted'}]});
	const text = await run('audit', ...argv);
	t.is(text.status, 0, text.stderr);
	t.regex(text.stdout, /FAIL C4 [\s\S]*?accepted {3}private network, ticket <7>/);
	t.regex(text.stdout, /required: verified \(proven\): met, accepted: C4\n/);
	const document = await junit(...argv);
	t.is(document.status, 0, document.stderr);
	t.regex(document.stdout, /name="C4 [^"]*">\s*<skipped message="accepted: private network, ticket &lt;7&gt; \(fail, /);
	t.regex(document.stdout, /failures="0"/);
	const plain = (await junit('--accept', 'C4=known')).stdout;
	t.deepEqual([elementOf(plain, 'C4'), elementOf(plain, 'C1')], ['skipped', 'failure'], 'also without --require');
});

test('an accepted row does not excuse another required row', async t => {
	const {prints} = await inSandbox(t);
	await prints('audit --require verified,protected --accept C4=known', {
		status: 3,
		stdout: /./,
		stderr: 'error: requirement not met: verified, protected (C11) [ERR_REQUIRE_NOT_MET]\n',
	});
});

for (const [argv, stderr] of [
	...['C99=why', 'c4=why', 'C4', 'C4=', 'C4= ', '=why', 'verified=why'].map(
		waiver => [['audit', '--accept', waiver], /--accept .*ROW=REASON.*\[ERR_USAGE\]\n$/] as const,
	),
	[['audit', '--accept', 'C4=a', '--accept', 'C4=b'], /./],
	...[['--require', 'nonsense'], ['--require', 'C4=pass'], ['--require='], ['--min-basis', 'inferred']].map(
		more => [['path', 'deploy/web', ...more], /./] as const,
	),
] as const) {
	test(`${JSON.stringify(argv.join(' '))} is a usage error`, async t => {
		await spokePrints(t, argv, {status: 2, stderr});
	});
}

test('path --require exits 0 when every feature meets it, 3 when one does not', async t => {
	const verified = await inSandbox(t, {scenario: 'verified'});
	await verified.prints('path deploy/web --feature exec,logs --require verified --require protected --probe active', {stdout: /./});
	const {prints} = await inSandbox(t);
	const {stdout} = await prints('path deploy/web --feature exec,logs --require verified -o json', {
		status: 3,
		stdout: /./,
		stderr:
			/^error: requirement not met: verified \(logs, exec\): leg 2 is unverified, proven by kubelet-certificate-authority="" \(GET \/flagz\) .*\[ERR_REQUIRE_NOT_MET\]\n$/s,
	});
	t.deepEqual(
		stdout
			.trimEnd()
			.split('\n')
			.map(line => (JSON.parse(line) as Path).kind as string),
		['Path', 'Path', 'Error'],
	);
});

test('path --require exits 4 when the evidence does not decide, and 0 when a probe does', async t => {
	const {prints} = await inSandbox(t, {scenario: 'konnectivity'});
	const line = 'path deploy/web --feature port-forward --require tunnelled';
	await prints(line, {
		status: 4,
		stdout: /port-forward/,
		stderr: /^error: requirement undecided: tunnelled \(port-forward\): the route of leg 2 is .*\[ERR_REQUIRE_UNDECIDED\]\n$/s,
	});
	await prints(`${line} --probe active`, {stdout: /./});
});

type Word = {state: string; basis: 'proven' | 'inferred' | 'unknown'; why?: string};

const proven = (state: string): Word => ({state, basis: 'proven'});

const inferred = (state: string): Word => ({state, basis: 'inferred'});
const unknown: Word = {state: 'unknown', basis: 'unknown'};

function pathOf({
	first = proven('verified'),
	second = proven('verified'),
	route = proven('direct'),
	exposure = proven('protected'),
	to = 'kubelet',
}: {
	first?: Word;
	second?: Word;
	route?: Word;
	exposure?: Word;
	to?: 'kubelet' | 'pod';
}): Path {
	const kubeletRemedy = {leg: 2, remedy: 'set --kubelet-certificate-authority'};
	const proxyRemedy = {leg: 2, remedy: 'request https: (still not verified)'};
	return {
		feature: 'exec',
		legs: [
			{n: 1, to: 'apiserver', tls: withNoEvidence(first), route: withNoEvidence(proven('direct'))},
			{n: 2, to, tls: withNoEvidence(second), route: withNoEvidence(route)},
		],
		exposure: withNoEvidence(exposure),
		evidence: [],
		findings: to === 'kubelet' ? [kubeletRemedy] : [proxyRemedy],
	} as unknown as Path;
}

function withNoEvidence(word: Word): Pick<Path['exposure'], 'evidence' | 'need'> {
	return {...word, evidence: [], need: []};
}

function refusal(
	path: Path,
	state: 'verified' | 'tunnelled' | 'protected',
	options: {hasProbes?: boolean} = {},
): {message: string; remedy: string | null} {
	try {
		assertPathsMeet([path], {states: [state], minBasis: 'proven', undecided: 'refuse', source: null}, options);
	} catch (error) {
		if (error instanceof SpokeError) {
			return error;
		}
	}

	throw new Error('the requirement was met');
}

for (const [title, path, word, basis, result] of [
	['both legs verified', pathOf({}), 'verified', 'proven', 'met'],
	['leg 2 enforced by configuration', pathOf({second: proven('enforced')}), 'verified', 'proven', 'met'],
	['leg 1 not verified', pathOf({first: proven('unverified')}), 'verified', 'proven', 'not-met'],
	['leg 1 plain', pathOf({first: proven('plain')}), 'verified', 'proven', 'not-met'],
	['leg 2 refused', pathOf({second: proven('refused')}), 'verified', 'proven', 'not-met'],
	['leg 2 unknown', pathOf({second: unknown}), 'verified', 'inferred', 'undecided'],
	['leg 1 not verified and leg 2 unknown', pathOf({first: proven('unverified'), second: unknown}), 'verified', 'proven', 'not-met'],
	['leg 2 verified by inference', pathOf({second: inferred('verified')}), 'verified', 'proven', 'undecided'],
	['leg 2 verified by inference that is allowed', pathOf({second: inferred('verified')}), 'verified', 'inferred', 'met'],
	['leg 2 unverified by inference', pathOf({second: inferred('unverified')}), 'verified', 'proven', 'undecided'],
	['konnectivity', pathOf({route: proven('konnectivity')}), 'tunnelled', 'proven', 'met'],
	['an egress proxy', pathOf({route: proven('egress-http-connect')}), 'tunnelled', 'proven', 'met'],
	['another egress', pathOf({route: proven('egress')}), 'tunnelled', 'proven', 'met'],
	['an SSH tunnel', pathOf({route: proven('ssh-tunnel')}), 'tunnelled', 'proven', 'met'],
	['a direct route', pathOf({}), 'tunnelled', 'proven', 'not-met'],
	['an unknown route', pathOf({route: unknown}), 'tunnelled', 'inferred', 'undecided'],
	['a protected exposure', pathOf({second: proven('unverified')}), 'protected', 'proven', 'met'],
	['an exposed exposure', pathOf({exposure: proven('exposed')}), 'protected', 'proven', 'not-met'],
	['an unknown exposure', pathOf({exposure: unknown}), 'protected', 'proven', 'undecided'],
	['a exposure protected by inference', pathOf({exposure: inferred('protected')}), 'protected', 'proven', 'undecided'],
] as const) {
	test(`${title}: ${word} with at least ${basis} evidence is ${result}`, t => {
		t.is(evaluateRequirement(path, {states: [word], minBasis: basis}), result);
	});
}

test('the remedy of an unmet requirement meets it', t => {
	const unverified = pathOf({second: proven('unverified'), exposure: proven('exposed')});
	t.is(refusal(unverified, 'verified').remedy, 'set --kubelet-certificate-authority');
	t.is(refusal(unverified, 'protected').remedy, 'set --kubelet-certificate-authority');
	t.regex(refusal(unverified, 'tunnelled').remedy ?? '', /^set up Konnectivity, .*--egress-selector-config-file/);
	const proxied = pathOf({second: proven('plain'), exposure: proven('exposed'), to: 'pod'});
	t.is(refusal(proxied, 'verified').remedy, 'the apiserver proxy never verifies: use port-forward');
	t.regex(refusal(proxied, 'protected').remedy ?? '', /use port-forward, which is protected if the apiserver verifies kubelets/);
});

test('--min-basis inferred is offered only where it would accept the path', t => {
	const offer = /pass --min-basis inferred/;
	t.regex(refusal(pathOf({second: inferred('enforced')}), 'verified').remedy ?? '', offer);
	t.notRegex(refusal(pathOf({second: inferred('unverified')}), 'verified').remedy ?? '', offer);
	t.notRegex(refusal(pathOf({route: inferred('direct')}), 'tunnelled').remedy ?? '', offer);
	t.notRegex(refusal(pathOf({exposure: inferred('exposed')}), 'protected').remedy ?? '', offer);
	t.is(refusal(pathOf({second: inferred('unverified')}), 'verified').remedy, 'set --kubelet-certificate-authority');
});

test('an undecided requirement names the property that is unknown', t => {
	const path = pathOf({second: unknown, route: unknown, exposure: {...unknown, why: 'TLS of leg 2 is unknown'}});
	t.regex(refusal(path, 'verified').message, /: the TLS state of leg 2 is unknown$/);
	t.regex(refusal(path, 'tunnelled').message, /: the route of leg 2 is unknown$/);
	t.regex(refusal(path, 'protected').message, /: the exposure of leg 2 is unknown: TLS of leg 2 is unknown$/);
});

test('an undecided audit first names what would prove it, then how to accept it without proof', async t => {
	const {prints} = await inSandbox(t, {scenario: 'verified', user: 'ada'});
	await prints('audit --require verified', {
		status: 4,
		stdout: /./,
		stderr: / \(needs list leases in kube-system \(kubectl .*\); to accept it without proof, pass --min-basis inferred\) /,
	});
});

test('an undecided path names the command that has active probes if nothing else could decide', t => {
	const need = needsOfEach([needMirrorPods], [needActive]);
	const {legs, ...others} = pathOf({second: inferred('enforced')});
	const path = {...others, legs: legs.map(leg => ({...leg, tls: {...leg.tls, need}}))} as Path;
	const pods = 'needs list pods in kube-system (kubectl auth can-i list pods -n kube-system); and';
	t.true(refusal(path, 'verified').remedy?.startsWith(`${pods} spoke path TARGET --probe active; `));
	t.true(refusal(path, 'verified', {hasProbes: true}).remedy?.startsWith(`${pods} --probe active; `));
});

test('an undecided path names active probes only if the command has them, and before accepting', t => {
	const need = [
		{permission: 'get nonResourceURL /flagz', check: null, or: '--probe active', group: 1},
		{permission: 'list leases', check: null, or: null, group: 2},
	];
	const {legs, ...others} = pathOf({second: inferred('enforced')});
	const path = {...others, legs: legs.map(leg => ({...leg, tls: {...leg.tls, need}}))} as Path;
	const rest = 'to accept it without proof, pass --min-basis inferred; docs/policies.md says what each user can prove';
	t.is(refusal(path, 'verified').remedy, `needs get nonResourceURL /flagz; and list leases; ${rest}`);
	t.is(
		refusal(path, 'verified', {hasProbes: true}).remedy,
		`needs one of: get nonResourceURL /flagz, or --probe active; and list leases; ${rest}`,
	);
});
