/** Labels of the built program's streams, and paths that are broken. */
import process from 'node:process';
import test from 'ava';
import type {Path} from '../../source/evidence/evidence.ts';
import {runPortForward} from '../support/port-forward-run.ts';
import {openTerminal} from '../support/terminal.ts';
import {until} from '../support/until.ts';
import {restartApiserver} from './lab/faults.ts';
import {servesFlagz} from './lab/postures.ts';
import {waitingPod} from './lab/workloads.ts';
import {slack, useCluster} from './support/cluster.ts';
import {checkNodes} from './support/node-checks.ts';
import {labelledStderr, pathsIn} from './support/stream-cells.ts';

const postures = ['off-direct', 'good-direct', 'bad-direct'] as const;
const cluster = await useCluster({postures, nodes: ['n4']});

// No label changes where no flag can be read.
if (servesFlagz('restarted')) {
	test.serial('a forward drops its label after an apiserver restart; a later one is verified within 10 s', async t => {
		const {lab} = await useCluster({postures: ['restarted']});
		const run = await runPortForward(['pod/shell', ':8080'], {
			env: {PATH: process.env['PATH'], KUBECONFIG: cluster.kubeconfig('restarted')},
		});
		const told = (since: number) =>
			run.events
				.slice(since)
				.filter(({event}) => event === 'path')
				.map(({path}) => path as unknown as Path);
		const settled = (since: number, isWanted: (path: Path) => boolean) =>
			told(since).find(path => path.phase === 'settled' && path.about === 'open-connection' && isWanted(path));
		try {
			await until(() => settled(0, isUnverified), run.events, slack(5000));
			const before = run.events.length;
			await restartApiserver(lab, 'restarted', {kubeletCa: 'good'});
			const ready = Date.now();
			const path = await until(() => settled(before, one => !isUnverified(one)), run.events);
			t.true(Date.now() - ready < slack(10_000), `${Date.now() - ready} ms after the apiserver was ready`);
			const first = run.events.length;
			// A connection that was opened before its flags could be read stays unknown, and says so; a later one is not.
			t.true(path.legs[1]?.tls.state === 'verified' || path.process.id === null, path.line);
			const later = pathsIn(await labelledStderr(cluster, 'restarted', 'port-forward pod/shell :8080 --path=json', {user: 'admin'}));
			t.is(later.at(-1)?.legs[1]?.tls.state, 'verified');
			t.deepEqual(
				told(first)
					.filter(one => one.about === 'open-connection' && isUnverified(one))
					.map(({line}) => line),
				[],
			);
		} finally {
			run.child.kill('SIGINT');
			await run.ended;
			await restartApiserver(lab, 'restarted');
		}
	});
}

test.serial('an exec label is never verified and proven before the kubelet is dialed and refused', async t => {
	await cluster.apply(waitingPod('translated', 'n4'));
	for (const posture of postures) {
		const {stderr} = await cluster.spoke(posture, 'exec translated --path=json -- true');
		const labels = pathsIn(stderr);
		const truth = cluster.truth(posture, {feature: 'exec', serving: 'signed'});
		t.is(labels.at(-1)?.legs[1]?.tls.state, servesFlagz(posture) || truth.tls === 'refused' ? truth.tls : 'unknown', stderr);
		t.deepEqual(
			labels.filter(({legs}) => legs[1]?.tls.basis === 'proven' && legs[1].tls.state !== truth.tls).map(({line}) => line),
			[],
		);
	}
});

for (const posture of postures) {
	test(`${posture}: every path line of a stream matches the flags of leg 2`, async t => {
		const truth = cluster.truth(posture, {feature: 'logs', serving: 'signed'});
		for (const args of ['logs tcp-0 --tail=1', 'exec shell -- true', 'exec shell -- sleep 3']) {
			const terminal = await openTerminal(t, args.split(' '), {
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
			const isReadable = servesFlagz(posture) || truth.tls === 'refused';
			t.regex(words.at(-1)!, isReadable ? new RegExp(`^${truth.tls}$`) : /unknown$/, terminal.raw());
		}
	});
}

test('a refused leg 2 prints the apiserver’s message and exits 11, for one log and for several', async t => {
	for (const args of ['logs writer --tail=1', 'logs -f -l app=writer --tail=1']) {
		const {status, stdout, stderr} = await cluster.spoke('bad-direct', args);
		t.deepEqual([status, stdout], [11, ''], stderr);
		t.regex(stderr, /x509: certificate signed by unknown authority/);
	}

	t.is((await cluster.spoke('bad-direct', 'logs writer --tail=1 --insecure-skip-tls-verify-backend')).status, 0);
});

test('an active probe whose kubelet certificate is refused breaks its path', async t => {
	const {stdout} = await cluster.spoke('bad-direct', 'path tcp-0 --feature logs --probe active -o json');
	const path = JSON.parse(stdout) as {line: string; broken: {reason: string; error: {code: string}}};
	t.regex(path.line, /-direct,refused-x kubelet n1$/);
	t.like(path.broken, {reason: 'last-attempt-failed', error: {code: 'ERR_SECOND_LEG'}});
});

test('a node that responds is unverified or verified, proven by the flags of its apiserver', async t => {
	for (const [posture, state] of [
		['off-direct', 'unverified'],
		['good-direct', 'verified'],
	] as const) {
		const n1 = (await checkNodes(cluster, posture)).checks.get('n1');
		const {state: shown, basis} = n1!.path.legs[1]!.tls;
		t.is(n1?.result, 'responded');
		if (servesFlagz(posture)) {
			t.deepEqual([shown, basis], [state, 'proven']);
		} else {
			t.not(basis, 'proven');
		}
	}
});

function isUnverified({legs}: Path): boolean {
	return legs[1]?.tls.state === 'unverified';
}
