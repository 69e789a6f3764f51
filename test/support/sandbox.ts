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
`shop: deploy/checkout, cronjob/stock-report (one run at the start), cronjob/stock-backup (suspended)`, `kube-system: ds/node-logger`.
Services `web` (80 http, 443 https), `db` (7000).
Users: admin, ada (developer with monitoring), bob (plain developer of `default`), cleo (get without create), eve (nothing).
Exec knows sh, cat, echo, env, ls, ps, seq, sha256sum, head, wc, sleep, stty size, exit; `cat /etc/app/config.yaml`.
*/
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import type {ExecutionContext} from 'ava';
import type {Sandbox, SandboxOptions, UserName} from '../../source/sandbox/sandbox.ts';
import {startSandbox} from '../../source/sandbox/start-sandbox.ts';

export type OpenedSandbox = {sandbox: Sandbox; kubeconfigFile: string; env: NodeJS.ProcessEnv};

/** `user`: current context of the kubeconfig. */
export async function openSandbox(
	t: Pick<ExecutionContext, 'teardown'>,
	{user = 'admin', ...options}: SandboxOptions & {user?: UserName} = {},
): Promise<OpenedSandbox> {
	const sandbox = await startSandbox(options);
	const folder = await mkdtemp(join(tmpdir(), 'spoke-test-'));
	const kubeconfigFile = join(folder, 'kubeconfig.json');
	await writeFile(kubeconfigFile, JSON.stringify(sandbox.kubeconfig(user)), {mode: 0o600});
	t.teardown(async () => {
		await sandbox.close();
		await rm(folder, {recursive: true, force: true});
	});
	return {sandbox, kubeconfigFile, env: {...process.env, KUBECONFIG: kubeconfigFile}};
}
