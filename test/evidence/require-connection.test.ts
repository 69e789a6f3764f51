/** Reads for the requirements of streams that open together. */
import test, {type ExecutionContext} from 'ava';
import type {ClusterClient} from '../../source/cluster/cluster-client.ts';
import type {SpokeError} from '../../source/base/errors/spoke-error.ts';
import {requireOnStreams} from '../../source/evidence/require-connection.ts';
import type {RequirementName} from '../../source/evidence/require-path.ts';
import {connectObserved} from '../../source/streams/observed-connection.ts';
import {answerFrom, reply, serve} from '../support/api-server.ts';
import {makeObservations} from '../support/observations.ts';

const {purpose} = makeObservations();
const streams = 8;

type Apiservers = {
	/** Between which connections alternate; 0: processes without a start time. */
	processes?: number;
	/** Its first request gets no usable response. */
	fails?: '/version' | '/metrics';
};

async function startApiservers(t: ExecutionContext, {processes = 1, fails}: Apiservers) {
	const requested = new Map<string, number>();
	const numbers = new WeakMap<object, number>();
	let connections = 0;
	const respond = answerFrom({
		'/flagz': {kind: 'Flagz', flags: {'kubelet-certificate-authority': ''}},
		'/statusz'({socket}, response) {
			const startTime = `2026-11-24T10:00:0${numbers.get(socket)! % processes}Z`;
			response.end(JSON.stringify(processes === 0 ? {} : {kind: 'Statusz', startTime}));
		},
		'/version': {gitVersion: 'v1.36.3'},
		'/metrics': 'process_start_time_seconds 1\n',
		'*': reply(404, {}),
	});
	const server = await serve(t, (request, response, query) => {
		const path = request.url!.split('?')[0]!;
		const count = (requested.get(path) ?? 0) + 1;
		requested.set(path, count);
		numbers.set(request.socket, numbers.get(request.socket) ?? connections++);
		// By then, all streams have sent their requests.
		setTimeout(() => (path === fails && count === 1 ? response.destroy() : respond(request, response, query)), 200);
	});
	return {cluster: await server.cluster(), requested};
}

/** The error codes of the refused streams. */
async function openTogether(cluster: ClusterClient, state: RequirementName): Promise<string> {
	requireOnStreams(cluster, [{states: [state], minBasis: 'inferred', undecided: 'refuse', source: null}]);
	const opening = Array.from({length: streams}, async () => connectObserved(cluster, purpose, undefined));
	const codes = (await Promise.allSettled(opening)).map(result => (result.status === 'rejected' ? (result.reason as SpokeError).code : ''));
	return [...new Set(codes)].join(' ');
}

for (const [title, apiservers, path, count] of [
	['share one read of the cluster of one apiserver', {}, '/version', 1],
	['share one read of the cluster for each of two apiservers', {processes: 2}, '/version', 2],
	['each read the cluster if their processes have no id', {processes: 0}, '/version', streams],
	['share one read of the metrics of one apiserver', {}, '/metrics', 1],
	['each read the metrics if the shared read gets no response', {fails: '/metrics'}, '/metrics', streams],
] as const) {
	test(`streams that open together ${title}`, async t => {
		const {cluster, requested} = await startApiservers(t, apiservers);
		t.is(
			await openTogether(cluster, path === '/metrics' ? 'tunnelled' : 'verified'),
			path === '/metrics' ? 'ERR_REQUIRE_UNDECIDED' : 'ERR_REQUIRE_NOT_MET',
		);
		t.is(requested.get(path), count);
		t.true(requested.get('/flagz')! >= streams, 'the flags are read on each connection');
	});
}
