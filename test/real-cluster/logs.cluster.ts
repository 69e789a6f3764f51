/** `spoke logs` of containers: kubectl's bytes without -f, selection and export, and whole logs of what comes and goes. */
import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {temporaryDirectory} from '../support/temporary-directory.ts';
import {until} from '../support/until.ts';
import {apply} from './lab/kubectl.ts';
import {linesPod} from './lab/workloads.ts';
import {objectsIn, slack, useCluster} from './support/cluster.ts';
import {follow, judge} from './support/written-lines.ts';

const direct = 'off-direct';
const cluster = await useCluster({postures: [direct]});

const finished = 'finished-writer';
const invocations = [
	`logs ${finished}`,
	`logs pod/${finished}`,
	`logs ${finished} lines`,
	`logs ${finished} -c lines`,
	`logs ${finished} --tail=3`,
	`logs ${finished} --tail=0`,
	`logs ${finished} --tail=-1`,
	`logs ${finished} --timestamps --tail=20`,
	`logs ${finished} --prefix --tail=4`,
	`logs ${finished} --prefix --timestamps`,
	`logs ${finished} --limit-bytes=777`,
	`logs ${finished} --limit-bytes=10 --prefix`,
	`logs ${finished} --since=1s`,
	`logs ${finished} --since-time=2020-01-01T00:00:00Z --tail=7`,
	`logs ${finished} --since-time=2099-01-01T00:00:00Z`,
	`logs ${finished} --all-containers`,
	`logs -l app=${finished}`,
	`logs -l app=${finished} --tail=-1`,
	'logs -l app=nothing-has-this',
	`logs ${finished} -f --tail=5 --limit-bytes=300`,
	`logs ${finished} --insecure-skip-tls-verify-backend --tail=2`,
	'logs job/once',
	'logs -f job/once',
	'logs two -c prepare',
	'logs two prepare --prefix',
	'logs -l job-name=once --all-containers --prefix --timestamps',
	'logs deploy/web',
	'logs svc/tcp',
	'logs sts/tcp --all-pods',
] as const;

for (const line of invocations) {
	test.serial(`\`${line}\` prints the same bytes as kubectl`, async t => {
		const [theirs, ours] = await Promise.all([cluster.kubectl(direct, line), cluster.spoke(direct, line)]);
		t.is(ours.stdout, theirs.stdout);
		t.is(ours.status, theirs.status, ours.stderr);
	});
}

for (const [line, status, says] of [
	['logs no-such-pod', 8, /pods "no-such-pod" not found/],
	[`logs ${finished} -c nope`, 8, /container nope is not valid for pod finished-writer out of: lines/],
	[`logs -p ${finished}`, 8, /previous terminated container "lines" in pod "finished-writer" not found/],
	[`logs ${finished} --tail=-2`, 2, /--tail must be greater than or equal to -1/],
	[`logs ${finished} --since=1s --since-time=2020-01-01T00:00:00Z`, 2, /at most one of/],
	[`logs ${finished} --limit-bytes=-1`, 2, /--limit-bytes must be greater than 0/],
	['logs two left --all-containers', 2, /should not be specified with container name left/],
	['logs pod/../x', 2, /more than one slash/],
	['logs configmap/x', 2, /"configmap" is not a kind with pods/],
	['logs deploy/nope', 8, /deployments.apps "nope" not found/],
] as const) {
	test.serial(`\`${line}\` fails as in kubectl, with status ${status} and one line`, async t => {
		const [theirs, ours] = await Promise.all([cluster.kubectl(direct, line), cluster.spoke(direct, line)]);
		t.not(theirs.status, 0);
		t.is(ours.status, status);
		t.regex(ours.stderr, says);
		t.is(ours.stderr.trim().split('\n').length, 1, ours.stderr);
	});
}

test.serial('--export writes the bytes of kubectl to a file per container', async t => {
	const out = join(await temporaryDirectory(t), 'out');
	const {status, stderr} = await cluster.spoke(direct, ['logs', 'job/once', `pod/${finished}`, '--export', out]);
	t.is(status, 0, stderr);
	const logs = objectsIn<{file: string; pod: string; container: string}>(await readFile(join(out, 'index.jsonl'), 'utf8'));
	t.deepEqual((await readdir(out)).toSorted(), [...logs.map(({file}) => file), 'index.jsonl'].toSorted());
	for (const {file, pod, container} of logs) {
		const theirs = await cluster.kubectl(direct, `logs ${pod} -c ${container}`);
		t.is(await readFile(join(out, file), 'utf8'), theirs.stdout, file);
	}

	t.true(logs.some(({pod}) => pod === finished));
});

test('logs exits 0 when the pod terminates, and reports that with -v', async t => {
	t.teardown(async () => cluster.kubectl(direct, 'delete pod logs-done --wait=false'));
	// It is Ready for three seconds only.
	await apply(cluster.kubeconfig(direct), [linesPod('logs-done', '-rate=100 -count=300', {restartPolicy: 'Never'})]);
	await until(async () => (await cluster.kubectl(direct, 'logs logs-done --tail=1')).stdout);
	const running = cluster.startSpoke(direct, 'logs -f logs-done -v=1');
	t.is(await running.ended, 0);
	t.deepEqual(judge(running.stdout()), {lines: 300, wrong: [], first: 1, last: 300});
	t.regex(running.stderr(), /logs-done\/lines: terminated at [\d:]{8} with exit code 0/);
});

test('a new pod of a workload is followed within 2 s of Running, and the old log is complete', async t => {
	const app = 'logs-deploy';
	t.teardown(async () => cluster.kubectl(direct, `delete deployment ${app} --wait=false`));
	const {spec} = linesPod(app, '-rate=50');
	await cluster.apply({
		apiVersion: 'apps/v1',
		kind: 'Deployment',
		metadata: {name: app, namespace: 'demo'},
		spec: {replicas: 1, selector: {matchLabels: {app}}, template: {metadata: {labels: {app}}, spec}},
	});
	await cluster.kubectl(direct, `rollout status deployment/${app} --timeout=60s`);
	const running = await follow(cluster, direct, `deploy/${app} --prefix`);
	const pods = () => [...new Set([...running.stdout().matchAll(/^\[pod\/([^/]+)\/lines\] /gm)].map(match => match[1]!))];
	await until(() => pods().length === 1, running.stderr);
	const old = pods()[0]!;
	await cluster.kubectl(direct, `delete pod ${old} --wait=false`);
	const path = '{range .items[*]}{.metadata.name} {.status.containerStatuses[0].state.running.startedAt}{"\\n"}{end}';
	await until(
		async () => {
			const {stdout} = await cluster.kubectl(direct, ['get', 'pods', '-l', `app=${app}`, '-o', `jsonpath=${path}`]);
			return stdout.split('\n').some(row => !row.startsWith(old) && row.includes('T'));
		},
		running.stderr,
		60_000,
	);
	const runningAt = Date.now();
	await until(() => pods().length === 2, running.stderr);
	t.true(Date.now() - runningAt < slack(2000), `${Date.now() - runningAt} ms`);
	await running.stop();
	for (const name of pods()) {
		const own = [...running.stdout().matchAll(/^\[pod\/([^/]+)\/lines\] (.*\n)/gm)]
			.filter(([, of]) => of === name)
			.map(([, , line]) => line);
		const found = judge(own.join(''));
		t.deepEqual(found.wrong, []);
		t.is(found.first, 1);
	}
});

test('a follow by selector prints every line of a job with several pods, and ends with the job', async t => {
	const app = 'logs-late';
	t.teardown(async () => cluster.kubectl(direct, `delete job ${app} --wait=false`));
	const {spec} = linesPod(app, '-rate=4 -count=4');
	await cluster.apply({
		apiVersion: 'batch/v1',
		kind: 'Job',
		metadata: {name: app, namespace: 'demo'},
		spec: {completions: 3, parallelism: 1, template: {metadata: {labels: {app}}, spec: {...spec, restartPolicy: 'Never'}}},
	});
	const running = cluster.startSpoke(direct, `logs -f -l app=${app}`);
	t.is(await running.ended, 0, running.stderr());
	t.is(running.stdout().trim().split('\n').length, 12, running.stdout());
	t.regex(running.stderr(), /stopped following/);
});
