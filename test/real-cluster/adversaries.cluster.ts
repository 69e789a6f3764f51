/**
One adversary of docs/threat-model.md per test: what it can put in place of an honest server or object, and that no word of spoke becomes
better by it.
*/
import {readFile, writeFile} from 'node:fs/promises';
import {connect} from 'node:net';
import {join} from 'node:path';
import test from 'ava';
import {type Ended, runSpoke} from '../support/run-spoke.ts';
import {startFrontProxy, startSplitter} from './lab/fronts.ts';
import {startExtension, startImpostor} from './lab/impostors.ts';
import {lies} from './lab/lies.ts';
import {writeKubeconfig} from './lab/kubeconfig.ts';
import {kubectl, mustKubectl} from './lab/kubectl.ts';
import {controlPlaneAddress} from './lab/lab.ts';
import {kubeletAnswer, startOddNodes} from './lab/odd-nodes.ts';
import {serverUrl} from './lab/control-plane.ts';
import {startTwins} from './lab/twins.ts';
import {namespace} from './lab/users.ts';
import {waitFor} from './lab/wait.ts';
import {useCluster, type LabServer} from './support/cluster.ts';
import {assertUnraised, pathsWithin} from './support/raised-claims.ts';

const cluster = await useCluster({postures: ['off-direct', 'good-direct']});

for (const [lie, answer] of Object.entries(lies)) {
	test.serial(`a kubelet that nobody verified raises no label by ${lie}`, async t => {
		const nodes = await startOddNodes(cluster.lab, {liar: {kind: 'tls', by: 'gateway', answer}});
		try {
			for (const user of ['plain', 'monitor'] as const) {
				await assertUnraised(t, cluster, 'off-direct', user, 'liar');
			}
		} finally {
			await nodes.close();
		}
	});
}

test.serial('a worker raises no label by a mirror pod that looks like an apiserver that verifies', async t => {
	const nodes = await startOddNodes(cluster.lab, {liar: {kind: 'tls', by: 'gateway', answer: kubeletAnswer('200 OK', 'line\n')}});
	try {
		await makeUpApiserver('liar');
		for (const user of ['plain', 'monitor'] as const) {
			await assertUnraised(t, cluster, 'off-direct', user, 'liar');
			await assertUnraised(t, cluster, 'off-direct', user, 'shell');
		}
	} finally {
		await kubectl(cluster.kubeconfig('off-direct'), 'delete pod kube-apiserver-liar -n kube-system --force --grace-period=0');
		await nodes.close();
	}
});

for (const [front, start] of [
	['front-proxy', async () => startFrontProxy(cluster.lab, {identity: 'good-aggregating', streams: 'off-aggregating'})],
	['split-token-good-direct-off-direct', async () => startSplitter(cluster.lab, {identity: 'good-direct', streams: 'off-direct'})],
] as const) {
	test.serial(`${front}, which sends streams to another apiserver, raises no label`, async t => {
		await start();
		for (const user of ['admin', 'monitor'] as const) {
			await assertUnraised(t, cluster, front as LabServer, user, 'shell', 'off-direct');
		}
	});
}

test.serial('a twin apiserver that verifies nobody, behind the same address, raises no label', async t => {
	const host = await startTwins(cluster.lab);
	const kubeconfig = await tokenKubeconfig(`https://${host}`);
	for (let turn = 0; turn < 6; turn++) {
		const required = await runWith(kubeconfig, 'logs finished-writer --tail=1 --require verified --path=json');
		t.not(required.status, 0, required.stderr);
		const shown = await runWith(kubeconfig, 'exec shell --path=json -- true');
		t.deepEqual(
			pathsWithin(shown.stderr).filter(({legs}) => legs[1]?.tls.basis === 'proven'),
			[],
		);
	}
});

test.serial('an impostor of the apiserver with TLS 1.2 gets neither certificate nor token', async t => {
	const impostor = await startImpostor(t, cluster.lab);
	const own = await readFile(cluster.kubeconfig('off-direct'), 'utf8');
	const file = join(cluster.lab.folder, 'kubeconfigs/impostor.yaml');
	await writeFile(file, own.replace(/server: \S+/, `server: ${impostor.url}`), {mode: 0o600});
	for (const command of ['logs writer', 'path writer', 'audit', 'exec shell -- true']) {
		const {status, stderr} = await runWith(file, command);
		t.true(status === 10 || status === 125, `${command}: ${status} ${stderr}`);
	}

	t.true(impostor.connections() > 0);
	t.deepEqual(impostor.afterHello(), []);
});

test.serial('a proxy that requires verified legs sends nothing to an unverified aggregated API', async t => {
	await useCluster({postures: ['off-aggregating']});
	const extension = await startExtension(t, cluster.lab, cluster.kubeconfig('off-direct'));
	const server = 'off-aggregating';
	await waitFor('the aggregated API', async () => (await cluster.kubectl(server, ['get', '--raw', extension.path])).status === 0);
	extension.requests.length = 0;
	for (const [command, isOpen] of [
		['proxy --port 0', true],
		['proxy --port 0 --require verified', false],
	] as const) {
		const listener = cluster.startSpoke(server, command);
		const [, port] = await waitFor('the proxy', async () => /127\.0\.0\.1:(\d+)/.exec(listener.stdout() + listener.stderr()) ?? undefined);
		const base = `http://127.0.0.1:${port}${extension.path}`;
		for (const [what, status, ask] of [
			['a read', 200, async () => (await fetch(base)).status],
			['a body', 200, async () => (await fetch(`${base}/things`, {method: 'POST', body: '{}'})).status],
			['a console', 101, async () => upgradeStatus(Number(port), `${extension.path}/things/vm/console`)],
		] as const) {
			if (isOpen) {
				// Apiservers whose egress is broken call the API unavailable, in turn with the others.
				await waitFor(what, async () => (await ask()) === status);
			} else {
				t.is(await ask(), 403, what);
			}
		}

		await listener.stop();
		const received = extension.requests.splice(0).filter(({url}) => url !== extension.path || !isOpen);
		t.is(
			received.filter(({headers}) => headers['user-agent']?.startsWith('spoke') ?? false).length > 0,
			isOpen,
			JSON.stringify(received.map(({url}) => url)),
		);
	}
});

async function runWith(kubeconfig: string, args: string): Promise<Ended> {
	return runSpoke(args.split(' '), {env: {HOME: cluster.lab.folder, KUBECONFIG: kubeconfig}});
}

/** With the rights of the node alone: NodeRestriction allows a kubelet to create mirror pods of its own. */
async function makeUpApiserver(node: string): Promise<void> {
	const {lab} = cluster;
	const kubelet = await writeKubeconfig(lab, {
		name: `kubelet-${node}`,
		server: serverUrl(lab, 'off-direct'),
		subject: {commonName: `system:node:${node}`, groups: ['system:nodes']},
	});
	const {stdout: uid} = await cluster.kubectl('off-direct', ['get', 'node', node, '-o', 'jsonpath={.metadata.uid}']);
	const address = controlPlaneAddress(lab);
	const pod = {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: {
			name: `kube-apiserver-${node}`,
			namespace: 'kube-system',
			labels: {component: 'kube-apiserver', tier: 'control-plane'},
			annotations: {'kubernetes.io/config.mirror': 'made-up'},
			ownerReferences: [{apiVersion: 'v1', kind: 'Node', name: node, uid, controller: true}],
		},
		spec: {
			nodeName: node,
			hostNetwork: true,
			automountServiceAccountToken: false,
			containers: [
				{
					name: 'kube-apiserver',
					image: 'kube-apiserver',
					command: [
						'kube-apiserver',
						`--advertise-address=${address}`,
						'--secure-port=6443',
						'--kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt',
					],
				},
			],
		},
	};
	// An apply would need the verb patch, which NodeRestriction and the node authorizer do not give.
	await mustKubectl(kubelet, 'create -f -', {input: JSON.stringify(pod)});
	const status = {phase: 'Running', hostIP: address, podIP: address, hostIPs: [{ip: address}], podIPs: [{ip: address}]};
	const path = `/api/v1/namespaces/kube-system/pods/${pod.metadata.name}`;
	const made = JSON.parse((await cluster.kubectl('off-direct', ['get', '--raw', path])).stdout) as Record<string, unknown>;
	// A patch would read the subresource first, which no node may.
	await mustKubectl(kubelet, `replace --raw ${path}/status -f -`, {input: JSON.stringify({...made, status})});
}

/** Of a user that can read flags and use pods, but cannot list leases. */
async function tokenKubeconfig(server: string): Promise<string> {
	const name = 'twin-reader';
	const subjects = [{kind: 'ServiceAccount', name, namespace}];
	const roleRef = (role: string) => ({apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role});
	await cluster.apply(
		{apiVersion: 'v1', kind: 'ServiceAccount', metadata: {name, namespace}},
		{
			apiVersion: 'rbac.authorization.k8s.io/v1',
			kind: 'ClusterRole',
			metadata: {name},
			rules: [{nonResourceURLs: ['/flagz'], verbs: ['get']}],
		},
		...[name, 'edit'].map(role => ({
			apiVersion: 'rbac.authorization.k8s.io/v1',
			kind: 'ClusterRoleBinding',
			metadata: {name: `${name}-${role}`},
			roleRef: roleRef(role),
			subjects,
		})),
	);
	const {stdout: token} = await cluster.kubectl('off-direct', ['create', 'token', name, '-n', namespace]);
	const {stdout: ca} = await cluster.kubectl('off-direct', [
		'config',
		'view',
		'--raw',
		'-o',
		'jsonpath={.clusters[0].cluster.certificate-authority-data}',
	]);
	const file = join(cluster.lab.folder, 'kubeconfigs/twins-token.yaml');
	const config = {
		apiVersion: 'v1',
		kind: 'Config',
		'current-context': 'twins',
		contexts: [{name: 'twins', context: {cluster: 'twins', user: 'twins', namespace}}],
		clusters: [{name: 'twins', cluster: {server, 'certificate-authority-data': ca}}],
		users: [{name: 'twins', user: {token: token.trim()}}],
	};
	await writeFile(file, JSON.stringify(config), {mode: 0o600});
	return file;
}

/** Status of the response to a WebSocket upgrade. */
async function upgradeStatus(port: number, path: string): Promise<number> {
	return new Promise((resolve, reject) => {
		const socket = connect(port, '127.0.0.1');
		socket.on('error', reject);
		socket.once('data', data => {
			socket.destroy();
			resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(data.toString('latin1'))?.[1]));
		});
		socket.write(
			`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
		);
	});
}
