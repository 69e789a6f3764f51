/** Probes of forbidden, odd and forged responses. */
import {Readable} from 'node:stream';
import test from 'ava';
import type {ApiResponse, RequestOptions} from '../../../source/cluster/cluster-client.ts';
import type {ErrorCode} from '../../../source/base/errors/error-table.ts';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import {classifyAnonymousAccess, probeAnonymousAccess} from '../../../source/evidence/probes/access.ts';
import {readAgentPods} from '../../../source/evidence/probes/agent-metrics.ts';
import {identifyProcess, readApiserverFlags, readProcessStart, versionFacts} from '../../../source/evidence/connection-observations.ts';
import {readReplicas} from '../../../source/evidence/probes/apiserver-replicas.ts';
import {sendProbe, preferConnection} from '../../../source/evidence/probes/probe-request.ts';
import {readLogDifferential} from '../../../source/evidence/probes/log-differential.ts';
import {parseSample, readApiserverMetrics} from '../../../source/evidence/probes/apiserver-metrics.ts';
import {parseFlags, parseComponentPod, readMirrorPods} from '../../../source/evidence/probes/mirror-pods.ts';
import {readNodeLeases, readSigningRequests, dialAddress} from '../../../source/evidence/probes/node-to-apiserver.ts';
import {kubeletTls} from '../../../source/evidence/rules/second-leg-tls.ts';
import {secondLegRoute} from '../../../source/evidence/rules/second-leg-route.ts';
import {flags, makeObservations, makeObservation} from '../../support/observations.ts';

type Answer = {status?: number; body?: string | object; headers?: Record<string, string>};

/** Answers by path without query; anything else is a 404. */
function server(answers: Readonly<Record<string, Answer>>) {
	const requests: RequestOptions[] = [];
	return {
		id: 'c1',
		asked: requests,
		async request(options: RequestOptions): Promise<ApiResponse> {
			requests.push(options);
			const {status = 200, body = '', headers = {}} = answers[options.path.split('?')[0]!] ?? {status: 404, body: '404 page not found'};
			return {
				status,
				statusText: '',
				headers,
				endsByClose: false,
				body: Readable.from([Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))]),
				connection: {id: 'c1', facts: undefined as never},
			};
		},
	};
}

const flagz = (body: string | object, more: Answer = {}) => server({'/flagz': {body, ...more}});

test('/flagz is requested in its structured form, v1 first, and strings are kept', async t => {
	const apiserver = flagz({
		kind: 'Flagz',
		flags: {'kubelet-certificate-authority': '', 'egress-selector-config-file': 'CLASSIFIED', odd: 5},
	});
	const {observation} = await readApiserverFlags(apiserver);
	t.deepEqual(observation?.facts.values, {'kubelet-certificate-authority': ''});
	t.is(observation?.connection, 'c1');
	t.regex(
		apiserver.asked[0]?.headers?.['Accept'] ?? '',
		/^application\/json;v=v1;g=config\.k8s\.io;as=Flagz, .*v=v1beta1;.*;q=0\.9, .*v=v1alpha1;.*;q=0\.8$/,
	);
});

for (const [title, body, status, reason] of [
	['a 403', {kind: 'Status'}, 403, 'forbidden'],
	['a 401', 'Unauthorized', 401, 'forbidden'],
	['a 404', '404 page not found', 404, 'not-served'],
	['a 406', {kind: 'Status'}, 406, 'not-served'],
	['a 500', '', 500, 'no-response'],
	['text with a random separator', 'kubelet-certificate-authority: \n', 200, 'not-served'],
	['JSON of another kind', {kind: 'Statusz'}, 200, 'not-served'],
	['flags that are no object', {kind: 'Flagz', flags: 'none'}, 200, 'not-served'],
] as const) {
	test(`a /flagz that responds with ${title} is unavailable and names its need`, async t => {
		const {unavailable} = await readApiserverFlags(flagz(body, {status}));
		t.is(unavailable?.reason, reason);
		t.is(unavailable?.need?.permission, 'get nonResourceURL /flagz');
	});
}

test('a response over its limit or on a broken connection is unavailable', async t => {
	const endless = {
		async request(): Promise<ApiResponse> {
			return {
				status: 200,
				statusText: '',
				headers: {},
				endsByClose: false,
				body: Readable.from(
					(function* () {
						for (;;) {
							yield Buffer.alloc(1024);
						}
					})(),
				),
				connection: {id: '', facts: undefined as never},
			};
		},
	};
	t.is(
		(await sendProbe(endless, {source: 'version', path: '/x', need: null, maxBytes: 10_000}, body => body)).unavailable?.reason,
		'no-response',
	);
	const broken = {
		async request() {
			throw new Error('reset');
		},
	};
	t.is((await sendProbe(broken, {source: 'version', path: '/x', need: null}, body => body)).unavailable?.reason, 'no-response');
});

test('a request is repeated on another connection after a lost response, not after a timeout', async t => {
	const failing = (code: ErrorCode) => ({
		async request(): Promise<ApiResponse> {
			throw new SpokeError(code, '');
		},
	});
	const cluster = server({'/version': {body: '{}'}});
	t.is((await preferConnection(failing('ERR_STREAM_LOST'), cluster).request({path: '/version'})).status, 200);
	await t.throwsAsync(async () => preferConnection(failing('ERR_APISERVER_TIMEOUT'), cluster).request({path: '/version'}));
	t.is(cluster.asked.length, 1);
});

test('replicas started within one second differ by their flags or certificate keys', async t => {
	const apiserver = server({'/statusz': {body: {kind: 'Statusz', startTime: '2026-11-24T13:49:26Z', binaryVersion: '1.36.3'}}});
	const id = async (port: string, publicKey = 'aa') =>
		identifyProcess((await readProcessStart(apiserver)).observation!, flags({'secure-port': port}), publicKey).facts.id;
	t.is(await id('6443'), await id('6443'));
	t.not(await id('6443'), await id('6444'));
	t.not(await id('6443'), await id('6443', 'bb'));
	t.regex(await id('6443'), /^[\da-f]{16}$/);
});

for (const [gitVersion, upstream, minor] of [
	['v1.36.3', true, 36],
	['v1.21.14', true, 21],
	['v1.37.0-alpha.1', true, 37],
	['v1.29.1-gke.1589000', false, 29],
	['v1.30.4-eks-a737599', false, 30],
	['v1.31.2+k3s1', false, 31],
	['v1.28.0+rke2r1', false, 28],
] as const) {
	test(`${gitVersion} is ${upstream ? 'the project’s own build' : 'a vendor’s'}`, t => {
		t.deepEqual([versionFacts(gitVersion)?.upstream, versionFacts(gitVersion)?.minor], [upstream, minor]);
	});
}

test('metrics keep only informative series, and skipped verification is not a success', async t => {
	const {observation} = await readApiserverMetrics(
		server({
			'/metrics': {
				body:
					[
						'# HELP process_start_time_seconds x',
						'process_start_time_seconds 1.79553638611e+09',
						'apiserver_egress_dialer_dial_start_total{protocol="grpc",transport="uds"} 7',
						'konnectivity_network_proxy_client_client_connections{status="created"} 9',
						'konnectivity_network_proxy_client_client_connections{status="ok"} 2',
						'apiserver_request_total{code="200",group="",resource="pods",subresource="log",verb="CONNECT"} 5',
						'apiserver_request_total{code="500",group="",resource="pods",subresource="log",verb="CONNECT"} 50',
						'apiserver_request_total{code="0",group="",resource="pods",subresource="portforward",verb="CONNECT"} 2',
						'apiserver_request_total{code="200",group="apps",resource="deployments",subresource="",verb="GET"} 100',
						'kube_apiserver_pod_logs_insecure_backend_total{usage="skip_tls_allowed"} 4',
						'kube_apiserver_pod_logs_backend_tls_failure_total 3',
						'disabled_metrics_total 2',
						'apiserver_longrunning_requests{resource="pods",subresource="portforward",verb="CONNECT"} 1',
					].join('\n') + '\n',
			},
		}),
		'p1',
	);
	t.like(observation?.facts, {
		egressDials: [{protocol: 'grpc', transport: 'uds', count: 7}],
		tunnelsOpen: 2,
		kubeletRequestsDone: 7,
		portForwardsOpen: 1,
		logTlsFailures: 3,
		sshTunnels: null,
		familiesLeftOut: 2,
	});
});

test('metrics whose lines do not end are unavailable', async t => {
	const {unavailable} = await readApiserverMetrics(
		server({'/metrics': {body: `process_start_time_seconds 1\n${'x'.repeat(2_000_000)}`}}),
		'p1',
	);
	t.is(unavailable?.reason, 'no-response');
});

test('egress dials are counted by their ends when starts are not counted', async t => {
	const {observation} = await readApiserverMetrics(
		server({
			'/metrics': {
				body:
					[
						'apiserver_egress_dialer_dial_duration_seconds_bucket{protocol="grpc",transport="uds",le="+Inf"} 5',
						'apiserver_egress_dialer_dial_duration_seconds_count{protocol="grpc",transport="uds"} 5',
						'apiserver_egress_dialer_dial_failure_count{protocol="grpc",stage="proxy",transport="uds"} 2',
						'apiserver_request_total{code="200",group="",resource="pods",subresource="log",verb="CONNECT"} 5',
					].join('\n') + '\n',
			},
		}),
		'p1',
	);
	t.deepEqual(observation?.facts.egressDials, [{protocol: 'grpc', transport: 'uds', count: 7}]);
	t.is(secondLegRoute(makeObservations({metrics: [{...observation!, process: null, connection: 'c1'}]})).state, 'konnectivity');
});

test('a sample of the text format is parsed with escapes, and invalid ones are skipped', t => {
	t.deepEqual(parseSample(String.raw`a_b{c="d\"e\\f",g="1,2"} 3 1700000000`), {
		name: 'a_b',
		labels: Object.assign(Object.create(null) as object, {c: 'd"e\\f', g: '1,2'}),
		value: 3,
	});
	t.is(parseSample('a 1e3')?.value, 1000);
	for (const line of ['', '# TYPE a counter', 'a{', 'a', 'a b']) {
		t.is(parseSample(line), undefined, line);
	}
});

const mirror = (more: object = {}) => ({
	metadata: {
		name: 'kube-apiserver-a',
		annotations: {'kubernetes.io/config.mirror': 'x'},
		ownerReferences: [{kind: 'Node', name: 'a', uid: 'n'}],
	},
	spec: {
		nodeName: 'a',
		containers: [
			{
				name: 'kube-apiserver',
				command: ['kube-apiserver', '--kubelet-certificate-authority=/ca.crt', '--secure-port', '6443'],
				env: [{name: 'NO_PROXY', value: '*'}],
			},
		],
	},
	status: {containerStatuses: [{name: 'kube-apiserver', state: {running: {startedAt: '2026-11-24T13:00:00Z'}}}]},
	...more,
});

test('a mirror pod shows flags and environment, and a pod with only its label does not', t => {
	t.like(parseComponentPod(mirror()), {
		component: 'kube-apiserver',
		flags: {values: {'kubelet-certificate-authority': '/ca.crt', 'secure-port': '6443'}, absent: 'default', proxyEnvironment: false},
	});
	t.is(
		parseComponentPod(
			mirror({metadata: {name: 'kube-apiserver-a', annotations: {}, ownerReferences: [{kind: 'ReplicaSet', name: 'x', uid: 'r'}]}}),
		),
		undefined,
	);
	t.is(parseComponentPod(mirror({status: {containerStatuses: []}})), undefined);
	const proxied = mirror();
	proxied.spec.containers[0]!.env = [{name: 'HTTPS_PROXY', value: 'http://proxy:3128'}];
	t.true(parseComponentPod(proxied)?.flags.proxyEnvironment);
	const shell = mirror();
	shell.spec.containers[0]!.command = ['/bin/sh', '-c', 'export https_proxy=http://proxy:3128; exec kube-apiserver --secure-port=6443'];
	t.true(parseComponentPod(shell)?.flags.proxyEnvironment);
});

const podsPath = '/api/v1/namespaces/kube-system/pods';
const nodesPath = '/api/v1/nodes';

test('a mirror pod is kept if it is not known which nodes are of the control plane', async t => {
	for (const nodes of [{status: 403, body: {kind: 'Status'}}, {body: {items: []}}]) {
		const {observation} = await readMirrorPods(server({[podsPath]: {body: {items: [mirror()]}}, [nodesPath]: nodes}));
		t.is(observation?.facts.length, 1);
	}
});

test('a mirror pod on a node outside the control plane is left out', async t => {
	const made = {
		...mirror(),
		metadata: {...mirror().metadata, name: 'kube-apiserver-w', ownerReferences: [{kind: 'Node', name: 'w', uid: 'n'}]},
	};
	made.spec = {...made.spec, nodeName: 'w'};
	const nodes = {body: {items: [{metadata: {name: 'a'}}]}};
	const both = await readMirrorPods(server({[podsPath]: {body: {items: [mirror(), made]}}, [nodesPath]: nodes}));
	t.deepEqual(
		both.observation?.facts.map(({pod}) => pod),
		['kube-apiserver-a'],
	);
	const alone = await readMirrorPods(server({[podsPath]: {body: {items: [made]}}, [nodesPath]: nodes}));
	t.is(alone.unavailable?.reason, 'not-served');
});

test('a mirror pod whose owner is another node than its own is none', t => {
	t.is(parseComponentPod(mirror({spec: {...mirror().spec, nodeName: 'w'}})), undefined);
});

test('the environment of a program behind a shell or launcher is unknown', t => {
	const environmentOf = (command: readonly string[]) =>
		parseComponentPod(mirror({spec: {nodeName: 'a', containers: [{name: 'kube-apiserver', command}]}}))?.flags.proxyEnvironment;
	t.false(environmentOf(['kube-apiserver']));
	t.is(environmentOf(['sh', '-c', '. /etc/proxy; exec kube-apiserver']), null);
	t.is(environmentOf(['/go-runner', 'kube-apiserver']), null);
	t.true(environmentOf(['sh', '-c', 'export HTTPS_PROXY=http://proxy:3128; exec kube-apiserver']));
});

test('a pod whose manifest is newer than its container does not show what runs', t => {
	const changed = mirror({
		metadata: {
			name: 'kube-apiserver-a',
			annotations: {'kubernetes.io/config.mirror': 'x', 'kubernetes.io/config.seen': '2026-11-24T14:00:00Z'},
			ownerReferences: [{kind: 'Node', name: 'a', uid: 'n'}],
		},
	});
	t.is(parseComponentPod(changed), undefined);
});

for (const [title, command, values, absent] of [
	[
		'an absent flag beside --openshift-config may be in that file',
		['kube-apiserver', '--openshift-config=/etc/kubernetes/config.yaml'],
		{'openshift-config': '/etc/kubernetes/config.yaml'},
		'unknown',
	],
	[
		'an argument whose value is a variable is neither set nor not set',
		['kube-apiserver', '--kubelet-certificate-authority=$(CA)', '--secure-port=6443'],
		{'secure-port': '6443'},
		'unknown',
	],
	['a path names the program', ['/usr/local/bin/kube-apiserver', '--secure-port=6443'], {'secure-port': '6443'}, 'default'],
	[
		'the content of a value is no argument',
		['kube-apiserver', '--secure-port=6443', '--note=a --kubelet-certificate-authority=/ca.crt'],
		{'secure-port': '6443', note: 'a --kubelet-certificate-authority=/ca.crt'},
		'default',
	],
	// cluster-kube-apiserver-operator bindata/assets/kube-apiserver/pod.yaml, shortened
	[
		'a shell may run anything',
		['/bin/bash', '-ec', 'exec watch-termination -- hyperkube kube-apiserver --openshift-config=/etc/config.yaml -v=2'],
		{},
		'unknown',
	],
	['a launcher may add arguments', ['/go-runner', '/usr/local/bin/kube-apiserver', '--secure-port=6443'], {}, 'unknown'],
	['a command that does not name kube-apiserver shows nothing', ['/wrapper', '--kubelet-certificate-authority=/ca'], {}, 'unknown'],
	['without a command, the image names the program', [], {}, 'unknown'],
] as const) {
	test(`mirror pod arguments: ${title}`, t => {
		const pod = mirror();
		pod.spec.containers[0]!.command = [...command];
		const {flags} = parseComponentPod(pod)!;
		t.deepEqual([flags.values, flags.absent], [values, absent]);
		const {state, why = null} = kubeletTls(makeObservations({mirrorPods: [makeObservation('mirror-pod', flags)]}));
		t.deepEqual(
			[state, why],
			absent === 'unknown' ? ['unknown', 'the command of its static pod does not show all flags of the apiserver'] : ['unverified', null],
		);
	});
}

test('flags are parsed as written', t => {
	t.deepEqual(parseFlags(['x', '--a=b', '--c', 'd']), {a: 'b', c: 'd'});
	t.deepEqual(parseFlags(['x', '--kubelet_certificate_authority=/ca.crt', '--quoted="x"']), {
		'kubelet-certificate-authority': '/ca.crt',
		quoted: '"x"',
	});
	t.deepEqual(parseFlags(['x', '--bare', '--last=1', '--last=2', '--empty=']), {bare: 'true', last: '2', empty: ''});
});

test('an agent is identified by its command line, and is no mirror pod', async t => {
	const pods = {
		items: [
			{
				metadata: {name: 'konnectivity-agent-not', labels: {'k8s-app': 'konnectivity-agent'}},
				spec: {containers: [{name: 'konnectivity-agent', args: ['http', '-port=8093']}]},
				status: {phase: 'Running'},
			},
			{
				metadata: {name: 'real'},
				spec: {nodeName: 'n1', containers: [{name: 'agent', args: ['--proxy-server-host=10.0.0.5', '--admin-server-port=8095']}]},
				status: {phase: 'Running', conditions: [{type: 'Ready', status: 'True'}]},
			},
			// A node can create such a pod by itself.
			{
				metadata: {
					name: 'made-up',
					annotations: {'kubernetes.io/config.mirror': 'x'},
					ownerReferences: [{kind: 'Node', name: 'n1', uid: 'n'}],
				},
				spec: {nodeName: 'n1', containers: [{name: 'agent', args: ['--proxy-server-host=10.0.0.5']}]},
				status: {phase: 'Running', conditions: [{type: 'Ready', status: 'True'}]},
			},
		],
	};
	const {observation} = await readAgentPods(server({'/api/v1/namespaces/kube-system/pods': {body: pods}}));
	t.deepEqual(
		observation?.facts.map(({name, ready, ports}) => ({name, ready, ports})),
		[{name: 'real', ready: true, ports: [8095, 8093]}],
	);
});

test('a kubelet that reports why it has no log was reached', async t => {
	const body = {
		kind: 'Status',
		status: 'Failure',
		message: 'container "app" in pod "web" is waiting to start: ContainerCreating',
		reason: 'BadRequest',
		code: 400,
	};
	const log = {namespace: 'default', pod: 'web', container: 'app', node: 'n1'};
	const read = async (status: number, emitted: object) =>
		(await readLogDifferential(server({'/api/v1/namespaces/default/pods/web/log': {status, body: emitted}}), log, null)).facts.normal;
	t.is(await read(400, body), 'ok');
	t.is(await read(400, {...body, message: 'container nope is not valid for pod web'}), 'failed');
});

test('a refused certificate differs from a response or a redirect of the kubelet', async t => {
	const x509 = 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
	const log = {namespace: 'default', pod: 'web', container: 'app', node: 'n1'};
	const readBoth = async (message: string, code: number) =>
		readLogDifferential(
			server({'/api/v1/namespaces/default/pods/web/log': {status: code, body: {kind: 'Status', status: 'Failure', message, code}}}),
			log,
			null,
		);
	const read = async (message: string, code: number) => (await readBoth(message, code)).facts.normal;
	t.like(await readBoth(`Get "https://10.0.0.1:10250/containerLogs/default/web/app": ${x509}`, 500), {
		authors: ['apiserver', 'kubelet'],
		facts: {normal: 'certificate-refused', skipping: 'certificate-refused'},
	});
	// A kubelet that redirects the read writes the URL.
	t.is(await read(`Get "https://10.0.0.1:10250/containerLogs/default/web/app?\\": ${x509}": redirects forbidden`, 500), 'failed');
	t.is(await read(`Get "https://10.0.0.1:10250/containerLogs/default/web/app": ${x509}`, 400), 'failed');
	t.is(await read(`error dialing backend: ${x509}`, 400), 'failed');
	t.is(await read(`error trying to reach service: ${x509}`, 503), 'failed');
});

test('replicas are the larger number of fresh leases and endpoints, or endpoints without leases', async t => {
	const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases';
	const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
	const lease = (agoMs: number) => ({
		metadata: {name: 'apiserver-x'},
		spec: {renewTime: new Date(Date.now() - agoMs).toISOString(), leaseDurationSeconds: 3600},
	});
	const endpoints = {
		items: [{metadata: {name: 'kubernetes'}, ports: [{port: 6443}], endpoints: [{addresses: ['10.0.0.5']}, {addresses: ['10.0.0.6']}]}],
	};
	const facts = async (answers: Record<string, Answer>) => (await readReplicas(server(answers))).observation?.facts;
	t.like(
		await facts({[leases]: {body: {items: [lease(1000), lease(1000), lease(1000), lease(3 * 3_600_000)]}}, [slices]: {body: endpoints}}),
		{known: 3, knownFrom: 'lease', addresses: ['10.0.0.5:6443', '10.0.0.6:6443']},
	);
	t.like(await facts({[leases]: {body: {items: [lease(1000)]}}, [slices]: {body: endpoints}}), {known: 2, knownFrom: 'lease'});
	t.like(await facts({[leases]: {status: 403}, [slices]: {body: endpoints}}), {
		known: 2,
		knownFrom: 'endpointslice',
		leases: null,
	});
	t.is(await facts({[leases]: {status: 403}, [slices]: {status: 403}}), undefined);
	// Whoever creates enough outdated leases, or slices, hides an apiserver on the next page.
	const more = {metadata: {continue: 'next'}};
	const part = await facts({[leases]: {body: {...more, items: [lease(1000)]}}, [slices]: {body: endpoints}});
	t.like(part, {leases: null, knownFrom: 'endpointslice'});
	t.is(await facts({[leases]: {body: {...more, items: [lease(1000)]}}, [slices]: {body: {...more, ...endpoints}}}), undefined);
});

for (const [version, health, api, anonymous] of [
	[200, 200, 403, 'all-paths'],
	[200, 200, 401, 'conditional'],
	[401, 200, 401, 'conditional'],
	[401, 401, 401, 'off'],
	[200, 200, 200, 'over-granted'],
	[503, 503, 503, undefined],
] as const) {
	test(`anonymous: /version ${version}, /healthz ${health}, /api ${api} is ${anonymous ?? 'unknown'}`, async t => {
		t.is(classifyAnonymousAccess(version, health, api), anonymous);
		const {request} = server({'/version': {status: version}, '/healthz': {status: health}, '/api': {status: api}});
		t.is((await probeAnonymousAccess({anonymous: request})).observation?.facts.anonymous, anonymous);
	});
}

test('leases show which kubelets do not renew, and signing requests what is pending', async t => {
	const lease = (name: string, agoMs: number) => ({metadata: {name}, spec: {renewTime: new Date(Date.now() - agoMs).toISOString()}});
	// The renewal of n1 is in the future, so that this test can wait for the others of its process.
	const leases = await readNodeLeases(
		server({
			'/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases': {body: {items: [lease('n1', -3_600_000), lease('n2', 90_000)]}},
		}),
	);
	t.like(leases.observation?.facts, {fresh: ['n1'], stale: ['n2']});
	const ofTheirs = await readNodeLeases(
		server({
			'/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases': {
				headers: {date: new Date(Date.now() + 3_600_000).toUTCString()},
				body: {items: [lease('n1', 5000 - 3_600_000), lease('n2', 5000)]},
			},
		}),
	);
	t.like(ofTheirs.observation?.facts, {fresh: ['n1'], stale: ['n2']}, 'by the apiserver’s clock, not ours');
	const conditions = (type: string) => ({conditions: [{type, status: 'True'}]});
	const requests = await readSigningRequests(
		server({
			'/apis/certificates.k8s.io/v1/certificatesigningrequests': {
				body: {
					items: [{}, conditions('Approved'), conditions('Denied'), conditions('Failed')].map(status => ({
						metadata: {name: 'csr-x'},
						status,
					})),
				},
			},
		}),
	);
	t.deepEqual(
		requests.observation?.facts.map(({state}) => state),
		['pending', 'approved', 'denied', 'failed'],
	);
});

test('the dialed address is the first one of the preferred kinds', t => {
	const node = {
		metadata: {name: 'n1'},
		status: {
			addresses: [
				{type: 'Hostname', address: 'n1'},
				{type: 'InternalIP', address: 'fd00::1'},
			],
			daemonEndpoints: {kubeletEndpoint: {Port: 10_260}},
		},
	};
	t.is(dialAddress(node, '[InternalIP,Hostname]'), '[fd00::1]:10260');
	t.is(dialAddress(node, '[ExternalIP]'), null);
	t.is(dialAddress(node, '[]'), 'n1:10260');
	t.is(dialAddress(node, undefined), null);
});
