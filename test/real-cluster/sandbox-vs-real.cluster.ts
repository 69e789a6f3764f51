/** kubectl on the sandbox and on a real cluster with the same objects: output and exit status must match. */
import {spawn} from 'node:child_process';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {spawn as spawnTerminal} from '@lydell/node-pty';
import type {V1Deployment, V1Job} from '@kubernetes/client-node';
import anyTest, {type ExecutionContext, type TestFn} from 'ava';
import {parseAllDocuments} from 'yaml';
import type {Sandbox} from '../../source/sandbox/sandbox.ts';
import {startSandbox} from '../../source/sandbox/start-sandbox.ts';
import type {Json} from '../../source/wire/json.ts';
import {ask, askJson} from '../support/sandbox-client.ts';
import {kubectl, type Finished} from './lab/kubectl.ts';
import {kubernetesPath} from './lab/programs.ts';
import {waitFor} from './lab/wait.ts';
import {useCluster} from './support/cluster.ts';

/** `real` and `simulated` are kubeconfig files. */
type Sides = {real: string; simulated: string; sandbox: Sandbox; folder: string};

const test = anyTest as TestFn<Sides>;

test.before(async t => {
	const cluster = await useCluster({postures: ['off-direct']});
	// A lab that stays may have it.
	await cluster.kubectl('off-direct', 'delete configmap applied --ignore-not-found');
	const sandbox = await startSandbox();
	const folder = await mkdtemp(join(tmpdir(), 'spoke-vs-'));
	const config = sandbox.kubeconfig();
	for (const {context} of config.contexts) {
		context.namespace = 'demo';
	}

	const simulated = join(folder, 'kubeconfig');
	await writeFile(simulated, JSON.stringify(config), {mode: 0o600});
	await createSameObjects(sandbox);
	t.context = {real: cluster.kubeconfig('off-direct'), simulated, sandbox, folder};
});

test.after.always(async t => {
	await t.context.sandbox?.close();
	await rm(t.context.folder ?? '/nonexistent', {recursive: true, force: true});
});

/**
How two outputs are compared, in addition to the exit status:
`bytes` of stdout; `table`: header and number of rows; `labels`: the text before a colon in each line; `keys`: the JSON fields at the top,
in metadata, spec and status;
`errors`: stderr without container ids; `status` alone.
*/
type Comparison = 'bytes' | 'table' | 'labels' | 'keys' | 'errors' | 'status';

const commands: ReadonlyArray<[line: string, comparison: Comparison, input?: string]> = [
	['get pod two', 'table'],
	['get pod two -o wide', 'table'],
	['get pod two -o name', 'bytes'],
	['get pod two -o jsonpath={.spec.containers[*].name}', 'bytes'],
	['get pod two -o json', 'keys'],
	['get pods -l app=none', 'errors'],
	['get deployment web -o wide', 'table'],
	['get service web -o wide', 'table'],
	['get endpointslices -l kubernetes.io/service-name=web', 'table'],
	['get statefulset tcp', 'table'],
	['get job once', 'table'],
	['get pod nosuch', 'errors'],
	['get nosuch', 'errors'],
	['describe pod two', 'labels'],
	['describe service web', 'labels'],
	['logs two -c left --tail=1', 'table'],
	['logs two --tail=0', 'errors'],
	['logs two -c nope', 'errors'],
	['logs nosuch', 'errors'],
	['logs -f job/once --tail=1', 'status'],
	['exec shell -c sh -- sh -c echo\u00A0hi;\u00A0exit\u00A042', 'bytes'],
	['exec -i shell -c sh -- cat', 'bytes', 'one\ntwo\n'],
	['exec shell -c sh -- nosuch', 'errors'],
	['exec nosuch -- true', 'errors'],
	['get --raw /api/v1/namespaces/demo/services/web:http/proxy/', 'status'],
	['apply -f -', 'bytes', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"applied"},"data":{"a":"b"}}'],
	['wait --for=condition=Ready pod/two --timeout=5s', 'bytes'],
	['rollout status deployment/web --timeout=10s', 'bytes'],
	['get events', 'status'],
	['top pods', 'errors'],
	['version', 'labels'],
];

for (const [line, comparison, input = ''] of commands) {
	test.serial(`kubectl ${line.replaceAll('\u00A0', ' ')} gives the same ${comparison}`, async t => {
		const args = line.split(' ').map(word => word.replaceAll('\u00A0', ' '));
		const [real, sandbox] = await Promise.all([kubectl(t.context.real, args, {input}), kubectl(t.context.simulated, args, {input})]);
		t.is(sandbox.status, real.status, `${sandbox.stderr} against ${real.stderr}`);
		t.deepEqual(seen(sandbox, comparison), seen(real, comparison));
	});
}

function seen({stdout, stderr}: Finished, comparison: Comparison): unknown {
	const lines = stdout.trimEnd().split('\n');
	switch (comparison) {
		case 'bytes': {
			return stdout;
		}

		case 'table': {
			return {header: lines[0]!.split(/\s{2,}/).length > 1 && /^[A-Z]/.test(lines[0]!) ? lines[0]!.split(/\s+/) : null, rows: lines.length};
		}

		case 'labels': {
			// Image and runtime differ by nature.
			return [
				...new Set(
					lines
						.map(text => /^\s*([A-Z][\w() -]*):/.exec(text)?.[1])
						.filter(label => label !== undefined && !['Command', 'Args', 'Environment', 'Kustomize Version'].includes(label)),
				),
			].sort();
		}

		case 'keys': {
			const object = JSON.parse(stdout) as Record<string, Record<string, unknown>>;
			const metadata = Object.keys(object['metadata']!).filter(key => !['managedFields', 'generation', 'annotations'].includes(key));
			return {
				top: Object.keys(object).sort(),
				metadata: metadata.sort(),
				status: Object.keys(object['status']!)
					.filter(key => key !== 'observedGeneration')
					.sort(),
			};
		}

		case 'errors': {
			return stderr.replaceAll(/"?[\da-f]{64}"?/g, 'ID').replaceAll(/,? ?[\w-]+ \(ephem\)/g, '');
		}

		case 'status': {
			return null;
		}
	}
}

for (const [carrier, websockets] of [
	['WebSocket', 'true'],
	['SPDY', 'false'],
] as const) {
	test.serial(`kubectl port-forward by ${carrier} prints the same lines and carries a response`, async t => {
		const outcomes = await Promise.all(
			[t.context.real, t.context.simulated].map(async kubeconfig => forwardOnce(kubeconfig, {KUBECTL_PORT_FORWARD_WEBSOCKETS: websockets})),
		);
		t.deepEqual(outcomes[1], outcomes[0]);
		t.is(outcomes[1]!.status, 200);
	});
}

test.serial('kubectl exec -it gets the same exit status, and the terminal size if stty is available', async t => {
	const [real, sandbox] = await Promise.all(
		[t.context.real, t.context.simulated].map(async kubeconfig =>
			atTerminal(kubeconfig, ['exec', '-it', 'shell', '-c', 'sh', '--', 'sh', '-c', 'stty size; exit 3']),
		),
	);
	t.is(real!.exitCode, 3);
	t.deepEqual(sandbox, {text: '33 101', exitCode: 3});
});

test.serial('kubectl attach -i prints the output of the main process', async t => {
	const answers = await Promise.all([t.context.real, t.context.simulated].map(async kubeconfig => attachOnce(t, kubeconfig)));
	t.is(answers[0], 'got hello');
	t.is(answers[1], 'hello');
});

async function forwardOnce(kubeconfig: string, env: Record<string, string>): Promise<{lines: string[]; status: number}> {
	const child = spawn(kubernetesPath('kubectl'), ['port-forward', 'deployment/web', ':8080'], {
		env: {PATH: process.env['PATH'], HOME: '/nonexistent', KUBECONFIG: kubeconfig, ...env},
	});
	try {
		let text = '';
		const {promise: announced, resolve} = Promise.withResolvers<void>();
		child.stdout.on('data', chunk => {
			text += String(chunk);
			if (text.split('\n').length > 2) {
				resolve();
			}
		});
		await announced;
		const lines = text
			.trimEnd()
			.split('\n')
			.map(line => line.replace(/:\d+ ->/, ':PORT ->'));
		const {status} = await fetch(`http://127.0.0.1:${/127\.0\.0\.1:(\d+)/.exec(text)![1]}/`);
		return {lines, status};
	} finally {
		child.kill();
	}
}

async function atTerminal(kubeconfig: string, args: string[]): Promise<{text: string; exitCode: number}> {
	const terminal = spawnTerminal(kubernetesPath('kubectl'), args, {
		cols: 101,
		rows: 33,
		env: {PATH: process.env['PATH']!, HOME: '/nonexistent', KUBECONFIG: kubeconfig},
	});
	let text = '';
	terminal.onData(data => {
		text += data;
	});
	const {exitCode} = await new Promise<{exitCode: number}>(resolve => {
		terminal.onExit(resolve);
	});
	return {text: text.split('\r\n').find(line => /^\d+ \d+$/.test(line)) ?? text, exitCode};
}

async function attachOnce(t: ExecutionContext<Sides>, kubeconfig: string): Promise<string> {
	const child = spawn(kubernetesPath('kubectl'), ['attach', '-i', 'attachable'], {
		env: {PATH: process.env['PATH'], HOME: '/nonexistent', KUBECONFIG: kubeconfig},
	});
	t.teardown(() => child.kill());
	const typing = setInterval(() => child.stdin.write('hello\n'), 300);
	try {
		for await (const chunk of child.stdout) {
			const line = String(chunk)
				.split('\n')
				.find(text => text.includes('hello'));
			if (line !== undefined) {
				return line;
			}
		}

		return '';
	} finally {
		clearInterval(typing);
		child.kill();
	}
}

/** Those of sandbox-objects.yaml. */
async function createSameObjects(sandbox: Sandbox): Promise<void> {
	const text = await readFile(new URL('sandbox-objects.yaml', import.meta.url), 'utf8');
	for (const document of parseAllDocuments(text)) {
		const {path, ...body} = document.toJS() as {path: string};
		const {status, body: answer} = await ask(sandbox, path, {method: 'POST', body});
		if (status !== 201) {
			throw new Error(answer);
		}
	}

	await waitFor('the job and the deployment', async () => {
		const job = await askJson<Json<V1Job>>(sandbox, '/apis/batch/v1/namespaces/demo/jobs/once');
		const deployment = await askJson<Json<V1Deployment>>(sandbox, '/apis/apps/v1/namespaces/demo/deployments/web');
		return job.status?.succeeded === 1 && deployment.status?.readyReplicas === 2;
	});
}
