/** What the requirements of streams that open together read. */
import test from 'ava';
import type {ClusterClient} from '../../source/cluster/cluster-client.ts';
import type {SpokeError} from '../../source/errors/spoke-error.ts';
import {requireOnStreams} from '../../source/evidence/require-connection.ts';
import type {RequirementName} from '../../source/evidence/require-path.ts';
import {connectObserved} from '../../source/streams/observed-connection.ts';
import {startServer} from '../support/api-server.ts';
import {makeObservations} from '../support/observations.ts';

const {purpose} = makeObservations();
const streams = 8;

type Apiservers = {
	/** Connections alternate between so many; 0: processes that do not say when they started. */
	processes?: number;
	/** Its first request gets no usable response. */
	fails?: '/version' | '/metrics';
};

async function startApiservers({processes = 1, fails}: Apiservers) {
	const requested = new Map<string, number>();
	const numbers = new WeakMap<object, number>();
	let connections = 0;
	const server = await startServer({
		request({url = '', socket}, response) {
			const path = url.split('?')[0]!;
			const count = (requested.get(path) ?? 0) + 1;
			requested.set(path, count);
			const number = numbers.get(socket) ?? connections++;
			numbers.set(socket, number);
			const answers: Readonly<Record<string, object | string>> = {
				'/flagz': {kind: 'Flagz', flags: {'kubelet-certificate-authority': ''}},
				'/statusz': processes === 0 ? {} : {kind: 'Statusz', startTime: `2026-11-24T10:00:0${number % processes}Z`},
				'/version': {gitVersion: 'v1.36.3'},
				'/metrics': 'process_start_time_seconds 1\n',
			};
			const answer = answers[path];
			// All streams have asked by then.
			setTimeout(() => {
				if (path === fails && count === 1) {
					response.destroy();
				} else {
					response.writeHead(answer === undefined ? 404 : 200).end(typeof answer === 'string' ? answer : JSON.stringify(answer ?? {}));
				}
			}, 200);
		},
	});
	return {server, requested};
}

/** The code with which all were refused. */
async function openTogether(cluster: ClusterClient, state: RequirementName): Promise<string> {
	requireOnStreams(cluster, [{states: [state], minBasis: 'inferred', undecided: 'refuse', source: null}]);
	const opening = Array.from({length: streams}, async () => connectObserved(cluster, purpose, undefined));
	const codes = (await Promise.allSettled(opening)).map(result => (result.status === 'rejected' ? (result.reason as SpokeError).code : ''));
	return [...new Set(codes)].join(' ');
}

for (const [title, apiservers, path, count] of [
	['to one apiserver share one read of the cluster', {}, '/version', 1],
	['to two apiservers share one read of the cluster for each', {processes: 2}, '/version', 2],
	['to processes without an id each read the cluster', {processes: 0}, '/version', streams],
	['to one apiserver share one read of its metrics', {}, '/metrics', 1],
	['each read the metrics if the shared read gets no response', {fails: '/metrics'}, '/metrics', streams],
] as const) {
	test(`streams that open together ${title}`, async t => {
		const {server, requested} = await startApiservers(apiservers);
		const cluster = await server.cluster();
		t.is(
			await openTogether(cluster, path === '/metrics' ? 'tunnelled' : 'verified'),
			path === '/metrics' ? 'ERR_REQUIRE_UNDECIDED' : 'ERR_REQUIRE_NOT_MET',
		);
		t.is(requested.get(path), count);
		t.true(requested.get('/flagz')! >= streams, 'the flags are read on each connection');
		cluster.close();
		await server.close();
	});
}
