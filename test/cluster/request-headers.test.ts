import {rename, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {readSettings} from '../../source/cluster/access-settings.ts';
import {authProvider, certificateSource, tokenSource} from '../../source/cluster/credentials/user-credentials.ts';
import {impersonationHeaders} from '../../source/cluster/credentials/request-headers.ts';
import {connectionFlags} from '../../source/base/command-line/connection-flags.ts';
import {parseCommandLine} from '../../source/base/command-line/parse-command-line.ts';
import {authority, issue} from '../support/certificates.ts';
import {kubeconfigText, sandboxMark} from '../support/kubeconfig-text.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';

test('rereads a token file after 50 s, and keeps the last token when the file is gone', async t => {
	const file = join(await temporaryDirectory(t), 'token');
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
	const folder = await temporaryDirectory(t);
	const [certificate, key] = [join(folder, 'c'), join(folder, 'k')];
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

for (const [title, cluster, argv, isSandbox] of [
	['on loopback', {}, [], true],
	['that is remote', {server: 'https://prod.example.test'}, [], false],
	['behind a remote proxy', {'proxy-url': 'http://far.example.test:3128'}, [], false],
	['that --server replaces', {}, ['--server', 'https://127.0.0.1:7443'], false],
	['that --server names, too', {}, ['--server', 'https://127.0.0.1:6443'], true],
] as const) {
	test(`the mark of a sandbox ${isSandbox ? 'counts' : 'is ignored'} for a server ${title}`, async t => {
		const file = join(await temporaryDirectory(t), 'config');
		await writeFile(file, kubeconfigText({server: 'https://127.0.0.1:6443', user: {}, cluster: {...sandboxMark, ...cluster}}));
		t.is((await readSettings(flags('--kubeconfig', file, ...argv), {})).facts.sandbox, isSandbox);
	});
}

test('uses the service account in a pod', async t => {
	const ca = await authority();
	const folder = await temporaryDirectory(t);
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
	const folder = await temporaryDirectory(t);
	await writeFile(join(folder, 'token'), 'pod-token');
	const file = join(folder, 'config');
	await writeFile(
		file,
		'current-context: a\ncontexts:\n- name: a\n  context:\n    cluster: c\n    namespace: mine\nclusters:\n- name: c\n  cluster:\n    server: http://127.0.0.1:1\n',
	);
	t.like((await readSettings(flags('--kubeconfig', file), inPod, {directory: folder})).facts, {
		source: 'kubeconfig',
		context: 'a',
		namespace: 'mine',
		server: 'http://127.0.0.1:1',
	});
});

test('names the missing kubeconfig files outside a pod', async t => {
	const folder = await temporaryDirectory(t);
	await t.throwsAsync(readSettings(flags(), {HOME: folder}, {directory: folder}), {
		code: 'ERR_NO_KUBECONFIG',
		message: /^no kubeconfig found: .*\/\.kube\/config does not exist, and spoke does not run in a pod$/,
	});
	await t.throwsAsync(readSettings(flags(), {HOME: folder, KUBECONFIG: '/nowhere/a:/nowhere/b'}, {directory: folder}), {
		code: 'ERR_NO_KUBECONFIG',
		message: /\/nowhere\/a, \/nowhere\/b/,
	});
	const file = join(folder, 'config');
	await writeFile(file, 'contexts:\n- name: a\n  context: {}\n');
	await t.throwsAsync(readSettings(flags(), {KUBECONFIG: file}, {directory: folder}), {
		code: 'ERR_CONTEXT_UNKNOWN',
		message: /current-context is not set/,
	});
	const error = await t.throwsAsync(readSettings(flags('--context=b'), {KUBECONFIG: file}, {directory: folder}), {
		code: 'ERR_CONTEXT_UNKNOWN',
		message: 'context "b" does not exist',
	});
	t.is((error as {remedy?: string}).remedy, 'contexts in the kubeconfig: a');
});
