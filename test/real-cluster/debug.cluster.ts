/** `spoke debug` on a real node and a real copy. */
import test from 'ava';
import {image} from './lab/image.ts';
import {waitingPod} from './lab/workloads.ts';
import {objectsIn, useCluster} from './support/cluster.ts';

const cluster = await useCluster();

test('a node debug pod sees the files of its host, and its path is printed', async t => {
	const {stdout, stderr, status} = await cluster.spoke('off-direct', [
		...`debug node/n1 --image=${image} --attach --path=json -- sh -c`.split(' '),
		'sleep 2; test -d /host/proc && echo host',
	]);
	const pod = /^created pod (\S+) /m.exec(stderr)?.[1] ?? '';
	t.teardown(async () => cluster.kubectl('off-direct', `delete pod ${pod} --now --wait=false`));
	t.is(status, 0, stderr);
	t.is(stdout, 'host\n');
	t.like(objectsIn(stderr).at(-1), {kind: 'Path', feature: 'attach', phase: 'settled', target: {name: pod, node: 'n1'}});
	const created = JSON.parse((await cluster.kubectl('off-direct', `get pod ${pod} -o json`)).stdout) as {spec: object};
	t.like(created.spec, {nodeName: 'n1', hostNetwork: true, hostPID: true, hostIPC: true, restartPolicy: 'Never'});
});

test('a copy of a pod runs a changed command, and --replace deletes the original', async t => {
	t.teardown(async () => cluster.kubectl('off-direct', 'delete pod original copied --now --wait=false --ignore-not-found'));
	await cluster.apply(waitingPod('original', 'n1'));
	const {stdout, stderr, status} = await cluster.spoke('off-direct', [
		...'debug original --copy-to=copied -c sh --same-node --replace --attach -- sh -c'.split(' '),
		'sleep 2; echo changed',
	]);
	t.is(stdout, 'changed\n', `${status}: ${stderr}`);
	t.regex(stderr, /^created pod copied, a copy of pod original; it remains until you delete it\ndeleted pod original\n/);
	const left = await cluster.kubectl('off-direct', 'get pods original copied --ignore-not-found -o name');
	t.is(left.stdout, 'pod/copied\n');
});
