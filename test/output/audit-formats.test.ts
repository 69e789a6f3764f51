/** Formats of an audit that pipelines read. */
import type {Log} from 'sarif';
import test from 'ava';
import type {Audit} from '../../source/evidence/audit/audit-object.ts';
import {openSandbox} from '../support/sandbox.ts';
import {runSpoke} from '../support/run-spoke.ts';

test('SARIF has a rule and a result for each row, and errors only for required rows', async t => {
	const {env} = await openSandbox(t);
	const {rows} = JSON.parse((await runSpoke(['audit', '-o', 'json'], {env})).stdout) as Audit;
	const {status, stdout} = await runSpoke(['audit', '-o', 'sarif', '--require', 'verified'], {env});
	t.is(status, 3);
	const {version, runs} = JSON.parse(stdout) as Log;
	const [{tool, invocations, results = []}] = runs as [Log['runs'][0]];
	t.is(version, '2.1.0');
	t.like(invocations![0], {executionSuccessful: true, exitCode: 3});
	t.deepEqual(
		tool.driver.rules!.map(({id}) => id),
		rows.map(({id}) => id),
	);
	t.deepEqual(
		results.map(({ruleId, properties}) => [ruleId, properties!['verdict']]),
		rows.map(({id, verdict}) => [id, verdict]),
	);
	t.deepEqual(
		results.filter(({level}) => level === 'error').map(({ruleId}) => ruleId),
		['C4'],
	);
	// SARIF 2.1.0, 3.27.10: a result that is not of kind `fail` has the level `none`.
	t.true(results.every(({kind, level}) => (kind === 'fail') === (level !== 'none')));
});

test('SARIF shows a waiver as a suppression', async t => {
	const {env} = await openSandbox(t);
	const {stdout} = await runSpoke(['audit', '-o', 'sarif', '--require', 'verified', '--accept', 'C4=ticket 7'], {env});
	const results = (JSON.parse(stdout) as Log).runs[0]!.results!;
	t.deepEqual(
		results.filter(({suppressions}) => suppressions).map(({ruleId, suppressions}) => [ruleId, suppressions![0]!.justification]),
		[['C4', 'ticket 7']],
	);
});

test('metrics have one verdict for each row, and say whether the requirements are met', async t => {
	const {env} = await openSandbox(t);
	const {rows} = JSON.parse((await runSpoke(['audit', '-o', 'json'], {env})).stdout) as Audit;
	const {stdout} = await runSpoke(['audit', '-o', 'prometheus', '--require', 'verified'], {env});
	const samples = stdout.split('\n').filter(line => line !== '' && !line.startsWith('#'));
	t.true(samples.every(line => /^[a-z_]+(\{([a-z]+="(?:[^"\\]|\\.)*",?)+\})? [\d.]+$/.test(line)));
	const current = samples.filter(line => line.startsWith('spoke_audit_row{') && line.endsWith(' 1'));
	t.deepEqual(
		current.map(line => [/row="(\w+)"/.exec(line)?.[1], /verdict="([\w-]+)"/.exec(line)?.[1]]),
		rows.map(({id, verdict}) => [id, verdict]),
	);
	t.true(samples.includes('spoke_audit_success 1'));
	t.true(samples.some(line => line.startsWith('spoke_audit_requirements_met{') && line.endsWith(' 0')));
});

test('Markdown has a table line for each row, and shows text of a waiver without its markup', async t => {
	const {env} = await openSandbox(t);
	const {stdout} = await runSpoke(['audit', '-o', 'markdown', '--accept', 'C4=a|b <b> @ada `x`'], {env});
	const lines = stdout.split('\n').filter(line => /^\| [NCV]\d+ \|/.test(line));
	const unescaped = (line: string) => line.replaceAll(/\\./g, '');
	t.true(lines.length >= 17);
	t.true(lines.every(line => unescaped(line).split('|').length === 7));
	t.regex(stdout, /accepted: a\\\|b \\<b\\> &#64;ada \\`x\\`/);
});

for (const [format, pattern] of [
	['sarif', /"executionSuccessful": false[\s\S]*"id": "ERR_CREDENTIALS"/],
	['prometheus', /\nspoke_audit_success 0\n/],
	['markdown', /^## spoke audit: could not run\n[\s\S]*`ERR_CREDENTIALS`/],
] as const) {
	test(`audit -o ${format} prints a document without rows when the audit cannot run`, async t => {
		const {env} = await openSandbox(t, {user: 'bob'});
		const {status, stdout} = await runSpoke(['audit', '-o', format, '--token', 'expired'], {env});
		t.is(status, 6);
		t.regex(stdout, pattern);
		t.notRegex(stdout, /\bC4\b/);
	});
}

test('a row that passes inside the tunnel says so, and no format says its state twice', async t => {
	const {env} = await openSandbox(t, {scenario: 'konnectivity'});
	// One after the other: each would count the connections of the other.
	const {stdout: text} = await runSpoke(['audit', '-o', 'text', '--probe', 'active'], {env});
	const {stdout: junit} = await runSpoke(['audit', '-o', 'junit', '--probe', 'active'], {env});
	t.regex(text, /^pass C6 {2}nodes through the proxy, not kubelets: plain inside the tunnel, \w+$/m);
	t.regex(text, /^pass C2 {2}exec and attach: unverified inside the tunnel, \w+$/m);
	t.regex(junit, /name="C6 [^"]+">\n +<system-out>pass, \w+: konnectivity, plain: inside the Konnectivity tunnel’s TLS/);
	t.regex(junit, /name="C4 [^"]+">\n +<failure type="fail" message="unverified, proven: The apiserver accepts any certificate/);
});

test('the first audit of a cluster says the same as the second, in the same order', async t => {
	const {env} = await openSandbox(t, {scenario: 'konnectivity'});
	const rows = async () => (JSON.parse((await runSpoke(['audit', '-o', 'json'], {env})).stdout) as Audit).rows;
	const [first, second] = [await rows(), await rows()];
	t.like(
		first.find(({id}) => id === 'C10'),
		{state: 'konnectivity', basis: 'inferred'},
	);
	t.deepEqual(
		first.map(({id, verdict, state, basis, need}) => ({id, verdict, state, basis, need})),
		second.map(({id, verdict, state, basis, need}) => ({id, verdict, state, basis, need})),
	);
});
