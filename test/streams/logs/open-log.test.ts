/** Only a log response that came from the kubelet counts as proof that the kubelet was reached. */
import {Readable} from 'node:stream';
import test from 'ava';
import {ClusterRecords, type ClusterClient} from '../../../source/cluster/cluster-client.ts';
import type {RequestOptions} from '../../../source/cluster/connection.ts';
import {openLog, RetryAfterError} from '../../../source/streams/logs/open-log.ts';
import {startServer} from '../../support/api-server.ts';
import {status} from '../../support/command-server.ts';
import {reachedWeb} from '../../support/remote-command.ts';

for (const [status, told, title] of [
	[200, 1, 'a log that begins is the kubelet’s'],
	[204, 0, 'a pod that is on no node yet has an empty log, and no kubelet was asked'],
] as const) {
	test(title, async t => {
		const server = await startServer({
			request(_request, response) {
				response.writeHead(status).end();
			},
		});
		t.teardown(async () => server.close());
		let opened = 0;
		const unused: string[] = [];
		const observer = {
			onOpened() {
				opened++;
			},
			onApiserverAnswered(_connection: unknown, _purpose: unknown, why: string) {
				unused.push(why);
			},
		};
		const log = await openLog(
			await server.cluster(),
			{namespace: 'default', pod: 'web', uid: 'u1', node: null, container: 'app'},
			{},
			{target: reachedWeb, observer},
		);
		log.close();
		t.is(opened, told);
		t.deepEqual(unused, told === 0 ? ['the pod is on no node'] : []);
	});
}

for (const [message, told, title] of [
	[
		'container "app" in pod "web" is waiting to start: ContainerCreating',
		['answered', 'failed'],
		'a kubelet that says why there is no log has answered',
	],
	['container x is not valid for pod web', ['failed'], 'an apiserver that knows no such container has asked no kubelet'],
] as const) {
	test(title, async t => {
		const server = await startServer({
			request(_request, response) {
				response.writeHead(400, {'Content-Type': 'application/json'}).end(JSON.stringify(status(400, message)));
			},
		});
		t.teardown(async () => server.close());
		const seen: string[] = [];
		const observer = {
			onFarEndAnswered() {
				seen.push('answered');
			},
			onFailed() {
				seen.push('failed');
			},
		};
		await t.throwsAsync(
			openLog(
				await server.cluster(),
				{namespace: 'default', pod: 'web', uid: 'u1', node: null, container: 'app'},
				{},
				{target: reachedWeb, observer},
			),
		);
		t.deepEqual(seen, told);
	});
}

test('an error with a Retry-After time keeps the line of kubectl', async t => {
	const server = await startServer({
		request(_request, response) {
			const body = JSON.stringify(status(503, 'later', 'BadRequest'));
			response.writeHead(503, {'Content-Type': 'application/json', 'Retry-After': '3'}).end(body);
		},
	});
	t.teardown(async () => server.close());
	const error = await t.throwsAsync(
		openLog(await server.cluster(), {namespace: 'default', pod: 'web', uid: 'u1', node: null, container: 'app'}, {}, {target: reachedWeb}),
		{instanceOf: RetryAfterError},
	);
	t.like(error, {retryAfterMs: 3000, asKubectl: 'Error from server (BadRequest): later'});
});

test('only a follow waits for its response without a limit', async t => {
	const limits: unknown[] = [];
	const connection = {
		usable: true,
		release() {},
		async request({timeoutMs}: RequestOptions) {
			limits.push(timeoutMs);
			return {status: 200, headers: {}, body: Readable.from([])};
		},
	};
	const cluster = {connect: async () => connection, records: new ClusterRecords()} as unknown as ClusterClient;
	for (const read of [{follow: true}, {}, {previous: true}]) {
		const log = await openLog(cluster, {namespace: 'default', pod: 'web', uid: 'u1', node: null, container: 'app'}, read, {
			target: reachedWeb,
		});
		log.close();
	}

	t.deepEqual(limits, [0, 35_000, 35_000]);
});

const loginPage =
	'<!doctype html><html><head><title>Sign in to Example Wi-Fi</title><style>p {color: red}</style></head><body><p>Please sign in</p></body></html>';

for (const type of ['text/html', 'text/html; charset=utf-8', 'Text/HTML;charset=utf-8', 'application/xhtml+xml']) {
	test(`a web page of type ${type} is not a log`, async t => {
		const server = await startServer({
			request(_request, response) {
				response.writeHead(200, {'Content-Type': type}).end(loginPage);
			},
		});
		t.teardown(async () => server.close());
		const seen: string[] = [];
		const observer = {
			onOpened() {
				seen.push('opened');
			},
			onFailed() {
				seen.push('failed');
			},
		};
		const error = await t.throwsAsync(
			openLog(
				await server.cluster(),
				{namespace: 'default', pod: 'web', uid: 'u1', node: null, container: 'app'},
				{},
				{target: reachedWeb, observer},
			),
			{code: 'ERR_PROTOCOL'},
		);
		t.is(error?.message, 'received a web page instead of the log: Sign in to Example Wi-Fi');
		t.like(error, {
			text: 'Sign in to Example Wi-Fi',
			leg: 1,
			remedy: 'check that the server URL is that of a Kubernetes apiserver, not of a login page or a gateway',
		});
		t.deepEqual(seen, ['failed']);
	});
}

test('a log whose lines are HTML is read as a log', async t => {
	const server = await startServer({
		request(_request, response) {
			response.writeHead(200, {'Content-Type': 'text/plain'}).end(loginPage);
		},
	});
	t.teardown(async () => server.close());
	const log = await openLog(
		await server.cluster(),
		{namespace: 'default', pod: 'web', uid: 'u1', node: null, container: 'app'},
		{},
		{target: reachedWeb},
	);
	let text = '';
	for await (const chunk of log.body) {
		text += String(chunk);
	}

	log.close();
	t.is(text, loginPage);
});
