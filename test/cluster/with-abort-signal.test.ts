import {getEventListeners} from 'node:events';
import test from 'ava';
import type {ClusterClient, Connection} from '../../source/cluster/cluster-client.ts';
import {withAbortSignal} from '../../source/cluster/with-abort-signal.ts';

function clusterWithConnections(closed: string[]): ClusterClient {
	let count = 0;
	return {
		async connect() {
			count++;
			const id = `c${count}`;
			return {
				id,
				get usable() {
					return !closed.includes(id);
				},
				close() {
					closed.push(id);
				},
			} as Connection;
		},
	} as unknown as ClusterClient;
}

test('an abort closes the connections that are open, and those that open later', async t => {
	const closed: string[] = [];
	const abort = new AbortController();
	const cluster = withAbortSignal(clusterWithConnections(closed), abort.signal);
	await cluster.connect();
	await cluster.connect();
	abort.abort();
	t.deepEqual(closed, ['c1', 'c2']);
	const later = await cluster.connect();
	t.false(later.usable);
});

test('a closed connection is forgotten when the next one opens', async t => {
	const closed: string[] = [];
	const abort = new AbortController();
	const cluster = withAbortSignal(clusterWithConnections(closed), abort.signal);
	for (let count = 0; count < 20; count++) {
		const connection = await cluster.connect();
		connection.close();
	}

	await cluster.connect();
	t.is(getEventListeners(abort.signal, 'abort').length, 1);
	closed.length = 0;
	abort.abort();
	t.deepEqual(closed, ['c21']);
});
