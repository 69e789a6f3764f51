/** `spoke logs`: kubectl's bytes without -f, and no line lost or repeated with it. */
import {setTimeout as sleep} from 'node:timers/promises';
import process from 'node:process';
import test from 'ava';
import {startTcpCutter} from '../support/tcp-cutter.ts';
import {killAgents, killTunnelServer, removeAgents, restartApiserver, restoreAgents, restoreTunnelServer} from './lab/faults.ts';
import {apply} from './lab/kubectl.ts';
import {apiserverOf, useCluster} from './support/cluster.ts';
import {follow, judge, linesPod} from './support/written-lines.ts';
import {until} from '../support/until.ts';

const direct = 'off-direct';
/** `LOGS_MINUTES=10` is the whole run of 20 resets; CI has less time. */
const minutes = Number(process.env['LOGS_MINUTES'] ?? 0.5);
const resets = Math.max(5, Math.round(minutes * 2));

const cluster = await useCluster({postures: ['off-direct', 'off-grpc', 'restarted'], nodes: ['n2']});

async function fresh(name: string, args: readonly string[], more: object = {}): Promise<void> {
	await cluster.kubectl(direct, ['delete', 'pod', name, '--ignore-not-found', '--force', '--grace-period=0']);
	await apply(cluster.kubeconfig(direct), [linesPod(name, args, {more})]);
	await until(async () => (await cluster.kubectl(direct, ['logs', name, '--tail=1'])).stdout !== '');
}

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
	test(`\`${line}\` prints the same bytes as kubectl`, async t => {
		const [theirs, ours] = await Promise.all([cluster.kubectl(direct, line.split(' ')), cluster.spoke(direct, line.split(' '))]);
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
	test(`\`${line}\` fails as in kubectl, with status ${status} and one line`, async t => {
		const [theirs, ours] = await Promise.all([cluster.kubectl(direct, line.split(' ')), cluster.spoke(direct, line.split(' '))]);
		t.not(theirs.status, 0);
		t.is(ours.status, status);
		t.regex(ours.stderr, says);
		t.is(ours.stderr.trim().split('\n').length, 1, ours.stderr);
	});
}

test('logs exits 141 immediately when its reader closes the pipe', async t => {
	const child = cluster.startSpoke(direct, ['logs', '-f', 'writer']);
	child.stdout.once('data', () => child.stdout.destroy());
	const began = Date.now();
	const status = await new Promise(resolve => {
		child.once('exit', resolve);
	});
	t.is(status, 141);
	// Three seconds, threefold.
	t.true(Date.now() - began < 9000);
});

test(`no line is lost or repeated over ${resets} connection resets`, async t => {
	t.timeout(minutes * 60_000 + 120_000);
	await fresh('logs-cut', ['-rate=200', '-burst=8']);
	const server = await apiserverOf(cluster, direct);
	const cutter = await startTcpCutter(server);
	const running = follow(cluster, direct, ['logs-cut', '--server', `https://${cutter.address}`]);
	const control = follow(cluster, direct, ['logs-cut', '--resume=false', '--server', `https://${cutter.address}`]);
	await until(() => running.stdout() !== '' && control.stdout() !== '', running.stderr);
	for (let index = 0; index < resets; index++) {
		await sleep((minutes * 60_000) / resets);
		cutter.reset();
		const before = running.stdout().length;
		// 2.5 seconds, threefold.
		await until(() => running.stdout().length > before, running.stderr, 7500);
	}

	await sleep(1500);
	await running.stop();
	const found = judge(running.stdout());
	t.deepEqual(found.wrong, []);
	t.is(found.first, 1);
	t.true(found.lines > minutes * 60 * 150, `${found.lines}`);
	t.is([...running.stderr().matchAll(/resumed at the last line, no gap/g)].length, resets, running.stderr());
	// The control is disconnected once and loses the rest.
	t.is(await control.ended, 13);
	t.true(judge(control.stdout()).last < found.last - 1000);
	await cutter.stop();
});

test('a network blackout is reported within 30 s, and no line is lost', async t => {
	t.timeout(180_000);
	const cutter = await startTcpCutter(await apiserverOf(cluster, direct));
	const began = await numberNow('logs-cut');
	const running = follow(cluster, direct, ['logs-cut', '--tail=1', '--server', `https://${cutter.address}`]);
	await until(() => running.stdout() !== '', running.stderr);
	cutter.swallow(true);
	// 30 s, threefold.
	await until(() => running.stderr().includes('stalled'), running.stderr, 90_000);
	await sleep(5000);
	cutter.swallow(false);
	await until(() => running.stderr().includes('reconnected after'), running.stderr, 20_000);
	await sleep(1000);
	await running.stop();
	const found = judge(running.stdout());
	t.deepEqual(found.wrong, []);
	t.true(found.first >= began);
	await cutter.stop();
});

test('after each restart, the first line of the new instance follows the last of the old', async t => {
	t.timeout(180_000);
	await fresh('logs-restarts', ['-rate=100', '-burst=2', '-exit-after=150', '-state=/data/number']);
	const running = follow(cluster, direct, ['logs-restarts']);
	await until(() => [...running.stderr().matchAll(/and (?:was )?restarted/g)].length >= 2, running.stderr, 120_000);
	await until(() => judge(running.stdout()).lines >= 400, running.stderr);
	await running.stop();
	t.deepEqual(judge(running.stdout()).wrong, []);
	t.notRegex(running.stderr(), /may be missing/);
});

test('logs exits 0 when the pod terminates, and reports that with -v', async t => {
	await fresh('logs-done', ['-rate=100', '-count=300'], {restartPolicy: 'Never'});
	const running = follow(cluster, direct, ['logs-done', '-v=1']);
	t.is(await running.ended, 0);
	t.deepEqual(judge(running.stdout()), {lines: 300, wrong: [], first: 1, last: 300});
	t.regex(running.stderr(), /logs-done\/lines: terminated at [\d:]{8} with exit code 0/);
});

test('rotation with disconnects skips no available line and reports possible gaps', async t => {
	t.timeout(120_000);
	const cutter = await startTcpCutter(await apiserverOf(cluster, direct));
	const running = follow(cluster, direct, ['rotating', '--tail=1', '--server', `https://${cutter.address}`]);
	const undisturbed = follow(cluster, direct, ['rotating', '--tail=1']);
	await until(() => running.stdout() !== '', running.stderr);
	for (let index = 0; index < 10; index++) {
		await sleep(2500);
		cutter.reset();
	}

	await sleep(2000);
	await Promise.all([running.stop(), undisturbed.stop()]);
	const [found, beside] = [judge(running.stdout()), judge(undisturbed.stdout())];
	const gaps = [...running.stderr().matchAll(/may be missing/g)].length;
	// If the kubelet skips lines at a rotation, the uninterrupted follow misses them, too.
	t.true(found.wrong.length <= gaps + beside.wrong.length, JSON.stringify({found, beside, said: running.stderr()}));
	t.false(
		found.wrong.some(
			text =>
				text.startsWith('changed') ||
				(/^(\d+) is followed by (\d+)$/
					.exec(text)
					?.slice(1)
					.map(Number)
					.reduce((a, b) => a - b) ?? -1) >= 0,
		),
		'nothing is repeated or changed',
	);
	await cutter.stop();
});

test('an apiserver restart loses no line', async t => {
	t.timeout(180_000);
	const running = follow(cluster, 'restarted', ['logs-cut', '--tail=1']);
	await until(() => running.stdout() !== '', running.stderr);
	await restartApiserver(cluster.lab, 'restarted');
	await until(() => running.stderr().includes('resumed at the last line, no gap'), running.stderr, 60_000);
	await sleep(1000);
	await running.stop();
	t.deepEqual(judge(running.stdout()).wrong, []);
});

test('an agent that dies ends the response cleanly, and the follow continues', async t => {
	t.timeout(180_000);
	const running = follow(cluster, 'off-grpc', ['logs-cut', '--tail=1']);
	await until(() => running.stdout() !== '', running.stderr);
	await killAgents(cluster.lab, 'grpc');
	const before = running.stdout().length;
	await until(() => running.stdout().length > before + 10_000, running.stderr, 60_000);
	await running.stop();
	t.deepEqual(judge(running.stdout()).wrong, []);
	t.notRegex(running.stderr(), /ended with/);
});

test('a follow without agents names the tunnel, and resumes when they return', async t => {
	t.timeout(180_000);
	const running = follow(cluster, 'off-grpc', ['logs-cut', '--tail=1']);
	await until(() => running.stdout() !== '', running.stderr);
	await removeAgents(cluster.lab, 'grpc');
	await until(() => running.stderr().includes('No agent available'), running.stderr, 35_000);
	await restoreAgents(cluster.lab, 'grpc');
	await until(() => running.stderr().includes('resumed at the last line, no gap'), running.stderr, 60_000);
	await running.stop();
	t.deepEqual(judge(running.stdout()).wrong, []);
});

test('a follow resumes without a gap after an outage of the Konnectivity server', async t => {
	t.timeout(240_000);
	await fresh('logs-tunnel', ['-rate=200']);
	const running = follow(cluster, 'off-grpc', ['logs-tunnel', '--tail=1']);
	await until(() => running.stdout() !== '', running.stderr);
	await killTunnelServer(cluster.lab, 'grpc');
	// The apiserver dials for 30 s before it reports why.
	await until(() => running.stderr().includes('Konnectivity server'), running.stderr, 90_000);
	await sleep(8000);
	const whileDown = running.stderr();
	await restoreTunnelServer(cluster.lab, 'grpc');
	await until(() => running.stderr().includes('resumed at the last line, no gap'), running.stderr, 90_000);
	await running.stop();
	t.notRegex(whileDown, /reconnected after|may be missing/);
	t.notRegex(running.stderr(), /may be missing/);
	t.deepEqual(judge(running.stdout()).wrong, []);
});

test('a new pod of a workload is followed within 2 s of Running, and the old log is complete', async t => {
	t.timeout(120_000);
	await cluster.kubectl(direct, ['delete', 'deployment', 'logs-deploy', '--ignore-not-found', '--wait']);
	const {spec} = linesPod('x', ['-rate=50']);
	await apply(cluster.kubeconfig(direct), [
		{
			apiVersion: 'apps/v1',
			kind: 'Deployment',
			metadata: {name: 'logs-deploy', namespace: 'demo'},
			spec: {
				replicas: 1,
				selector: {matchLabels: {app: 'logs-deploy'}},
				template: {metadata: {labels: {app: 'logs-deploy'}}, spec},
			},
		},
	]);
	const running = follow(cluster, direct, ['deploy/logs-deploy', '--prefix']);
	const pods = () => [...new Set([...running.stdout().matchAll(/^\[pod\/([^/]+)\/lines\] /gm)].map(match => match[1]!))];
	await until(() => pods().length === 1, running.stderr);
	await cluster.kubectl(direct, ['delete', 'pod', pods()[0]!, '--wait=false']);
	let runningAt = 0;
	await until(
		async () => {
			const {stdout} = await cluster.kubectl(direct, [
				'get',
				'pods',
				'-l',
				'app=logs-deploy',
				'-o',
				'jsonpath={range .items[*]}{.metadata.name} {.status.containerStatuses[0].state.running.startedAt}{"\\n"}{end}',
			]);
			runningAt ||= stdout.split('\n').some(row => !row.startsWith(pods()[0]!) && row.includes('T')) ? Date.now() : 0;
			return pods().length === 2;
		},
		running.stderr,
		60_000,
	);
	// Two seconds, threefold.
	t.true(Date.now() - runningAt < 6000 || runningAt === 0, `${Date.now() - runningAt} ms`);
	await sleep(1000);
	await running.stop();
	for (const name of pods()) {
		const own = running
			.stdout()
			.split('\n')
			.filter(row => row.startsWith(`[pod/${name}/`))
			.map(row => `${row.slice(row.indexOf('] ') + 2)}\n`)
			.join('');
		const found = judge(own);
		t.deepEqual(found.wrong, []);
		t.is(found.first, 1);
	}

	await cluster.kubectl(direct, ['delete', 'deployment', 'logs-deploy', '--wait=false']);
});

test('a follow by selector prints every line of a job with several pods, and ends with the job', async t => {
	t.timeout(120_000);
	await cluster.kubectl(direct, ['delete', 'job', 'logs-late', '--ignore-not-found', '--wait']);
	const {spec} = linesPod('x', ['-rate=4', '-count=4']);
	await apply(cluster.kubeconfig(direct), [
		{
			apiVersion: 'batch/v1',
			kind: 'Job',
			metadata: {name: 'logs-late', namespace: 'demo'},
			spec: {completions: 3, parallelism: 1, template: {metadata: {labels: {app: 'logs-late'}}, spec: {...spec, restartPolicy: 'Never'}}},
		},
	]);
	const running = follow(cluster, direct, ['-l', 'app=logs-late']);
	t.is(await running.ended, 0, running.stderr());
	t.is(running.stdout().trim().split('\n').length, 12, running.stdout());
	t.regex(running.stderr(), /stopped following/);
	await cluster.kubectl(direct, ['delete', 'job', 'logs-late', '--wait=false']);
});

test('a refused leg 2 prints the apiserver’s message and exits 11', async t => {
	const cut = await useCluster({postures: ['bad-direct']});
	const {status, stderr} = await cut.spoke('bad-direct', ['logs', 'writer', '--tail=1']);
	t.is(status, 11);
	t.regex(stderr, /x509: certificate signed by unknown authority/);
	t.is((await cut.spoke('bad-direct', ['logs', 'writer', '--tail=1', '--insecure-skip-tls-verify-backend'])).status, 0);
});

async function numberNow(name: string): Promise<number> {
	return Number((await cluster.kubectl(direct, ['logs', name, '--tail=1'])).stdout.slice(0, 10));
}

test.after.always('the pods of this file are taken away', async () => {
	await cluster.kubectl(direct, ['delete', 'pod', '-l', 'app=logs-test', '--wait=false']);
});
