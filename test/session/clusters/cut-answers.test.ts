/** Truncated responses, and responses that are not from an apiserver. */
import type {IncomingMessage, ServerResponse} from 'node:http';
import test, {type ExecutionContext} from 'ava';
import {waitForCluster} from '../../../source/session/clusters/open-clusters.ts';
import {addDebugContainer} from '../../../source/streams/debug-container.ts';
import type {ClusterState} from '../../../source/session/frame/session-state.ts';
import {startServer} from '../../support/api-server.ts';

async function reach(t: ExecutionContext, request: (request: IncomingMessage, response: ServerResponse) => void) {
	const server = await startServer({request});
	t.teardown(async () => server.close());
	return server.cluster();
}

/** Ends in the middle of a body of 100 bytes. */
function cut(response: ServerResponse, contentType: string): void {
	response.writeHead(200, {'content-type': contentType, 'content-length': 100});
	response.write('{"begun":', () => {
		response.destroy();
	});
}

const answers: ReadonlyArray<readonly [title: string, answer: (response: ServerResponse) => void, code: string, words: RegExp]> = [
	[
		'a page instead',
		response => response.writeHead(200, {'content-type': 'text/html'}).end('<html>Log in to the network</html>'),
		'ERR_PROTOCOL',
		/is not JSON/,
	],
	[
		'half of it',
		response => {
			cut(response, 'application/json');
		},
		'ERR_APISERVER_UNREACHABLE',
		/was truncated/,
	],
];
for (const [title, answer, code, words] of answers) {
	test(`a server that answers /version with ${title} is unreachable, not an internal error`, async t => {
		const access = await reach(t, (_request, response) => {
			answer(response);
		});
		let isWanted = true;
		const told: Array<Partial<ClusterState>> = [];
		await waitForCluster(
			access,
			() => isWanted,
			to => told.push(to),
			async () => {
				isWanted = false;
			},
		);
		t.is(told.at(-1)?.reachable, 'no');
		t.is(told.at(-1)?.error?.code, code as 'ERR_PROTOCOL');
		t.regex(told.at(-1)!.error!.message, words);
	});
}

test('a truncated response to a patch is reported without ERR_INTERNAL', async t => {
	const access = await reach(t, (_request, response) => {
		cut(response, 'application/json');
	});
	const pod = {metadata: {name: 'web', namespace: 'default'}, spec: {containers: []}};
	const added = addDebugContainer(access, pod, {name: 'late', image: 'x'});
	await t.throwsAsync(added, {code: 'ERR_APISERVER_UNREACHABLE', message: /was truncated/});
});
