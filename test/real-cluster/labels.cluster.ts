/** Labels of the built program's streams. */
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import test from 'ava';
import type {Path} from '../../source/evidence/evidence.ts';
import {removeAgents, restartApiserver, restoreAgents} from './lab/faults.ts';
import {image} from './lab/image.ts';
import {apply} from './lab/kubectl.ts';
import {servesFlagz} from './lab/postures.ts';
import {hasKonnectivity} from './lab/programs.ts';
import {openTerminal} from '../support/terminal.ts';
import {useCluster} from './support/cluster.ts';
import {pathsIn} from './support/stream-cells.ts';
import {until} from '../support/until.ts';

const tunnelTest = hasKonnectivity ? test : test.skip;

test('a forward drops its old label after an apiserver restart, and settles within 10 s', async t => {
	if (!servesFlagz('restarted')) {
		t.pass('no label changes where no flag can be read');
		return;
	}

	const cluster = await useCluster({postures: ['restarted']});
	await restartApiserver(cluster.lab, 'restarted', {kubeletCa: 'off'});
	const child = cluster.startSpoke('restarted', ['port-forward', 'pod/shell', ':8080', '-o', 'json']);
	const told: Array<{at: number; path: Path}> = [];
	createInterface({input: child.stdout}).on('line', line => {
		told.push(...pathsIn(line).map(path => ({at: Date.now(), path})));
	});
	const settledAfter = (at: number, isWanted: (path: Path) => boolean) =>
		told.find(one => one.at >= at - 5000 && one.path.phase === 'settled' && one.path.about === 'open-connection' && isWanted(one.path));
	try {
		// A connection that was opened before its flags could be read stays unknown, and says so; then the next restart decides.
		for (let attempt = 1, isDecided = false; !isDecided; attempt++) {
			await until(() => settledAfter(0, isUnverified) !== undefined, told, 15_000);
			await restartApiserver(cluster.lab, 'restarted', {kubeletCa: 'good'});
			const ready = Date.now();
			await until(() => settledAfter(ready, path => !isUnverified(path)) !== undefined, told);
			const first = settledAfter(ready, path => !isUnverified(path))!;
			t.true(first.at - ready < 10_000, `${first.at - ready} ms after the apiserver was ready`);
			const after = told.slice(told.indexOf(first)).map(({path}) => path);
			t.deepEqual(
				after.filter(path => path.about === 'open-connection' && isUnverified(path)).map(({line}) => line),
				[],
			);
			isDecided = after.some(path => path.legs[1]?.tls.state === 'verified');
			if (!isDecided) {
				t.is(first.path.process.id, null, first.path.line);
				t.true(attempt < 3, 'the flags of three connections in turn could not be read in time');
				told.length = 0;
				await restartApiserver(cluster.lab, 'restarted', {kubeletCa: 'off'});
			}
		}
	} finally {
		child.kill('SIGINT');
		await once(child, 'close');
		await restartApiserver(cluster.lab, 'restarted');
	}
});

tunnelTest('without agents, doctor stops at leg 2 and identifies the tunnel by its message', async t => {
	const cluster = await useCluster({postures: ['off-grpc']});
	await removeAgents(cluster.lab, 'grpc');
	try {
		for (const user of ['admin', 'plain'] as const) {
			const {stdout, status} = await cluster.spoke('off-grpc', ['doctor', 'pod/shell', '-o', 'json'], {user});
			const doctor = JSON.parse(stdout) as {
				stoppedAt: string;
				steps: Array<{name: string; text: string; speaker: string; fits: string[]}>;
				path: Path;
				error: {code: string};
			};
			const step = doctor.steps.find(({name}) => name === 'leg-2')!;
			t.is(status, 11);
			t.is(doctor.stoppedAt, 'leg-2');
			t.is(step.speaker, 'tunnel');
			t.regex(step.text, /No agent available/);
			t.is(doctor.path.legs[1]?.route.state, 'konnectivity');
		}

		const {stdout} = await cluster.spoke('off-grpc', ['audit', '-o', 'json', '--probe', 'active']);
		const audit = JSON.parse(stdout) as {rows: Array<{id: string; verdict: string; message: string}>};
		t.is(audit.rows.find(({id}) => id === 'C10')?.verdict, 'fail');
	} finally {
		await restoreAgents(cluster.lab, 'grpc');
	}
});

test('an exec label is never verified and proven before the kubelet is dialed and refused', async t => {
	const cluster = await useCluster({postures: ['off-direct', 'good-direct', 'bad-direct'], nodes: ['n4']});
	await apply(cluster.kubeconfig('off-direct'), [
		{
			apiVersion: 'v1',
			kind: 'Pod',
			metadata: {name: 'translated', namespace: 'demo'},
			spec: {
				nodeName: 'n4',
				automountServiceAccountToken: false,
				terminationGracePeriodSeconds: 1,
				containers: [
					{name: 'sh', image, imagePullPolicy: 'Never', command: ['/bin/sh', '-c', 'trap exit TERM; while :; do sleep 1; done']},
				],
			},
		},
	]);
	t.is((await cluster.kubectl('off-direct', ['wait', '--for=condition=Ready', 'pod/translated', '--timeout=60s'])).status, 0);
	for (const posture of ['off-direct', 'good-direct', 'bad-direct'] as const) {
		const {stderr} = await cluster.spoke(posture, ['exec', 'translated', '--path=json', '--', 'true']);
		const labels = pathsIn(stderr);
		const truth = cluster.truth(posture, {feature: 'exec', serving: 'signed'});
		t.true(
			labels.at(-1)?.legs[1]?.tls.state === truth.tls || (!servesFlagz(posture) && labels.at(-1)?.legs[1]?.tls.state === 'unknown'),
			stderr,
		);
		t.deepEqual(
			labels.filter(({legs}) => legs[1]?.tls.basis === 'proven' && legs[1].tls.state !== truth.tls).map(({line}) => line),
			[],
		);
	}
});

for (const posture of ['off-direct', 'good-direct', 'bad-direct'] as const) {
	test(`${posture}: every path line of a stream matches the flags of leg 2`, async t => {
		const cluster = await useCluster({postures: [posture]});
		const truth = cluster.truth(posture, {feature: 'logs', serving: 'signed'});
		for (const args of [
			['logs', 'tcp-0', '--tail=1'],
			['exec', 'shell', '--', 'true'],
			['exec', 'shell', '--', 'sleep', '3'],
		]) {
			const terminal = await openTerminal(t, args, {
				home: cluster.lab.folder,
				columns: 160,
				env: {KUBECONFIG: cluster.kubeconfig(posture)},
			});
			await terminal.ended();
			const words = [...terminal.raw().matchAll(/apiserver -(?:.*,)?([\w ]+)-[>x]/g)].map(([, word]) => word!);
			t.is(words[0], 'checking', terminal.raw());
			t.deepEqual(
				words.filter(word => !['checking', 'unknown', 'TLS unknown', truth.tls].includes(word)),
				[],
				terminal.raw(),
			);
			t.is(words.at(-1), servesFlagz(posture) || truth.tls === 'refused' ? truth.tls : words.at(-1), terminal.raw());
		}
	});
}

function isUnverified({legs}: Path): boolean {
	return legs[1]?.tls.state === 'unverified';
}
