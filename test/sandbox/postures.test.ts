/** Routes and kubelet verification as clients see them. */
import type {V1Pod} from '@kubernetes/client-node';
import test from 'ava';
import type {Sandbox, SwitchValues} from '../../source/sandbox/sandbox.ts';
import {startSandbox} from '../../source/sandbox/start-sandbox.ts';
import type {Json} from '../../source/wire/json.ts';
import {ask, askJson, open, podsOf, upgrade, webSocketHeaders} from '../support/sandbox-client.ts';
import {until} from '../support/until.ts';

const sandbox = await startSandbox();
test.after.always(async () => sandbox.close());

const log = '/api/v1/namespaces/default/pods/db-0/log?container=db&tailLines=1';
const execPath = '/api/v1/namespaces/default/pods/db-0/exec?container=db&command=true&stdout=true';
const routes = ['direct', 'konnectivity', 'http-connect', 'ssh'] as const;
/** Other systems have only one loopback address. */
const onLinux = process.platform === 'linux' ? test.serial : test.serial.skip;

for (const route of routes) {
	test.serial(`${route}: logs, exec and proxies work unless the certificate is rejected`, async t => {
		for (const verification of ['off', 'good', 'bad'] as const) {
			await sandbox.switches.set({route, verification});
			const answers = [
				await ask(sandbox, log),
				await upgrade(sandbox, execPath, {headers: webSocketHeaders('v5.channel.k8s.io')}),
				await ask(sandbox, '/api/v1/nodes/n1/proxy/healthz'),
				await ask(sandbox, '/api/v1/namespaces/default/services/web:http/proxy/'),
				await ask(sandbox, '/api/v1/namespaces/default/services/https:web:https/proxy/'),
			];
			const statuses = answers.map(answer => ('socket' in answer ? 101 : answer.status));
			// Pods and services are never verified.
			t.deepEqual(statuses, verification === 'bad' ? [500, 500, 503, 200, 200] : [200, 101, 200, 200, 200], verification);
			if (verification === 'bad') {
				const [logs, exec, node] = answers as Array<{body: string}>;
				t.regex(
					logs!.body,
					/"message":"Get \\"https:\/\/[\d.]+:\d+\/containerLogs\/default\/db-0\/db\?tailLines=1\\": tls: failed to verify certificate: x509: cannot validate certificate for [\d.]+ because it doesn't contain any IP SANs"/,
				);
				t.regex(exec!.body, /"message":"error dialing backend: tls: failed to verify certificate: x509: cannot validate/);
				t.regex(node!.body, /"message":"error trying to reach service: tls: failed to verify certificate: x509: cannot validate/);
			}

			for (const answer of answers) {
				if ('socket' in answer) {
					answer.socket.destroy();
				}
			}
		}
	});

	onLinux(`${route}: the far end sees the address of the dialer`, async t => {
		await sandbox.switches.set({route, verification: 'off'});
		const [web] = await podsOf(sandbox, 'web');
		await ask(sandbox, `/api/v1/namespaces/default/pods/${web}:8080/proxy/healthz`);
		const peer = /\/healthz 200 from (?:::ffff:)?127\.\d+\.0\.(\d+)/.exec(
			(await ask(sandbox, `/api/v1/namespaces/default/pods/${web}/log?container=web&tailLines=1`)).body,
		)?.[1];
		t.true(route === 'direct' ? peer === '1' : ['10', '11', '12'].includes(peer!), `last number of the peer's address: ${peer}`);
	});
}

const failures: ReadonlyArray<[what: string, change: Partial<SwitchValues>, expected: RegExp]> = [
	['no agents with gRPC', {route: 'konnectivity', agents: 'gone'}, /: No agent available"/],
	[
		'no agents with CONNECT',
		{route: 'http-connect', agents: 'gone'},
		/: proxy error from \S+konnectivity\.sock while dialing [\d.]+:\d+, code 500: 500 Internal Server Error"/,
	],
	['no SSH tunnels', {route: 'ssh', agents: 'gone'}, /no SSH tunnels currently open/],
	[
		'an expired certificate that is verified',
		{route: 'direct', verification: 'good', certificate: 'expired'},
		/x509: certificate has expired or is not yet valid: current time \S+Z is after \S+Z"/,
	],
	['a pending certificate', {route: 'direct', certificate: 'pending'}, /: remote error: tls: internal error"/],
	[
		'the apiserver’s identity refused',
		{identity: 'refused'},
		/"message":"Forbidden \(user=kube-apiserver-kubelet-client, verb=get, resource=nodes, subresource\(s\)=\[proxy\]\)\\n \( pods\/log db-0\)"/,
	],
];

const defaults: Partial<SwitchValues> = {
	route: 'direct',
	verification: 'off',
	agents: 'running',
	certificate: 'matching',
	identity: 'accepted',
};

for (const [what, change, expected] of failures) {
	test.serial(`${what}: the log fails with its error, and succeeds after the reset`, async t => {
		await sandbox.switches.set({...defaults, ...change});
		t.regex((await ask(sandbox, log)).body, expected);
		await sandbox.switches.set({...defaults, route: change.route ?? 'direct'});
		t.is((await ask(sandbox, log)).status, 200);
	});
}

test.serial('a change of posture starts another process with other flags and ends open streams', async t => {
	await sandbox.switches.set(defaults);
	const [web] = await podsOf(sandbox, 'web');
	const stream = await open(sandbox, `/api/v1/namespaces/default/pods/${web}/log?container=access-log&follow=true`);
	const cut = new Promise(resolve => {
		stream.on('error', resolve).on('close', resolve);
	});
	stream.resume();
	const start = async () => /^process_start_time_seconds (\S+)/m.exec((await ask(sandbox, '/metrics')).body)![1];
	const before = await start();
	await sandbox.switches.set({verification: 'good'});
	await cut;
	t.not(await start(), before);
	const {flags} = await askJson<{flags: Record<string, string>}>(sandbox, '/flagz', {
		headers: {accept: 'application/json;v=v1beta1;g=config.k8s.io;as=Flagz'},
	});
	t.is(flags['kubelet-certificate-authority'], '/etc/kubernetes/pki/ca.crt');
	const mirror = await askJson<Json<V1Pod>>(sandbox, '/api/v1/namespaces/kube-system/pods/kube-apiserver-cp');
	t.true(mirror.spec!.containers[0]!.command!.includes('--kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt'));
});

test.serial('each open upgrade is one dial in the metrics of apiserver and agents', async t => {
	await sandbox.switches.set({...defaults, route: 'konnectivity'});
	const gauge = async (name: string) =>
		Number(new RegExp(`^${name}\\S* (\\S+)$`, 'm').exec((await ask(sandbox, '/metrics')).body)?.[1] ?? 0);
	const ok = 'konnectivity_network_proxy_client_client_connections';
	const witness = 'apiserver_longrunning_requests{[^}]*subresource="portforward"';
	const before = await gauge(ok);
	const held = await Promise.all(
		Array.from({length: 4}, async () =>
			upgrade(sandbox, '/api/v1/namespaces/default/pods/db-0/portforward', {headers: webSocketHeaders('SPDY/3.1+portforward.k8s.io')}),
		),
	);
	t.is(await gauge(ok), before + 4);
	t.is(await gauge(witness), 4);
	for (const one of held) {
		t.true('socket' in one);
		(one as {socket: {destroy(): void}}).socket.destroy();
	}

	await until(
		async () => (await gauge(ok)) === before,
		async () => gauge(ok),
	);

	t.is(await gauge(ok), before);
	t.is(await gauge(witness), 0);
	t.regex((await ask(sandbox, '/metrics')).body, /apiserver_egress_dialer_dial_start_total\{protocol="grpc",transport="uds"\} \d+/);
});

test.serial('a client that disconnects during the dial leaves no connection open', async t => {
	await sandbox.switches.set({...defaults, route: 'konnectivity'});
	const open = async () =>
		/^konnectivity_network_proxy_client_client_connections\S* (\S+)$/m.exec((await ask(sandbox, '/metrics')).body)?.[1] ?? '0';
	const dials = async () =>
		Number(/^apiserver_egress_dialer_dial_duration_seconds_count\S* (\S+)$/m.exec((await ask(sandbox, '/metrics')).body)?.[1] ?? 0);
	const [web] = await podsOf(sandbox, 'web');
	const before = await dials();
	await sandbox.switches.set({agents: 'frozen'});
	const left = [
		leave(sandbox, '/api/v1/namespaces/default/pods/db-0/portforward', webSocketHeaders('SPDY/3.1+portforward.k8s.io')),
		leave(sandbox, `/api/v1/namespaces/default/pods/${web}/log?container=access-log&follow=true`),
		leave(sandbox, '/api/v1/namespaces/default/services/db:echo/proxy/'),
	];
	await Promise.all(left);
	await sandbox.switches.set({agents: 'running'});
	await until(
		async () => (await dials()) >= before + left.length && (await open()) === '0',
		async () => [await dials(), await open()],
	);

	t.is(await dials(), before + left.length);
	t.is(await open(), '0');
});

/** Sends a request and disconnects while the apiserver dials. */
async function leave(sandbox: Sandbox, path: string, headers: Record<string, string> = {}): Promise<void> {
	await upgrade(sandbox, path, {headers, signal: AbortSignal.timeout(300)}).catch(() => {});
}

test.serial('an apiserver with SSH tunnels has an old version, no flagz, and tunnel metrics', async t => {
	await sandbox.switches.set({...defaults, route: 'ssh'});
	t.is((await askJson(sandbox, '/version'))['gitVersion'], 'v1.21.14');
	t.is((await ask(sandbox, '/flagz')).status, 404);
	t.regex((await ask(sandbox, '/metrics')).body, /^ssh_tunnel_open_count 3$/m);
	t.regex((await ask(sandbox, '/healthz?verbose')).body, /\[\+\]SSH Tunnel Check ok/);
	await sandbox.switches.set({agents: 'gone'});
	t.is((await ask(sandbox, '/healthz')).status, 500);
	await sandbox.faults.restartApiserver();
	t.is((await ask(sandbox, '/healthz')).status, 500);
	await sandbox.switches.set(defaults);
});
