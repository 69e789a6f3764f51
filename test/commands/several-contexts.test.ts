/** One command in several contexts, on sandboxes behind one kubeconfig. */
import anyTest from 'ava';
import type {Audit} from '../../source/evidence/audit/audit-object.ts';
import {combineStatuses} from '../../source/commands/several-contexts.ts';
import {runSpoke} from '../support/run-spoke.ts';
import {shareContexts} from '../support/sandbox.ts';

/** Serial, because each run of the program connects to several sandboxes. */
const test = anyTest.serial;
const contexts = shareContexts(anyTest, {eu: {}, us: {scenario: 'verified'}, poor: {user: 'eve'}});

function parseLines<Line>(text: string): Line[] {
	return text
		.trimEnd()
		.split('\n')
		.map(line => JSON.parse(line) as Line);
}

test('audit of several contexts prints a row per context, and a failing one stops no other', async t => {
	const {env} = contexts;
	const {status, stdout, stderr} = await runSpoke(['audit', '--context', 'down,us', '--context', 'broken,eu'], {env});
	t.is(status, 9, stderr);
	const [head, ...rows] = stdout.split('\n\n')[0]!.split('\n');
	t.regex(head!, /^CONTEXT +VERDICT +KUBELETS +ROUTE TO NODES +CAUSE$/);
	t.is(rows.length, 4);
	t.regex(rows[0]!, /^down +error +– +– .*127\.0\.0\.1:1.* \[ERR_APISERVER_UNREACHABLE\]$/);
	t.regex(rows[1]!, /^us +\d+ fail, .* enforced, proven +direct, inferred +C\d+.*: /);
	t.regex(rows[2]!, /^broken +error +– +– .*client\.crt.* \[ERR_KUBECONFIG_INVALID\]$/);
	t.regex(rows[3]!, /^eu +\d+ fail, .* unverified, proven +direct, inferred +C1, C2, C3, C4, C11: .*; \d more causes$/);
	t.regex(stderr, /^down: error: .*\[ERR_APISERVER_UNREACHABLE\]\nbroken: error: .*\[ERR_KUBECONFIG_INVALID\]\n$/);
});

test('audit -o json of several contexts prints an Audit or an Error with its context per line', async t => {
	const {env} = contexts;
	const {status, stdout} = await runSpoke(['audit', '--context', 'eu,us,down,broken', '--require', 'verified', '-o', 'json'], {env});
	const [eu, us, down, broken, ...others] = parseLines<Audit & {context: string; code: string}>(stdout);
	t.deepEqual(others, []);
	t.like(eu, {kind: 'Audit', exitStatus: 3, cluster: {context: 'eu'}, require: {result: 'not-met'}});
	t.like(us, {kind: 'Audit', exitStatus: 0, cluster: {context: 'us'}, require: {result: 'met'}});
	t.like(down, {kind: 'Error', context: 'down', code: 'ERR_APISERVER_UNREACHABLE', exitStatus: 9});
	t.like(broken, {kind: 'Error', context: 'broken', code: 'ERR_KUBECONFIG_INVALID'});
	t.is(status, 3);
});

test('audit of several contexts shows the result of --require for each', async t => {
	const {env} = contexts;
	const {status, stdout, stderr} = await runSpoke(['audit', '--context', 'us,poor,eu', '--require', 'verified'], {env});
	t.regex(stdout, /\nus +met .*\npoor +undecided .* C4: [^;\n]*; needs get nonResourceURL \/flagz, .*\neu +not met .* C4: [^;\n]*\n/);
	t.regex(stderr, /^poor: error: requirement undecided.*\neu: error: requirement not met.*\n$/);
	t.is(status, 3);
	t.is((await runSpoke(['audit', '--context', 'us,poor', '--require', 'verified'], {env})).status, 4);
});

test('a missed requirement decides the status, then an undecided one, then a failure', t => {
	t.is(combineStatuses([0, 9, 4, 3]), 3);
	t.is(combineStatuses([0, 9, 4]), 4);
	t.is(combineStatuses([0, 9, 7]), 9);
	t.is(combineStatuses([0, 0]), 0);
});

test('what is for one cluster is rejected with several contexts', async t => {
	const {env} = contexts;
	for (const [argv, message] of [
		[['audit', '--context', 'eu,us', '--token', 't'], '--token is for one cluster, but 2 contexts are chosen'],
		[['port-forward', '--context', 'eu,us', 'web', '80'], '--context=eu,us: this command takes one context, and none has this name'],
	] as const) {
		const {status, stdout, stderr} = await runSpoke(argv, {env});
		t.is(status, 2, stderr);
		t.is(stdout, '');
		t.true(stderr.startsWith(`error: ${message}`), stderr);
	}
});

test('path prints the paths in each of several contexts, and a failing one stops no other', async t => {
	const {env} = contexts;
	const argv = ['path', 'db-0', '--feature', 'logs,exec', '--context', 'down,eu,us'];
	const {status, stdout, stderr} = await runSpoke(argv, {env});
	t.is(status, 9);
	t.regex(stdout, /^db-0 on eu .*\nLeg 1, [^]*unverified[^]*\n\ndb-0 on us .*\nLeg 1, [^]*enforced/);
	t.regex(stderr, /^down: error: .*\[ERR_APISERVER_UNREACHABLE\]\n$/);
	const json = await runSpoke([...argv, '--require', 'verified', '-o', 'json'], {env});
	t.is(json.status, 3, json.stderr);
	t.deepEqual(
		parseLines<{kind: string; context?: string; code?: string; feature?: string; cluster?: {context: string}}>(json.stdout).map(
			({kind, cluster, context, feature, code}) => [kind, cluster?.context ?? context, feature ?? code],
		),
		[
			['Error', 'down', 'ERR_APISERVER_UNREACHABLE'],
			['Path', 'eu', 'logs'],
			['Path', 'eu', 'exec'],
			['Error', 'eu', 'ERR_REQUIRE_NOT_MET'],
			['Path', 'us', 'logs'],
			['Path', 'us', 'exec'],
		],
	);
});

test('junit and sarif documents have each of several contexts', async t => {
	const {env} = contexts;
	const report = async (format: string) => {
		const {status, stdout, stderr} = await runSpoke(['audit', '--context', 'eu,us,down', '--require', 'verified', '-o', format], {env});
		t.is(status, 3, stderr);
		return stdout;
	};

	const junit = await report('junit');
	t.regex(junit, /<testsuites name="spoke audit" tests="35" failures="1" errors="1">/);
	t.deepEqual(
		[...junit.matchAll(/<testsuite name="(\w+)" tests="(\d+)" failures="(\d)" errors="(\d)"/g)].map(([, ...parts]) => parts.join(' ')),
		['eu 17 1 0', 'us 17 0 0', 'down 1 0 1'],
	);
	const {runs} = JSON.parse(await report('sarif')) as {
		runs: ReadonlyArray<{automationDetails: {id: string}; invocations: ReadonlyArray<{exitCode: number}>; results: readonly unknown[]}>;
	};
	t.deepEqual(
		runs.map(run => [run.automationDetails.id, run.invocations[0]!.exitCode, run.results.length]),
		[
			['spoke audit/eu/', 3, 17],
			['spoke audit/us/', 0, 17],
			['spoke audit/down/', 9, 0],
		],
	);
});
