/**
kubectl and spoke `debug` side by side, and on a real node and a real copy. RECORD_DEBUG=1 records kubectl's behavior for the other suite.
*/
import {randomUUID} from 'node:crypto';
import {rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import test from 'ava';
import {execa} from 'execa';
import {debugRows, readRecordedDebug, recordedDebug, tryDebug, type DebugOutcome} from '../support/debug-rows.ts';
import {image} from './lab/image.ts';
import {kubernetesPath, toolPath} from './lab/programs.ts';
import {useCluster} from './support/cluster.ts';
import {assertDetectsChange} from './support/transcripts.ts';

const kubectl = kubernetesPath('kubectl');

/** kubectl sends protobuf. */
async function decode(body: Buffer): Promise<string> {
	return (await execa(toolPath('objects'), {input: body})).stdout;
}

/** Other files add nodes whose kubelets have no valid certificate. */
const onFirstNode = '--overrides={"spec":{"nodeName":"n1"}}';

test('kubectl debug behaves as recorded', async t => {
	const outcomes: Record<string, DebugOutcome> = {};
	for (const row of debugRows) {
		outcomes[row.join(' ')] = await tryDebug(
			row,
			async argv => {
				const {exitCode, stderr} = await execa(kubectl, argv, {reject: false, stdin: 'ignore', env: {HOME: '/nonexistent'}});
				return {ok: exitCode === 0, stderr};
			},
			decode,
		);
	}

	const {stdout} = await execa(kubectl, ['version', '--client', '-o', 'json']);
	const {clientVersion} = JSON.parse(stdout) as {clientVersion: {gitVersion: string}};
	const now = {kubectl: clientVersion.gitVersion, outcomes};
	if (process.env['RECORD_DEBUG'] === '1') {
		await writeFile(recordedDebug, `${JSON.stringify(now, null, '\t')}\n`);
	}

	t.deepEqual(await readRecordedDebug(), now);
});

test('a node debug pod sees the files of its host, and its path is printed', async t => {
	const cluster = await useCluster();
	const {stdout, stderr, status} = await cluster.spoke('off-direct', [
		'debug',
		'node/n1',
		`--image=${image}`,
		'--attach',
		'--path=json',
		'--',
		'sh',
		'-c',
		'sleep 2; test -d /host/proc && echo host',
	]);
	const pod = /^created pod (\S+) /m.exec(stderr)?.[1] ?? '';
	t.teardown(async () => cluster.kubectl('off-direct', ['delete', 'pod', pod, '--now', '--wait=false']));
	t.is(status, 0, stderr);
	t.is(stdout, 'host\n');
	const path = JSON.parse(stderr.split('\n').findLast(line => line.startsWith('{')) ?? 'null') as unknown;
	t.like(path, {kind: 'Path', feature: 'attach', phase: 'settled', target: {name: pod, node: 'n1'}});
	const created = JSON.parse((await cluster.kubectl('off-direct', ['get', 'pod', pod, '-o', 'json'])).stdout) as {spec: object};
	t.like(created.spec, {nodeName: 'n1', hostNetwork: true, hostPID: true, hostIPC: true, restartPolicy: 'Never'});
});

test('a copy of a pod runs a changed command, and --replace deletes the original', async t => {
	const cluster = await useCluster();
	t.teardown(async () =>
		cluster.kubectl('off-direct', ['delete', 'pod', 'original', 'copied', '--now', '--wait=false', '--ignore-not-found']),
	);
	await cluster.kubectl('off-direct', [
		'run',
		'original',
		`--image=${image}`,
		onFirstNode,
		'--labels=app=original',
		'--command',
		'--',
		'sleep',
		'3600',
	]);
	await cluster.kubectl('off-direct', ['wait', '--for=condition=Ready', 'pod/original', '--timeout=60s']);
	const {stdout, stderr, status} = await cluster.spoke('off-direct', [
		'debug',
		'original',
		'--copy-to=copied',
		'-c',
		'original',
		'--same-node',
		'--replace',
		'--attach',
		'--',
		'sh',
		'-c',
		'sleep 2; echo changed',
	]);
	t.is(stdout, 'changed\n', `${status}: ${stderr}`);
	t.regex(stderr, /^created pod copied, a copy of pod original; it remains until you delete it\ndeleted pod original\n/);
	const left = await cluster.kubectl('off-direct', [
		'get',
		'pods',
		'original',
		'copied',
		'--ignore-not-found',
		'-o',
		'jsonpath={.items[*].metadata.name}{.metadata.name}',
	]);
	t.is(left.stdout.trim(), 'copied');
});

test('verify accepts the transcript of a debug container, and rejects it after a byte changes', async t => {
	const cluster = await useCluster();
	const file = join(cluster.lab.folder, `${randomUUID()}.cast`);
	t.teardown(async () => {
		await rm(file, {force: true});
		await cluster.kubectl('off-direct', ['delete', 'pod', 'debugged', '--now', '--wait=false', '--ignore-not-found']);
	});
	await cluster.kubectl('off-direct', ['run', 'debugged', `--image=${image}`, onFirstNode, '--command', '--', 'sleep', '3600']);
	await cluster.kubectl('off-direct', ['wait', '--for=condition=Ready', 'pod/debugged', '--timeout=60s']);
	const debug = ['debug', 'debugged', `--image=${image}`, '--attach', '--record', file];
	const {stdout, stderr, status} = await cluster.spoke('off-direct', [...debug, '--', 'sh', '-c', 'sleep 2; echo recorded']);
	t.is(status, 0, stderr);
	t.is(stdout, 'recorded\n');
	const again = await cluster.spoke('off-direct', [...debug, '--', 'true']);
	t.is(again.status, 125);
	t.regex(again.stderr, /exists already .*\[ERR_LOCAL_FILE\]/);
	const added = await cluster.kubectl('off-direct', ['get', 'pod', 'debugged', '-o', 'jsonpath={.spec.ephemeralContainers[*].name}']);
	const said = await assertDetectsChange(t, file, async () => cluster.spoke('off-direct', ['verify', file]));
	t.true(said.includes(`target: pod demo/debugged, container ${added.stdout.trim()}, node `), `${added.stdout}: ${said}`);
	t.regex(said, /path: you -verified-> apiserver -direct,unverified-> kubelet [^]*the container closed its output/);
});
