/** The watch of a forward's pods when it fails. */
import {performance} from 'node:perf_hooks';
import test from 'ava';
import {watchForwardPods} from '../../../source/streams/port-forward/forward-pods.ts';
import type {PodObject} from '../../../source/cluster/targets/pod-object.ts';
import {serve} from '../../support/api-server.ts';

const pod: PodObject = {
	metadata: {name: 'web-1', namespace: 'demo', uid: 'u1'},
	spec: {nodeName: 'n1', containers: [{name: 'app'}]},
	status: {phase: 'Running'},
};

test('refused lists of pods are reported once, and retried with growing delays', async t => {
	const requestedAt: number[] = [];
	const server = await serve(t, (_request, response) => {
		requestedAt.push(performance.now());
		if (requestedAt.length <= 2) {
			response.writeHead(403, {'content-type': 'application/json'});
			response.end(JSON.stringify({kind: 'Status', status: 'Failure', reason: 'Forbidden', code: 403, message: 'pods is forbidden'}));
		} else {
			response.end(JSON.stringify({kind: 'PodList', metadata: {resourceVersion: '1'}, items: [pod]}));
		}
	});
	const stop = new AbortController();
	const failures: string[] = [];
	const found: string[] = [];
	for await (const pods of watchForwardPods(await server.cluster(), {namespace: 'demo', labelSelector: 'app=web'}, pod, {
		signal: stop.signal,
		onFailed({code}) {
			failures.push(code);
		},
	})) {
		found.push(...[...pods.values()].map(({metadata: {name}}) => name));
		stop.abort();
	}

	t.deepEqual(found, ['web-1']);
	t.deepEqual(failures, ['ERR_FORBIDDEN']);
	// 1.5 to 2.5 s; the first is at most 1.25 s.
	t.true(requestedAt[2]! - requestedAt[1]! > 1400, requestedAt.join(' '));
});
