/** Every row of the table of failures. */
import {execFile} from 'node:child_process';
import {once} from 'node:events';
import {rm} from 'node:fs/promises';
import {connect, createServer} from 'node:net';
import {createInterface} from 'node:readline';
import {promisify} from 'node:util';
import test from 'ava';
import {connectionFlags} from '../../source/command-line/connection-flags.ts';
import {parseCommandLine} from '../../source/command-line/parse-command-line.ts';
import {createClusterClient} from '../../source/cluster/create-cluster-client.ts';
import {explainMessage, messageRules} from '../../source/server-messages/explain-message.ts';
import {readText} from '../../source/evidence/probes/probe-request.ts';
import {freezeAgents, killTunnelServer, removeAgents, restoreAgents, restoreTunnelServer, thawAgents} from './lab/faults.ts';
import {image} from './lab/image.ts';
import {applyUsers, resource} from './lab/impersonated.ts';
import {authority} from './lab/certificates.ts';
import {serverUrl} from './lab/control-plane.ts';
import {apply} from './lab/kubectl.ts';
import {tunnelSocket} from './lab/konnectivity.ts';
import {addAddress, controlPlaneAddress, podSubnet} from './lab/lab.ts';
import {kubeletAnswer, startOddNodes, type OddNodes} from './lab/odd-nodes.ts';
import {hasKonnectivity} from './lab/programs.ts';
import type {PostureName} from './lab/postures.ts';
import {useCluster, type Cluster} from './support/cluster.ts';

const run = promisify(execFile);
const tunnelTest = hasKonnectivity ? test : test.skip;
const provoked = new Set<string>();
const forbidden = 'Forbidden (user=kube-apiserver-kubelet-client, verb=get, resource=nodes, subresource(s)=[proxy])';

/** Packets to this address are dropped here and never leave the machine. */
const swallowing = (cluster: Cluster) => `10.99.${cluster.lab.number}.99`;

let standing: Promise<{cluster: Cluster; odd: OddNodes}> | undefined;

async function stand() {
	const postures: readonly PostureName[] = [
		'off-direct',
		'good-direct',
		'bad-direct',
		...(hasKonnectivity ? (['off-grpc', 'off-http'] as const) : []),
	];
	const cluster = await useCluster({postures, nodes: ['n2', 'n3', 'n6']});
	const {lab} = cluster;
	const sleeping = (name: string, placed: {nodeName: string} | {schedulerName: string}) => ({
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: {name, namespace: 'demo'},
		spec: {
			...placed,
			automountServiceAccountToken: false,
			terminationGracePeriodSeconds: 1,
			containers: [
				{name: 'c', image, imagePullPolicy: 'Never', command: ['/bin/sh', '-c', 'echo here; trap exit TERM; while :; do sleep 1; done']},
			],
		},
	});
	await apply(cluster.kubeconfig('off-direct'), [
		sleeping('without-certificate', {nodeName: 'n3'}),
		sleeping('out-of-date', {nodeName: 'n6'}),
		sleeping('unplaced', {schedulerName: 'of-nobody'}),
	]);
	await addAddress(swallowing(cluster));
	await run('iptables', ['-I', 'INPUT', '-d', swallowing(cluster), '-j', 'DROP']);
	const odd = await startOddNodes(lab, {
		'wrong-name': {kind: 'tls', by: 'kubelet', names: ['10.99.250.1'], answer: kubeletAnswer('200 OK', '')},
		unauthorized: {kind: 'tls', by: 'kubelet', answer: kubeletAnswer('401 Unauthorized', 'Unauthorized')},
		forbidding: {kind: 'tls', by: 'kubelet', answer: kubeletAnswer('403 Forbidden', forbidden)},
		'no-kubelet': {kind: 'tls', by: 'kubelet', answer: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi'},
		'plain-http': {kind: 'tcp', does: 'answer-http'},
		silent: {kind: 'tcp', does: 'stay-silent'},
		'hanging-up': {kind: 'tcp', does: 'hang-up'},
		refusing: {kind: 'address', type: 'InternalIP', address: controlPlaneAddress(lab), port: 9},
		nowhere: {kind: 'address', type: 'InternalIP', address: podSubnet(lab, 'n1').replace(/\.0\/24$/, '.250'), port: 10_250},
		swallowing: {kind: 'address', type: 'InternalIP', address: swallowing(cluster), port: 10_250},
		// An invalid name, so that no resolver is asked.
		nameless: {kind: 'address', type: 'Hostname', address: 'no..name', port: 10_250},
		loopback: {kind: 'address', type: 'InternalIP', address: '127.0.0.1', port: 10_250},
		addressless: {kind: 'none'},
	});
	await applyUsers(cluster, [
		{name: 'gets-only', rules: [resource(['pods/exec'], ['get'])]},
		{name: 'gets-nothing', rules: []},
	]);
	await cluster.kubectl('off-direct', [
		'wait',
		'--for=condition=Ready',
		'pod/without-certificate',
		'pod/out-of-date',
		'-n',
		'demo',
		'--timeout=60s',
	]);
	return {cluster, odd};
}

test.after.always(async () => {
	const found = await standing?.catch(() => undefined);
	if (found) {
		await run('iptables', ['-D', 'INPUT', '-d', swallowing(found.cluster), '-j', 'DROP']);
		await found.odd.close();
	}
});

/** `serverText` matches the server's message, `meaning` the output if the command has its own text for it. */
type Row = [id: string, place: PostureName, args: readonly string[], serverText: RegExp, meaning?: RegExp];

const log = (pod: string) => ['logs', pod, '--tail=1'] as const;
const exec = (pod: string) => ['exec', pod, '--', 'true'] as const;

const rows: readonly Row[] = [
	['T1', 'good-direct', log('rotating'), /doesn't contain any IP SANs/],
	['T2', 'good-direct', log('wrong-name'), /certificate is valid for 10\.99\.250\.1, not/],
	['T3', 'bad-direct', log('shell'), /signed by unknown authority/],
	['T3', 'bad-direct', exec('shell'), /signed by unknown authority/],
	['T3', 'bad-direct', ['proxy', 'get', 'node/n1/healthz'], /signed by unknown authority/],
	['T4', 'good-direct', log('out-of-date'), /has expired or is not yet valid/],
	['T5', 'off-direct', log('without-certificate'), /remote error: tls: internal error/],
	['T6', 'off-direct', log('plain-http'), /server gave HTTP response to HTTPS client/],
	['T7', 'off-direct', log('silent'), /TLS handshake timeout/],
	['T8', 'off-direct', log('hanging-up'), /EOF|connection reset by peer/],
	[
		'T8',
		'off-direct',
		['proxy', 'get', 'node/hanging-up/healthz'],
		/EOF|connection reset by peer/,
		/closed the connection before it responded/,
	],
	['D1', 'off-direct', log('refusing'), /connect: connection refused/],
	['D2', 'off-direct', log('nowhere'), /no route to host/],
	['D4', 'off-direct', log('nameless'), /lookup no\.\.name.*: no such host/],
	['D5', 'off-direct', log('addressless'), /no preferred addresses found/],
	['D6', 'off-direct', ['proxy', 'get', 'node/loopback/healthz'], /address not allowed/],
	['K1', 'off-direct', log('unauthorized'), /asked for the client to provide credentials/],
	['K2', 'off-direct', ['proxy', 'get', 'node/unauthorized/healthz'], /Unauthorized/],
	['K3', 'off-direct', log('forbidding'), /Forbidden \(user=/],
	['K4', 'off-direct', exec('unauthorized'), /unable to upgrade connection: Unauthorized/],
	['K4', 'off-direct', exec('forbidding'), /unable to upgrade connection: Forbidden/],
	[
		'R2',
		'off-direct',
		[...exec('shell').slice(0, 2), '--as', 'gets-nothing', '--', 'true'],
		/cannot create resource "pods\/exec"/,
		/request permission.*ERR_FORBIDDEN/,
	],
	['R3', 'off-direct', [...exec('shell').slice(0, 2), '--as', 'gets-only', '--', 'true'], /pods "shell" is forbidden/],
	['P6', 'off-direct', exec('unplaced'), /pod unplaced does not have a host assigned/],
	[
		'P5',
		'off-direct',
		['proxy', 'get', 'svc/secure:443/'],
		/Client sent an HTTP request to an HTTPS server/,
		/the backend uses TLS: prefix the name with https:/,
	],
];

const tunnelRows: readonly Row[] = [
	['D1', 'off-grpc', log('refusing'), /connect: connection refused/],
	['D3', 'off-grpc', log('swallowing'), /i\/o timeout/],
	['H2', 'off-http', log('refusing'), /code 502/],
	['H3', 'off-http', log('swallowing'), /code 504/],
];

for (const row of [...rows, ...(hasKonnectivity ? tunnelRows : [])]) {
	const [id, server, args, serverText, meaning] = row;
	test(`${id}: ${server}, ${args.slice(0, 3).join(' ')}`, async t => {
		standing ??= stand();
		const {cluster} = await standing;
		const {stdout, stderr} = await cluster.spoke(server, args);
		assertExplained(t, {id, output: stdout + stderr, serverText, meaning});
	});
}

type Explanation = {id: string; output: string; serverText: RegExp; meaning?: RegExp | undefined};

function assertExplained(
	t: {true(value: boolean, message?: string): void},
	{id, output, serverText, meaning: ownMeaning}: Explanation,
): void {
	const meanings = messageRules.filter(row => row.id === id).map(({meaning}) => meaning);
	t.true(ownMeaning?.test(output) ?? meanings.some(meaning => output.includes(meaning)), `${id} is explained: ${output}`);
	t.true(serverText.test(output), `the server's text is kept: ${output}`);
	provoked.add(id);
}

type Breakage = (lab: Cluster['lab'], mode: 'grpc' | 'http-connect') => Promise<unknown>;

async function assertExplainedWhile(
	t: Parameters<typeof assertExplained>[0],
	{
		breaks,
		mends,
		mode,
		ask,
		id,
		serverText,
	}: {breaks: Breakage; mends: Breakage; mode: 'grpc' | 'http-connect'; ask: readonly string[]; id: string; serverText: RegExp},
): Promise<void> {
	standing ??= stand();
	const {cluster} = await standing;
	await breaks(cluster.lab, mode);
	try {
		const {stderr} = await cluster.spoke(mode === 'grpc' ? 'off-grpc' : 'off-http', ask);
		assertExplained(t, {id, output: stderr, serverText});
	} finally {
		await mends(cluster.lab, mode);
	}
}

tunnelTest('G1, H1: a missing agent is reported', async t => {
	const broken = {breaks: removeAgents, mends: restoreAgents, ask: log('shell')};
	await assertExplainedWhile(t, {...broken, id: 'G1', mode: 'grpc', serverText: /No agent available/});
	await assertExplainedWhile(t, {...broken, id: 'H1', mode: 'http-connect', serverText: /code 500/});
});

tunnelTest('G2: a connected agent that does not respond is reported', async t => {
	await assertExplainedWhile(t, {
		breaks: freezeAgents,
		mends: thawAgents,
		ask: exec('shell'),
		id: 'G2',
		mode: 'grpc',
		serverText: /dial timeout, backstop/,
	});
});

tunnelTest('G3, H4: a stopped Konnectivity server is reported', async t => {
	const broken = {
		breaks: killTunnelServer,
		mends: restoreTunnelServer,
		ask: exec('shell'),
		serverText: /dial unix \S+: connect: (connection refused|no such file)/,
	};
	await assertExplainedWhile(t, {...broken, id: 'G3', mode: 'grpc'});
	await assertExplainedWhile(t, {...broken, id: 'H4', mode: 'http-connect'});
});

tunnelTest('H6, H7: an egress proxy that hangs up or rejects is reported', async t => {
	for (const [id, response, serverText] of [
		['H6', '', /reading HTTP response from CONNECT to \S+ via .* failed: .*EOF/],
		['H7', 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n', /code 403: 403 Forbidden/],
	] as const) {
		const proxy = createServer(socket => socket.once('data', () => socket.end(response)));
		await assertExplainedWhile(t, {
			async breaks(lab, mode) {
				await killTunnelServer(lab, mode);
				await rm(tunnelSocket(lab, mode), {force: true});
				await once(proxy.listen(tunnelSocket(lab, mode)), 'listening');
			},
			async mends(lab, mode) {
				proxy.close();
				await restoreTunnelServer(lab, mode);
			},
			ask: exec('shell'),
			id,
			mode: 'http-connect',
			serverText,
		});
	}
});

test('R1: rejected credentials are reported', async t => {
	standing ??= stand();
	const {cluster} = await standing;
	const {cert} = await authority(cluster.lab, 'cluster');
	const {stderr, stdout} = await cluster.spoke('off-direct', [
		'logs',
		'shell',
		'--kubeconfig',
		'/dev/null',
		'--server',
		serverUrl(cluster.lab, 'off-direct'),
		'--certificate-authority',
		cert,
		'--token',
		'nobody',
		'-n',
		'demo',
	]);
	t.regex(stdout + stderr, /ERR_CREDENTIALS/);
	const answer = await asked(
		cluster,
		['--kubeconfig', '/dev/null', '--server', serverUrl(cluster.lab, 'off-direct'), '--certificate-authority', cert, '--token', 'nobody'],
		'/api/v1/namespaces/demo/pods/shell/log',
	);
	t.is(explainMessage(answer.body, answer)?.rule.id, 'R1');
	provoked.add('R1');
});

test('P4: a pod port without a listener is reported', async t => {
	standing ??= stand();
	const {cluster} = await standing;
	const child = cluster.startSpoke('off-direct', ['port-forward', 'pod/shell', ':9999', '-o', 'json']);
	const lines: string[] = [];
	const failed = new Promise<void>(resolve => {
		createInterface({input: child.stdout}).on('line', line => {
			lines.push(line);
			const {event, listen} = JSON.parse(line) as {event?: string; listen?: Array<{port: number}>};
			if (event === 'ready') {
				connect(listen![0]!.port, '127.0.0.1')
					.on('error', () => undefined)
					.write('x');
			} else if (event === 'connection-failed') {
				resolve();
			}
		});
	});
	await failed;
	child.kill('SIGINT');
	assertExplained(t, {
		id: 'P4',
		output: lines.find(line => line.includes('"connection-failed"')) ?? '',
		serverText: /error forwarding port 9999/,
		meaning: /"leg":3/,
	});
});

test('R4, P1–P3, K5: responses to unusual requests are explained', async t => {
	standing ??= stand();
	const {cluster} = await standing;
	const flags = ['--kubeconfig', cluster.kubeconfig('off-direct')];
	const access = await createClusterClient(parseCommandLine(connectionFlags, flags).flags);
	const upgrade = async (path: string, protocol: string) => {
		const connection = await access.connect();
		const outcome = await connection.upgrade({method: 'GET', path, upgrade: 'websocket', protocols: [protocol]});
		connection.close();
		return outcome.upgraded ? null : explainMessage(outcome.body, {status: outcome.status});
	};

	t.is((await upgrade('/api/v1/namespaces/demo/pods/shell/exec?command=true&stdout=true', 'v99.channel.k8s.io'))?.rule.id, 'R4');
	t.is((await upgrade('/api/v1/namespaces/demo/pods/no-kubelet/portforward', 'SPDY/3.1+portforward.k8s.io'))?.rule.id, 'K5');
	access.close();
	const wrongContainer = await asked(cluster, flags, '/api/v1/namespaces/demo/pods/shell/log?container=nope');
	t.is(explainMessage(wrongContainer.body, wrongContainer)?.rule.id, 'P1');
	const noUpgrade = await asked(cluster, flags, '/api/v1/namespaces/demo/pods/shell/exec?command=true&stdout=true');
	t.is(explainMessage(noUpgrade.body, noUpgrade)?.rule.id, 'P2');
	const noEndpoint = await asked(cluster, flags, '/api/v1/namespaces/demo/services/web:nope/proxy/');
	t.is(explainMessage(noEndpoint.body, noEndpoint)?.rule.id, 'P3');
	for (const id of ['R4', 'P1', 'P2', 'P3', 'K5']) {
		provoked.add(id);
	}
});

/** G4: a tunnel that closes during a dial. H5: a time limit that 1.38 brings. */
tunnelTest('every message was provoked, except G4 and H5', t => {
	t.deepEqual(
		[...new Set(messageRules.map(({id}) => id))].filter(id => !provoked.has(id)),
		['G4', 'H5'],
	);
});

async function asked(_: Cluster, flags: readonly string[], path: string): Promise<{status: number; contentType: string; body: string}> {
	const access = await createClusterClient(parseCommandLine(connectionFlags, [...flags]).flags);
	try {
		const response = await access.request({path});
		const body = await readText(response, 64 * 1024);
		return {status: response.status, contentType: response.headers['content-type'] ?? '', body};
	} finally {
		access.close();
	}
}
