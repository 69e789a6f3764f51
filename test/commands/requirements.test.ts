import {readFile} from 'node:fs/promises';
import {Ajv} from 'ajv';
import test from 'ava';
import type {Audit} from '../../source/evidence/audit/audit-object.ts';
import type {Path} from '../../source/evidence/evidence.ts';
import {assertPathsMeet, evaluateRequirement} from '../../source/evidence/require-path.ts';
import {needsOfEach} from '../../source/evidence/rules/need-groups.ts';
import {needActive, needMirrorPods} from '../../source/evidence/rules/needs.ts';
import {SpokeError} from '../../source/errors/spoke-error.ts';
import {runSpoke} from '../support/run-spoke.ts';
import {openSandbox} from '../support/sandbox.ts';

const ajv = new Ajv({allErrors: true, strict: false});
const isAudit = ajv.compile<Audit>(JSON.parse(await readFile(new URL('../../schemas/audit.json', import.meta.url), 'utf8')) as object);

function parseAudit(stdout: string): Audit {
	const audit: unknown = JSON.parse(stdout);
	if (!isAudit(audit)) {
		throw new Error(ajv.errorsText(isAudit.errors));
	}

	return audit;
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
		const {env} = await openSandbox(t, {user: 'bob'});
		const junit = await runSpoke(['audit', '-o', 'junit', '--require', 'verified', ...argv], {env});
		t.is(junit.status, status, junit.stderr);
		t.regex(
			junit.stdout,
			/^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites name="spoke audit" tests="1" failures="0" errors="1">\n {2}<testsuite name="[^"]+" tests="1" failures="0" errors="1" skipped="0" timestamp="[\d:TZ.-]+">/,
		);
		t.regex(
			junit.stdout,
			new RegExp(
				`<testcase classname="spoke.audit" name="audit">\\s*<error type="${code}" message="[^"<&]*(&[a-z]+;[^"<&]*)*">[\\s\\S]*</error>\\s*</testcase>\\s*</testsuite>\\s*</testsuites>\\n$`,
			),
		);
		t.regex(junit.stderr, new RegExp(`\\[${code}\\]\\n$`));
	});
}

test('with --require only the required rows are failures in JUnit', async t => {
	const {env} = await openSandbox(t);
	const all = (await runSpoke(['audit', '-o', 'junit'], {env})).stdout;
	t.deepEqual([elementOf(all, 'C4'), elementOf(all, 'C1'), elementOf(all, 'N2')], ['failure', 'failure', 'system-out']);
	const gate = await runSpoke(['audit', '-o', 'junit', '--require', 'verified'], {env});
	t.is(gate.status, 3);
	t.deepEqual([elementOf(gate.stdout, 'C4'), elementOf(gate.stdout, 'C1')], ['failure', 'skipped']);
	t.regex(gate.stdout, /tests="17" failures="1" errors="0"/);
	t.regex(gate.stdout, /<skipped message="fail, not required: /);
	const met = await runSpoke(['audit', '-o', 'junit', '--require', 'C9=pass'], {env});
	t.is(met.status, 0, met.stderr);
	t.regex(met.stdout, /failures="0"/);
});

test('a required row with too weak a basis is a failure in JUnit', async t => {
	const {env} = await openSandbox(t);
	const argv = ['audit', '--require', 'C5=pass'];
	const audit = parseAudit((await runSpoke([...argv, '-o', 'json'], {env})).stdout);
	t.like(
		audit.rows.find(({id}) => id === 'C5'),
		{verdict: 'pass', basis: 'inferred'},
	);
	const junit = await runSpoke([...argv, '-o', 'junit'], {env});
	t.is(junit.status, 4);
	t.is(elementOf(junit.stdout, 'C5'), 'failure');
	const inferred = await runSpoke([...argv, '-o', 'junit', '--min-basis', 'inferred'], {env});
	t.is(inferred.status, 0, inferred.stderr);
	t.is(elementOf(inferred.stdout, 'C5'), 'system-out');
});

test('an undecided row is a failure in JUnit also when another requirement fails', async t => {
	const {env} = await openSandbox(t);
	const audit = parseAudit((await runSpoke(['audit', '-o', 'json'], {env})).stdout);
	const unknown = audit.rows.find(({verdict}) => verdict === 'unknown')!.id;
	const junit = await runSpoke(['audit', '-o', 'junit', '--require', `verified,${unknown}=pass`], {env});
	t.is(junit.status, 3);
	t.deepEqual([elementOf(junit.stdout, 'C4'), elementOf(junit.stdout, unknown)], ['failure', 'failure']);
});

test('an accepted row does not fail --require and its reason is shown in text, JSON and JUnit', async t => {
	const {env} = await openSandbox(t);
	const argv = ['audit', '--require', 'verified', '--accept', 'C4=private network, ticket <7>', '--accept', 'C1=as C4'];
	const json = await runSpoke([...argv, '-o', 'json'], {env});
	t.is(json.status, 0, json.stderr);
	const audit = parseAudit(json.stdout);
	const row = audit.rows.find(({id}) => id === 'C4');
	t.like(row, {verdict: 'fail', accepted: 'private network, ticket <7>'}, 'the verdict stays what the evidence says');
	t.is(audit.rows.find(({id}) => id === 'C2')?.accepted, null);
	t.deepEqual(audit.require.results, [{row: 'C4', result: 'accepted'}]);
	t.is(audit.require.result, 'met');
	const text = await runSpoke(argv, {env});
	t.is(text.status, 0, text.stderr);
	t.regex(text.stdout, /FAIL C4 [\s\S]*?accepted {3}private network, ticket <7>/);
	t.regex(text.stdout, /required: verified \(proven\): met, accepted: C4\n/);
	const junit = await runSpoke([...argv, '-o', 'junit'], {env});
	t.is(junit.status, 0, junit.stderr);
	t.regex(junit.stdout, /name="C4 [^"]*">\s*<skipped message="accepted: private network, ticket &lt;7&gt; \(fail, /);
	t.regex(junit.stdout, /failures="0"/);
	const plain = (await runSpoke(['audit', '--accept', 'C4=known', '-o', 'junit'], {env})).stdout;
	t.deepEqual([elementOf(plain, 'C4'), elementOf(plain, 'C1')], ['skipped', 'failure'], 'also without --require');
});

test('an accepted row does not excuse another required row', async t => {
	const {env} = await openSandbox(t);
	const {status, stderr} = await runSpoke(['audit', '--require', 'verified,protected', '--accept', 'C4=known'], {env});
	t.is(status, 3);
	t.is(stderr, 'error: requirement not met: verified, protected (C11) [ERR_REQUIRE_NOT_MET]\n');
});

for (const waiver of ['C99=why', 'c4=why', 'C4', 'C4=', 'C4= ', '=why', 'verified=why']) {
	test(`--accept ${JSON.stringify(waiver)} is a usage error`, async t => {
		const {status, stderr} = await runSpoke(['audit', '--accept', waiver]);
		t.is(status, 2);
		t.regex(stderr, /--accept .*ROW=REASON.*\[ERR_USAGE\]\n$/);
	});
}

test('a row that is accepted twice is a usage error', async t => {
	t.is((await runSpoke(['audit', '--accept', 'C4=a', '--accept', 'C4=b'])).status, 2);
});

test('path --require exits 0 when every feature meets it, 3 when one does not', async t => {
	const verified = await openSandbox(t, {scenario: 'verified'});
	const met = await runSpoke(
		['path', 'deploy/web', '--feature', 'exec,logs', '--require', 'verified', '--require', 'protected', '--probe', 'active'],
		{env: verified.env},
	);
	t.is(met.status, 0, met.stderr);
	const {env} = await openSandbox(t);
	const wrong = await runSpoke(['path', 'deploy/web', '--feature', 'exec,logs', '--require', 'verified', '-o', 'json'], {env});
	t.is(wrong.status, 3);
	t.regex(
		wrong.stderr,
		/^error: requirement not met: verified \(logs, exec\): leg 2 is unverified, proven by kubelet-certificate-authority="" \(GET \/flagz\) .*\[ERR_REQUIRE_NOT_MET\]\n$/s,
	);
	t.deepEqual(
		wrong.stdout
			.trimEnd()
			.split('\n')
			.map(line => (JSON.parse(line) as Path).kind as string),
		['Path', 'Path', 'Error'],
	);
});

test('path --require exits 4 when the evidence does not decide, and 0 when a probe does', async t => {
	const {env} = await openSandbox(t, {scenario: 'konnectivity'});
	const argv = ['path', 'deploy/web', '--feature', 'port-forward', '--require', 'tunnelled'];
	const undecided = await runSpoke(argv, {env});
	t.is(undecided.status, 4);
	t.regex(undecided.stdout, /port-forward/);
	t.regex(
		undecided.stderr,
		/^error: requirement undecided: tunnelled \(port-forward\): the route of leg 2 is .*\[ERR_REQUIRE_UNDECIDED\]\n$/s,
	);
	const probed = await runSpoke([...argv, '--probe', 'active'], {env});
	t.is(probed.status, 0, probed.stderr);
});

test('path rejects an unknown or empty requirement, ROW=pass, and --min-basis alone', async t => {
	for (const argv of [['--require', 'nonsense'], ['--require', 'C4=pass'], ['--require='], ['--min-basis', 'inferred']]) {
		t.is((await runSpoke(['path', 'deploy/web', ...argv])).status, 2, argv.join(' '));
	}
});

type Word = {state: string; basis: 'proven' | 'inferred' | 'unknown'; why?: string};
const proven = (state: string): Word => ({state, basis: 'proven'});
const inferred = (state: string): Word => ({state, basis: 'inferred'});
const unknown: Word = {state: 'unknown', basis: 'unknown'};

function pathOf({
	first = proven('verified'),
	second = proven('verified'),
	route = proven('direct'),
	crossing = proven('protected'),
	to = 'kubelet',
}: {
	first?: Word;
	second?: Word;
	route?: Word;
	crossing?: Word;
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
		crossing: withNoEvidence(crossing),
		evidence: [],
		findings: to === 'kubelet' ? [kubeletRemedy] : [proxyRemedy],
	} as unknown as Path;
}

function withNoEvidence(word: Word): Pick<Path['crossing'], 'evidence' | 'need'> {
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
	['a protected crossing', pathOf({second: proven('unverified')}), 'protected', 'proven', 'met'],
	['an exposed crossing', pathOf({crossing: proven('exposed')}), 'protected', 'proven', 'not-met'],
	['an unknown crossing', pathOf({crossing: unknown}), 'protected', 'proven', 'undecided'],
	['a crossing protected by inference', pathOf({crossing: inferred('protected')}), 'protected', 'proven', 'undecided'],
] as const) {
	test(`${title}: ${word} with at least ${basis} evidence is ${result}`, t => {
		t.is(evaluateRequirement(path, {states: [word], minBasis: basis}), result);
	});
}

test('the remedy of an unmet requirement meets it', t => {
	const unverified = pathOf({second: proven('unverified'), crossing: proven('exposed')});
	t.is(refusal(unverified, 'verified').remedy, 'set --kubelet-certificate-authority');
	t.is(refusal(unverified, 'protected').remedy, 'set --kubelet-certificate-authority');
	t.regex(refusal(unverified, 'tunnelled').remedy ?? '', /^set up Konnectivity, .*--egress-selector-config-file/);
	const proxied = pathOf({second: proven('plain'), crossing: proven('exposed'), to: 'pod'});
	t.is(refusal(proxied, 'verified').remedy, 'the apiserver proxy never verifies: use port-forward');
	t.regex(refusal(proxied, 'protected').remedy ?? '', /use port-forward, which is protected if the apiserver verifies kubelets/);
});

test('--min-basis inferred is offered only where it would accept the path', t => {
	const offer = /pass --min-basis inferred/;
	t.regex(refusal(pathOf({second: inferred('enforced')}), 'verified').remedy ?? '', offer);
	t.notRegex(refusal(pathOf({second: inferred('unverified')}), 'verified').remedy ?? '', offer);
	t.notRegex(refusal(pathOf({route: inferred('direct')}), 'tunnelled').remedy ?? '', offer);
	t.notRegex(refusal(pathOf({crossing: inferred('exposed')}), 'protected').remedy ?? '', offer);
	t.is(refusal(pathOf({second: inferred('unverified')}), 'verified').remedy, 'set --kubelet-certificate-authority');
});

test('an undecided requirement names the property that is unknown', t => {
	const path = pathOf({second: unknown, route: unknown, crossing: {...unknown, why: 'TLS of leg 2 is unknown'}});
	t.regex(refusal(path, 'verified').message, /: the TLS state of leg 2 is unknown$/);
	t.regex(refusal(path, 'tunnelled').message, /: the route of leg 2 is unknown$/);
	t.regex(refusal(path, 'protected').message, /: the exposure of leg 2 is unknown: TLS of leg 2 is unknown$/);
});

test('an undecided audit first names what would prove it, then how to accept it without proof', async t => {
	const {env} = await openSandbox(t, {scenario: 'verified', user: 'ada'});
	const {status, stderr} = await runSpoke(['audit', '--require', 'verified'], {env});
	t.is(status, 4);
	t.regex(stderr, / \(needs list leases in kube-system \(kubectl .*\); to accept it without proof, pass --min-basis inferred\) /);
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
