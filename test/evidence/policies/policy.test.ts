/** The policy file: what it may contain, whom it holds for, and that a bad one opens no stream. */
import {X509Certificate} from 'node:crypto';
import {chmod, mkdir, readFile, rename, rm, symlink, writeFile} from 'node:fs/promises';
import {userInfo} from 'node:os';
import {dirname, join} from 'node:path';
import {Ajv} from 'ajv';
import test, {type ExecutionContext} from 'ava';
import {parse} from 'yaml';
import {readSettings} from '../../../source/cluster/access-settings.ts';
import type {ClusterInfo} from '../../../source/cluster/cluster-client.ts';
import {loadKubeconfig} from '../../../source/cluster/kubeconfig/load-kubeconfig.ts';
import {defaultKuberc} from '../../../source/cluster/credentials/plugin-policy.ts';
import {connectionFlags} from '../../../source/base/command-line/connection-flags.ts';
import {parseCommandLine} from '../../../source/base/command-line/parse-command-line.ts';
import {policyPath} from '../../../source/evidence/policies/load-policy.ts';
import {parsePolicy, policySchema} from '../../../source/evidence/policies/parse-policy.ts';
import {requirementsFor} from '../../../source/evidence/policies/policy.ts';
import {authority} from '../../support/certificates.ts';
import {startFlaggedApiservers, verifies, verifiesNothing, type FlaggedApiservers} from '../../support/flagged-apiserver.ts';
import {kubeconfigText} from '../../support/kubeconfig-text.ts';
import {runSpoke} from '../../support/run-spoke.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';

const validate = new Ajv({strict: false}).compile(policySchema());
const ca = 'ab'.repeat(32);

const files: ReadonlyArray<readonly [title: string, text: string, problem: RegExp | null]> = [
	['every', 'every: {require: verified}', null],
	['a list of words', `clusters: [{server: 'https://a:6443', require: [verified, tunnelled]}]`, null],
	['a CA with colons', `clusters: [{ca: '${ca.toUpperCase().match(/../g)!.join(':')}', require: protected, minBasis: inferred}]`, null],
	['an entry that names a context alone', 'clusters: [{context: prod, require: verified}]', /1:12: .*anyone can rename a context/],
	['an entry without a requirement', `clusters: [{server: 'https://a'}]`, /must have `require`/],
	['an unknown word', 'every: {require: encrypted}', /1:18: unknown requirement encrypted/],
	['an unknown basis', 'every: {require: verified, minBasis: likely}', /`minBasis` must be proven or inferred/],
	['an unknown setting', 'every: {require: verified, requires: tunnelled}', /unknown setting requires/],
	['a setting with the name of a method', 'every: {require: verified, constructor: a}', /unknown setting constructor/],
	['a server in every', `every: {require: verified, server: 'https://a'}`, /unknown setting server/],
	['a misspelled top', 'cluster: []', /unknown setting cluster/],
	['a list', '[]', /must be a mapping/],
	['text that is no YAML', 'every: [', /policy\.yaml:1:/],
];

for (const [title, text, problem] of files) {
	test(`a policy with ${title} is ${problem === null ? 'valid' : 'a problem'}`, t => {
		const {problems} = parsePolicy('policy.yaml', text);
		const [first] = problems;
		if (problem === null) {
			t.deepEqual(problems, []);
		} else {
			t.regex(`${first?.file}:${first?.line}:${first?.column}: ${first?.message}`, problem);
		}

		if (title !== 'text that is no YAML') {
			t.is(validate(parse(text)), problem === null, 'the schema agrees');
		}
	});
}

test('an entry holds for its server or CA under any context, and for the context it names', t => {
	const policy = parsePolicy(
		'policy.yaml',
		['every: {require: protected}', 'clusters:', `  - {server: 'https://API.example', context: prod, require: verified}`].join('\n'),
	);
	const states = (more: Partial<ClusterInfo>) =>
		requirementsFor(policy, {
			context: 'x',
			server: 'https://other:6443',
			certificateAuthority: null,
			configured: {server: null, certificateAuthority: null},
			...more,
		} as ClusterInfo).flatMap(one => one.states);
	t.deepEqual(states({}), ['protected']);
	t.deepEqual(states({server: 'https://api.example:443/'}), ['protected', 'verified']);
	t.deepEqual(states({context: 'prod'}), ['protected', 'verified']);
});

for (const overrides of [
	['--insecure-skip-tls-verify'],
	['--certificate-authority', 'other.crt'],
	['--server=https://elsewhere:6443'],
	['--server=http://elsewhere'],
	['--tls-server-name=elsewhere'],
	['--proxy-url=http://127.0.0.1:3128'],
]) {
	test(`an entry holds for its server and its CA with ${overrides.join(' ')}`, async t => {
		const folder = await temporaryDirectory(t);
		const [own, other] = [await authority('own'), await authority('other')];
		const file = join(folder, 'config');
		await writeFile(file, kubeconfigText({server: 'https://own:6443', ca: own.certificate, user: {}}));
		await writeFile(join(folder, 'other.crt'), other.certificate);
		const fingerprint = new X509Certificate(own.certificate).fingerprint256;
		const argv = ['--kubeconfig', file, ...overrides.map(one => (one === 'other.crt' ? join(folder, one) : one))];
		const {facts} = await readSettings(parseCommandLine(connectionFlags, argv).flags, {});
		const count = (text: string) => requirementsFor(parsePolicy('policy.yaml', text), facts).length;
		t.is(count(`clusters: [{ca: '${fingerprint}', require: verified}]`), 1);
		t.is(count(`clusters: [{server: 'https://own:6443', require: verified}]`), 1);
		t.is(
			count(`clusters: [{ca: '${new X509Certificate(other.certificate).fingerprint256}', require: verified}]`),
			overrides.includes('other.crt') ? 1 : 0,
		);
	});
}

test('an entry names a server without a scheme as a kubeconfig does', async t => {
	const folder = await temporaryDirectory(t);
	const file = join(folder, 'config');
	await writeFile(file, kubeconfigText({server: 'own.example:8080', user: {}}));
	const {facts} = await readSettings(parseCommandLine(connectionFlags, ['--kubeconfig', file]).flags, {});
	const count = (server: string) =>
		requirementsFor(parsePolicy('policy.yaml', `clusters: [{server: '${server}', require: verified}]`), facts).length;
	t.is(count('own.example:8080'), 1);
	t.is(count('other.example:8080'), 0);
});

test('finds the policy where it finds the kubeconfig when HOME is not set or is empty', async t => {
	const {homedir} = userInfo();
	for (const env of [{}, {HOME: ''}, {HOME: '', XDG_CONFIG_HOME: 'relative'}]) {
		t.is(policyPath(env), join(homedir, '.config/spoke/policy.yaml'));
		t.is(defaultKuberc(env), join(homedir, '.kube/kuberc'));
		const {read, missing} = await loadKubeconfig(undefined, env);
		t.deepEqual([...read, ...missing], [join(homedir, '.kube/config')]);
	}
});

test('refuses streams when it cannot know whether there is a policy', t => {
	t.throws(() => policyPath({}, null), {code: 'ERR_POLICY', message: /^it is unknown whether you have a policy/});
	t.is(policyPath({XDG_CONFIG_HOME: '/etc/ada'}, null), '/etc/ada/spoke/policy.yaml');
});

async function writePolicy(server: FlaggedApiservers, text: string): Promise<string> {
	const folder = join(server.env['HOME']!, '.config', 'spoke');
	delete server.env['XDG_CONFIG_HOME'];
	await mkdir(folder, {recursive: true, mode: 0o700});
	const file = join(folder, 'policy.yaml');
	await writeFile(file, text, {mode: 0o600});
	return file;
}

async function assertNothingSent(t: ExecutionContext, server: FlaggedApiservers, status: number, code: RegExp): Promise<void> {
	const ended = await runSpoke(['logs', 'web'], {env: server.env});
	t.is(ended.status, status, ended.stderr);
	t.regex(ended.stderr, code);
	t.deepEqual(server.streams, []);
}

test('a policy refuses a stream that does not meet it, and names its line', async t => {
	const server = await startFlaggedApiservers(t, [verifiesNothing]);
	const config = JSON.parse(await readFile(server.env['KUBECONFIG']!, 'utf8')) as {clusters: Array<{cluster: {server: string}}>};
	const file = await writePolicy(server, `clusters:\n  - server: ${config.clusters[0]!.cluster.server}\n    require: verified\n`);
	await assertNothingSent(t, server, 3, /required by .*policy\.yaml:2\): leg 2 is unverified/);
	await writeFile(file, 'clusters:\n  - server: https://elsewhere\n    require: verified\n');
	t.is((await runSpoke(['logs', 'web'], {env: server.env})).status, 0);
});

test('--insecure-skip-tls-verify does not avoid an entry that names the CA', async t => {
	const server = await startFlaggedApiservers(t, [verifiesNothing]);
	const config = JSON.parse(await readFile(server.env['KUBECONFIG']!, 'utf8')) as {
		clusters: Array<{cluster: {'certificate-authority-data': string}}>;
	};
	const {fingerprint256} = new X509Certificate(atob(config.clusters[0]!.cluster['certificate-authority-data']));
	await writePolicy(server, `clusters:\n  - ca: '${fingerprint256}'\n    require: verified\n`);
	const ended = await runSpoke(['logs', 'web', '--insecure-skip-tls-verify'], {env: server.env});
	t.is(ended.status, 3, ended.stderr);
	t.deepEqual(server.streams, []);
	const printed = await runSpoke(['policy', '--insecure-skip-tls-verify'], {env: server.env});
	t.true(printed.stdout.includes(`ca: ${fingerprint256.replaceAll(':', '').toLowerCase()}\nrequired: verified`), printed.stdout);
});

test('a flag does not loosen a policy, and tightens it', async t => {
	const server = await startFlaggedApiservers(t, [verifies], {credential: 'token'});
	await writePolicy(server, 'every: {require: verified, minBasis: proven}');
	const looser = await runSpoke(['logs', 'web', '--require', 'verified', '--min-basis', 'inferred'], {env: server.env});
	t.is(looser.status, 4, looser.stderr);
	await writePolicy(server, 'every: {require: verified, minBasis: inferred}');
	t.is((await runSpoke(['logs', 'web'], {env: server.env})).status, 0);
	server.streams.length = 0;
	const tighter = await runSpoke(['logs', 'web', '--require', 'verified'], {env: server.env});
	t.is(tighter.status, 4, tighter.stderr);
	t.deepEqual(server.streams, []);
});

test('undecided: allow opens what cannot be decided, and not what is not met', async t => {
	const server = await startFlaggedApiservers(t, [verifies], {readsFlags: false});
	await writePolicy(server, 'every: {require: verified, undecided: allow}');
	t.is((await runSpoke(['logs', 'web'], {env: server.env})).status, 0);
	const wrong = await startFlaggedApiservers(t, [verifiesNothing]);
	await writePolicy(wrong, 'every: {require: verified, undecided: allow}');
	await assertNothingSent(t, wrong, 3, /ERR_REQUIRE_NOT_MET/);
});

test('a policy that is invalid, unreadable or writable by others opens no stream', async t => {
	const server = await startFlaggedApiservers(t, [verifies]);
	const file = await writePolicy(server, 'every: {require: nonsense}');
	await assertNothingSent(t, server, 5, /policy\.yaml:1:18: unknown requirement nonsense.*\[ERR_POLICY\]/);
	await writePolicy(server, 'every: {require: protected, minBasis: inferred}');
	await chmod(file, 0o666);
	await assertNothingSent(t, server, 5, /others can write .*\(chmod go-w .*\[ERR_POLICY\]/);
	await chmod(file, 0o600);
	await chmod(join(file, '..'), 0o777);
	await assertNothingSent(t, server, 5, /others can write .*\[ERR_POLICY\]/);
});

test('a policy that is a broken link, or behind one, opens no stream', async t => {
	const server = await startFlaggedApiservers(t, [verifies]);
	const file = await writePolicy(server, 'every: {require: verified}');
	await rm(file);
	await symlink('missing.yaml', file);
	await assertNothingSent(t, server, 5, /policy\.yaml is a broken link .*\[ERR_POLICY\]/);
	const directory = dirname(file);
	await rm(directory, {recursive: true});
	await symlink('missing', directory);
	await assertNothingSent(t, server, 5, /spoke is a broken link .*\[ERR_POLICY\]/);
});

test('a policy in a directory that others can write opens no stream, also behind a link', async t => {
	const server = await startFlaggedApiservers(t, [verifies]);
	const file = await writePolicy(server, 'every: {require: verified}');
	const elsewhere = await temporaryDirectory(t);
	const linked = join(elsewhere, 'policy.yaml');
	await rename(file, linked);
	await symlink(linked, file);
	await chmod(elsewhere, 0o777);
	await assertNothingSent(t, server, 5, /others can write .*\[ERR_POLICY\]/);
});

test('spoke policy prints server and CA, and --check what this user can prove', async t => {
	const server = await startFlaggedApiservers(t, [verifies], {credential: 'token'});
	await writePolicy(server, 'every: {require: verified}');
	const plain = await runSpoke(['policy'], {env: server.env});
	t.is(plain.status, 0, plain.stderr);
	t.regex(
		plain.stdout,
		/^server: https:\/\/127\.0\.0\.1:\d+\nca: [\da-f]{64}\nrequired: verified, at least proven \(.*policy\.yaml:1\)\n$/m,
	);
	const checked = await runSpoke(['policy', '--check'], {env: server.env});
	t.is(checked.status, 4, checked.stderr);
	t.regex(
		checked.stdout,
		/^you cannot prove that leg 2 is enforced, only infer it; .*you do not authenticate with a client certificate.*\nwith minBasis proven: verified undecided, tunnelled undecided, protected undecided\nwith minBasis inferred: verified met, tunnelled not met, protected met$/m,
	);
	t.regex(checked.stdout, /^verified \(.*policy\.yaml:1\): undecided$/m);
	await writePolicy(server, 'every: {require: verified, undecided: allow}');
	const allowed = await runSpoke(['policy', '--check'], {env: server.env});
	t.is(allowed.status, 0, allowed.stderr);
	t.regex(allowed.stdout, /^verified \(.*policy\.yaml:1\): undecided; refuses no stream \(undecided: allow\)$/m);
	await writePolicy(server, 'every: {require: tunnelled, minBasis: inferred, undecided: allow}');
	t.is((await runSpoke(['policy', '--check'], {env: server.env})).status, 3);
	await writePolicy(server, 'every: {}');
	const invalid = await runSpoke(['policy', '--check'], {env: server.env});
	t.deepEqual([invalid.status, invalid.stdout], [5, '']);
	t.regex(invalid.stderr, /policy\.yaml:1:1: an entry must have `require`/);
});
