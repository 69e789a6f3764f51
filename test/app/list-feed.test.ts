/** A list of all namespaces is read one by one, and loses no change on the way. */
import type {ServerResponse} from 'node:http';
import test from 'ava';
import {feedList} from '../../source/app/list-feed.ts';
import {startServer} from '../support/api-server.ts';

const columns = [{name: 'Name', type: 'string', format: 'name', priority: 0}];

test('the watch goes on from before the first namespace was read, though another answered sooner with a newer version', async t => {
	const watched = Promise.withResolvers<string>();
	const large = Promise.withResolvers<ServerResponse>();
	const table = (version: number, names: readonly string[]) => JSON.stringify({kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata: {resourceVersion: String(version)}, columnDefinitions: columns, rows: names.map(name => ({cells: [name], object: null}))});
	const server = await startServer({request(request, response) {
		const {pathname, searchParams} = new URL(request.url!, 'https://host');
		response.setHeader('content-type', 'application/json');
		if (searchParams.get('watch') === 'true') {
			watched.resolve(searchParams.get('resourceVersion')!);
			response.flushHeaders();
		} else if (pathname === '/api/v1/namespaces') {
			response.end(table(100, ['large', 'small']));
		} else if (pathname === '/api/v1/namespaces/large/pods') {
			// What it holds was read at 100, and comes late.
			large.resolve(response);
		} else if (pathname === '/api/v1/namespaces/small/pods') {
			response.end(table(105, ['b']), async () => {
				const late = await large.promise;
				setTimeout(() => late.end(table(100, ['a'])), 50);
			});
		} else {
			response.end(table(100, ['a']));
		}
	}});
	const ended = new AbortController();
	const fed = feedList({cluster: await server.cluster(), list: 'pods', namespace: null, tell() {}, signal: ended.signal});
	t.is(await watched.promise, '100');
	ended.abort();
	await fed;
	await server.close();
});
