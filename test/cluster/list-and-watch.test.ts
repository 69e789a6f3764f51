import {readFileSync} from 'node:fs';
import {Readable} from 'node:stream';
import {text} from 'node:stream/consumers';
import {mock} from 'node:test';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {parse} from 'yaml';
import {jsonLines, type WatchEvent, watchObjects} from '../../source/cluster/watch.ts';
import {listAll, listPages, type TableRow} from '../../source/cluster/list.ts';
import {validateWatchEvent} from '../../source/cluster/read-json-response.ts';
import {reviewAccess, readSelfSubject} from '../../source/cluster/self-review.ts';
import type {SpokeError} from '../../source/base/errors/spoke-error.ts';
import {type Answer, type ByHand, clusterThat, inTurn, refuse, reply, serve} from '../support/api-server.ts';

type Pod = {metadata: {name: string; resourceVersion?: string}};

const path = '/api/v1/namespaces/demo/pods';
const pod = (name: string, resourceVersion = '1'): Pod & {spec: object} => ({metadata: {name, resourceVersion}, spec: {containers: []}});
const list = (names: readonly string[], more: Record<string, unknown> = {}) => ({
	kind: 'PodList',
	metadata: {resourceVersion: '10', ...more},
	items: names.map(name => pod(name)),
});
const table = (names: readonly string[], more: Record<string, unknown> = {}) => ({
	kind: 'Table',
	metadata: {resourceVersion: '10', ...more},
	rows: names.map(name => ({cells: [name]})),
});
const event = (type: string, object: unknown) => `${JSON.stringify({type, object})}\n`;
const bookmark = (resourceVersion: string) => event('BOOKMARK', {kind: 'Pod', metadata: {resourceVersion}});
const gone = {kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version'};

/** A watch that stays open. */
const stays =
	(events: string): ByHand =>
	(_, response) =>
		response.write(events);

const closesAfter =
	(milliseconds: number, events: string): ByHand =>
	({socket}, response) => {
		response.write(events);
		setTimeout(() => socket.destroy(), milliseconds);
	};

/** Answers lists and watches, and keeps the versions that are watched. */
async function watched(t: ExecutionContext, watches: readonly Answer[], lists: readonly Answer[] = [list(['a'])]) {
	const versions: Array<string | null> = [];
	const [listing, watching] = [inTurn(...lists), inTurn(...watches)];
	const server = await serve(t, (request, response, query) => {
		if (!query.has('watch')) {
			return listing(request, response, query);
		}

		versions.push(query.get('resourceVersion'));
		return watching(request, response, query);
	});
	const cluster = await server.cluster();
	const watch = (options: Partial<Parameters<typeof watchObjects>[1]> = {}) => watchObjects<Pod>(cluster, {path, ...options});
	return {server, cluster, versions, watch};
}

/** The first `count` events. */
async function take(events: AsyncIterable<WatchEvent<Pod>>, count = Infinity): Promise<string[]> {
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
		if (told.length === count) {
			break;
		}
	}

	return told;
}

type Interruption = Extract<WatchEvent<Pod>, {type: 'interrupted'}>;

async function interruptionsOf(events: AsyncIterable<WatchEvent<Pod>>, count: number): Promise<Array<Interruption & {ageMs: number}>> {
	const interruptions: Array<Interruption & {ageMs: number}> = [];
	for await (const one of events) {
		if (one.type === 'interrupted' && interruptions.push({...one, ageMs: Date.now() - one.since}) === count) {
			break;
		}
	}

	return interruptions;
}

test('lists pages by continue token, with selectors and table rows', async t => {
	const asked: string[] = [];
	const cluster = await clusterThat(t, (request, response, query) => {
		asked.push(`${request.headers.accept} ${query.toString()}`);
		const page = query.has('continue') ? table(['c']) : table(['a', 'b'], {continue: 'next/1', remainingItemCount: 1});
		reply(200, page)(request, response, query);
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
	const answers = [list(['a1'], {continue: 'x'}), reply(410, gone), list(['b1'], {continue: 'x'}), list(['b2'])];
	const pages = await gather(listPages<Pod>(await clusterThat(t, inTurn(...answers)), {path}));
	t.deepEqual(
		pages.map(({items, restarted}) => [items[0]!.metadata.name, restarted]),
		[
			['a1', false],
			['b1', true],
			['b2', false],
		],
	);
	t.deepEqual(
		(await listAll<Pod>(await clusterThat(t, inTurn(...answers)), {path})).items.map(({metadata}) => metadata.name),
		['b1', 'b2'],
	);
});

for (const [title, status, body, code, message] of [
	['an error response of a list is read up to 1 MiB', 500, 'x'.repeat(1024 * 1024 + 1), 'ERR_PROTOCOL', /larger than 1048576 bytes/],
	['a forbidden list names verb and resource', 403, 'no', 'ERR_FORBIDDEN', 'not allowed to list pods: no'],
] as const) {
	test(title, async t => {
		await t.throwsAsync(listAll(await clusterThat(t, reply(status, body)), {path}), {code, message});
	});
}

type OddAnswers = {what: string; path: string; answers: Readonly<Record<string, string>>};

const odd = parse(readFileSync(new URL('odd-answers.yaml', import.meta.url), 'utf8')) as readonly OddAnswers[];
const deep = '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000);

for (const {what, path: asked, answers} of odd) {
	test(`an invalid ${what} names the field that differs from Kubernetes`, async t => {
		const all = Object.entries({...answers, ...(what === 'pod' && {[deep]: 'it has no metadata'})});
		const cluster = await clusterThat(t, inTurn(...all.map(([body]) => body)));
		const readings: Readonly<Record<string, (body: string) => Promise<unknown>>> = {
			'list of pods': async () => listAll(cluster, {path: asked}),
			'table of pods': async () => listAll(cluster, {path: asked, as: 'table-metadata'}),
			'watch event': async body => validateWatchEvent(JSON.parse(body), asked, 'object'),
		};
		for (const [body, says] of all) {
			const {message, remedy} = await t.throwsAsync<SpokeError>(readings[what]?.(body) ?? cluster.json({path: asked}), {
				code: 'ERR_PROTOCOL',
			});
			t.true(message.endsWith(` is not a Kubernetes response: ${says}`), message);
			t.is(message.startsWith(`a line in the watch of ${asked} `), what === 'watch event', message);
			t.true(remedy?.includes('check that the server URL is that of a Kubernetes apiserver'));
		}
	});
}

test('treats null fields as missing, and null lists as empty', async t => {
	const cluster = await clusterThat(
		t,
		inTurn(
			'{"metadata":{"name":"x","labels":null,"creationTimestamp":null},"spec":{"containers":[],"initContainers":null},"status":null}',
			'{"kind":"PodList","metadata":{},"items":null}',
			'{"kind":"Table","rows":null,"columnDefinitions":null}',
		),
	);
	const {
		metadata: {labels = 'none'},
		status = 'none',
	} = await cluster.json<{metadata: {labels?: object}; status?: object}>({path: '/api/v1/namespaces/d/pods/x'});
	t.deepEqual([labels, status], ['none', 'none']);
	t.deepEqual((await listAll(cluster, {path: '/api/v1/pods'})).items, []);
	t.deepEqual((await listAll(cluster, {path: '/api/v1/pods', as: 'table'})).items, []);
});

const emptyBookmark = event('BOOKMARK', {
	kind: 'Pod',
	metadata: {resourceVersion: '11', creationTimestamp: null},
	spec: {containers: null},
});

type WatchRow = readonly [
	title: string,
	watches: readonly Answer[],
	told: string,
	versions: string,
	more?: {silenceMs?: number; lists?: Answer[]},
];

const watchRows: readonly WatchRow[] = [
	[
		'resumes after an invalid event, and accepts a bookmark without a pod',
		[stays(emptyBookmark + event('ADDED', null)), stays(emptyBookmark + event('ADDED', pod('b')))],
		'page first: a, synced 10, interrupted, resumed, added b',
		'10 11',
	],
	[
		'resumes from the last version after a normal end',
		[
			event('ADDED', pod('b', '11')) + event('BOOKMARK', {metadata: {resourceVersion: '20'}}),
			stays(event('MODIFIED', pod('a', '21')) + event('DELETED', pod('b', '22'))),
		],
		'page first: a, synced 10, added b, modified a, deleted b',
		'10 20',
	],
	[
		'lists again after a 410 response, a 410 event and another error',
		[
			reply(410, gone),
			event('ERROR', gone),
			event('ERROR', {kind: 'Status', code: 500, message: 'etcd is away'}),
			stays(event('ADDED', pod('end'))),
		],
		'page first: l0, synced 10, page first: l1, synced 10, page first: l2, synced 10, interrupted, page first: l3, synced 10, added end',
		'10 10 10 10',
		{lists: ['l0', 'l1', 'l2', 'l3'].map(name => list([name]))},
	],
	[
		'reports an interruption inside an event, and loses nothing',
		[closesAfter(30, event('ADDED', pod('b', '11')) + event('ADDED', pod('c', '12')).slice(0, 20)), stays(event('ADDED', pod('c', '12')))],
		'page first: a, synced 10, added b, interrupted, resumed, added c',
		'10 11',
	],
	[
		'becomes polls of the list when it is forbidden',
		[refuse(403, 'pods is forbidden: User "x" cannot watch resource "pods"')],
		'page first: l1, synced 10, polling, page first: l2',
		'10',
		{lists: ['l1', 'l2'].map(name => list([name]))},
	],
	[
		'that is silent is restarted, and interrupted if that gets no response',
		[stays(bookmark('11')), stays(bookmark('12')), reply(503, '{}'), stays(bookmark('14'))],
		'page first: a, synced 10, interrupted, resumed',
		'10 11 12 12',
		{silenceMs: 300},
	],
];

for (const [title, watches, expected, versions, {lists, ...options} = {}] of watchRows) {
	test(`a watch ${title}`, async t => {
		const given = await watched(t, watches, lists);
		const events = expected.split(', ');
		t.deepEqual(await take(given.watch(options), events.length), events);
		t.is(given.versions.join(' '), versions);
	});
}

test('fails when the first list fails or a permission is lost', async t => {
	const {watch, versions} = await watched(t, [reply(410, gone)], [reply(403, 'no'), list(['a']), reply(403, 'no')]);
	await t.throwsAsync(take(watch()), {code: 'ERR_FORBIDDEN'});
	t.deepEqual(versions, []);
	await t.throwsAsync(take(watch()), {code: 'ERR_FORBIDDEN'});
	t.deepEqual(versions, ['10']);
});

test.serial('reports an empty watch as interrupted, with growing delays', async t => {
	const random = mock.method(Math, 'random', () => 0.5);
	t.teardown(() => {
		random.mock.restore();
	});
	const {watch} = await watched(t, ['']);
	t.deepEqual(
		(await interruptionsOf(watch(), 2)).map(({error, retryInMs}) => [error.message, retryInMs]),
		[500, 1000].map(retryInMs => [`the watch of ${path} ended immediately`, retryInMs]),
	);
});

test('the delay after a long watch is that of a first failure', async t => {
	const {watch} = await watched(t, [closesAfter(20, bookmark('11')), closesAfter(20, bookmark('12')), closesAfter(3200, bookmark('13'))]);
	const waits = (await interruptionsOf(watch(), 3)).map(({retryInMs}) => retryInMs);
	// A third failure waits 1 to 3 s.
	t.true(waits[2]! <= 750, waits.join(' '));
});

test('dates an interruption from the last received event of a hung watch', async t => {
	const writtenAt: number[] = [];
	const notes =
		(answer: ByHand): ByHand =>
		(...asked) => {
			writtenAt.push(Date.now());
			answer(...asked);
		};

	const {watch} = await watched(t, [notes(stays(bookmark('11'))), reply(503, '{}'), notes(closesAfter(20, bookmark('13')))]);
	const dated = await interruptionsOf(watch({silenceMs: 1000}), 2);
	t.true(dated[0]!.since >= writtenAt[0]! && dated[0]!.ageMs >= 990, JSON.stringify([dated, writtenAt]));
	t.true(dated[1]!.since >= writtenAt[1]!, JSON.stringify([dated, writtenAt]));
});

test('leaving the loop or aborting closes the watch’s connection', async t => {
	const {server, cluster, watch} = await watched(t, [stays(event('ADDED', pod('b')))]);
	t.is((await take(watch(), 3)).at(-1), 'added b');
	const reason = new Error('enough');
	const controller = new AbortController();
	t.is(
		await t.throwsAsync(async () => {
			for await (const one of watch({signal: controller.signal})) {
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
	const keep =
		(answer: ByHand): ByHand =>
		async (request, response, query) => {
			bodies.push((JSON.parse(await text(request)) as {spec?: unknown}).spec);
			answer(request, response, query);
		};

	const cluster = await clusterThat(t, {
		'/apis/authorization.k8s.io/v1/selfsubjectaccessreviews': keep(reply(201, {status: {allowed: true, reason: 'because'}})),
		'*': keep(refuse(404, 'not here')),
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
