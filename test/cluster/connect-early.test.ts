/** A connection that is opened before the first request. */
import {once} from 'node:events';
import test, {type ExecutionContext} from 'ava';
import {serve} from '../support/api-server.ts';
import {until} from '../support/until.ts';

async function given(t: ExecutionContext) {
	const server = await serve(t, (request, response) => response.end(request.url));
	return {server, cluster: await server.cluster()};
}

/** Connected early, and not used. */
async function connectedEarly(t: ExecutionContext) {
	const {server, cluster} = await given(t);
	cluster.connectEarly();
	await until(() => server.sockets.size === 1);
	return {server, cluster};
}

async function get({body}: {body: NodeJS.ReadableStream}): Promise<void> {
	body.resume();
	await once(body, 'end');
}

test('the first request uses the early connection, also while it is being opened', async t => {
	const {server, cluster} = await given(t);
	cluster.connectEarly();
	await get(await cluster.request({path: '/first'}));
	await get(await cluster.request({path: '/second'}));
	t.is(server.connections(), 1);
});

test('only one of several first requests uses it', async t => {
	const {server, cluster} = await given(t);
	cluster.connectEarly();
	await Promise.all(['/a', '/b', '/c'].map(async path => get(await cluster.request({path}))));
	t.is(server.connections(), 3);
});

test('the first request gets the error of the early connection, the second connects again', async t => {
	const {server} = await given(t);
	const wrong = await server.cluster({cluster: {'tls-server-name': 'other.example.test'}});
	wrong.connectEarly();
	const errors = [
		await t.throwsAsync(wrong.request({path: '/'}), {code: 'ERR_APISERVER_TLS'}),
		await t.throwsAsync(wrong.request({path: '/'}), {code: 'ERR_APISERVER_TLS'}),
	];
	t.not(errors[0], errors[1]);
});

test('an aborted request leaves the early connection to the next one', async t => {
	const {server, cluster} = await given(t);
	cluster.connectEarly();
	const abort = new AbortController();
	const request = cluster.request({path: '/', signal: abort.signal});
	abort.abort(new Error('enough'));
	await t.throwsAsync(request, {message: 'enough'});
	await get(await cluster.request({path: '/'}));
	t.is(server.connections(), 1);
});

test('a request does not use an early connection that the server has closed', async t => {
	const {server, cluster} = await connectedEarly(t);
	const [socket] = server.sockets;
	socket!.destroy();
	await until(() => server.sockets.size === 0);
	await get(await cluster.request({path: '/'}));
	t.is(server.connections(), 2);
});

test('closing the client closes an early connection that nothing used', async t => {
	const {server, cluster} = await connectedEarly(t);
	cluster.close();
	await until(() => server.sockets.size === 0);
	t.is(server.connections(), 1);
});
