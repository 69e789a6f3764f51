/** Labels of connections while they are open. */
import type {IncomingMessage} from 'node:http';
import {text} from 'node:stream/consumers';
import {setTimeout as delay} from 'node:timers/promises';
import anyTest, {type ExecutionContext} from 'ava';
import type {ClusterClient} from '../../source/cluster/cluster-client.ts';
import {SpokeError} from '../../source/base/errors/spoke-error.ts';
import type {ConnectionPurpose, Path} from '../../source/evidence/evidence.ts';
import {examineApiserver} from '../../source/evidence/examine-apiserver.ts';
import {labelTimings} from '../../source/evidence/label-timings.ts';
import {createLabeler, type LabelerOptions} from '../../source/evidence/connection-labeler.ts';
import {configuredPath, findPaths} from '../../source/evidence/find-paths.ts';
import {openLog} from '../../source/streams/logs/open-log.ts';
import {openTunnel} from '../../source/streams/port-forward/tunnel.ts';
import {sendProxyRequest} from '../../source/streams/proxy/proxy-request.ts';
import {connectObserved} from '../../source/streams/observed-connection.ts';
import {clientForTest} from '../support/client-for-test.ts';
import {answerFrom, type Answer, type Carrier, reply, serve} from '../support/api-server.ts';
import {apiserverLeases, leasesPath} from '../support/verifying-apiserver.ts';
import {sandboxMark} from '../support/kubeconfig-text.ts';
import {authority, credentialId, issue, issueApiserver, userWith} from '../support/certificates.ts';
import {manualClock, onClock} from '../support/manual-clock.ts';
import {openSandbox} from '../support/sandbox.ts';
import {until} from '../support/until.ts';

// Sandboxes that start together delay each other by more than a handshake timeout.
const test = anyTest.serial;

const purpose: ConnectionPurpose = {
	feature: 'port-forward',
	target: {asked: 'web', kind: 'Pod', namespace: 'default', name: 'web', uid: null, node: 'n1', container: null, chosenFrom: 1},
	request: null,
};
const opened = {carrier: 'websocket', protocol: null} as const;

const [apiserverAuthority, gatewayAuthority] = await Promise.all([authority('cluster-ca'), authority('gateway-ca')]);
const adasCertificate = await issue({commonName: 'ada', usage: 'client'}, apiserverAuthority);
const credentialIdOfAda = credentialId(adasCertificate);
const withCertificate = userWith(adasCertificate);
const withClusterCa = {'certificate-authority-data': btoa(apiserverAuthority.certificate), ...sandboxMark};

async function apiserverCertificate() {
	const {key, certificate} = await issueApiserver(apiserverAuthority);
	return {key, cert: certificate};
}

/** Flags by which the process advertises the address of the connection, which excludes a gateway with its certificate. */
const advertised = ({port}: {port: number}) => ({
	'advertise-address': '127.0.0.1',
	'bind-address': '0.0.0.0',
	'secure-port': String(port),
});

const rootCa = '/api/v1/namespaces/default/configmaps/kube-root-ca.crt';

/** Without it, an apiserver cannot be distinguished from a gateway. */
const clusterCaConfigMap = {data: {'ca.crt': apiserverAuthority.certificate}};

const flagz = ({ca, egress, ...more}: Readonly<Record<string, string>>) => ({
	kind: 'Flagz',
	flags: {
		'requestheader-client-ca-file': '',
		...(ca !== undefined && {'kubelet-certificate-authority': ca}),
		...(egress !== undefined && {'egress-selector-config-file': egress}),
		...more,
	},
});
const startedAt = (startTime: string | undefined) => ({kind: 'Statusz', startTime});

type Respond = (path: string, request: IncomingMessage) => Answer | undefined;

/** An apiserver, or a balancer in front of several. Responds with the cluster's CA, and else with `{}`, where `respond` has nothing. */
async function startApiserver(t: ExecutionContext, respond: Respond, carrier: Carrier = {}) {
	const others = {[rootCa]: clusterCaConfigMap, [leasesPath]: apiserverLeases(), '*': '{}'};
	return serve(
		t,
		(request, ...rest) => {
			const path = request.url!.split('?')[0]!;
			const answer = respond(path, request);
			answerFrom(answer === undefined ? others : {[path]: answer})(request, ...rest);
		},
		{...(await apiserverCertificate()), ...carrier},
	);
}

const forbidden = reply(403, {kind: 'Status'});
const asksForCertificate = {requestCert: true, rejectUnauthorized: false};

/** The path of a stream that is not open. */
async function configured(cluster: ClusterClient, its = purpose): Promise<Path> {
	const examined = await examineApiserver(cluster);
	examined.connection.close();
	return configuredPath(examined, cluster, its, {node: null, pod: null});
}

async function listenOnSandbox(t: ExecutionContext, sandboxOptions: Parameters<typeof openSandbox>[1] = {}, options: LabelerOptions = {}) {
	const {sandbox, env} = await openSandbox(t, sandboxOptions);
	return {sandbox, ...listen(t, await clientForTest(t, [], env), options)};
}

/** A labeler on a manual clock, with every label in order. */
function listen(t: ExecutionContext, access: ClusterClient, options: LabelerOptions = {}) {
	const clock = manualClock();
	const cluster = onClock(access, clock);
	const labeler = createLabeler(cluster, {...options, clock});
	t.teardown(() => {
		labeler.close();
		cluster.close();
	});
	const emitted: Path[] = [];
	labeler.onLabel((_, {path}) => {
		emitted.push(path);
	});

	/** `after`: labels to skip. */
	const emits = async (fits: (path: Path) => boolean, after = 0): Promise<Path> =>
		until(
			() => emitted.slice(after).find(path => fits(path)),
			() => emitted.at(-1),
		);

	/** A stream after its first bytes, so that background reads start. */
	const open = async (its: ConnectionPurpose = purpose) => {
		const connection = await connectObserved(cluster, its, labeler.observer);
		labeler.observer.onOpened?.(connection, its, its.feature === 'logs' ? {carrier: 'http', protocol: null} : opened);
		await clock.advance(labelTimings.sharedProbeDelayMs);
		return connection;
	};

	return {cluster, clock, labeler, emitted, emits, open};
}

/**
Returns a filter for /flagz requests on a stream's own connection. Connections that also request /version are background reads.
*/
function flagsOfStreams(): (request: IncomingMessage) => boolean {
	const backgroundSockets = new WeakSet<object>();
	return ({url, socket}) => {
		if (url === '/version') {
			backgroundSockets.add(socket);
		}

		return url === '/flagz' && !backgroundSockets.has(socket);
	};
}

function counter() {
	let count = 0;
	return {
		get count() {
			return count;
		},
		/** Returns the new count. */
		add() {
			return ++count;
		},
		async reaches(wanted: number) {
			await until(
				() => count >= wanted,
				() => count,
			);
		},
	};
}

test('a label emits leg 1 at once, leg 2 when read, and settles once the stream is open', async t => {
	const {cluster, clock, labeler, emitted, emits} = await listenOnSandbox(t, {scenario: 'verified'});
	const connection = await connectObserved(cluster, purpose, labeler.observer);
	t.is(emitted[0]?.phase, 'checking');
	t.is(emitted[0]?.legs[0]?.tls.state, 'verified');
	t.is(emitted[0]?.line, 'path: you -verified-> apiserver -checking-> kubelet n1');
	labeler.observer.onOpened?.(connection, purpose, opened);
	await clock.advance(labelTimings.sharedProbeDelayMs);
	const settled = await emits(({phase}) => phase === 'settled');
	t.is(settled.line, 'path: you -verified-> apiserver -direct,verified-> kubelet n1');
	t.deepEqual([settled.legs[1]?.tls.basis, settled.legs[1]?.route.basis], ['proven', 'proven']);
	t.is(settled.process.boundBy, 'same-connection');
	t.true(settled.cluster.sandbox);
	labeler.observer.onClosed?.(connection, purpose);
	t.is(emitted.at(-1)?.about, 'ended-connection');
	t.is(labeler.labels.size, 0);
});

test('a closed labeler emits nothing more', async t => {
	const {cluster, clock, labeler, emitted} = await listenOnSandbox(t);
	const connection = await connectObserved(cluster, purpose, labeler.observer);
	labeler.close();
	const before = emitted.length;
	labeler.observer.onOpened?.(connection, purpose, opened);
	labeler.observer.onFailed?.(null, purpose, new SpokeError('ERR_APISERVER_UNREACHABLE', 'no', {leg: 1}));
	await clock.advance(labelTimings.sharedProbeDelayMs);
	t.deepEqual([emitted.length, labeler.labels.size], [before, 0]);
	connection.close();
});

test('a label after an apiserver restart with other flags carries no old verdict', async t => {
	const {sandbox, clock, labeler, emitted, emits, open} = await listenOnSandbox(t);
	const first = await open();
	t.is((await emits(({phase}) => phase === 'settled')).legs[1]?.tls.state, 'unverified');
	await sandbox.switches.set({verification: 'good', route: 'konnectivity'});
	labeler.observer.onClosed?.(first, purpose);
	const before = emitted.length;
	const started = clock.elapsed();
	await open();
	await clock.advance(labelTimings.sharedProbeIntervalMs);
	await emits(({phase}) => phase === 'settled', before);
	t.true(clock.elapsed() - started < 10_000);
	const after = emitted.slice(before);
	t.is(after[0]?.phase, 'checking');
	t.deepEqual(
		after.filter(({legs}) => legs[1]?.tls.state === 'unverified' || legs[1]?.route.state === 'direct').map(({line}) => line),
		[],
	);
	t.is(after.at(-1)?.legs[1]?.tls.state, 'verified');
});

test('a label contains what other reads learned about its process', async t => {
	const {cluster, emitted, emits, open} = await listenOnSandbox(t, {scenario: 'konnectivity'});
	await open();
	const alone = await emits(({phase}) => phase === 'settled');
	t.is(alone.legs[1]?.route.state, 'unknown', 'an egress file alone is no word for the route');
	t.regex(alone.legs[1]?.route.why ?? '', /egress file is set/);
	const [pod] = (
		await cluster.json<{items: Array<{metadata: {name: string}}>}>({
			path: '/api/v1/namespaces/default/pods?fieldSelector=spec.nodeName%3Dn1',
		})
	).items;
	(await cluster.request({path: `/api/v1/namespaces/default/pods/${pod!.metadata.name}/log?tailLines=1`})).body.resume();
	const examined = await examineApiserver(cluster);
	const pane = configuredPath(examined, cluster, purpose, {node: null, pod: null});
	examined.connection.close();
	t.is(pane.legs[1]?.route.state, 'konnectivity');
	t.deepEqual([emitted.at(-1)?.legs[1]?.route.state, emitted.at(-1)?.process.id], [pane.legs[1]?.route.state, pane.process.id]);
	await open();
	t.is(emitted.at(-1)?.legs[1]?.route.state, 'konnectivity');
});

/** Unlike `connectObserved` alone, makes the apiserver dial, so that its dial metrics count. */
async function openForward({cluster, labeler, clock}: Pick<ReturnType<typeof listen>, 'cluster' | 'labeler' | 'clock'>) {
	const [pod] = (
		await cluster.json<{items: Array<{metadata: {name: string}}>}>({path: '/api/v1/namespaces/default/pods?labelSelector=app%3Dweb'})
	).items;
	const tunnel = await openTunnel(cluster, {...purpose.target, name: pod!.metadata.name}, {observer: labeler.observer});
	await clock.advance(labelTimings.sharedProbeDelayMs);
	return tunnel;
}

test('an egress file leaves the route unknown until the metrics of its process show it', async t => {
	const {cluster, clock, labeler, emits} = await listenOnSandbox(t, {scenario: 'konnectivity'});
	const tunnel = await openForward({cluster, labeler, clock});
	t.is((await emits(({phase}) => phase === 'settled')).legs[1]?.route.state, 'unknown', 'nobody waits for the counters');
	await clock.advance(labelTimings.lastingAfterMs);
	const path = await emits(({legs}) => legs[1]?.route.state !== 'unknown');
	const {route} = path.legs[1]!;
	t.deepEqual([route.state, route.basis, route.protocol], ['konnectivity', 'inferred', 'grpc']);
	t.is(path.evidence.find(({id}) => route.evidence.includes(id))?.process, path.process.id);
	tunnel.session.end();
});

test('metrics read before the first stream are read again to include its dial', async t => {
	const {cluster, clock, labeler, emits} = await listenOnSandbox(t, {scenario: 'konnectivity'}, {waitsForMetrics: true});
	const {connection, metrics} = await examineApiserver(cluster);
	connection.close();
	t.deepEqual(metrics.observation?.facts.egressDials, []);
	clock.setTo(Date.now() + 1);
	const tunnel = await openForward({cluster, labeler, clock});
	t.is((await emits(({phase}) => phase === 'settled')).legs[1]?.route.state, 'konnectivity');
	tunnel.session.end();
});

test('a label that may wait for metrics settles with the route from them', async t => {
	const {cluster, clock, labeler, emits} = await listenOnSandbox(t, {scenario: 'konnectivity'}, {waitsForMetrics: true});
	const tunnel = await openForward({cluster, labeler, clock});
	const settled = await emits(({phase}) => phase === 'settled');
	t.true(clock.elapsed() < 2000);
	t.deepEqual(
		[settled.legs[1]?.route.state, settled.line],
		['konnectivity', 'path: you -verified-> apiserver -konnectivity,unverified-> kubelet n1'],
	);
	tunnel.session.end();
});

const dialMetrics = 'apiserver_egress_dialer_dial_start_total{protocol="grpc",transport="uds"} 1\n';

for (const {title, egress, metrics, reads} of [
	{title: 'a route known from flags needs no metrics read', egress: '', metrics: 200, reads: 0},
	{title: 'forbidden metrics are requested once', egress: '/egress.yaml', metrics: 403, reads: 1},
	{title: 'metrics of a process are read once for all its streams', egress: '/egress.yaml', metrics: 200, reads: 1},
]) {
	test(title, async t => {
		let requested = 0;
		const server = await serve(t, {
			'/flagz': flagz({ca: '', egress}),
			'/statusz': startedAt('2026-11-24T10:00:00Z'),
			'/metrics'(...asked) {
				requested++;
				reply(metrics, dialMetrics)(...asked);
			},
			'*': '{}',
		});
		const {emitted, emits, open} = listen(t, await server.cluster(), {waitsForMetrics: true});
		for (let stream = 0; stream < 3; stream++) {
			await open();
		}

		await emits(() => emitted.filter(({phase}) => phase === 'settled').length === 3);

		t.is(requested, reads);
		t.is(emitted.at(-1)?.legs[1]?.route.state, egress === '' ? 'direct' : metrics === 200 ? 'konnectivity' : 'unknown');
	});
}

test('another apiserver behind a balancer does not show the route of this one', async t => {
	const numbers = new WeakMap<object, number>();
	let connections = 0;
	const server = await serve(
		t,
		{
			'/flagz': flagz({ca: '', egress: '/egress.yaml'}),
			'/statusz': ({socket}, response) =>
				response.end(JSON.stringify(startedAt(`2026-11-24T1${numbers.get(socket) === 0 ? 0 : 1}:00:00Z`))),
			'/metrics': dialMetrics,
			'*': '{}',
		},
		{onConnection: socket => numbers.set(socket, connections++)},
	);
	const {emits, open} = listen(t, await server.cluster(), {waitsForMetrics: true});
	await open();
	t.is((await emits(({phase}) => phase === 'settled')).legs[1]?.route.state, 'unknown');
});

for (const {title, starts, to, basis, place = {}} of [
	{
		title: 'a balancer of requests that shows the apiserver’s own certificate is a gateway',
		starts: ['2026-11-24T10:00:00Z', '2026-11-24T11:00:00Z'],
		to: 'gateway',
		basis: 'inferred',
	},
	{
		title: 'an apiserver with that certificate, whose process stays the same',
		starts: ['2026-11-24T10:00:00Z'],
		to: 'apiserver',
		basis: 'proven',
	},
	{
		title: 'a proxy in front of an apiserver on loopback, as in a virtual cluster, may respond itself',
		starts: ['2026-11-24T10:00:00Z'],
		to: 'unknown',
		basis: 'inferred',
		place: {'bind-address': '127.0.0.1', 'secure-port': '1'},
	},
] as const) {
	test(`${title}: ${to}, ${basis}`, async t => {
		let turn = 0;
		const server = await startApiserver(t, path =>
			path === '/statusz'
				? startedAt(starts[turn++ % starts.length])
				: path === '/flagz'
					? flagz({ca: '/ca.pem', egress: '', ...advertised(server), ...place})
					: undefined,
		);
		const {cluster, emits, open} = listen(t, await server.cluster({cluster: withClusterCa}));
		const connection = await open();
		const {legs} = await emits(({phase}) => phase === 'settled');
		t.deepEqual([legs[0]?.to, legs[1]?.tls.state, legs[1]?.tls.basis], [to, 'verified', basis]);
		connection.close();
		t.is((await configured(cluster)).legs[0]?.to, to);
	});
}

/** After it, the reads also list the nodes. */
const mirrorPod = {
	metadata: {
		name: 'kube-apiserver-n1',
		annotations: {'kubernetes.io/config.mirror': 'x'},
		ownerReferences: [{kind: 'Node', name: 'n1', uid: 'n'}],
	},
	spec: {nodeName: 'n1', containers: [{name: 'kube-apiserver', command: ['kube-apiserver']}]},
	status: {containerStatuses: [{name: 'kube-apiserver', state: {running: {startedAt: '2026-11-24T10:00:00Z'}}}]},
};

for (const [title, starts, to, pods] of [
	['the label of a log that has ended needs one connection only', ['2026-11-24T10:00:00Z'], 'apiserver', []],
	[
		'a request balancer is a gateway, also on the released connection of a log',
		['2026-11-24T10:00:00Z', '2026-11-24T11:00:00Z'],
		'gateway',
		[],
	],
	[
		'a request balancer is a gateway, also if its apiservers have mirror pods',
		['2026-11-24T10:00:00Z', '2026-11-24T11:00:00Z'],
		'gateway',
		[mirrorPod],
	],
] as const) {
	test(title, async t => {
		let turn = 0;
		const server = await startApiserver(t, path => {
			// Alternates with each request, as such a balancer does.
			const startTime = starts[turn++ % starts.length];
			if (path.startsWith('/api/v1/namespaces/kube-system/pods')) {
				return {kind: 'PodList', items: pods};
			}

			const objects: Readonly<Record<string, object>> = {
				'/flagz': flagz({ca: '', egress: '', ...advertised(server)}),
				'/statusz': {kind: 'Statusz', startTime},
			};
			return objects[path];
		});
		const {cluster, clock, labeler, emits} = listen(t, await server.cluster({cluster: withClusterCa}));
		const log = await openLog(
			cluster,
			{namespace: 'default', pod: 'web', uid: null, node: 'n1', container: 'app'},
			{},
			{
				target: purpose.target,
				// As the path reporter, which tells the labeler of the end only once the label is settled.
				observer: {...labeler.observer, onClosed() {}},
			},
		);
		await text(log.body);
		log.close();
		await clock.advance(labelTimings.sharedProbeDelayMs);
		const {legs} = await emits(({phase}) => phase === 'settled');
		t.is(legs[0]?.to, to);
		t.is(server.connections(), 1);
	});
}

test('a request balancer is a gateway when its apiservers differ only in flags', async t => {
	let turn = 0;
	const server = await startApiserver(t, path => {
		const objects: Readonly<Record<string, object>> = {
			'/flagz': flagz({
				ca: turn++ % 2 === 0 ? '/ca.pem' : '',
				egress: '',
				...advertised(server),
			}),
			'/statusz': startedAt('2026-11-24T10:00:00Z'),
		};
		return objects[path];
	});
	const {emits, open} = listen(t, await server.cluster({cluster: withClusterCa}));
	await open();
	const {legs, process} = await emits(({phase}) => phase === 'settled');
	t.deepEqual([legs[0]?.to, legs[1]?.tls.basis, process.boundBy], ['gateway', 'inferred', 'none']);
});

test('a process found on another connection through a gateway does not count as an apiserver', async t => {
	let first: unknown;
	const server = await startApiserver(t, (path, {socket}) => {
		first ??= socket;
		const isFirst = socket === first;
		const object =
			path === '/flagz'
				? flagz({ca: '/ca.pem', egress: ''})
				: path === '/statusz'
					? startedAt(`2026-11-24T1${isFirst ? 0 : 1}:00:00Z`)
					: undefined;
		return isFirst ? object : reply(200, object ?? {}, {Via: '1.1 gateway'});
	});
	const cluster = await server.cluster({cluster: withClusterCa});
	const examined = await examineApiserver(cluster);
	examined.connection.close();
	t.is(examined.others.length, 1);
	t.is(configuredPath(examined, cluster, purpose, {node: null, pod: null}).legs[0]?.to, 'gateway');
});

for (const {title, extra, to, user = withCertificate, flags = [], reviews = 'asked'} of [
	{title: 'an apiserver that knows the user by the client certificate', extra: credentialIdOfAda, to: 'apiserver'},
	{title: 'a gateway with the apiserver’s key, which forwards the user name without the certificate', extra: {}, to: 'gateway'},
	{
		title: 'an apiserver or a gateway that knows the user by a token as well as the certificate',
		extra: {},
		to: 'unknown',
		user: {...withCertificate, token: 'secret'},
		reviews: 'not asked',
	},
	{
		title: 'an apiserver or a gateway that knows the impersonated user',
		extra: {},
		to: 'unknown',
		flags: ['--as', 'bob'],
		reviews: 'not asked',
	},
] as const) {
	test(`${title}: ${to}, also while a silent log waits for its first line`, async t => {
		const requested: string[] = [];
		const answers: Readonly<Record<string, object>> = {
			'/flagz': flagz({ca: '', egress: ''}),
			'/statusz': startedAt('2026-11-24T10:00:00Z'),
			'/version': {gitVersion: 'v1.36.3'},
			[leasesPath]: {},
			'/apis/authentication.k8s.io/v1/selfsubjectreviews': {status: {userInfo: {username: 'ada', extra}}},
		};
		const server = await startApiserver(
			t,
			path => {
				requested.push(path);
				return answers[path];
			},
			asksForCertificate,
		);
		const {cluster, clock, labeler, emitted, emits} = listen(t, await server.cluster({user, flags, cluster: withClusterCa}));
		const quiet = await connectObserved(cluster, {...purpose, feature: 'logs'}, labeler.observer);
		await clock.advance(labelTimings.lastingAfterMs + labelTimings.sharedProbeDelayMs);
		await emits(({cluster: {version}}) => version === 'v1.36.3');
		t.deepEqual([emitted.at(-1)?.legs[0]?.to, emitted.at(-1)?.phase], [to, 'checking']);
		labeler.observer.onOpened?.(quiet, {...purpose, feature: 'logs'}, {carrier: 'http', protocol: null});
		const {legs, findings} = await emits(({phase}) => phase === 'settled');
		t.deepEqual([legs[0]?.to, legs[1]?.tls.basis], [to, to === 'apiserver' ? 'proven' : 'inferred']);
		t.is(
			findings.find(({code}) => code === 'GATEWAY_IN_FRONT')?.message,
			to === 'gateway'
				? 'A gateway responds, not an apiserver: the apiserver did not identify you by the client certificate that you presented'
				: undefined,
		);
		t.is(
			requested.some(url => url.endsWith('selfsubjectreviews')),
			reviews === 'asked',
		);
	});
}

test('a request balancer is recognized for all streams once it was observed', async t => {
	const starts = ['10', '10', '10', '10', '10', '11'];
	let turn = 0;
	const server = await startApiserver(t, path =>
		path === '/statusz'
			? startedAt(`2026-11-24T${starts[turn++] ?? '10'}:00:00Z`)
			: path === '/flagz'
				? flagz({ca: '', egress: '', ...advertised(server)})
				: undefined,
	);
	const {cluster, clock, labeler, emitted, emits, open} = listen(t, await server.cluster({cluster: withClusterCa}));
	const tos: unknown[] = [];
	for (let stream = 0; stream < 3; stream++) {
		emitted.length = 0;
		await open();
		await clock.advance(labelTimings.sharedProbeIntervalMs);
		const settled = await emits(({phase}) => phase === 'settled');
		tos.push(`${settled.legs[0]?.to} ${settled.legs[1]?.tls.basis}`);
		// Its background reads are not used for the next stream.
		const brief = await connectObserved(cluster, purpose, undefined);
		labeler.observer.onFailed?.(brief, purpose, new SpokeError('ERR_TARGET_GONE', 'gone'));
		brief.close();
	}

	t.deepEqual(tos, ['apiserver proven', 'gateway inferred', 'gateway inferred']);
	t.deepEqual(
		[...labeler.labels.values()].map(({path}) => path.legs[0]?.to),
		['gateway', 'gateway', 'gateway'],
	);
	t.is((await configured(cluster)).legs[0]?.to, 'gateway');
});

for (const [title, given, to, basis, need] of [
	['an apiserver whose leases were not read yet', {data: {'ca.crt': apiserverAuthority.certificate}}, 'unknown', 'inferred', false],
	['a gateway with the apiserver’s names', {data: {'ca.crt': gatewayAuthority.certificate}}, 'gateway', 'inferred', false],
	['an apiserver or a gateway, with an unreadable cluster CA', null, 'unknown', 'inferred', true],
] as const) {
	test(`a stream that fails at once reached ${title}: ${to}, and no earlier label was stronger`, async t => {
		let requested = 0;
		const server = await startApiserver(t, path => {
			requested += path === rootCa ? 1 : 0;
			const answers: Readonly<Record<string, Answer>> = {
				'/flagz': flagz({ca: '', egress: '', ...advertised(server)}),
				'/statusz': startedAt('2026-11-24T10:00:00Z'),
				[rootCa]: given ?? forbidden,
			};
			return answers[path] ?? forbidden;
		});
		const {cluster, labeler, emitted} = listen(t, await server.cluster({cluster: withClusterCa}));
		for (let stream = 0; stream < 2; stream++) {
			const connection = await connectObserved(cluster, purpose, labeler.observer);
			labeler.observer.onFailed?.(connection, purpose, new SpokeError('ERR_TARGET_GONE', 'gone'));
			connection.close();
		}

		const {legs, findings} = emitted.at(-1)!;
		t.deepEqual([legs[0]?.to, legs[1]?.tls.state, legs[1]?.tls.basis], [to, 'unverified', basis]);
		t.is(findings.find(({leg}) => leg === 1)?.code, {gateway: 'GATEWAY_IN_FRONT', unknown: 'FRONT_NOT_KNOWN'}[to]);
		t.is(
			legs[1]!.tls.need.some(({permission}) => permission === 'get configmap kube-root-ca.crt'),
			need,
		);
		const read = emitted.filter(({legs}) => legs[1]?.tls.state === 'unverified');
		t.deepEqual([...new Set(read.map(({legs}) => `${legs[0]?.to}, ${legs[1]?.tls.basis}`))], [`${to}, ${basis}`]);
		t.is(requested, to === 'gateway' ? 2 : 1, 'the CA is read again only if the known one did not issue the certificate');
	});
}

for (const [title, status, headers, to] of [
	['a gateway with the apiserver’s certificate is identified by its headers', 200, {via: '1.1 gateway'}, 'gateway'],
	['a gateway with the apiserver’s certificate is identified by its headers without flags', 403, {server: 'istio-envoy'}, 'gateway'],
	['a server without gateway headers, whose flags are forbidden, may be a gateway', 403, {}, 'unknown'],
] as const) {
	test(title, async t => {
		const server = await startApiserver(
			t,
			(path, {method}) => {
				const review = {status: {userInfo: {username: 'ada', extra: credentialIdOfAda}}};
				const isOpen = path === rootCa || method === 'POST';
				const object = path === rootCa ? clusterCaConfigMap : method === 'POST' ? review : status === 200 ? flagz({}) : {kind: 'Status'};
				return reply(isOpen ? 200 : status, object, headers);
			},
			asksForCertificate,
		);
		const {cluster, labeler, emitted} = listen(t, await server.cluster({user: withCertificate, cluster: withClusterCa}));
		const pods = {...purpose, feature: 'pod-proxy'} as const;
		for (let stream = 0; stream < 2; stream++) {
			const connection = await connectObserved(cluster, pods, labeler.observer);
			t.deepEqual([emitted.at(-1)?.legs[0]?.to, emitted.at(-1)?.legs[1]?.tls.basis], [to, 'inferred'], `stream ${stream}`);
			connection.close();
		}

		t.is((await configured(cluster, pods)).legs[0]?.to, to);
	});
}

test('the cluster CA of a pod shows a certificate that a gateway can have, too', async t => {
	const server = await startApiserver(t, path => (path === '/flagz' ? flagz({ca: '', ...advertised(server)}) : forbidden));
	const outside = await server.cluster({cluster: withClusterCa});
	const {cluster, labeler, emitted} = listen(t, {...outside, facts: {...outside.facts, source: 'in-cluster'}});
	const connection = await connectObserved(cluster, purpose, labeler.observer);
	t.deepEqual([emitted.at(-1)?.legs[0]?.to, emitted.at(-1)?.legs[1]?.tls.basis], ['unknown', 'inferred']);
	connection.close();
});

test('the cluster CA is read in the namespace of the stream when the default one is forbidden', async t => {
	const server = await startApiserver(t, path => {
		const answers: Readonly<Record<string, Answer>> = {
			'/flagz': flagz({ca: '', egress: '', ...advertised(server)}),
			[rootCa.replace('/default/', '/demo/')]: clusterCaConfigMap,
		};
		return answers[path] ?? forbidden;
	});
	const {cluster, labeler, emitted} = listen(t, await server.cluster({cluster: withClusterCa}));
	const connection = await connectObserved(cluster, {...purpose, target: {...purpose.target, namespace: 'demo'}}, labeler.observer);
	t.deepEqual([emitted.at(-1)?.legs[0]?.to, emitted.at(-1)?.legs[1]?.tls.basis], ['unknown', 'inferred']);
	connection.close();
});

test('a connection that ends early keeps earlier observations of its process', async t => {
	const {sandbox, cluster, clock, labeler, emitted, emits, open} = await listenOnSandbox(t);
	const logs = {...purpose, feature: 'logs'} as const;
	const needsEnvironment = ({legs}: Path) => legs[1]!.route.need.length > 0;
	const brief = async () => {
		const connection = await connectObserved(cluster, logs, labeler.observer);
		labeler.observer.onOpened?.(connection, logs, {carrier: 'http', protocol: null});
		connection.close();
		labeler.observer.onClosed?.(connection, logs);
		return needsEnvironment(emitted.at(-1)!);
	};

	t.true(await brief());
	const connection = await open(logs);
	await clock.advance(labelTimings.sharedProbeIntervalMs);
	t.false(needsEnvironment(await emits(({phase, about}) => phase === 'settled' && about === 'open-connection')));
	t.false(await brief());
	const now = clock.now();
	clock.setTo(now + labelTimings.sharedMaxAgeMs);
	t.true(await brief(), 'it was read too long ago');
	clock.setTo(now);
	connection.close();
	labeler.observer.onClosed?.(connection, logs);
	// A process is identified by its start in seconds.
	for (const second = Math.floor(Date.now() / 1000); Math.floor(Date.now() / 1000) === second;) {
		await delay(20);
	}

	await sandbox.faults.restartApiserver();
	t.true(await brief(), 'another process may have another environment');
});

for (const [title, hasOutput, state, basis] of [
	['the 101 of an exec proves verification only after output of the kubelet', true, 'verified', 'proven'],
	// Its node declares ExtendWebSocketsToKubelet, which it can write after the apiserver chose to answer 101 itself.
	['a silent exec leaves kubelet TLS unknown, whatever its node declares', false, 'unknown', 'unknown'],
] as const) {
	test(title, async t => {
		const {cluster, clock, labeler, emitted, emits} = await listenOnSandbox(t, {scenario: 'verified'});
		const exec = {...purpose, feature: 'exec', target: {...purpose.target, node: 'n1'}} as const;
		const connection = await connectObserved(cluster, exec, labeler.observer);
		labeler.observer.onOpened?.(connection, exec, opened);
		t.deepEqual([emitted.at(-1)?.phase, emitted.at(-1)?.legs[1]?.tls.state], ['checking', 'unknown']);
		const before = emitted.length;
		await clock.advance(labelTimings.sharedProbeDelayMs);
		t.is((await emits(() => true, before)).phase, 'checking', 'the label is emitted with what is known before the kubelet responds');
		if (hasOutput) {
			labeler.observer.onFarEndAnswered?.(connection, exec);
		} else {
			await clock.advance(labelTimings.settleTimeoutMs - labelTimings.sharedProbeDelayMs - 1);
			t.is(emitted.at(-1)?.phase, 'checking');
			await clock.advance(1);
		}

		const settled = await emits(({phase}) => phase === 'settled');
		t.deepEqual([settled.legs[1]?.tls.state, settled.legs[1]?.tls.basis], [state, basis]);
		t.deepEqual(
			emitted.filter(({phase, legs}) => phase === 'checking' && legs[1]?.tls.state === 'verified' && !hasOutput),
			[],
		);
		connection.close();
	});
}

const plain = 'text/plain';
for (const [method, status, type, body, state, basis] of [
	['GET', 200, plain, 'ok', 'verified', 'inferred'],
	['HEAD', 200, plain, '', 'verified', 'inferred'],
	['GET', 404, plain, '404 page not found', 'verified', 'inferred'],
	['GET', 429, plain, 'Too many requests, please try again later.', 'unknown', 'unknown'],
	['GET', 504, plain, 'gateway', 'unknown', 'unknown'],
	['GET', 400, plain, '400 Bad Request: malformed Host header', 'unknown', 'unknown'],
	['HEAD', 404, plain, '', 'unknown', 'unknown'],
	['GET', 403, 'application/yaml', 'apiVersion: v1\ncode: 403\nkind: Status\n', 'unknown', 'unknown'],
	['GET', 403, 'application/vnd.kubernetes.protobuf', 'k8s\u0000\n\u000C\n\u0002v1\u0012\u0006Status', 'unknown', 'unknown'],
] as const) {
	test(`a response ${status} to ${method} of a node proxy, ${type}, ${body.length} bytes: ${state}, ${basis}`, async t => {
		const server = await startApiserver(t, path => {
			const answers: Readonly<Record<string, object>> = {
				'/flagz': flagz({ca: '/ca.pem', egress: '', ...advertised(server)}),
				'/statusz': startedAt('2026-11-24T10:00:00Z'),
				[leasesPath]: {},
			};
			return path.includes('/proxy') ? reply(status, body, {'Content-Type': type}) : answers[path];
		});
		const {cluster, labeler, emitted} = listen(t, await server.cluster({cluster: withClusterCa}));
		const target = {
			base: '/api/v1/nodes/n1/proxy',
			purpose: {
				feature: 'node-proxy',
				target: {...purpose.target, kind: 'Node'},
				request: {scheme: 'https', port: 10_250, portName: null, kubeletPort: true},
			},
		} as const;
		const answer = await sendProxyRequest(cluster, target, {method, path: '/x', headers: {}, timeoutMs: 0}, {observer: labeler.observer});
		const tls = emitted.findLast(({about}) => about === 'open-connection')?.legs[1]?.tls;
		t.deepEqual([answer.status, tls?.state, tls?.basis], [status, state, basis]);
		answer.body.resume();
	});
}

test('a failure message makes no route, and the path line shows the failed leg', async t => {
	const {cluster, labeler, emitted} = await listenOnSandbox(t, {user: 'bob'});
	const connection = await connectObserved(cluster, purpose, labeler.observer);
	labeler.observer.onFailed?.(
		connection,
		purpose,
		new SpokeError('ERR_SECOND_LEG', 'no agent', {
			text: JSON.stringify({kind: 'Status', status: 'Failure', message: 'error dialing backend: No agent available', code: 500}),
		}),
	);
	const failed = emitted.at(-1)!;
	t.is(failed.phase, 'failed');
	t.deepEqual([failed.legs[1]?.route.state, failed.legs[1]?.route.basis], ['unknown', 'unknown'], 'the kubelet can have sent it');
	t.is(failed.line, 'path: you -verified-> apiserver -unknown-x kubelet n1');
	t.is(failed.error?.code, 'ERR_SECOND_LEG');
});

for (const [title, body, state, basis] of [
	[
		'no kubelet was reached',
		{message: 'error dialing backend: dial tcp 10.0.0.1:10250: connect: connection refused', code: 500},
		'unknown',
		'unknown',
	],
	[
		'the apiserver refuses the kubelet',
		{message: 'error dialing backend: tls: failed to verify certificate: x509: certificate signed by unknown authority', code: 500},
		'refused',
		'inferred',
	],
	[
		'the kubelet refuses the apiserver',
		{
			message: 'Forbidden (user=apiserver, verb=get, resource=nodes, subresource(s)=[proxy]) ( pods/log web)',
			code: 403,
			details: {kind: 'pods/log'},
		},
		'verified',
		'inferred',
	],
] as const) {
	test(`TLS of leg 2 is ${state} when verification is on and ${title}`, async t => {
		const {cluster, labeler, emitted} = await listenOnSandbox(t, {scenario: 'verified'});
		const logs = {...purpose, feature: 'logs'} as const;
		const connection = await connectObserved(cluster, logs, labeler.observer);
		labeler.observer.onFailed?.(
			connection,
			logs,
			new SpokeError('ERR_SECOND_LEG', 'failed', {text: JSON.stringify({kind: 'Status', status: 'Failure', ...body})}),
		);
		const {
			legs: [, leg],
			evidence,
			process,
		} = emitted.at(-1)!;
		t.deepEqual([leg?.tls.state, leg?.tls.basis], [state, basis]);
		t.true(
			evidence.filter(({id}) => leg?.tls.evidence.includes(id)).every(one => one.process !== null && one.process === process.id),
			'the evidence names its process',
		);
		connection.close();
	});
}

test('a stream without a connection has unknown legs', async t => {
	const {labeler, emitted} = await listenOnSandbox(t);
	labeler.observer.onFailed?.(null, purpose, new SpokeError('ERR_APISERVER_UNREACHABLE', 'no', {leg: 1}));
	const [{legs, phase, line}] = emitted as [Path];
	t.deepEqual([phase, line], ['failed', 'path: you -unknown-x apiserver']);
	t.deepEqual(
		legs.map(({tls, route}) => [tls.state, route.state]),
		[
			['unknown', 'unknown'],
			['unknown', 'unknown'],
		],
	);
	t.like(legs[0], {to: 'unknown', tls: {why: 'no connection was made'}, peer: null});
	t.is(labeler.labels.size, 0);
});

for (const [title, status, needed] of [
	['no such endpoint is served', 404, [null]],
	['the endpoints are forbidden', 403, ['get nonResourceURL /flagz', 'list pods in kube-system', 'get nonResourceURL /metrics']],
] as const) {
	test(`a label that may wait for metrics names ${needed[0] === null ? 'no permission' : 'the permissions'} when ${title}`, async t => {
		const server = await serve(t, (_, response) => {
			response.writeHead(status).end('{"kind":"Status"}');
		});
		const {emits, open} = listen(t, await server.cluster(), {waitsForMetrics: true});
		const connection = await open();
		const {legs} = await emits(({phase}) => phase === 'settled');
		t.deepEqual(
			legs[1]?.route.need.map(({permission}) => permission),
			[...needed],
		);
		connection.close();
	});
}

test('a hanging /flagz delays a stream at most by its timeout and is not requested again', async t => {
	const entry = counter();
	const server = await serve(t, (request, response) => {
		if (request.url === '/flagz') {
			entry.add();
		} else {
			response.end('{}');
		}
	});
	const {cluster, clock, labeler} = listen(t, await server.cluster());
	t.teardown(() => {});
	for (const costMs of [labelTimings.preUseTimeoutMs, 0]) {
		const started = clock.elapsed();
		const connecting = connectObserved(cluster, purpose, labeler.observer);
		if (costMs > 0) {
			await entry.reaches(1);
			await clock.advance(costMs);
		}

		const connection = await connecting;
		t.is(clock.elapsed() - started, costMs);
		t.true(connection.usable);
		connection.close();
	}

	t.is(entry.count, 1);
});

test('a missing CA response delays only the first stream, at most by its timeout', async t => {
	const entry = counter();
	const server = await serve(t, (request, response) => {
		// The background read requests it, too.
		if (request.url !== rootCa || entry.add() > 1) {
			response.end(JSON.stringify(request.url === '/flagz' ? flagz({ca: ''}) : {}));
		}
	});
	const {cluster, clock, labeler, emitted, emits} = listen(t, await server.cluster());
	t.teardown(() => {});
	for (const costMs of [labelTimings.preUseTimeoutMs, 0]) {
		const started = clock.elapsed();
		const before = entry.count;
		const connecting = connectObserved(cluster, purpose, labeler.observer);
		if (costMs > 0) {
			await entry.reaches(1);
			// The flags were answered before it.
			await cluster.quiet(1);
			await clock.advance(costMs);
		}

		const connection = await connecting;
		t.is(clock.elapsed() - started, costMs);
		t.true(connection.usable);
		t.is(entry.count - before, costMs > 0 ? 1 : 0);
		t.is(emitted.findLast(({phase, about}) => phase === 'checking' && about === 'open-connection')?.legs[1]?.tls.state, 'unverified');
		emitted.length = 0;
		labeler.observer.onOpened?.(connection, purpose, opened);
		await clock.advance(labelTimings.sharedProbeDelayMs);
		t.is((await emits(({legs}) => legs[1]?.tls.state !== 'unknown')).legs[1]?.tls.state, 'unverified');
		connection.close();
	}
});

test('a late /flagz of another connection verifies nothing on this one', async t => {
	const flags = flagz({ca: '/ca.pem', egress: ''});
	const entry = counter();
	let lateObservations: (() => void) | undefined;
	const server = await serve(t, (request, response) => {
		const body = request.url === '/flagz' ? flags : request.url!.startsWith(leasesPath) ? apiserverLeases() : {};
		const answer = () => response.end(JSON.stringify(body));
		if (request.url === '/flagz' && entry.add() === 1) {
			lateObservations = answer;
		} else {
			answer();
		}
	});
	const {cluster, clock, labeler, emitted, emits} = listen(t, await server.cluster());
	const connecting = connectObserved(cluster, purpose, labeler.observer);
	await entry.reaches(1);
	await clock.advance(labelTimings.preUseTimeoutMs - 1);
	t.is(emitted.length, 1, 'it is waited for');
	await clock.advance(1);
	const connection = await connecting;
	lateObservations!();
	labeler.observer.onOpened?.(connection, purpose, opened);
	await clock.advance(labelTimings.sharedProbeDelayMs);
	const {legs, process} = await emits(({phase}) => phase === 'settled');
	t.deepEqual([legs[1]?.tls.state, legs[1]?.tls.basis, process.boundBy], ['unknown', 'unknown', 'none']);
	connection.close();
});

test('an apiserver that exits during the probe does not leave later connections unread', async t => {
	let requested = 0;
	const server = await serve(t, (request, response) => {
		if (request.url === '/flagz' && requested++ === 0) {
			request.socket.destroy();
		} else {
			response.end(JSON.stringify(request.url === '/flagz' ? flagz({ca: ''}) : {}));
		}
	});
	const {cluster, labeler, emitted} = listen(t, await server.cluster());
	const lost = await connectObserved(cluster, purpose, labeler.observer);
	labeler.observer.onClosed?.(lost, purpose);
	const connection = await connectObserved(cluster, purpose, labeler.observer);
	t.deepEqual([requested, emitted.at(-1)?.legs[1]?.tls.state], [2, 'unverified']);
	connection.close();
});

test('a stream opened without known flags gets its label once an apiserver reports them', async t => {
	t.timeout(30_000);
	let silent = true;
	const entry = counter();
	const isCounted = flagsOfStreams();
	const server = await serve(t, (request, response) => {
		const isFlags = isCounted(request);
		if (isFlags) {
			entry.add();
		}

		if (!isFlags || !silent) {
			response.end(JSON.stringify(isFlags ? flagz({ca: ''}) : {}));
		}
	});
	const {cluster, clock, labeler, emitted, emits} = listen(t, await server.cluster());
	const connecting = connectObserved(cluster, purpose, labeler.observer);
	await entry.reaches(1);
	await clock.advance(labelTimings.preUseTimeoutMs);
	const connection = await connecting;
	labeler.observer.onOpened?.(connection, purpose, opened);
	await clock.advance(labelTimings.sharedProbeDelayMs);
	await entry.reaches(2);
	await clock.advance(labelTimings.sharedProbeTimeoutMs);
	t.is((await emits(({phase}) => phase === 'settled')).legs[1]?.tls.state, 'unknown');
	silent = false;
	await clock.advance(labelTimings.unavailableForMs - 1);
	await cluster.quiet();
	t.is(entry.count, 2, 'not before its time');
	await clock.advance(1);
	const {legs} = await emits(({legs}) => legs[1]?.tls.state === 'unverified');
	t.is(legs[1]?.tls.basis, 'inferred');
	t.is(emitted.at(-1)?.phase, 'settled');
	connection.close();
});

for (const status of [403, 404, 406, 500]) {
	test(`a /flagz response ${status} never counts as “not set” and is requested once`, async t => {
		let requested = 0;
		const server = await serve(t, (request, response) => {
			requested += request.url === '/flagz' ? 1 : 0;
			response.writeHead(request.url === '/flagz' ? status : 404).end('{"kind":"Status","message":"no"}');
		});
		const {cluster, labeler, emitted} = listen(t, await server.cluster());
		for (let turn = 0; turn < 2; turn++) {
			const connection = await connectObserved(cluster, purpose, labeler.observer);
			labeler.observer.onOpened?.(connection, purpose, opened);
			t.is(emitted.at(-1)?.legs[1]?.tls.state, 'unknown');
			t.true(emitted.at(-1)!.legs[1]!.tls.need.length > 0);
			connection.close();
		}

		t.is(requested, 1);
	});
}

const askedAgain: ReadonlyArray<
	[
		title: string,
		answers: ReadonlyArray<'silence' | 'flags' | 403>,
		then: 'stay' | 'close the stream' | 'close the labeler' | 'open another',
		asks: number,
		state: string,
	]
> = [
	['that was reported is not requested again', ['flags'], 'stay', 1, 'unverified'],
	['that was reported on another connection is not requested again', ['silence', 'flags'], 'stay', 2, 'unverified'],
	['that is not reported is requested until an apiserver reports it', ['silence', 'silence', 'silence', 'flags'], 'stay', 4, 'unverified'],
	['that is forbidden is not requested again', [403], 'stay', 1, 'unknown'],
	['that is forbidden elsewhere is not requested again', ['silence', 'silence', 403], 'stay', 3, 'unknown'],
	['is not requested again after the stream ended', ['silence', 'silence'], 'close the stream', 2, 'unknown'],
	['is not requested again after the labeler closed', ['silence', 'silence'], 'close the labeler', 2, 'unknown'],
	['that was forbidden on another connection is requested for this one', [403, 'flags'], 'open another', 2, 'unverified'],
];

for (const [title, answers, then, asks, state] of askedAgain) {
	test(`a flag ${title}`, async t => {
		const entry = counter();
		const isCounted = flagsOfStreams();
		const server = await serve(t, (request, response) => {
			const answer = isCounted(request) ? (answers[entry.add() - 1] ?? 403) : 404;
			if (answer !== 'silence') {
				response
					.writeHead(answer === 'flags' ? 200 : answer)
					.end(answer === 'flags' ? JSON.stringify(flagz({ca: ''})) : '{"kind":"Status","message":"no"}');
			}
		});
		const {cluster, clock, labeler, emitted, emits} = listen(t, await server.cluster());
		t.teardown(() => {});
		/** Waits until request number `ask` is answered or times out. */
		const answered = async (ask: number, timeoutMs: number) => {
			await entry.reaches(ask);
			if (answers[ask - 1] === 'silence') {
				await clock.advance(timeoutMs);
			}
		};

		const open = async () => {
			const before = emitted.length;
			const connecting = connectObserved(cluster, purpose, labeler.observer);
			await answered(1, labelTimings.preUseTimeoutMs);
			const connection = await connecting;
			labeler.observer.onOpened?.(connection, purpose, opened);
			await clock.advance(labelTimings.sharedProbeDelayMs);
			if (answers[0] === 'silence') {
				await answered(2, labelTimings.sharedProbeTimeoutMs);
			}

			await clock.advance(then === 'open another' ? labelTimings.sharedProbeIntervalMs : 0);
			await emits(({phase}) => phase === 'settled', before);
			return connection;
		};

		const connection = await open();
		if (then === 'open another') {
			labeler.observer.onClosed?.(connection, purpose);
			emitted.length = 0;
			await open();
		} else if (then === 'close the stream') {
			labeler.observer.onClosed?.(connection, purpose);
		} else if (then === 'close the labeler') {
			labeler.close();
		}

		for (let ask = entry.count + 1; ask <= asks; ask++) {
			await clock.advance(labelTimings.unavailableForMs - 1);
			await cluster.quiet();
			t.is(entry.count, ask - 1, 'not before its time');
			await clock.advance(1);
			await answered(ask, labelTimings.sharedProbeTimeoutMs);
			await cluster.quiet();
		}

		await clock.advance(5 * labelTimings.unavailableForMs);
		await cluster.quiet();
		t.deepEqual([entry.count, emitted.at(-1)?.legs[1]?.tls.state], [asks, state]);
	});
}

for (const [title, ms] of [
	['after 10 s', 11_000],
	['once the clock was set back', -3_600_000],
] as const) {
	test(`flags that one apiserver does not serve are requested again ${title}`, async t => {
		let requested = 0;
		const server = await serve(t, (request, response) => {
			const isClosed = request.url === '/flagz' && requested++ === 0;
			response.writeHead(isClosed ? 404 : 200).end(request.url === '/flagz' ? JSON.stringify(flagz({ca: '', egress: ''})) : '{}');
		});
		const {cluster, clock, labeler, emitted} = listen(t, await server.cluster());
		const states: unknown[] = [];
		const began = clock.now();
		for (const wait of [0, 5000, ms]) {
			clock.setTo(began + wait);
			const connection = await connectObserved(cluster, purpose, labeler.observer);
			clock.setTo(began);
			states.push(emitted.at(-1)?.legs[1]?.tls.state);
			connection.close();
		}

		t.deepEqual(states, ['unknown', 'unknown', 'unverified']);
	});
}

for (const [title, ms, state, basis] of [
	['proves nothing about one that opens 5 s later', 5000, 'unverified', 'inferred'],
	['is not used for one that opens 10 s later', 11_000, 'unknown', 'unknown'],
	['is not used for one that opens once the clock was set back', -3_600_000, 'unknown', 'unknown'],
] as const) {
	test(`a mirror pod read for another connection ${title}`, async t => {
		let ca = '';
		const server = await startApiserver(t, path => {
			const flagsOf = [
				'--advertise-address=127.0.0.1',
				`--secure-port=${server.port}`,
				...(ca === '' ? [] : [`--kubelet-certificate-authority=${ca}`]),
			];
			const {spec, status} = mirrorPod;
			const pod = {
				...mirrorPod,
				spec: {...spec, containers: [{name: 'kube-apiserver', command: ['kube-apiserver', ...flagsOf]}]},
				status: {...status, hostIP: '127.0.0.1'},
			};
			const answers: Readonly<Record<string, object>> = {
				'/api/v1/namespaces/kube-system/pods': {items: [pod]},
				'/api/v1/nodes': {items: [{metadata: {name: 'n1'}}]},
				[rootCa]: clusterCaConfigMap,
			};
			return answers[path] ?? forbidden;
		});
		const {clock, emitted, emits, open} = listen(t, await server.cluster({cluster: withClusterCa}));
		const first = await open();
		const before = await emits(({phase}) => phase === 'settled');
		t.deepEqual([before.legs[1]?.tls.state, before.legs[1]?.tls.basis], ['unverified', 'inferred']);
		ca = '/ca.crt';
		emitted.length = 0;
		clock.setTo(clock.now() + ms);
		const second = await open();
		await clock.advance(labelTimings.sharedProbeIntervalMs);
		const {tls} = (await emits(({phase}) => phase === 'settled')).legs[1]!;
		t.deepEqual([tls.state, tls.basis], [state, basis]);
		first.close();
		second.close();
	});
}

test('a route proven by an active probe holds for other paths of the process, unlike kubelet TLS', async t => {
	const {sandbox, env} = await openSandbox(t, {scenario: 'verified'});
	await sandbox.switches.set({route: 'konnectivity'});
	const cluster = await clientForTest(t, [], env);
	const legTwo = async () => (await configured(cluster)).legs[1]!;
	t.is((await legTwo()).route.state, 'unknown');
	const [tested] = await findPaths(cluster, 'svc/web', {features: ['port-forward'], probe: 'active'});
	t.deepEqual([tested?.legs[1]?.route.basis, tested?.legs[1]?.tls.state], ['proven', 'verified']);
	const {route, tls} = await legTwo();
	t.deepEqual([route.state, route.basis], ['konnectivity', 'proven']);
	t.is(tls.state, 'enforced');
	await sandbox.switches.set({route: 'direct'});
	t.is((await legTwo()).route.state, 'direct');
});
