import {mkdir, mkdtemp, rename, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import anyTest, {type TestFn} from 'ava';
import {readSettings} from '../../source/cluster/access-settings.ts';
import {authProvider, certificateSource, tokenSource} from '../../source/cluster/credentials/user-credentials.ts';
import {impersonationHeaders} from '../../source/cluster/credentials/request-headers.ts';
import {connectionFlags} from '../../source/base/command-line/connection-flags.ts';
import {parseCommandLine} from '../../source/base/command-line/parse-command-line.ts';
import {authority, issue} from '../support/certificates.ts';

const test = anyTest as TestFn<string>;

test.beforeEach(async t => {
	t.context = await mkdtemp(join(tmpdir(), 'spoke-credentials-'));
});

test.afterEach.always(async t => {
	await rm(t.context, {recursive: true, force: true});
});

test('rereads a token file after 50 s, and keeps the last token when the file is gone', async t => {
	const file = join(t.context, 'token');
	let now = 0;
	const token = tokenSource('', file, () => now);
	await writeFile(file, 'one\n');
	t.is(await token(), 'one');
	await writeFile(file, 'two');
	now = 49_000;
	t.is(await token(), 'one');
	now = 51_000;
	t.is(await token(), 'two');
	await rm(file);
	now = 200_000;
	t.is(await token(), 'two');
	await writeFile(file, '');
	t.is(await token(), 'two');
});

test('returns a new pair for renewed certificate files, and the same object otherwise', async t => {
	const ca = await authority();
	const [certificate, key] = [join(t.context, 'c'), join(t.context, 'k')];
	const write = async (name: string) => {
		const made = await issue({commonName: name, usage: 'client'}, ca);
		await writeFile(certificate, made.certificate);
		await writeFile(key, made.key);
		return made.certificate;
	};

	let now = 0;
	const source = certificateSource(
		{clientCertificate: certificate, clientKey: key, clientCertificateData: Buffer.alloc(0), clientKeyData: Buffer.alloc(0)},
		() => now,
	);
	await write('first');
	const first = await source();
	now = 1500;
	t.is(await source(), first);
	const renewed = await write('second');
	now = 3000;
	t.is((await source()).certificate.toString(), renewed);
	await rename(certificate, key);
	now = 5000;
	await t.throwsAsync(source(), {code: 'ERR_CLIENT_CERTIFICATE', message: /cannot be read: open .*: no such file or directory/});
});

test('names the path when a client certificate is a directory', async t => {
	const none = Buffer.alloc(0);
	const source = certificateSource({clientCertificate: tmpdir(), clientKey: tmpdir(), clientCertificateData: none, clientKeyData: none});
	await t.throwsAsync(source(), {
		code: 'ERR_CLIENT_CERTIFICATE',
		message: `the client certificate cannot be read: open ${tmpdir()}: is a directory`,
	});
});

test('percent-encodes impersonation extra keys byte by byte', t => {
	t.deepEqual(
		impersonationHeaders({
			impersonate: 'eve',
			impersonateUid: '',
			impersonateGroups: [],
			impersonateUserExtra: new Map([
				['a.b/C%é', ['x', 'y']],
				['none', []],
			]),
		}),
		{
			'Impersonate-User': 'eve',
			'Impersonate-Extra-a.b%2FC%25%C3%A9': ['x', 'y'],
		},
	);
	t.throws(
		() =>
			impersonationHeaders({
				impersonate: 'eve\r\nAuthorization: x',
				impersonateUid: '',
				impersonateGroups: [],
				impersonateUserExtra: new Map(),
			}),
		{code: 'ERR_KUBECONFIG_INVALID', message: /Impersonate-User/},
	);
});

test('reports an unknown auth provider in kubectl’s words', t => {
	t.throws(() => authProvider({name: 'constructor', config: new Map()}), {
		code: 'ERR_KUBECONFIG_INVALID',
		message: 'no Auth Provider found for name "constructor"',
	});
});

test('rejects an expired OIDC token with ERR_CREDENTIALS', t => {
	const token = (exp: number) => `x.${Buffer.from(JSON.stringify({exp})).toString('base64url')}.y`;
	t.throws(() => authProvider({name: 'oidc', config: new Map([['id-token', token(1000)]])}, 2_000_000), {
		code: 'ERR_CREDENTIALS',
		message: /has expired/,
	});
	t.throws(() => authProvider({name: 'oidc', config: new Map()}), {code: 'ERR_CREDENTIALS', message: /is missing/});
	t.throws(() => authProvider({name: 'oidc', config: new Map([['id-token', 'junk']])}), {code: 'ERR_CREDENTIALS'});
	t.notThrows(() => authProvider({name: 'oidc', config: new Map([['id-token', token(3000)]])}, 2_000_000));
});

const flags = (...argv: string[]) => parseCommandLine(connectionFlags, argv).flags;
const inPod = {HOME: '/nonexistent', KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443'};

for (const [server, proxy, isSandbox] of [
	['https://127.0.0.1:6443', '', true],
	['https://prod.example.test', '', false],
	['https://127.0.0.1:6443', 'http://far.example.test:3128', false],
] as const) {
	test(`ignores the sandbox extension when the server is remote: ${server} ${proxy}`, async t => {
		const file = join(t.context, 'config');
		await writeFile(
			file,
			JSON.stringify({
				'current-context': 'a',
				contexts: [{name: 'a', context: {cluster: 'a'}}],
				clusters: [{name: 'a', cluster: {server, 'proxy-url': proxy, extensions: [{name: 'spoke.dev/sandbox', extension: {}}]}}],
			}),
		);
		t.is((await readSettings(flags('--kubeconfig', file), {})).facts.sandbox, isSandbox);
	});
}

test('--server clears the sandbox mark unless it names the sandbox’s own server', async t => {
	const file = join(t.context, 'config');
	await writeFile(
		file,
		JSON.stringify({
			'current-context': 'a',
			contexts: [{name: 'a', context: {cluster: 'a'}}],
			clusters: [{name: 'a', cluster: {server: 'https://127.0.0.1:6443', extensions: [{name: 'spoke.dev/sandbox', extension: {}}]}}],
		}),
	);
	t.false((await readSettings(flags('--kubeconfig', file, '--server', 'https://127.0.0.1:7443'), {})).facts.sandbox);
	t.true((await readSettings(flags('--kubeconfig', file, '--server', 'https://127.0.0.1:6443'), {})).facts.sandbox);
});

test('uses the service account in a pod', async t => {
	const ca = await authority();
	await mkdir(join(t.context, 'sa'));
	const folder = join(t.context, 'sa');
	await writeFile(join(folder, 'token'), 'pod-token');
	await writeFile(join(folder, 'ca.crt'), ca.certificate);
	await writeFile(join(folder, 'namespace'), 'shop\n');
	const {access, facts} = await readSettings(flags(), inPod, {directory: folder});
	t.like(facts, {context: null, server: 'https://[fd00::1]:443', namespace: 'shop', source: 'in-cluster', sandbox: false});
	t.is(facts.certificateAuthority?.trim(), ca.certificate.trim());
	t.deepEqual(await access.credentials.current(), {authorization: 'Bearer pod-token', certificate: null});
	t.like((await readSettings(flags('-n', 'other', '--token=by-flag'), {...inPod, POD_NAMESPACE: 'third'}, {directory: folder})).facts, {
		namespace: 'other',
	});
	t.like((await readSettings(flags(), {...inPod, POD_NAMESPACE: 'third'}, {directory: folder})).facts, {namespace: 'third'});
});

test('prefers a kubeconfig to the pod’s service account', async t => {
	await writeFile(join(t.context, 'token'), 'pod-token');
	const file = join(t.context, 'config');
	await writeFile(
		file,
		'current-context: a\ncontexts:\n- name: a\n  context:\n    cluster: c\n    namespace: mine\nclusters:\n- name: c\n  cluster:\n    server: http://127.0.0.1:1\n',
	);
	t.like((await readSettings(flags('--kubeconfig', file), inPod, {directory: t.context})).facts, {
		source: 'kubeconfig',
		context: 'a',
		namespace: 'mine',
		server: 'http://127.0.0.1:1',
	});
});

test('names the missing kubeconfig files outside a pod', async t => {
	await t.throwsAsync(readSettings(flags(), {HOME: t.context}, {directory: t.context}), {
		code: 'ERR_NO_KUBECONFIG',
		message: /^no kubeconfig found: .*\/\.kube\/config does not exist, and spoke does not run in a pod$/,
	});
	await t.throwsAsync(readSettings(flags(), {HOME: t.context, KUBECONFIG: '/nowhere/a:/nowhere/b'}, {directory: t.context}), {
		code: 'ERR_NO_KUBECONFIG',
		message: /\/nowhere\/a, \/nowhere\/b/,
	});
	const file = join(t.context, 'config');
	await writeFile(file, 'contexts:\n- name: a\n  context: {}\n');
	await t.throwsAsync(readSettings(flags(), {KUBECONFIG: file}, {directory: t.context}), {
		code: 'ERR_CONTEXT_UNKNOWN',
		message: /current-context is not set/,
	});
	const error = await t.throwsAsync(readSettings(flags('--context=b'), {KUBECONFIG: file}, {directory: t.context}), {
		code: 'ERR_CONTEXT_UNKNOWN',
		message: 'context "b" does not exist',
	});
	t.is((error as {remedy?: string}).remedy, 'contexts in the kubeconfig: a');
});
