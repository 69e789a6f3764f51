/** Failures on the connection to the apiserver, by the built program. */
import {chmod, mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import anyTest, {type ExecutionContext, type TestFn} from 'ava';
import {startServer, type ScriptedServer} from '../support/api-server.ts';
import {authority, issue} from '../support/certificates.ts';
import {runSpoke, type Ended} from '../support/run-spoke.ts';
import {tryCertificate} from '../support/try-certificate.ts';

const test = anyTest as TestFn<{server: ScriptedServer; folder: string}>;

test.before(async t => {
	const server = await startServer({
		request(request, response) {
			const {authorization} = request.headers;
			const code = authorization === 'Bearer stranger' ? 401 : 403;
			response.writeHead(code, {'content-type': 'application/json'});
			response.end(
				JSON.stringify({
					kind: 'Status',
					code,
					message:
						code === 401
							? 'Unauthorized'
							: 'pods "web" is forbidden: User "ada" cannot get resource "pods" in API group "" in the namespace "demo"',
				}),
			);
		},
	});
	t.context = {server, folder: await mkdtemp(join(tmpdir(), 'spoke-bad-'))};
});

test.after.always(async t => {
	await t.context.server.close();
	await rm(t.context.folder, {recursive: true, force: true});
});

type Case = {
	title: string;
	status: number;
	code: string;
	says: RegExp;
	/** From the server's URL and its CA; `null` for none. */
	config: ((server: ScriptedServer, folder: string) => string) | null;
	argv?: readonly string[];
	environment?: NodeJS.ProcessEnv;
	plugin?: string;
};

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
	{
		title: 'no kubeconfig',
		status: 5,
		code: 'ERR_NO_KUBECONFIG',
		says: /no kubeconfig found: \/nonexistent\/\.kube\/config does not exist.*KUBECONFIG/,
		config: null,
	},
	{
		title: 'a context that does not exist',
		status: 5,
		code: 'ERR_CONTEXT_UNKNOWN',
		says: /context "nowhere" does not exist \(contexts in the kubeconfig: main\)/,
		config: asUser('token: secret-token'),
		argv: ['--context=nowhere'],
	},
	{title: 'a YAML bomb', status: 5, code: 'ERR_KUBECONFIG_INVALID', says: /error loading config file ".*": .*alias/i, config: () => bomb},
	{
		title: 'a server without a listener',
		status: 9,
		code: 'ERR_APISERVER_UNREACHABLE',
		says: /apiserver https:\/\/127\.0\.0\.1:1 cannot be reached: dial tcp 127\.0\.0\.1:1: connect: connection refused/,
		config: ({ca}) => config('https://127.0.0.1:1', ca, 'token: secret-token'),
	},
	{
		title: 'an unknown host name',
		status: 9,
		code: 'ERR_APISERVER_UNREACHABLE',
		says: /dial tcp: lookup nobody\.invalid: (no such host|temporary failure)/,
		config: ({ca}) => config('https://nobody.invalid:6443', ca, 'token: secret-token'),
	},
	{
		title: 'a host name that the certificate lacks',
		status: 10,
		code: 'ERR_APISERVER_TLS',
		says: /certificate is valid for localhost, api\.example\.test, not elsewhere\.test \(use a server address it is valid for, or --tls-server-name=localhost\)/,
		config: asUser('token: secret-token'),
		argv: ['--tls-server-name=elsewhere.test'],
	},
	{
		title: '401',
		status: 6,
		code: 'ERR_CREDENTIALS',
		says: /does not accept your credentials: Unauthorized \(log in again/,
		config: asUser('token: stranger'),
	},
	{title: '403', status: 7, code: 'ERR_FORBIDDEN', says: /User "ada" cannot get resource "pods"/, config: asUser('token: secret-token')},
	{
		title: 'a hung plugin',
		status: 6,
		code: 'ERR_CREDENTIAL_PLUGIN',
		says: /plugin did not exit within 1 s \(run it manually, or increase SPOKE_EXEC_TIMEOUT\)/,
		config: withPlugin,
		plugin: 'sleep 60',
		environment: {SPOKE_EXEC_TIMEOUT: '1'},
	},
	{
		title: 'a plugin that exits 1',
		status: 6,
		code: 'ERR_CREDENTIAL_PLUGIN',
		says: /plugin failed with exit code 1/,
		config: withPlugin,
		plugin: 'exit 1',
	},
	{
		title: 'a plugin that prints junk',
		status: 6,
		code: 'ERR_CREDENTIAL_PLUGIN',
		says: /did not print an ExecCredential/,
		config: withPlugin,
		plugin: 'printf "secret-token\\033]0;owned\\007\\n"',
	},
];

for (const [index, one] of cases.entries()) {
	test(`${one.title}: exits ${one.status} with one line`, async t => {
		const {server, folder} = t.context;
		const own = join(folder, String(index));
		await writeFile(own, one.config?.(server, `${own}-files`) ?? '');
		if (one.plugin) {
			const file = `${own}-files`;
			await mkdir(file);
			await writeFile(join(file, 'plugin'), `#!/bin/sh\n${one.plugin}\n`);
			await chmod(join(file, 'plugin'), 0o700);
		}

		const began = performance.now();
		const ended = await runSpoke(['logs', 'web', ...(one.argv ?? [])], {env: {...(one.config && {KUBECONFIG: own}), ...one.environment}});
		t.true(performance.now() - began < 25_000);
		t.is(ended.status, one.status, ended.stderr);
		assertOneLine(t, ended, one.code);
		t.regex(ended.stderr, one.says);
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
	const {server, folder} = t.context;
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
