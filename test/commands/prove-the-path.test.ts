/** path, audit and doctor of the built program, with every line validated against its schema. */
import test, {type ExecutionContext} from 'ava';
import type {Audit} from '../../source/evidence/audit/audit-object.ts';
import type {Doctor} from '../../source/evidence/doctor/doctor-object.ts';
import type {Path} from '../../source/evidence/evidence.ts';
import {openSandbox} from '../support/sandbox.ts';
import {runSpoke} from '../support/run-spoke.ts';
import {scaleWorkload} from '../support/scale-workload.ts';
import {schemaFaults} from '../support/schemas.ts';
import {openTerminal} from '../support/terminal.ts';

function valid<T>(t: ExecutionContext, stdout: string): T[] {
	return stdout
		.split('\n')
		.filter(line => line !== '')
		.map(line => {
			const object = JSON.parse(line) as T & {kind: string};
			t.deepEqual(schemaFaults(object), []);
			return object;
		});
}

test('path prints one line per feature, and rejects an unknown feature or a missing target', async t => {
	const {env} = await openSandbox(t, {scenario: 'verified'});
	const all = await runSpoke(['path', 'svc/web', '-o', 'json'], {env});
	t.is(all.status, 0, all.stderr);
	t.deepEqual(
		valid<Path>(t, all.stdout).map(({feature}) => feature),
		['logs', 'exec', 'attach', 'port-forward', 'pod-proxy', 'service-proxy'],
	);
	const some = await runSpoke(['path', 'svc/https:web:443', '--feature', 'service-proxy', '-o', 'json'], {env});
	const [proxied] = valid<Path>(t, some.stdout);
	t.deepEqual(proxied?.request, {scheme: 'https', port: 443, portName: 'https', kubeletPort: false});
	t.is(proxied?.legs[1]?.tls.state, 'unverified');
	for (const argv of [['path'], ['path', 'a', 'b'], ['path', 'svc/web', '--feature', 'telnet'], ['path', 'svc/ftp:web:80']]) {
		t.is((await runSpoke(argv, {env})).status, 2, argv.join(' '));
	}

	const missing = await runSpoke(['path', 'pod/nope', '-o', 'json'], {env});
	t.is(missing.status, 8);
	valid(t, missing.stdout);
});

test('path to a service without pods shows only the proxy and explains the others', async t => {
	const {env} = await openSandbox(t);
	const {status, stdout, stderr} = await runSpoke(['path', 'svc/https:kubernetes:443', '-o', 'json'], {env});
	t.is(status, 0, stderr);
	const paths = valid<Path>(t, stdout);
	t.deepEqual(
		paths.map(({feature}) => feature),
		['service-proxy'],
	);
	t.like(paths[0], {target: {kind: 'Service', name: 'kubernetes', node: null, container: null}, request: {scheme: 'https', port: 443}});
	t.is(paths[0]?.legs[1]?.tls.state, 'unverified');
	const forward = await runSpoke(['path', 'svc/kubernetes', '--feature', 'port-forward'], {env});
	t.is(forward.status, 8);
	t.regex(forward.stderr, /selects no pods/);
});

test('path to a service whose pods are gone shows the proxy, and says that there are no pods', async t => {
	const {env, sandbox} = await openSandbox(t);
	await scaleWorkload(sandbox, 'deployments/web', 0);
	for (const feature of [[], ['--feature', 'service-proxy']]) {
		const {status, stdout, stderr} = await runSpoke(['path', 'svc/https:web:443', '-o', 'json', ...feature], {env});
		t.is(status, 0, stderr);
		t.deepEqual(
			valid<Path>(t, stdout).map(({feature, target: {kind, name}}) => [feature, kind, name]),
			[['service-proxy', 'Service', 'web']],
		);
		t.is(stderr, 'no pods found for svc/https:web:443 after 2 s: only service-proxy is shown\n');
	}

	for (const argv of [
		['path', 'svc/web', '--feature', 'port-forward'],
		['doctor', 'svc/web'],
	]) {
		const {status, stdout, stderr} = await runSpoke(argv, {env});
		t.is(status, 8);
		t.regex(stdout + stderr, /no pods found for svc\/web after 2 s/);
		t.notRegex(stdout + stderr, /--pod-running-timeout/);
	}
});

test('path to an unnamed service port prints one line per scheme and a notice', async t => {
	const {env} = await openSandbox(t);
	const {status, stdout, stderr} = await runSpoke(['path', 'svc/web', '-o', 'json'], {env});
	t.is(status, 0, stderr);
	t.deepEqual(valid<Path>(t, stdout).at(-1)?.request, {scheme: 'http', port: null, portName: null, kubeletPort: false});
	t.is(
		stderr,
		'svc/web has several ports: http (80), https (443). Without a port, service-proxy shows plain HTTP, whose path is the same for each port; for HTTPS, use svc/https:web\n',
	);
	const encrypted = await runSpoke(['path', 'svc/https:web', '-o', 'json', '--feature', 'service-proxy'], {env});
	t.like(valid<Path>(t, encrypted.stdout)[0], {request: {scheme: 'https', port: null}});
	t.is(
		encrypted.stderr,
		'svc/https:web has several ports: http (80), https (443). Without a port, service-proxy shows HTTPS, whose path is the same for each port; for plain HTTP, use svc/web\n',
	);
	for (const argv of [['svc/web', '--feature', 'port-forward'], ['svc/web:80'], ['svc/kubernetes']]) {
		t.is((await runSpoke(['path', ...argv], {env})).stderr, '', argv.join(' '));
	}

	const only = await runSpoke(['path', 'svc/kubernetes', '-o', 'json'], {env});
	t.like(valid<Path>(t, only.stdout)[0], {request: {port: 443}}, 'the only port is the one that the proxy takes');
});

test('path to a node uses TLS on the kubelet port, and the scheme of the prefix on others', async t => {
	const {env} = await openSandbox(t);
	const lines = async (target: string) =>
		valid<Path>(t, (await runSpoke(['path', target, '-o', 'json'], {env})).stdout).map(({line}) => line);
	t.deepEqual(await lines('node/n1'), ['path: you -verified-> apiserver -direct,unverified-> kubelet n1']);
	t.deepEqual(await lines('node/n1:9100'), ['path: you -verified-> apiserver -direct,plain-> node n1']);
	t.deepEqual(await lines('node/https:n1:9100'), ['path: you -verified-> apiserver -direct,unverified-> node n1']);
	const own = await runSpoke(['proxy', 'get', 'node/http:n1/healthz', '--path=always'], {env});
	const {legs} = valid<Path>(t, (await runSpoke(['path', 'node/n1', '-o', 'json'], {env})).stdout)[0]!;
	const port = legs[1]!.address!.split(':').at(-1)!;
	for (const target of ['node/http:n1/healthz', `node/http:n1:${port}/healthz`]) {
		t.deepEqual(await lines(target), [own.stderr.trim()], `with a path, ${target} is what the proxy reaches`);
	}
});

test('path to a missing port of a service or pod is an error', async t => {
	const {env} = await openSandbox(t);
	for (const target of ['svc/web:9999', 'svc/web:nope', 'pod/db-0:nope']) {
		const {status, stderr} = await runSpoke(['path', target], {env});
		t.is(status, 8, `${target}: ${stderr}`);
	}
});

test('audit prints seventeen rows, requirements set the exit status, and JUnit counts them', async t => {
	const {env} = await openSandbox(t);
	const plain = await runSpoke(['audit', '-o', 'json'], {env});
	t.is(plain.status, 0, plain.stderr);
	const [audit] = valid<Audit>(t, plain.stdout);
	t.true(audit!.cluster.sandbox);
	t.is(plain.stderr, '');
	t.true(audit!.evidence.some(({source}) => source === 'anonymous-probe'));
	t.deepEqual(
		audit!.evidence.filter(({active}) => active),
		[],
		'nothing active without --probe active',
	);
	const failing = await runSpoke(['audit', '--require', 'verified', '-o', 'json'], {env});
	t.is(failing.status, 3);
	t.is(failing.stderr, 'error: requirement not met: verified (C4) [ERR_REQUIRE_NOT_MET]\n');
	t.is(valid<Audit>(t, failing.stdout)[0]?.require.result, 'not-met');
	const junit = await runSpoke(['audit', '--require', 'verified', '-o', 'junit'], {env});
	t.is(junit.status, 3);
	t.is(junit.stdout.match(/<testcase /g)?.length, 17);
	t.is(Number(/failures="(\d+)"/.exec(junit.stdout)?.[1]), junit.stdout.match(/<failure /g)?.length ?? 0);
	t.is((await runSpoke(['audit', '--require', 'nonsense'], {env})).status, 2);
});

test('rejected credentials end the audit with 6 and the doctor at leg 1', async t => {
	const {env} = await openSandbox(t, {user: 'bob'});
	const audit = await runSpoke(['audit', '--token', 'expired', '-o', 'json'], {env});
	t.is(audit.status, 6);
	t.like(JSON.parse(audit.stdout), {kind: 'Error', code: 'ERR_CREDENTIALS'});
	const doctor = await runSpoke(['doctor', 'web', '--token', 'expired', '-o', 'json'], {env});
	t.is(doctor.status, 6);
	t.is(valid<Doctor>(t, doctor.stdout)[0]?.stoppedAt, 'leg-1');
});

test('audit without permissions prints unknown rows with needs, and an undecided requirement', async t => {
	const {env} = await openSandbox(t, {user: 'bob'});
	const {stdout, stderr, status} = await runSpoke(['audit', '--require', 'verified', '-o', 'json'], {env});
	t.is(status, 4);
	t.is(
		stderr,
		'error: requirement undecided: verified (C4) (needs get nonResourceURL /flagz (kubectl auth can-i get /flagz), or list pods in kube-system (kubectl auth can-i list pods -n kube-system), or --probe active) [ERR_REQUIRE_UNDECIDED]\n',
	);
	const [audit] = valid<Audit>(t, stdout);
	t.true(audit!.rows.filter(({verdict}) => verdict === 'unknown').every(({need}) => need.length > 0));
	const text = await runSpoke(['audit'], {env});
	t.is(text.status, 0);
	t.regex(text.stdout, /│ apiserver │/);
});

test('doctor exits 0 when all legs respond, 11 without agents, and 5 or 8 before leg 2', async t => {
	const {env, sandbox} = await openSandbox(t, {scenario: 'konnectivity'});
	const well = await runSpoke(['doctor', 'deploy/web', '-o', 'json'], {env});
	t.is(well.status, 0, well.stdout);
	t.deepEqual(
		valid<Doctor>(t, well.stdout)[0]?.steps.map(({name}) => name),
		['configuration', 'leg-1', 'rights', 'target', 'leg-2', 'leg-3'],
	);
	await sandbox.switches.set({agents: 'gone'});
	const ill = await runSpoke(['doctor', 'deploy/web', '-o', 'json'], {env, timeoutMs: 60_000});
	t.is(ill.status, 11);
	const [doctor] = valid<Doctor>(t, ill.stdout);
	t.is(doctor?.stoppedAt, 'leg-2');
	t.is(doctor?.steps.find(({name}) => name === 'leg-2')?.speaker, 'tunnel');
	t.is(doctor?.steps.at(-1)?.status, 'not-tried');
	for (const nobody of [
		['doctor', 'pod/nope'],
		['doctor', 'deploy/web', '-c', 'nope'],
		['doctor', 'node/nope'],
		['path', 'node/nope'],
	]) {
		t.is((await runSpoke([...nobody, '-o', 'json'], {env})).status, 8, nobody.join(' '));
	}

	const nothing = await runSpoke(['doctor', 'pod/x', '-o', 'json', '--kubeconfig', '/nonexistent/config']);
	t.is(nothing.status, 5);
	t.is(valid<Doctor>(t, nothing.stdout)[0]?.stoppedAt, 'configuration');
});

for (const argv of [
	['exec', 'deploy/web', '--path=json', '--', 'sh', '-c', 'true'],
	['logs', 'deploy/web', '--path=json'],
	['proxy', 'get', 'svc/web:80/', '--path=json'],
]) {
	test.serial(`${argv[0]} shows the route of a tunnel when its path is requested`, async t => {
		const {env} = await openSandbox(t, {scenario: 'konnectivity'});
		const {stderr, status} = await runSpoke(argv, {env});
		t.is(status, 0, stderr);
		const [path] = valid<Path>(
			t,
			stderr
				.split('\n')
				.filter(line => line.startsWith('{'))
				.join('\n'),
		);
		t.deepEqual([path?.phase, path?.legs[1]?.route.state, path?.legs[1]?.route.basis], ['settled', 'konnectivity', 'inferred']);
	});
}

test('reports, help and failures print only ASCII on an ASCII terminal', async t => {
	const {env} = await openSandbox(t);
	for (const argv of [
		['path', 'svc/web'],
		['audit'],
		['doctor', 'svc/web'],
		['help', 'logs'],
		['exec', '--help'],
		['path', 'svc/web', '--feature', 'telnet'],
	]) {
		const terminal = await openTerminal(t, argv, {
			home: env['HOME'] ?? '/nonexistent',
			columns: 200,
			rows: 100,
			env: {...env, LANG: 'C', LC_ALL: 'C'},
		});
		await terminal.ended();
		t.regex(terminal.raw(), /\w{4}/, argv.join(' '));
		t.is(/[^\u0000-\u007F].*/u.exec(terminal.raw())?.[0], undefined, argv.join(' '));
	}
});
