/** Credential plugins that prompt. */
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {openSandbox} from '../../support/sandbox.ts';
import {runPaletteCommand} from '../../support/session-steps.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';
import {openTerminal, type TestTerminal} from '../../support/terminal.ts';

type User = {name: string; user: Record<string, string>};
type Config = {
	'current-context': string;
	contexts: Array<{name: string; context: Record<string, string>}>;
	users: Array<{name: string; user: unknown}>;
};

/** Asks for a code, and returns the sandbox's admin for 4711. `lives`: seconds that the credential is valid. */
const plugin = (folder: string, answer: string) => `#!/bin/sh
echo "$KUBERNETES_EXEC_INFO" >> ${folder}/told
case "$KUBERNETES_EXEC_INFO" in *'"interactive":true'*)
	printf 'Code from your device: ' >&2
	read code
	[ "$code" = 4711 ] || { echo 'that is not the code' >&2; exit 3; };;
esac
cat <<'EOF'
${answer}
EOF
`;

async function withPlugin(
	t: ExecutionContext,
	{current = 'asks', expires, exec = {}}: {current?: string; expires?: string; exec?: Record<string, unknown>} = {},
): Promise<{terminal: TestTerminal; told(): Promise<string[]>}> {
	const {kubeconfigFile} = await openSandbox(t);
	const folder = await temporaryDirectory(t);
	const config = JSON.parse(await readFile(kubeconfigFile, 'utf8')) as Config;
	const {user} = config.users.find(({name}) => name === 'admin') as User;
	const decoded = (name: string) => Buffer.from(user[name] ?? '', 'base64').toString();
	const answer = {
		kind: 'ExecCredential',
		apiVersion: 'client.authentication.k8s.io/v1',
		status: {
			...(user['token'] === undefined
				? {clientCertificateData: decoded('client-certificate-data'), clientKeyData: decoded('client-key-data')}
				: {token: user['token']}),
			...(expires !== undefined && {expirationTimestamp: expires}),
		},
	};
	await writeFile(join(folder, 'plugin'), plugin(folder, JSON.stringify(answer)), {mode: 0o700});
	config.users.push({
		name: 'asks',
		user: {exec: {apiVersion: 'client.authentication.k8s.io/v1', command: join(folder, 'plugin'), interactiveMode: 'IfAvailable', ...exec}},
	});
	config.contexts.push({name: 'asks', context: {...config.contexts[0]!.context, user: 'asks'}});
	config['current-context'] = current;
	await writeFile(kubeconfigFile, JSON.stringify(config));
	const terminal = await openTerminal(t, ['--kubeconfig', kubeconfigFile], {home: folder});
	return {terminal, told: async () => (await readFile(join(folder, 'told'), 'utf8')).trim().split('\n')};
}

test('a credential plugin prompts before the first screen, and the session opens', async t => {
	const {terminal, told} = await withPlugin(t);
	await terminal.sees(/Code from your device:/);
	t.is(terminal.buffer(), 'normal');
	terminal.type('4711\r');
	await terminal.sees(/web-\w+-\w+ +2\/2 +Running/);
	t.is(terminal.buffer(), 'alternate');
	t.is((await told()).length, 1);
	terminal.press('list/filter');
	await terminal.sees(/^ \/▏/m);
});

for (const [signal, status] of [
	['SIGINT', 130],
	['SIGTERM', 143],
] as const) {
	test(`${signal} while a plugin runs ends the program, and no session opens`, async t => {
		const {terminal} = await withPlugin(t, {exec: {command: '/bin/sleep', args: ['45'], interactiveMode: 'Never'}});
		await terminal.sees(/waiting for credentials/);
		terminal.signal(signal);
		t.is(await terminal.ended(), status);
		t.is(terminal.buffer(), 'normal');
		t.notRegex(terminal.text(), /bug in spoke/);
	});
}

test('a login that fails at the start is a card with the plugin’s text; only a retry asks again', async t => {
	const {terminal, told} = await withPlugin(t);
	await terminal.sees(/Code from your device:/);
	terminal.type('1234\r');
	await terminal.sees(/The apiserver of asks cannot be used yet\. Retrying/);
	t.is(terminal.buffer(), 'alternate');
	await terminal.sees(/error +Code from your device: that is not the code/);
	await terminal.sees(/means +getting credentials: exec plugin \S+\s+failed with exit code 3/);
	await terminal.sees(/fix +run the plugin by hand/);
	t.is((await told()).length, 1);
	terminal.press('unreachable/retry');
	// The first prompt is still above.
	await terminal.sees(/that is not the code[\s\S]*Code from your device:/);
	terminal.type('4711\r');
	await terminal.sees(/web-\w+-\w+ +2\/2 +Running/);
	t.is((await told()).length, 2);
});

test('a missing plugin is a card with the words of doctor, which leads to other contexts', async t => {
	const {terminal} = await withPlugin(t, {
		exec: {command: '/no/such/plugin', interactiveMode: 'Never', installHint: 'install it from here'},
	});
	await terminal.sees(/The apiserver of asks cannot be used yet\./);
	const words = [/exec plugin \/no\/such\/plugin cannot be\s+run:\s+executable not found/, /fix +install it from here/];
	for (const word of words) {
		await terminal.sees(word);
	}

	terminal.press('unreachable/doctor');
	await terminal.sees(/stopped at leg 1/);
	for (const word of words) {
		await terminal.sees(word);
	}

	terminal.press('view.back');
	await terminal.sees(/The apiserver of asks cannot be used yet\./);
	terminal.press('context.pick');
	await terminal.sees(/TLS BY KUBECONFIG/);
	terminal.type('sandbox\r');
	await terminal.sees(/web-\w+-\w+ +2\/2 +Running/);
});

test('a context switch suspends the screen for a login and restores every key', async t => {
	const {terminal} = await withPlugin(t, {current: 'sandbox'});
	await terminal.sees(/web-\w+-\w+ +2\/2 +Running/);
	terminal.press('context.pick');
	await terminal.sees(/TLS BY KUBECONFIG/);
	terminal.type('asks\r');
	await terminal.sees(/logs you in; the screen returns when it exits/);
	await terminal.sees(/Code from your device:/);
	t.is(terminal.buffer(), 'normal');
	terminal.type('4711\r');
	await terminal.sees(/web-\w+-\w+ +2\/2 +Running/);
	t.is(terminal.buffer(), 'alternate');
	terminal.type('jj/we');
	await terminal.sees(/^ \/we▏/m);
});

test('a failed login at a context switch shows why and keeps the session', async t => {
	const {terminal} = await withPlugin(t, {current: 'sandbox'});
	await terminal.sees(/web-\w+-\w+ +2\/2 +Running/);
	await runPaletteCommand(terminal, 'ctx asks');
	await terminal.sees(/Code from your device:/);
	terminal.type('1234\r');
	await terminal.sees(/getting credentials: .*w why/);
	t.is(terminal.buffer(), 'alternate');
	terminal.press('why');
	await terminal.sees(/failed with\s+exit code 3/);
	await terminal.sees(/Why├ ctx asks/);
	await terminal.sees(/that is not the code/);
	terminal.press('view.back');
	await terminal.sees(/web-\w+-\w+ +2\/2 +Running/);
	terminal.press('view.nodes');
	await terminal.sees(/n1 +Ready/);
});

test('renewed credentials do not suspend the screen', async t => {
	const {terminal, told} = await withPlugin(t, {expires: '2020-01-01T00:00:00Z'});
	await terminal.sees(/Code from your device:/);
	terminal.type('4711\r');
	await terminal.sees(/web-\w+-\w+ +2\/2 +Running/);
	const [first, ...renewals] = await told();
	t.regex(first!, /"interactive":true/);
	t.true(renewals.length > 0);
	t.true(renewals.every(line => line.includes('"interactive":false')));
	t.is(terminal.raw().split('\u001B[?1049l').length, 1);
});
