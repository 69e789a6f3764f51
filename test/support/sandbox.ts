/**
A sandbox that closes with its test.

```ts
import {openSandbox} from '../support/sandbox.ts';

test('…', async t => {
	const {sandbox, kubeconfigFile, env} = await openSandbox(t);              // scenario default, user admin
	const cluster = await createClusterClient({...noConnectionFlags}, env);           // env has KUBECONFIG set to the file
	await sandbox.switches.set({route: 'konnectivity', verification: 'good'}); // restarts the apiserver
	sandbox.faults.cut();                                                     // resets all connections of clients
});
```

Pods of the default scenario: `deploy/web` (2; containers web and access-log; http 8080, https 8443 self-signed), `deploy/api` (2; JSON
lines),
`sts/db` (db-0; echo port 7000), `deploy/flaky` (crash loop), `job/report` (done), `deploy/toolbox` (a shell with a terminal, to attach to),
`shop: deploy/checkout`, `kube-system: ds/node-logger`.
Services `web` (80 http, 443 https), `db` (7000).
Users: admin, ada (developer with monitoring), bob (plain developer of `default`), cleo (get without create), eve (nothing).
Exec knows sh, cat, echo, env, head -c N, hostname, ls, ps, pwd, seq, sleep, stty size, exit; `cat /etc/app/config.yaml`.
*/
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import type {ExecutionContext, TestFn} from 'ava';
import type {Sandbox, SandboxKubeconfig, SandboxOptions, UserName} from '../../source/sandbox/sandbox.ts';
import {startSandbox} from '../../source/sandbox/start-sandbox.ts';
import {temporaryDirectory} from './temporary-directory.ts';

export type OpenedSandbox = {sandbox: Sandbox; kubeconfigFile: string; env: NodeJS.ProcessEnv};

/** `user`: current context of the kubeconfig. */
export async function openSandbox(
	t: Pick<ExecutionContext, 'teardown'>,
	{user = 'admin', ...options}: SandboxOptions & {user?: UserName} = {},
): Promise<OpenedSandbox> {
	const sandbox = await startSandbox(options);
	const folder = await temporaryDirectory(t);
	const kubeconfigFile = join(folder, 'kubeconfig.json');
	await writeFile(kubeconfigFile, JSON.stringify(sandbox.kubeconfig(user)), {mode: 0o600});
	t.teardown(async () => sandbox.close());
	return {sandbox, kubeconfigFile, env: {...process.env, KUBECONFIG: kubeconfigFile}};
}

/**
Sandboxes by the names of their contexts in one kubeconfig. It also has the contexts `down`, whose server refuses connections, and `broken`,
whose client certificate is a file that does not exist.
*/
export async function openContexts<Name extends string>(
	t: Pick<ExecutionContext, 'teardown'>,
	wanted: Readonly<Record<Name, SandboxOptions & {user?: UserName}>>,
): Promise<{sandboxes: Readonly<Record<Name, Sandbox>>; kubeconfigFile: string; env: {KUBECONFIG: string}}> {
	const entries = Object.entries<SandboxOptions & {user?: UserName}>(wanted);
	const opened = await Promise.all(entries.map(async ([name, options]) => [name, await openSandbox(t, options)] as const));
	const configs = opened.map(([name, {sandbox}]) => renamed(sandbox.kubeconfig(wanted[name as Name].user), name));
	const [
		{
			clusters: [first],
		},
	] = configs as [SandboxKubeconfig, ...SandboxKubeconfig[]];
	const config = {
		...configs[0],
		clusters: [...configs.flatMap(({clusters}) => clusters), {name: 'down', cluster: {server: 'https://127.0.0.1:1'}}],
		users: [
			...configs.flatMap(({users}) => users),
			{name: 'broken', user: {'client-certificate': '/nonexistent/client.crt', 'client-key': '/nonexistent/client.key'}},
		],
		contexts: [
			...configs.flatMap(({contexts}) => contexts),
			{name: 'down', context: {cluster: 'down', user: ''}},
			{name: 'broken', context: {cluster: first!.name, user: 'broken'}},
		],
	};
	const folder = await temporaryDirectory(t);
	const kubeconfigFile = join(folder, 'kubeconfig.json');
	await writeFile(kubeconfigFile, JSON.stringify(config), {mode: 0o600});
	const sandboxes = Object.fromEntries(opened.map(([name, {sandbox}]) => [name, sandbox])) as Record<Name, Sandbox>;
	return {sandboxes, kubeconfigFile, env: {KUBECONFIG: kubeconfigFile}};
}

/** The same for all tests of a file: set when they run, and closed after them. */
export function shareContexts<Name extends string>(
	test: TestFn,
	wanted: Readonly<Record<Name, SandboxOptions & {user?: UserName}>>,
): Awaited<ReturnType<typeof openContexts<Name>>> {
	const shared = {} as Awaited<ReturnType<typeof openContexts<Name>>>;
	const atEnd: Array<() => unknown> = [];
	const teardown = (work: () => unknown) => {
		atEnd.push(work);
	};

	test.before(async () => {
		Object.assign(shared, await openContexts({teardown}, wanted));
	});
	test.after.always(async () => {
		await Promise.all(atEnd.map(async work => work()));
	});
	return shared;
}

/** Only the current context, with cluster and user, all under one name. */
function renamed(config: SandboxKubeconfig, name: string): SandboxKubeconfig {
	const {context} = config.contexts.find(one => one.name === config['current-context'])!;
	return {
		...config,
		'current-context': name,
		clusters: config.clusters.map(({cluster}) => ({name, cluster})),
		users: config.users.filter(one => one.name === context.user).map(({user}) => ({name, user})),
		contexts: [{name, context: {...context, cluster: name, user: name}}],
	};
}
