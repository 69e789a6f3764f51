/** Formats of an audit that pipelines read. */
import type {Log} from 'sarif';
import test from 'ava';
import type {Audit} from '../../../source/evidence/audit/audit-object.ts';
import {auditReport} from '../../../source/report/output/audit-report.ts';
import {cellWidth} from '../../../source/base/text/cell-width.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {runSpoke} from '../../support/run-spoke.ts';

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

test('audit -o sarif prints a document without rows when the audit cannot run', async t => {
	const {env} = await openSandbox(t, {user: 'bob'});
	const {status, stdout} = await runSpoke(['audit', '-o', 'sarif', '--token', 'expired'], {env});
	t.is(status, 6);
	t.regex(stdout, /"executionSuccessful": false[\s\S]*"id": "ERR_CREDENTIALS"/);
	t.notRegex(stdout, /\bC4\b/);
});

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

test('the text report has each fix once, above its rows, and evidence only with -v 1', async t => {
	const {env} = await openSandbox(t);
	const audit = JSON.parse((await runSpoke(['audit', '-o', 'json'], {env})).stdout) as Audit;
	const fixes = new Set(audit.rows.filter(({verdict, remedy}) => verdict === 'fail' && remedy !== null).map(({remedy}) => remedy));
	const {stdout: text} = await runSpoke(['audit'], {env});
	for (const fix of [...fixes].filter(one => one !== audit.rows.find(({id}) => id === 'C11')!.remedy)) {
		t.is(text.split(`\nfix  ${fix}\n`).length, 2, fix!);
	}

	t.regex(text, /^fix {2}set serverTLSBootstrap.*\ndocs http.*\nFAIL C1 .*\nFAIL C2 .*\nFAIL C3 .*\n {9}direct, unverified: .*\nFAIL C4 /m);
	t.regex(text, /^pass N2 .*\npass N3 .*\npass N4 /m);
	t.notRegex(text, /\bevidence {2}/);
	const {stdout: withEvidence} = await runSpoke(['audit', '-v', '1'], {env});
	t.regex(withEvidence, /^pass N2 .*\n {9}All 3 kubelet signing requests are approved\n {9}evidence {3}3 kubelet signing requests/m);
	const report = auditReport(audit, {width: 80, withEvidence: false});
	const lines = report.split('\nfix', 2)[1]!.split('\n');
	const links = audit.rows.flatMap(({id, verdict, docs}) => (verdict === 'fail' && id !== 'C11' && docs !== null ? [docs] : []));
	t.true(links.length > 0 && links.every(link => report.includes(` ${link}\n`)), 'a link is not cut');
	t.deepEqual(
		lines.filter(line => cellWidth(line) > 80 && !line.includes('https://') && !/^(?:FAIL|pass|warn)/.test(line)),
		[],
	);
});
