import type {IncomingMessage, ServerResponse} from 'node:http';
import {Readable} from 'node:stream';
import {text} from 'node:stream/consumers';
import {mock} from 'node:test';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {jsonLines, type WatchEvent, watchObjects} from '../../source/cluster/watch.ts';
import {listAll, listPages, type TableRow} from '../../source/cluster/list.ts';
import {validateWatchEvent} from '../../source/cluster/validate-object.ts';
import {reviewAccess, readSelfSubject} from '../../source/cluster/self-review.ts';
import type {SpokeError} from '../../source/errors/spoke-error.ts';
import {serve} from '../support/api-server.ts';

type Pod = {metadata: {name: string; resourceVersion?: string}};
type Answer = (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => void;

const path = '/api/v1/namespaces/demo/pods';
const pod = (name: string, resourceVersion = '1'): Pod & {spec: object} => ({metadata: {name, resourceVersion}, spec: {containers: []}});
const list = (names: readonly string[], more: Record<string, unknown> = {}) =>
	JSON.stringify({kind: 'PodList', metadata: {resourceVersion: '10', ...more}, items: names.map(name => pod(name))});
const table = (names: readonly string[], more: Record<string, unknown> = {}) =>
	JSON.stringify({kind: 'Table', metadata: {resourceVersion: '10', ...more}, rows: names.map(name => ({cells: [name]}))});
const event = (type: string, object: unknown) => `${JSON.stringify({type, object})}\n`;
const gone = JSON.stringify({kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version'});

async function serverFor(t: ExecutionContext, answer: Answer) {
	const server = await serve(t, (request, response) => answer(request, response, new URL(request.url!, 'https://x').searchParams));
	return server.cluster();
}

/** Ends the watch after `enough`. */
async function take(events: AsyncIterable<WatchEvent<Pod>>, enough: (told: readonly string[]) => boolean): Promise<string[]> {
	const told: string[] = [];
	for await (const one of events) {
		told.push(
			one.type === 'page'
				? `page${one.first ? ' first' : ''}: ${one.items.map(({metadata}) => metadata.name).join(' ')}`
				: 'item' in one
					? `${one.type} ${one.item.metadata.name}`
					: one.type === 'synced'
						? `synced ${one.resourceVersion}`
						: one.type,
		);
		if (enough(told)) {
			return told;
		}
	}

	return told;
}

test('lists pages by continue token, with selectors and table rows', async t => {
	const asked: string[] = [];
	const cluster = await serverFor(t, (request, response, query) => {
		asked.push(`${request.headers.accept} ${query.toString()}`);
		response.end(query.has('continue') ? table(['c']) : table(['a', 'b'], {continue: 'next/1', remainingItemCount: 1}));
	});
	const {items, resourceVersion} = await listAll<TableRow>(cluster, {
		path,
		labelSelector: 'app=web,x!=y',
		fieldSelector: 'spec.nodeName=n1',
		pageSize: 2,
		as: 'table',
	});
	t.deepEqual(
		items.map(({cells}) => cells[0]),
		['a', 'b', 'c'],
	);
	t.is(resourceVersion, '10');
	const selectors = 'labelSelector=app%3Dweb%2Cx%21%3Dy&fieldSelector=spec.nodeName%3Dn1&includeObject=None&limit=2';
	t.deepEqual(asked, [
		`application/json;as=Table;v=v1;g=meta.k8s.io,application/json ${selectors}`,
		`application/json;as=Table;v=v1;g=meta.k8s.io,application/json ${selectors}&continue=next%2F1`,
	]);
});

test('restarts a list whose continue token expires', async t => {
	let expired = false;
	const cluster = await serverFor(t, (_, response, query) => {
		if (query.has('continue') && !expired) {
			expired = true;
			response.writeHead(410).end(gone);
			return;
		}

		response.end(query.has('continue') ? list(['b2']) : list([expired ? 'b1' : 'a1'], {continue: 'x'}));
	});
	const pages = await gather(listPages<Pod>(cluster, {path}));
	t.deepEqual(
		pages.map(({items, restarted}) => [items[0]!.metadata.name, restarted]),
		[
			['a1', false],
			['b1', true],
			['b2', false],
		],
	);
	expired = false;
	t.deepEqual(
		(await listAll<Pod>(cluster, {path})).items.map(({metadata}) => metadata.name),
		['b1', 'b2'],
	);
});

test('an error response of a list is read up to 1 MiB', async t => {
	const cluster = await serverFor(t, (_, response) => response.writeHead(500).end('x'.repeat(1024 * 1024 + 1)));
	await t.throwsAsync(listAll(cluster, {path}), {code: 'ERR_PROTOCOL', message: /larger than 1048576 bytes/});
});

test('a forbidden list names verb and resource', async t => {
	const cluster = await serverFor(t, (_, response) => response.writeHead(403).end('no'));
	await t.throwsAsync(listAll(cluster, {path}), {code: 'ERR_FORBIDDEN', message: 'not allowed to list pods: no'});
});

type Odd = readonly [body: string, says: string];

const oddAnswers: ReadonlyArray<readonly [what: string, path: string, answers: readonly Odd[]]> = [
	[
		'list of pods',
		'/api/v1/namespaces/d/pods',
		[
			['null', 'it is null, not an object'],
			['[]', 'it is a list, not an object'],
			['"x"', 'it is text, not an object'],
			['{}', 'it has no items'],
			['{"kind":"Status","status":"Success"}', 'it is a Status, not a list'],
			['{"kind":"Table","rows":[]}', 'it is a Table, not a list'],
			[JSON.stringify({kind: 'a\nb'}), 'it is of another kind, not a list'],
			['{"items":7}', 'items is a number, not a list'],
			['{"items":[null]}', 'items[0] is null, not an object'],
			['{"metadata":{"continue":5},"items":[]}', 'metadata.continue is a number, not text'],
			['{"items":[{"metadata":{"name":"a"},"spec":{"containers":[]}},{"metadata":{"name":"b"}}]}', 'items[1] has no spec'],
			['{"items":[{"kind":"Node","metadata":{"name":"a"}}]}', 'items[0] is a Node, not a Pod'],
		],
	],
	[
		'table of pods',
		'/api/v1/namespaces/d/pods',
		[
			['{}', 'it has no rows'],
			['{"kind":"PodList","items":[]}', 'it is a PodList, not a Table'],
			['{"kind":"Table","rows":[null]}', 'rows[0] is null, not an object'],
			['{"rows":[{}]}', 'rows[0] has no cells'],
			['{"rows":[{"cells":{}}]}', 'rows[0].cells is an object, not a list'],
			['{"rows":[],"columnDefinitions":[{}]}', 'columnDefinitions[0] has no name'],
			['{"rows":[{"cells":[],"object":{}}]}', 'rows[0].object has no metadata'],
		],
	],
	[
		'pod',
		'/api/v1/namespaces/d/pods/x',
		[
			['[]', 'it is a list, not an object'],
			['{}', 'it has no metadata'],
			['{"kind":"Status","metadata":{}}', 'it is a Status, not a Pod'],
			['{"metadata":"x","spec":{}}', 'metadata is text, not an object'],
			['{"metadata":{"name":"x"},"spec":{"containers":null}}', 'spec has no containers'],
			['{"metadata":{"name":"x"},"spec":{"containers":{}}}', 'spec.containers is an object, not a list'],
			[
				'{"metadata":{"name":"x"},"spec":{"containers":[{"name":"a","ports":[{"containerPort":"80"}]}]}}',
				'spec.containers[0].ports[0].containerPort is text, not a number',
			],
			['{"metadata":{"name":"x","labels":{"a":5}},"spec":{"containers":[]}}', 'a value of metadata.labels is a number, not text'],
			[
				'{"metadata":{"name":"x"},"spec":{"containers":[]},"status":{"containerStatuses":[null]}}',
				'status.containerStatuses[0] is null, not an object',
			],
			[
				'{"metadata":{"name":"x","ownerReferences":[{"kind":"Job","name":"a"}]},"spec":{"containers":[]}}',
				'metadata.ownerReferences[0] has no uid',
			],
			['{"metadata":{"name":"x"},"spec":{"containers":[{"name":"a","image":5}]}}', 'spec.containers[0].image is a number, not text'],
			[
				'{"metadata":{"name":"x"},"spec":{"containers":[]},"status":{"conditions":[{"type":"Ready"}]}}',
				'status.conditions[0] has no status',
			],
			[
				'{"metadata":{"name":"x"},"spec":{"containers":[]},"status":{"containerStatuses":[{"name":"a","state":{"terminated":{}}}]}}',
				'status.containerStatuses[0].state.terminated has no exitCode',
			],
			['{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000), 'it has no metadata'],
		],
	],
	[
		'service',
		'/api/v1/namespaces/d/services/x',
		[['{"metadata":{"name":"x"},"spec":{"ports":{}}}', 'spec.ports is an object, not a list']],
	],
	[
		'workload',
		'/apis/apps/v1/namespaces/d/deployments/x',
		[['{"metadata":{"name":"x"},"spec":{"selector":{"matchExpressions":{}}}}', 'spec.selector.matchExpressions is an object, not a list']],
	],
];
for (const [what, asked, answers] of oddAnswers) {
	test(`an invalid ${what} names the field that differs from Kubernetes`, async t => {
		let body = '';
		const cluster = await serverFor(t, (_, response) => response.end(body));
		for (const [answer, says] of answers) {
			body = answer;
			const reading = what.startsWith('list')
				? listAll(cluster, {path: asked})
				: what.startsWith('table')
					? listAll(cluster, {path: asked, as: 'table-metadata'})
					: cluster.json({path: asked});
			const {message, remedy} = await t.throwsAsync<SpokeError>(reading, {code: 'ERR_PROTOCOL'});
			t.true(message.endsWith(` is not a Kubernetes response: ${says}`), message);
			t.regex(remedy ?? '', /check that the server URL is that of a Kubernetes apiserver/);
		}
	});
}

test('treats null fields as missing, and null lists as empty', async t => {
	let body =
		'{"metadata":{"name":"x","labels":null,"creationTimestamp":null},"spec":{"containers":[],"initContainers":null},"status":null}';
	const cluster = await serverFor(t, (_, response) => response.end(body));
	const {
		metadata: {labels = 'none'},
		status = 'none',
	} = await cluster.json<{metadata: {labels?: object}; status?: object}>({path: '/api/v1/namespaces/d/pods/x'});
	t.deepEqual([labels, status], ['none', 'none']);
	body = '{"kind":"PodList","metadata":{},"items":null}';
	t.deepEqual((await listAll(cluster, {path: '/api/v1/pods'})).items, []);
	body = '{"kind":"Table","rows":null,"columnDefinitions":null}';
	t.deepEqual((await listAll(cluster, {path: '/api/v1/pods', as: 'table'})).items, []);
});

const oddLines: readonly Odd[] = [
	['null', 'it is null, not an object'],
	['{"type":"ADDED"}', 'it has no object'],
	['{"type":5,"object":{}}', 'type is a number, not text'],
	['{"type":"ADDED","object":"x"}', 'object is text, not an object'],
	['{"type":"MODIFIED","object":{"metadata":{"name":"x"}}}', 'it has no spec'],
	['{"type":"DELETED","object":{"kind":"Node","metadata":{"name":"x"}}}', 'it is a Node, not a Pod'],
];
test('an invalid watch event names the field that differs from Kubernetes', t => {
	for (const [line, says] of oddLines) {
		const {message} = t.throws<SpokeError>(() => validateWatchEvent(JSON.parse(line), path, 'object'), {code: 'ERR_PROTOCOL'});
		t.is(message, `a line in the watch of ${path} is not a Kubernetes response: ${says}`);
	}
});

test('a watch resumes after an invalid event, and accepts a bookmark without a pod', async t => {
	let watches = 0;
	const cluster = await serverFor(t, (_, response, query) => {
		watches += query.has('watch') ? 1 : 0;
		response.write(
			query.has('watch')
				? event('BOOKMARK', {kind: 'Pod', metadata: {resourceVersion: '11', creationTimestamp: null}, spec: {containers: null}}) +
						(watches === 1 ? event('ADDED', null) : event('ADDED', pod('b')))
				: list(['a']),
		);
		if (!query.has('watch')) {
			response.end();
		}
	});
	t.deepEqual(await take(watchObjects<Pod>(cluster, {path}), told => told.includes('added b')), [
		'page first: a',
		'synced 10',
		'interrupted',
		'resumed',
		'added b',
	]);
});

test('a watch resumes from the last version after a normal end', async t => {
	const versions: Array<string | null> = [];
	const cluster = await serverFor(t, (_, response, query) => {
		if (!query.has('watch')) {
			response.end(list(['a']));
			return;
		}

		versions.push(query.get('resourceVersion'));
		response.write(
			versions.length === 1
				? event('ADDED', pod('b', '11')) + event('BOOKMARK', {metadata: {resourceVersion: '20'}})
				: event('MODIFIED', pod('a', '21')) + event('DELETED', pod('b', '22')),
		);
		if (versions.length === 1) {
			response.end();
		}
	});
	t.deepEqual(await take(watchObjects<Pod>(cluster, {path}), told => told.at(-1) === 'deleted b'), [
		'page first: a',
		'synced 10',
		'added b',
		'modified a',
		'deleted b',
	]);
	t.deepEqual(versions, ['10', '20']);
});

test('a watch lists again after a 410 response, a 410 event and another error', async t => {
	let watches = 0;
	const cluster = await serverFor(t, (_, response, query) => {
		if (!query.has('watch')) {
			response.end(list([`l${watches}`]));
			return;
		}

		watches++;
		switch (watches) {
			case 1: {
				response.writeHead(410).end(gone);

				break;
			}

			case 2: {
				response.end(event('ERROR', JSON.parse(gone)));

				break;
			}

			case 3: {
				response.end(event('ERROR', {kind: 'Status', code: 500, message: 'etcd is away'}));

				break;
			}

			default: {
				response.write(event('ADDED', pod('end')));
			}
		}
	});
	t.deepEqual(await take(watchObjects<Pod>(cluster, {path}), told => told.at(-1) === 'added end'), [
		'page first: l0',
		'synced 10',
		'page first: l1',
		'synced 10',
		'page first: l2',
		'synced 10',
		'interrupted',
		'page first: l3',
		'synced 10',
		'added end',
	]);
});

test('a watch reports an interruption inside an event, and loses nothing', async t => {
	const versions: Array<string | null> = [];
	const cluster = await serverFor(t, (request, response, query) => {
		if (!query.has('watch')) {
			response.end(list(['a']));
			return;
		}

		versions.push(query.get('resourceVersion'));
		if (versions.length === 1) {
			response.write(event('ADDED', pod('b', '11')) + event('ADDED', pod('c', '12')).slice(0, 20));
			setTimeout(() => request.socket.destroy(), 30);
		} else {
			response.write(event('ADDED', pod('c', '12')));
		}
	});
	t.deepEqual(await take(watchObjects<Pod>(cluster, {path}), told => told.at(-1) === 'added c'), [
		'page first: a',
		'synced 10',
		'added b',
		'interrupted',
		'resumed',
		'added c',
	]);
	t.deepEqual(versions, ['10', '11']);
});

test('polls the list when watching is forbidden', async t => {
	let lists = 0;
	const cluster = await serverFor(t, (_, response, query) => {
		if (query.has('watch')) {
			response
				.writeHead(403)
				.end('{"kind":"Status","message":"pods is forbidden: User \\"x\\" cannot watch resource \\"pods\\"","code":403}');
			return;
		}

		lists++;
		response.end(list([`l${lists}`]));
	});
	t.deepEqual(await take(watchObjects<Pod>(cluster, {path}), told => told.at(-1) === 'page first: l2'), [
		'page first: l1',
		'synced 10',
		'polling',
		'page first: l2',
	]);
});

test('fails when the first list fails or a permission is lost', async t => {
	let lists = 0;
	const cluster = await serverFor(t, (_, response, query) => {
		if (query.has('watch')) {
			response.writeHead(410).end(gone);
			return;
		}

		lists++;
		response.writeHead(lists === 2 ? 200 : 403).end(list(['a']));
	});
	await t.throwsAsync(
		take(watchObjects<Pod>(cluster, {path}), () => false),
		{code: 'ERR_FORBIDDEN'},
	);
	await t.throwsAsync(
		take(watchObjects<Pod>(cluster, {path}), () => false),
		{code: 'ERR_FORBIDDEN'},
	);
	t.is(lists, 3);
});

test.serial('reports an empty watch as interrupted, with growing delays', async t => {
	const random = mock.method(Math, 'random', () => 0.5);
	t.teardown(() => {
		random.mock.restore();
	});
	const cluster = await serverFor(t, (_, response, query) => response.end(query.has('watch') ? '' : list(['a'])));
	const waits: number[] = [];
	for await (const one of watchObjects<Pod>(cluster, {path})) {
		if (one.type === 'interrupted') {
			t.is(one.error.message, `the watch of ${path} ended immediately`);
			waits.push(one.retryInMs);
			if (waits.length === 2) {
				break;
			}
		}
	}

	t.deepEqual(waits, [500, 1000]);
});

test('the delay after a long watch is that of a first failure', async t => {
	let watches = 0;
	const cluster = await serverFor(t, (_request, response, query) => {
		if (!query.has('watch')) {
			response.end(list(['a']));
			return;
		}

		watches++;
		response.write(event('BOOKMARK', {kind: 'Pod', metadata: {resourceVersion: String(10 + watches)}}));
		setTimeout(() => response.destroy(), watches === 3 ? 3200 : 20);
	});
	const waits: number[] = [];
	for await (const one of watchObjects<Pod>(cluster, {path})) {
		if (one.type === 'interrupted' && waits.push(one.retryInMs) === 3) {
			break;
		}
	}

	// A third failure waits 1 to 3 s.
	t.true(waits[2]! <= 750, waits.join(' '));
});

test('restarts a silent watch, and reports an interruption if that gets no response', async t => {
	const asked: string[] = [];
	const cluster = await serverFor(t, (_request, response, query) => {
		if (!query.has('watch')) {
			response.end(list(['a']));
			return;
		}

		asked.push(query.get('resourceVersion')!);
		if (asked.length === 3) {
			response.statusCode = 503;
			response.end('{}');
			return;
		}

		response.write(event('BOOKMARK', {kind: 'Pod', metadata: {resourceVersion: String(10 + asked.length)}}));
	});
	const told = await take(watchObjects<Pod>(cluster, {path, silenceMs: 300}), all => all.includes('resumed'));
	t.deepEqual(told, ['page first: a', 'synced 10', 'interrupted', 'resumed']);
	t.deepEqual(asked, ['10', '11', '12', '12']);
});

test('dates an interruption from the last received event of a hung watch', async t => {
	let watches = 0;
	const writtenAt: number[] = [];
	const cluster = await serverFor(t, (_request, response, query) => {
		if (!query.has('watch')) {
			response.end(list(['a']));
			return;
		}

		watches++;
		if (watches === 2) {
			response.statusCode = 503;
			response.end('{}');
			return;
		}

		writtenAt.push(Date.now());
		response.write(event('BOOKMARK', {kind: 'Pod', metadata: {resourceVersion: String(10 + watches)}}));
		if (watches === 3) {
			setTimeout(() => response.destroy(), 20);
		}
	});
	const dated: Array<{since: number; ageMs: number}> = [];
	for await (const one of watchObjects<Pod>(cluster, {path, silenceMs: 1000})) {
		if (one.type === 'interrupted' && dated.push({since: one.since, ageMs: Date.now() - one.since}) === 2) {
			break;
		}
	}

	t.true(dated[0]!.since >= writtenAt[0]! && dated[0]!.ageMs >= 990, JSON.stringify([dated, writtenAt]));
	t.true(dated[1]!.since >= writtenAt[1]!, JSON.stringify([dated, writtenAt]));
});

test('leaving the loop or aborting closes the watch’s connection', async t => {
	const server = await serve(t, (request, response) => {
		if (request.url!.includes('watch')) {
			response.write(event('ADDED', pod('b')));
		} else {
			response.end(list(['a']));
		}
	});
	const cluster = await server.cluster();
	await take(watchObjects<Pod>(cluster, {path}), told => told.at(-1) === 'added b');
	const reason = new Error('enough');
	const controller = new AbortController();
	const told: string[] = [];
	t.is(
		await t.throwsAsync(async () => {
			for await (const one of watchObjects<Pod>(cluster, {path, signal: controller.signal})) {
				told.push(one.type);
				if (one.type === 'added') {
					setTimeout(() => controller.abort(reason), 20);
				}
			}
		}),
		reason,
	);
	cluster.close();
	await delay(50);
	t.is(server.sockets.size, 0);
});

test('assembles lines however their bytes are split', async t => {
	const bytes = Buffer.from('{"a":"é😀"}\n\n{"b":[1,2]}\r\n{"c":null}\n{"cut":');
	for (let size = 1; size <= bytes.length; size++) {
		const chunks = Array.from({length: Math.ceil(bytes.length / size)}, (_, i) => bytes.subarray(i * size, (i + 1) * size));
		t.deepEqual(await gather(jsonLines(Readable.from(chunks), 'x')), [{a: 'é😀'}, {b: [1, 2]}, {c: null}], `by ${size}`);
	}

	await t.throwsAsync(gather(jsonLines(Readable.from([Buffer.from('nonsense\n')]), 'the watch')), {
		code: 'ERR_PROTOCOL',
		message: /the watch sent a line that is not JSON/,
	});
	const endless = Readable.from(
		(function* () {
			for (;;) {
				yield Buffer.alloc(1024 * 1024, 97);
			}
		})(),
	);
	await t.throwsAsync(gather(jsonLines(endless, 'the watch')), {code: 'ERR_PROTOCOL', message: /more than 32 MiB/});
});

test('reviews access and identity, and returns null when the review is refused', async t => {
	const bodies: unknown[] = [];
	const cluster = await serverFor(t, (request, response) => {
		void text(request).then(body => {
			bodies.push((JSON.parse(body) as {spec?: unknown}).spec);
			if (request.url!.includes('selfsubjectaccessreviews')) {
				response.writeHead(201).end('{"status":{"allowed":true,"reason":"because"}}');
			} else {
				response.writeHead(404).end('{"kind":"Status","message":"not here"}');
			}
		});
	});
	t.deepEqual(await reviewAccess(cluster, {verb: 'create', resource: 'pods', subresource: 'exec', namespace: 'demo'}), {
		allowed: true,
		reason: 'because',
	});
	t.deepEqual(await reviewAccess(cluster, {verb: 'get', path: '/flagz'}), {allowed: true, reason: 'because'});
	t.is(await readSelfSubject(cluster), null);
	t.deepEqual(bodies, [
		{resourceAttributes: {verb: 'create', resource: 'pods', subresource: 'exec', namespace: 'demo'}},
		{nonResourceAttributes: {verb: 'get', path: '/flagz'}},
		undefined,
	]);
});

async function gather<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
	return Readable.from(items).toArray() as Promise<Item[]>;
}
