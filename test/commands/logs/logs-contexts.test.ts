/** Logs of several contexts, on sandboxes behind one kubeconfig. */
import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import anyTest from 'ava';
import {runSpoke, spokePrints, startSpoke} from '../../support/run-spoke.ts';
import {shareContexts} from '../../support/sandbox.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';

/** Serial, because one restarts an apiserver. */
const test = anyTest.serial;
const contexts = shareContexts(anyTest, {eu: {}, us: {scenario: 'verified'}});
const lastLine = ['logs', 'db-0', '-c', 'db', '--tail=1'];

for (const [title, flags, status, stdout, stderr] of [
	[
		'logs of several contexts are printed in their order with the context of each line',
		['us,broken,eu'],
		5,
		/^\[us pod\/db-0\/db\] .+\n\[eu pod\/db-0\/db\] .+\n$/,
		/^broken: error: .*\[ERR_KUBECONFIG_INVALID\]\n$/,
	],
	[
		'--require of logs holds for each context',
		['eu,us', '--require', 'verified'],
		3,
		/^\[us pod\/db-0\/db\] .+\n$/,
		/^eu: error: requirement not met: verified .*\[ERR_REQUIRE_NOT_MET\]\n$/,
	],
	[
		'path lines of several contexts name the context',
		['eu,us', '--path=always'],
		0,
		/./,
		/^(?=[^]*^eu: path: you .*unverified.* kubelet n\d$)[^]*^us: path: you .*direct,verified.* kubelet n\d$/m,
	],
] as const) {
	test(title, async t => {
		await spokePrints(t, [...lastLine, '--context', ...flags], {status, stdout, stderr}, contexts);
	});
}

test('logs -o json of several contexts has the context of each line and each failure', async t => {
	const {env} = contexts;
	const {status, stdout} = await runSpoke([...lastLine, '--all-contexts', '-o', 'json'], {env});
	const objects = stdout
		.trimEnd()
		.split('\n')
		.map(line => JSON.parse(line) as {kind: string; context: string; pod?: string; code?: string});
	t.deepEqual(
		objects.filter(({kind}) => kind === 'LogLine').map(({context, pod}) => [context, pod]),
		[
			['eu', 'db-0'],
			['us', 'db-0'],
		],
	);
	t.deepEqual(
		objects
			.filter(({kind}) => kind === 'Error')
			.map(({context, code}) => [context, code])
			.sort(),
		[
			['broken', 'ERR_KUBECONFIG_INVALID'],
			['down', 'ERR_APISERVER_UNREACHABLE'],
		],
	);
	t.true(status > 0);
});

test('--export of several contexts writes a directory each, and names a context that failed', async t => {
	const {env} = contexts;
	const folder = await temporaryDirectory(t);
	const directory = join(folder, 'out');
	const {status, stdout, stderr} = await runSpoke(['logs', 'db-0', '--export', directory, '--all-contexts'], {env});
	t.is(stdout, '');
	t.deepEqual((await readdir(directory)).toSorted(), ['eu', 'us']);
	for (const name of ['eu', 'us']) {
		t.deepEqual((await readdir(join(directory, name))).toSorted(), ['default_db-0_db.log', 'default_db-0_migrate.log', 'index.jsonl']);
		t.notRegex(await readFile(join(directory, name, 'default_db-0_db.log'), 'utf8'), /^\[/, 'the lines are those of the log');
		const [entry] = (await readFile(join(directory, name, 'index.jsonl'), 'utf8')).trimEnd().split('\n').slice(-1);
		t.like(JSON.parse(entry!), {file: 'default_db-0_db.log', context: name, pod: 'db-0', container: 'db'});
		t.regex(stderr, new RegExp(`^${name}: exported 2 logs to .*/${name}$`, 'm'));
	}

	t.regex(stderr, /^broken: error: .*\[ERR_KUBECONFIG_INVALID\]$/m);
	t.regex(stderr, /^down: error: .*\[ERR_APISERVER_UNREACHABLE\]$/m);
	t.true(status > 0);
});

test('logs -f follows a cluster that is down when it responds, and the others meanwhile', async t => {
	const {env, sandboxes} = contexts;
	const back = Promise.withResolvers<void>();
	const restarted = sandboxes.us.faults.restartApiserver({until: back.promise});
	const {output, sees, end} = startSpoke(t, [...lastLine, '-f', '--context', 'us,eu'], {env});
	await sees(/\[eu pod\/db-0\/db\] /);
	await sees(/retrying until it responds/, 'stderr');
	t.false(output.stdout.includes('[us '));
	back.resolve();
	await restarted;
	await sees(/\[us pod\/db-0\/db\] /);
	t.is(await end('SIGINT'), 130);
	t.regex(output.stderr, /^us: spoke: .*; retrying until it responds\nus: spoke: the apiserver responded after .*; following its logs\n$/);
});
