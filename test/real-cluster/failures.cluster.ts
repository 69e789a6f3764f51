/** Every row of the table of failures that needs no broken tunnel; explained.ts says where the others are. */
import {execFile} from 'node:child_process';
import process from 'node:process';
import {promisify} from 'node:util';
import test from 'ava';
import {connectionFlags} from '../../source/base/command-line/connection-flags.ts';
import {parseCommandLine} from '../../source/base/command-line/parse-command-line.ts';
import {createClusterClient} from '../../source/cluster/create-cluster-client.ts';
import {readText} from '../../source/evidence/probes/probe-request.ts';
import {explainMessage, messageRules} from '../../source/cluster/server-messages/explain-message.ts';
import {dial, runPortForward} from '../support/port-forward-run.ts';
import {authority} from './lab/certificates.ts';
import {serverUrl} from './lab/control-plane.ts';
import {applyUsers, resource} from './lab/impersonated.ts';
import {apply} from './lab/kubectl.ts';
import {addAddress, controlPlaneAddress, podSubnet} from './lab/lab.ts';
import {kubeletAnswer, startOddNodes, type OddNodes} from './lab/odd-nodes.ts';
import type {PostureName} from './lab/postures.ts';
import {hasKonnectivity} from './lab/programs.ts';
import {waitingPod} from './lab/workloads.ts';
import {useCluster, type Cluster} from './support/cluster.ts';
import {assertExplained, provokedInTunnels, type Explanation} from './support/explained.ts';

const run = promisify(execFile);
const provoked = new Set<string>(Object.values(provokedInTunnels).flat());
const forbidden = 'Forbidden (user=kube-apiserver-kubelet-client, verb=get, resource=nodes, subresource(s)=[proxy])';

/** Packets to this address are dropped here and never leave the machine. */
const swallowing = (cluster: Cluster) => `10.99.${cluster.lab.number}.99`;

let cluster: Cluster;
let odd: OddNodes | undefined;

test.before(async () => {
	const tunnels: readonly PostureName[] = hasKonnectivity ? ['off-grpc', 'off-http'] : [];
	cluster = await useCluster({postures: ['off-direct', 'good-direct', 'bad-direct', ...tunnels], nodes: ['n2', 'n3', 'n6']});
	const {lab} = cluster;
	await run('iptables', ['-I', 'INPUT', '-d', swallowing(cluster), '-j', 'DROP']);
	await addAddress(swallowing(cluster));
	odd = await startOddNodes(lab, {
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
	await Promise.all([
		cluster.apply(waitingPod('without-certificate', 'n3'), waitingPod('out-of-date', 'n6')),
		apply(cluster.kubeconfig('off-direct'), [waitingPod('unplaced', '', {nodeName: undefined, schedulerName: 'of-nobody'})]),
		applyUsers(
			cluster,
			['off-direct'],
			[
				{name: 'gets-only', rules: [resource(['pods/exec'], ['get'])]},
				{name: 'gets-nothing', rules: []},
			],
		),
	]);
});

test.after.always(async () => {
	await run('iptables', ['-D', 'INPUT', '-d', swallowing(cluster), '-j', 'DROP']);
	await odd?.close();
});

/** `serverText` matches the server's message, `meaning` the output if the command has its own text for it. */
type Row = [id: string, place: PostureName, command: string, serverText: RegExp, meaning?: RegExp];

const log = (pod: string) => `logs ${pod} --tail=1`;
const exec = (pod: string, flags = '') => `exec ${pod}${flags} -- true`;

const rows: readonly Row[] = [
	['T1', 'good-direct', log('rotating'), /doesn't contain any IP SANs/],
	['T2', 'good-direct', log('wrong-name'), /certificate is valid for 10\.99\.250\.1, not/],
	['T3', 'bad-direct', log('shell'), /signed by unknown authority/],
	['T3', 'bad-direct', exec('shell'), /signed by unknown authority/],
	['T3', 'bad-direct', 'proxy get node/n1/healthz', /signed by unknown authority/],
	['T4', 'good-direct', log('out-of-date'), /has expired or is not yet valid/],
	['T5', 'off-direct', log('without-certificate'), /remote error: tls: internal error/],
	['T6', 'off-direct', log('plain-http'), /server gave HTTP response to HTTPS client/],
	['T7', 'off-direct', log('silent'), /TLS handshake timeout/],
	['T8', 'off-direct', log('hanging-up'), /EOF|connection reset by peer/],
	['T8', 'off-direct', 'proxy get node/hanging-up/healthz', /EOF|connection reset by peer/, /closed the connection before it responded/],
	['D1', 'off-direct', log('refusing'), /connect: connection refused/],
	['D2', 'off-direct', log('nowhere'), /no route to host/],
	['D4', 'off-direct', log('nameless'), /lookup no\.\.name.*: no such host/],
	['D5', 'off-direct', log('addressless'), /no preferred addresses found/],
	['D6', 'off-direct', 'proxy get node/loopback/healthz', /address not allowed/],
	['K1', 'off-direct', log('unauthorized'), /asked for the client to provide credentials/],
	['K2', 'off-direct', 'proxy get node/unauthorized/healthz', /Unauthorized/],
	['K3', 'off-direct', log('forbidding'), /Forbidden \(user=/],
	['K4', 'off-direct', exec('unauthorized'), /unable to upgrade connection: Unauthorized/],
	['K4', 'off-direct', exec('forbidding'), /unable to upgrade connection: Forbidden/],
	['R2', 'off-direct', exec('shell', ' --as gets-nothing'), /cannot create resource "pods\/exec"/, /request permission.*ERR_FORBIDDEN/],
	['R3', 'off-direct', exec('shell', ' --as gets-only'), /pods "shell" is forbidden/],
	['P6', 'off-direct', exec('unplaced'), /pod unplaced does not have a host assigned/],
	[
		'P5',
		'off-direct',
		'proxy get svc/secure:443/',
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

/** Servers that answer after 10 s or more. */
const slow = new Set(['T7', 'D3', 'H3']);

for (const [id, server, command, serverText, meaning] of [...rows, ...(hasKonnectivity ? tunnelRows : [])]) {
	// Those that wait run at the same time, after the others.
	(slow.has(id) ? test : test.serial)(`${id}: ${server}, ${command}`, async t => {
		const {stdout, stderr} = await cluster.spoke(server, command);
		explained(t, {id, output: stdout + stderr, serverText, meaning});
	});
}

function explained(t: Parameters<typeof assertExplained>[0], explanation: Explanation): void {
	assertExplained(t, explanation);
	provoked.add(explanation.id);
}

test.serial('R1: rejected credentials are reported', async t => {
	const {cert} = await authority(cluster.lab, 'cluster');
	const server = serverUrl(cluster.lab, 'off-direct');
	const flags = ['--kubeconfig', '/dev/null', '--server', server, '--certificate-authority', cert, '--token', 'nobody'];
	const {stderr, stdout} = await cluster.spoke('off-direct', ['logs', 'shell', '-n', 'demo', ...flags]);
	t.regex(stdout + stderr, /ERR_CREDENTIALS/);
	t.is(await ruleOf(flags, '/api/v1/namespaces/demo/pods/shell/log'), 'R1');
});

test.serial('P4: a pod port without a listener is reported', async t => {
	const forward = await runPortForward(['pod/shell', ':9999'], {
		env: {PATH: process.env['PATH'], KUBECONFIG: cluster.kubeconfig('off-direct')},
	});
	const socket = await dial(await forward.port());
	socket.write('x');
	const output = JSON.stringify(await forward.until(({event}) => event === 'connection-failed'));
	forward.child.kill('SIGINT');
	await forward.ended;
	explained(t, {id: 'P4', output, serverText: /error forwarding port 9999/, meaning: /"leg":3/});
});

test.serial('R4, P1–P3, K5: responses to unusual requests are explained', async t => {
	const flags = ['--kubeconfig', cluster.kubeconfig('off-direct')];
	const client = await createClusterClient(parseCommandLine(connectionFlags, flags).flags);
	const upgrade = async (path: string, protocol: string) => {
		const connection = await client.connect();
		const outcome = await connection.upgrade({method: 'GET', path, upgrade: 'websocket', protocols: [protocol]});
		connection.close();
		return record(outcome.upgraded ? null : explainMessage(outcome.body, {status: outcome.status}));
	};

	const pods = '/api/v1/namespaces/demo/pods';
	t.is(await upgrade(`${pods}/shell/exec?command=true&stdout=true`, 'v99.channel.k8s.io'), 'R4');
	t.is(await upgrade(`${pods}/no-kubelet/portforward`, 'SPDY/3.1+portforward.k8s.io'), 'K5');
	client.close();
	t.is(await ruleOf(flags, `${pods}/shell/log?container=nope`), 'P1');
	t.is(await ruleOf(flags, `${pods}/shell/exec?command=true&stdout=true`), 'P2');
	t.is(await ruleOf(flags, '/api/v1/namespaces/demo/services/web:nope/proxy/'), 'P3');
});

/** G4: a tunnel that closes during a dial. H5: a time limit that 1.38 brings. */
test.after('every message was provoked, except G4 and H5', t => {
	const missing = [...new Set(messageRules.map(({id}) => id))].filter(id => !provoked.has(id));
	t.deepEqual(missing, hasKonnectivity ? ['G4', 'H5'] : ['D3', 'H2', 'H3', 'G4', 'H5']);
});

/** The rule that explains the response. */
async function ruleOf(flags: readonly string[], path: string): Promise<string | undefined> {
	const client = await createClusterClient(parseCommandLine(connectionFlags, [...flags]).flags);
	try {
		const response = await client.request({path});
		const body = await readText(response, 64 * 1024);
		return record(explainMessage(body, {status: response.status}));
	} finally {
		client.close();
	}
}

function record(explained: ReturnType<typeof explainMessage> | null): string | undefined {
	if (explained) {
		provoked.add(explained.rule.id);
	}

	return explained?.rule.id;
}
