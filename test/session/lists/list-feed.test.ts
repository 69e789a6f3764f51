/** A list of all namespaces. */
import type {ServerResponse} from 'node:http';
import test from 'ava';
import type {ErrorCode} from '../../../source/base/errors/error-table.ts';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import {feedList, ListRetries} from '../../../source/session/lists/list-feed.ts';
import {emptyList, reduceList} from '../../../source/session/lists/list-state.ts';
import {worstOf} from '../../../source/session/lists/row-filter.ts';
import {startServer} from '../../support/api-server.ts';

const columns = [{name: 'Name', type: 'string', format: 'name', priority: 0}];

const table = (version: number, names: readonly string[]) =>
	JSON.stringify({
		kind: 'Table',
		apiVersion: 'meta.k8s.io/v1',
		metadata: {resourceVersion: String(version)},
		columnDefinitions: columns,
		rows: names.map(name => ({cells: [name], object: null})),
	});

test('the watch starts before the first namespace read, even if another has a newer version', async t => {
	const watched = Promise.withResolvers<string>();
	const large = Promise.withResolvers<ServerResponse>();
	const server = await startServer({
		request(request, response) {
			const {pathname, searchParams} = new URL(request.url!, 'https://host');
			response.setHeader('content-type', 'application/json');
			if (searchParams.get('watch') === 'true') {
				watched.resolve(searchParams.get('resourceVersion')!);
				response.flushHeaders();
			} else if (pathname === '/api/v1/namespaces') {
				response.end(table(100, ['large', 'small']));
			} else if (pathname === '/api/v1/namespaces/large/pods') {
				// Read at version 100, but arrives late.
				large.resolve(response);
			} else if (pathname === '/api/v1/namespaces/small/pods') {
				response.end(table(105, ['b']), async () => {
					const late = await large.promise;
					setTimeout(() => late.end(table(100, ['a'])), 50);
				});
			} else {
				response.end(table(100, ['a']));
			}
		},
	});
	const ended = new AbortController();
	const fed = feedList({cluster: await server.cluster(), list: 'pods', namespace: null, emit() {}, signal: ended.signal});
	t.is(await watched.promise, '100');
	ended.abort();
	await fed;
	await server.close();
});

test('a slow kind in all namespaces removes no rows of the other kinds', async t => {
	const all = Promise.withResolvers<void>();
	let list = emptyList('workloads');
	const server = await startServer({
		request(request, response) {
			const {pathname, searchParams} = new URL(request.url!, 'https://host');
			response.setHeader('content-type', 'application/json');
			const answer = () => response.end(table(100, pathname === '/api/v1/namespaces' ? ['payments'] : [pathname.split('/').at(-1)!]));
			if (searchParams.get('watch') === 'true') {
				response.flushHeaders();
			} else if (pathname === '/apis/batch/v1/jobs') {
				// The watch of jobs starts long after the other kinds were read.
				setTimeout(answer, 300);
			} else {
				answer();
			}
		},
	});
	const ended = new AbortController();
	const fed = feedList({
		cluster: await server.cluster(),
		list: 'workloads',
		namespace: null,
		signal: ended.signal,
		emit(event) {
			list = reduceList(list, event);
			if (list.visible.some(({name}) => name.startsWith('job/'))) {
				all.resolve();
			}
		},
	});
	await all.promise;
	t.deepEqual(list.visible.map(({name}) => name).toSorted(), [
		'cronjob/cronjobs',
		'deploy/deployments',
		'ds/daemonsets',
		'job/jobs',
		'sts/statefulsets',
	]);
	ended.abort();
	await fed;
	await server.close();
});

test('a forbidden kind stays reported after other kinds arrive', async t => {
	const live = Promise.withResolvers<void>();
	let list = emptyList('workloads');
	const server = await startServer({
		request(request, response) {
			const {pathname, searchParams} = new URL(request.url!, 'https://host');
			const kind = pathname.split('/').at(-1)!;
			response.setHeader('content-type', 'application/json');
			if (kind === 'statefulsets') {
				response.writeHead(403).end(
					JSON.stringify({
						kind: 'Status',
						apiVersion: 'v1',
						status: 'Failure',
						reason: 'Forbidden',
						code: 403,
						message: 'statefulsets.apps is forbidden',
					}),
				);
			} else if (searchParams.get('watch') === 'true') {
				response.flushHeaders();
				if (kind === 'jobs') {
					setTimeout(live.resolve, 100);
				}
			} else {
				setTimeout(() => response.end(table(100, [kind])), kind === 'jobs' ? 300 : 0);
			}
		},
	});
	const ended = new AbortController();
	const fed = feedList({
		cluster: await server.cluster(),
		list: 'workloads',
		namespace: 'default',
		signal: ended.signal,
		emit(event) {
			list = reduceList(list, event);
		},
	});
	await live.promise;
	t.is(list.visible.length, 4);
	t.like(list.phase, {kind: 'failed', error: {code: 'ERR_FORBIDDEN'}});
	ended.abort();
	await fed;
	await server.close();
});

test('a failed retry keeps the age of an interrupted list, a later interruption resets it', async t => {
	const cuts: Array<{since: number; retryAt: number}> = [];
	const told = Promise.withResolvers<void>();
	let watches = 0;
	const server = await startServer({
		request(request, response) {
			const {searchParams} = new URL(request.url!, 'https://host');
			response.setHeader('content-type', 'application/json');
			if (searchParams.get('watch') === 'true') {
				watches++;
				response.statusCode = watches === 3 ? 200 : 503;
				response.write('\n');
				setTimeout(() => response.destroy(), 20);
			} else {
				response.end(table(100, ['a']));
			}
		},
	});
	const ended = new AbortController();
	const fed = feedList({
		cluster: await server.cluster(),
		list: 'pods',
		namespace: 'shop',
		signal: ended.signal,
		emit(event) {
			if (event.type === 'phase' && event.phase.kind === 'interrupted') {
				cuts.push(event.phase);
			}

			if (cuts.length === 3) {
				told.resolve();
			}
		},
	});
	await told.promise;
	const [first, second, third] = cuts;
	t.is(second!.since, first!.since);
	t.true(second!.retryAt > first!.retryAt);
	t.true(third!.since > second!.since);
	ended.abort();
	await fed;
	await server.close();
});

test('a list of several interrupted kinds is as old as the first interruption', t => {
	const cut = (since: number) => ({kind: 'interrupted', error: null as never, since, retryAt: 0}) as const;
	t.deepEqual(worstOf([cut(2000), {kind: 'live'}, cut(1000), cut(3000)]), cut(1000));
	t.is(worstOf([cut(2000), {kind: 'failed', error: null as never, since: 3000, retryAt: null}, cut(1000)]).kind, 'failed');
});

const waits = (...codes: readonly ErrorCode[]) => {
	const tries = new ListRetries();
	return codes.map(code => tries.after(new SpokeError(code, 'x')).waitMs);
};

test('each consecutive failure waits longer, up to a limit', t => {
	t.deepEqual(waits(...Array.from({length: 6}, () => 'ERR_APISERVER_UNREACHABLE' as const)), [1000, 2000, 4000, 8000, 15_000, 15_000]);
});

for (const code of ['ERR_FORBIDDEN', 'ERR_NOT_FOUND', 'ERR_CREDENTIALS'] as const) {
	test(`${code} waits 60 s, and the next connection failure waits as long as the first`, t => {
		t.deepEqual(
			waits('ERR_APISERVER_UNREACHABLE', 'ERR_APISERVER_TIMEOUT', code, code, 'ERR_APISERVER_UNREACHABLE'),
			[1000, 2000, 60_000, 60_000, 1000],
		);
	});
}
