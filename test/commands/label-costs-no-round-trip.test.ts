/** Evidence of one-shot commands, read on the stream's connection during target resolution. */
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import type {Path} from '../../source/evidence/evidence.ts';
import {labelTimings} from '../../source/evidence/label-timings.ts';
import {type Answer, answerFrom, refuse, reply, serve} from '../support/api-server.ts';
import {authority, issue} from '../support/certificates.ts';
import {runSpoke} from '../support/run-spoke.ts';

const flags = {kind: 'Flagz', flags: {'kubelet-certificate-authority': '/ca.pem', 'egress-selector-config-file': ''}};
const statusz = {kind: 'Statusz', startTime: '2026-11-24T10:00:00Z', binaryVersion: '1.36.3'};
const pod = {
	kind: 'Pod',
	metadata: {name: 'web', namespace: 'default', uid: 'u1'},
	spec: {nodeName: 'n1', containers: [{name: 'app'}]},
	status: {phase: 'Running', containerStatuses: [{name: 'app', containerID: 'x://1', restartCount: 0, state: {running: {}}}]},
};
const deployment = {kind: 'Deployment', metadata: {name: 'web', namespace: 'default'}, spec: {selector: {matchLabels: {app: 'web'}}}};
const lookedUp = '/api/v1/namespaces/default/pods/web';
const rootCa = '/api/v1/namespaces/default/configmaps/kube-root-ca.crt';

type Arrival = {path: string; at: number; socket: number};

/** With probes, responds about the pod only after a request for its flags: a client that waits in between waits forever. */
async function apiserver(
	t: ExecutionContext,
	{user = {token: 'x'}, probes = true}: {user?: Record<string, unknown>; probes?: boolean} = {},
) {
	const arrivals: Arrival[] = [];
	const askedToo = Promise.withResolvers<void>();
	const line = reply(200, 'a line\n');
	// Node passes upgrades to the requests' handler, because the server has no `upgrade` listener.
	const forbidden = refuse(403, 'no streams', 'Forbidden');
	const answers: Readonly<Record<string, Answer>> = {
		'/flagz': flags,
		'/statusz': statusz,
		[lookedUp]: pod,
		'/apis/apps/v1/namespaces/default/deployments/web': deployment,
		'/api/v1/namespaces/default/pods': {kind: 'PodList', items: [pod]},
		[`${lookedUp}/log`]: line,
		[`${lookedUp}:80/proxy/`]: line,
		[`${lookedUp}/exec`]: forbidden,
		[`${lookedUp}/attach`]: forbidden,
		[`${lookedUp}/portforward`]: forbidden,
	};
	const server = await serve(t, async (request, response, query) => {
		const path = request.url!.split('?', 1)[0]!;
		arrivals.push({path, at: performance.now(), socket: request.socket.remotePort!});
		if (path === '/statusz') {
			askedToo.resolve();
		}

		if (path === lookedUp && probes) {
			await askedToo.promise;
		}

		await delay(20);
		answerFrom(answers)(request, response, query);
	});
	const [, file] = await server.config({user});
	return {arrivals, env: {KUBECONFIG: file}};
}

/**
Runs the program, and again if its stream came later than it waits for its probes: then it takes another connection, as designed, and a
machine that is so busy says nothing about round trips.
*/
async function runUntilStream(t: ExecutionContext, argv: readonly string[], stream: string, options: Parameters<typeof apiserver>[1] = {}) {
	for (let attempt = 1; ; attempt++) {
		const {arrivals, env} = await apiserver(t, options);
		const ended = await runSpoke(argv, {env});
		const first = arrivals.findIndex(({path}) => path === stream);
		const isLate = first > 0 && arrivals[first]!.at - arrivals[0]!.at >= labelTimings.preUseTimeoutMs;
		if (!isLate || attempt === 5) {
			return {
				ended,
				before: arrivals.slice(0, first).map(({path}) => path),
				sockets: new Set(arrivals.slice(0, first + 1).map(({socket}) => socket)),
			};
		}
	}
}

const oneShots: ReadonlyArray<[argv: readonly string[], stream: string]> = [
	[['logs', 'web', '--path=json'], `${lookedUp}/log`],
	[['logs', '-f', '--resume=false', 'web', '--path=json'], `${lookedUp}/log`],
	[['exec', '--path=json', 'web', '--', 'true'], `${lookedUp}/exec`],
	[['attach', '--path=json', 'web'], `${lookedUp}/attach`],
	[['port-forward', '--path=json', 'web', ':80'], `${lookedUp}/portforward`],
	[['proxy', 'get', 'pod/web:80/', '--path=json'], `${lookedUp}:80/proxy/`],
];

for (const [argv, stream] of oneShots) {
	test(`\`spoke ${argv.join(' ')}\` sends its probes at once, and its stream next on that connection`, async t => {
		const {ended, before, sockets} = await runUntilStream(t, argv, stream);
		t.deepEqual(before, [lookedUp, '/flagz', '/statusz', rootCa]);
		t.is(sockets.size, 1);
		const labels = ended.stderr
			.split('\n')
			.filter(line => line.startsWith('{'))
			.map(line => JSON.parse(line) as Path);
		// On a busy machine the program can end before the label settles, but not before it has what was read on its connection.
		const label = labels.find(({phase}) => phase !== 'checking') ?? labels.at(-1);
		t.is(typeof label?.process.id, 'string', ended.stderr);
	});
}

test('a client certificate adds a SelfSubjectReview to the same batch', async t => {
	const {certificate, key} = await issue({commonName: 'ada', usage: 'client'}, await authority('client-ca'));
	const encoded = (text: string) => Buffer.from(text).toString('base64');
	const user = {'client-certificate-data': encoded(certificate), 'client-key-data': encoded(key)};
	const {before, sockets} = await runUntilStream(t, ['exec', '--path=json', 'web', '--', 'true'], `${lookedUp}/exec`, {user});
	t.deepEqual(before, [lookedUp, '/flagz', '/statusz', '/apis/authentication.k8s.io/v1/selfsubjectreviews', rootCa]);
	t.is(sockets.size, 1);
});

test('a workload and its pods are read on the connection of the stream', async t => {
	const {ended, before, sockets} = await runUntilStream(t, ['exec', 'deploy/web', '--path=json', '--', 'true'], `${lookedUp}/exec`);
	t.deepEqual(
		before,
		['/apis/apps/v1/namespaces/default/deployments/web', '/flagz', '/statusz', rootCa, '/api/v1/namespaces/default/pods'],
		ended.stderr,
	);
	t.is(sockets.size, 1);
});

test('no probe is sent when no path is shown', async t => {
	const {arrivals, env} = await apiserver(t, {probes: false});
	await runSpoke(['logs', 'web', '--path=never'], {env});
	t.deepEqual(
		arrivals.map(({path}) => path),
		[lookedUp, `${lookedUp}/log`],
	);
});
