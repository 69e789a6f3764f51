/** Failures on the connection to the apiserver, by the built program. */
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {refuse, startServer, type ScriptedServer} from '../support/api-server.ts';
import {authority, issue} from '../support/certificates.ts';
import {kubeconfigText} from '../support/kubeconfig-text.ts';
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

const secret = {token: 'secret-token'};
const config = (server: string, ca: string, user: object) => kubeconfigText({server, ca, user, namespace: 'demo'});
const asUser =
	(user: object) =>
	({url, ca}: ScriptedServer) =>
		config(url, ca, user);
const withPlugin = ({url, ca}: ScriptedServer, folder: string) =>
	config(url, ca, {exec: {apiVersion: 'client.authentication.k8s.io/v1', command: `${folder}/plugin`, interactiveMode: 'Never'}});
const bomb = `a0: &a0 [x, x, x, x, x, x, x, x, x]\n${Array.from({length: 12}, (_, i) => `a${i + 1}: &a${i + 1} [${Array.from({length: 9}, () => `*a${i}`).join(', ')}]`).join('\n')}\n`;

const cases: readonly Case[] = [
	['no kubeconfig', 5, 'ERR_NO_KUBECONFIG', /no kubeconfig found: \/nonexistent\/\.kube\/config does not exist.*KUBECONFIG/, null],
	[
		'a context that does not exist',
		5,
		'ERR_CONTEXT_UNKNOWN',
		/context "nowhere" does not exist \(contexts in the kubeconfig: main\)/,
		asUser(secret),
		{argv: ['--context=nowhere']},
	],
	['a YAML bomb', 5, 'ERR_KUBECONFIG_INVALID', /error loading config file ".*": .*alias/i, () => bomb],
	[
		'a server without a listener',
		9,
		'ERR_APISERVER_UNREACHABLE',
		/apiserver https:\/\/127\.0\.0\.1:1 cannot be reached: dial tcp 127\.0\.0\.1:1: connect: connection refused/,
		({ca}) => config('https://127.0.0.1:1', ca, secret),
	],
	[
		'an unknown host name',
		9,
		'ERR_APISERVER_UNREACHABLE',
		/dial tcp: lookup nobody\.invalid: (no such host|temporary failure)/,
		({ca}) => config('https://nobody.invalid:6443', ca, secret),
	],
	[
		'a host name that the certificate lacks',
		10,
		'ERR_APISERVER_TLS',
		/certificate is valid for localhost, api\.example\.test, not elsewhere\.test \(use a server address it is valid for, or --tls-server-name=localhost\)/,
		asUser(secret),
		{argv: ['--tls-server-name=elsewhere.test']},
	],
	['401', 6, 'ERR_CREDENTIALS', /does not accept your credentials: Unauthorized \(log in again/, asUser({token: 'stranger'})],
	['403', 7, 'ERR_FORBIDDEN', /User "ada" cannot get resource "pods"/, asUser(secret)],
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
		assertOneLine(t, ended, status, code, says);
	});
}

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000);

for (const [title, from, to, serverClock, says] of [
	[
		'an expired certificate',
		inDays(-10),
		inDays(-1),
		undefined,
		/x509: certificate has expired or is not yet valid: current time \S+ is after \S+ \(renew the apiserver’s certificate, or check this machine’s clock\)/,
	],
	[
		'clock skew, when the certificate is valid by the server’s clock only',
		inDays(2),
		inDays(9),
		inDays(3),
		/is before \S+; clock skew: this machine’s clock is 3 days behind the server’s \(\S+\) \(set this machine’s clock\)/,
	],
] as const) {
	test(`exits 10 with a remedy for ${title}`, async t => {
		const root = await authority();
		const ended = Promise.withResolvers<Ended>();
		await tryCertificate(
			{
				name: '',
				...(serverClock && {serverClock}),
				make: async () => ({leaf: await issue({ip: ['127.0.0.1'], notBefore: from, notAfter: to}, root), trusted: [root]}),
			},
			async kubeconfig => {
				ended.resolve(await runSpoke(['logs', 'web', '--kubeconfig', kubeconfig]));
				return null;
			},
		);
		assertOneLine(t, await ended.promise, 10, 'ERR_APISERVER_TLS', says);
	});
}

test('trusts SSL_CERT_FILE as Go does, and ignores Node’s certificate variables', async t => {
	const [file, ca] = [join(folder, 'no-ca'), join(folder, 'ca.pem')];
	await writeFile(file, config(server.url, '', secret));
	await writeFile(ca, server.ca);
	const run = async (env: NodeJS.ProcessEnv) => runSpoke(['logs', 'web'], {env: {KUBECONFIG: file, ...env}});
	const refused = await run({NODE_EXTRA_CA_CERTS: ca, NODE_TLS_REJECT_UNAUTHORIZED: '0'});
	assertOneLine(t, refused, 10, 'ERR_APISERVER_TLS', /./);
	t.is((await run({SSL_CERT_FILE: ca})).status, 7);
});

function assertOneLine(t: ExecutionContext, ended: Ended, status: number, code: string, says: RegExp): void {
	const {stdout, stderr} = ended;
	t.is(ended.status, status, stderr);
	t.regex(stderr, says);
	t.is(stdout, '');
	const lines = stderr
		.trimEnd()
		.split('\n')
		.filter(line => line.startsWith('error:'));
	t.is(lines.length, 1, stderr);
	t.regex(lines[0]!, new RegExp(`\\[${code}]$`));
	t.notRegex(stderr, /secret-token|\u001B|^\s+at /m);
}
