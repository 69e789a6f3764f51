/** Failures on the connection to the apiserver, by the built program. */
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {refuse, startServer, type ScriptedServer} from '../support/api-server.ts';
import {authority, issue} from '../support/certificates.ts';
import {runSpoke, type Ended} from '../support/run-spoke.ts';
import {tryCertificate} from '../support/try-certificate.ts';

const mayNot = 'pods "web" is forbidden: User "ada" cannot get resource "pods" in API group "" in the namespace "demo"';
const server = await startServer({
	request: (request, ...rest) =>
		(request.headers.authorization === 'Bearer stranger' ? refuse(401, 'Unauthorized') : refuse(403, mayNot))(request, ...rest),
});
const {folder} = server;
test.after.always(async () => server.close());

type Case = readonly [
	title: string,
	status: number,
	code: string,
	says: RegExp,
	config: ((server: ScriptedServer, folder: string) => string) | null,
	more?: {argv?: string[]; environment?: NodeJS.ProcessEnv; plugin?: string},
];

const config = (url: string, ca: string, user: string) => `apiVersion: v1
kind: Config
current-context: main
contexts:
- name: main
  context:
    cluster: here
    user: ada
    namespace: demo
clusters:
- name: here
  cluster:
    server: ${url}
    certificate-authority-data: ${Buffer.from(ca).toString('base64')}
users:
- name: ada
  user:
    ${user}
`;
const asUser =
	(user: string) =>
	({url, ca}: ScriptedServer) =>
		config(url, ca, user);
const withPlugin = ({url, ca}: ScriptedServer, folder: string) =>
	config(url, ca, `exec: {apiVersion: client.authentication.k8s.io/v1, command: ${folder}/plugin, interactiveMode: Never}`);
const bomb = `a0: &a0 [x, x, x, x, x, x, x, x, x]\n${Array.from({length: 12}, (_, i) => `a${i + 1}: &a${i + 1} [${Array.from({length: 9}, () => `*a${i}`).join(', ')}]`).join('\n')}\n`;

const cases: readonly Case[] = [
	['no kubeconfig', 5, 'ERR_NO_KUBECONFIG', /no kubeconfig found: \/nonexistent\/\.kube\/config does not exist.*KUBECONFIG/, null],
	[
		'a context that does not exist',
		5,
		'ERR_CONTEXT_UNKNOWN',
		/context "nowhere" does not exist \(contexts in the kubeconfig: main\)/,
		asUser('token: secret-token'),
		{argv: ['--context=nowhere']},
	],
	['a YAML bomb', 5, 'ERR_KUBECONFIG_INVALID', /error loading config file ".*": .*alias/i, () => bomb],
	[
		'a server without a listener',
		9,
		'ERR_APISERVER_UNREACHABLE',
		/apiserver https:\/\/127\.0\.0\.1:1 cannot be reached: dial tcp 127\.0\.0\.1:1: connect: connection refused/,
		({ca}) => config('https://127.0.0.1:1', ca, 'token: secret-token'),
	],
	[
		'an unknown host name',
		9,
		'ERR_APISERVER_UNREACHABLE',
		/dial tcp: lookup nobody\.invalid: (no such host|temporary failure)/,
		({ca}) => config('https://nobody.invalid:6443', ca, 'token: secret-token'),
	],
	[
		'a host name that the certificate lacks',
		10,
		'ERR_APISERVER_TLS',
		/certificate is valid for localhost, api\.example\.test, not elsewhere\.test \(use a server address it is valid for, or --tls-server-name=localhost\)/,
		asUser('token: secret-token'),
		{argv: ['--tls-server-name=elsewhere.test']},
	],
	['401', 6, 'ERR_CREDENTIALS', /does not accept your credentials: Unauthorized \(log in again/, asUser('token: stranger')],
	['403', 7, 'ERR_FORBIDDEN', /User "ada" cannot get resource "pods"/, asUser('token: secret-token')],
	[
		'a hung plugin',
		6,
		'ERR_CREDENTIAL_PLUGIN',
		/plugin did not exit within 1 s \(run it manually, or increase SPOKE_EXEC_TIMEOUT\)/,
		withPlugin,
		{plugin: 'sleep 60', environment: {SPOKE_EXEC_TIMEOUT: '1'}},
	],
	['a plugin that exits 1', 6, 'ERR_CREDENTIAL_PLUGIN', /plugin failed with exit code 1/, withPlugin, {plugin: 'exit 1'}],
	[
		'a plugin that prints junk',
		6,
		'ERR_CREDENTIAL_PLUGIN',
		/did not print an ExecCredential/,
		withPlugin,
		{plugin: 'printf "secret-token\\033]0;owned\\007\\n"'},
	],
];

for (const [index, [title, status, code, says, configOf, {argv = [], environment = {}, plugin} = {}]] of cases.entries()) {
	test(`${title}: exits ${status} with one line`, async t => {
		const own = join(folder, String(index));
		const file = `${own}-files`;
		await writeFile(own, configOf?.(server, file) ?? '');
		if (plugin !== undefined) {
			await mkdir(file);
			await writeFile(join(file, 'plugin'), `#!/bin/sh\n${plugin}\n`, {mode: 0o700});
		}

		const began = performance.now();
		const ended = await runSpoke(['logs', 'web', ...argv], {env: {...(configOf && {KUBECONFIG: own}), ...environment}});
		t.true(performance.now() - began < 25_000);
		t.is(ended.status, status, ended.stderr);
		assertOneLine(t, ended, code);
		t.regex(ended.stderr, says);
	});
}

test('exits 10 with a remedy for an expired certificate', async t => {
	const ended = await refusedCertificate(new Date(Date.now() - 10 * 86_400_000), new Date(Date.now() - 86_400_000));
	t.is(ended.status, 10);
	assertOneLine(t, ended, 'ERR_APISERVER_TLS');
	t.regex(
		ended.stderr,
		/x509: certificate has expired or is not yet valid: current time \S+ is after \S+ \(renew the apiserver’s certificate, or check this machine’s clock\)/,
	);
});

test('reports clock skew when the certificate is valid by the server’s clock only', async t => {
	const ended = await refusedCertificate(
		new Date(Date.now() + 2 * 86_400_000),
		new Date(Date.now() + 9 * 86_400_000),
		new Date(Date.now() + 3 * 86_400_000),
	);
	t.is(ended.status, 10);
	assertOneLine(t, ended, 'ERR_APISERVER_TLS');
	t.regex(
		ended.stderr,
		/is before \S+; clock skew: this machine’s clock is 3 days behind the server’s \(\S+\) \(set this machine’s clock\)/,
	);
});

test('trusts SSL_CERT_FILE as Go does, and ignores Node’s certificate variables', async t => {
	const [file, ca] = [join(folder, 'no-ca'), join(folder, 'ca.pem')];
	await writeFile(file, config(server.url, '', 'token: secret-token'));
	await writeFile(ca, server.ca);
	const run = async (env: NodeJS.ProcessEnv) => runSpoke(['logs', 'web'], {env: {KUBECONFIG: file, ...env}});
	const refused = await run({NODE_EXTRA_CA_CERTS: ca, NODE_TLS_REJECT_UNAUTHORIZED: '0'});
	t.is(refused.status, 10, refused.stderr);
	assertOneLine(t, refused, 'ERR_APISERVER_TLS');
	t.is((await run({SSL_CERT_FILE: ca})).status, 7);
});

function assertOneLine(t: ExecutionContext, {stdout, stderr}: Ended, code: string): void {
	t.is(stdout, '');
	const lines = stderr
		.trimEnd()
		.split('\n')
		.filter(line => line.startsWith('error:'));
	t.is(lines.length, 1, stderr);
	t.regex(lines[0]!, new RegExp(`\\[${code}]$`));
	t.notRegex(stderr, /secret-token|\u001B|^\s+at /m);
}

async function refusedCertificate(notBefore: Date, notAfter: Date, serverClock?: Date): Promise<Ended> {
	const root = await authority();
	let ended: Ended | undefined;
	await tryCertificate(
		{
			name: '',
			...(serverClock && {serverClock}),
			make: async () => ({leaf: await issue({ip: ['127.0.0.1'], notBefore, notAfter}, root), trusted: [root]}),
		},
		async kubeconfig => {
			ended = await runSpoke(['logs', 'web', '--kubeconfig', kubeconfig]);
			return null;
		},
	);
	return ended!;
}
