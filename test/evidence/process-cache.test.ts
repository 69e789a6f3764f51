/** Whose knowledge of apiserver processes it is. */
import test from 'ava';
import {type ClusterClient, ClusterRecords} from '../../source/cluster/cluster-client.ts';
import {withAbortSignal} from '../../source/cluster/with-abort-signal.ts';
import {noClusterObservations} from '../../source/evidence/connection-observations.ts';
import {processCacheFor} from '../../source/evidence/process-cache.ts';
import {recordAnswer, secondLegsOf} from '../../source/evidence/second-leg-record.ts';
import {lastResponseTime, trackResponses} from '../../source/session/clusters/open-clusters.ts';
import {preconnect} from '../../source/streams/preconnect.ts';
import {makeObservations, stepTest} from '../support/observations.ts';

const clusterOf = () =>
	({
		facts: {source: 'kubeconfig', certificateAuthority: null},
		records: new ClusterRecords(),
		connect: async () => Promise.withResolvers<never>().promise,
	}) as unknown as ClusterClient;
const {signal} = new AbortController();

for (const [title, derive] of [
	['bound to an abort signal', cluster => withAbortSignal(cluster, signal)],
	['with an early connection', cluster => preconnect(cluster, {signal}).cluster],
	['whose responses are tracked', cluster => trackResponses(cluster)],
] as ReadonlyArray<[title: string, derive: (cluster: ClusterClient) => ClusterClient]>) {
	test(`a client ${title} shares what is known of its cluster`, t => {
		const cluster = clusterOf();
		const derived = derive(cluster);
		processCacheFor(derived).remember('p1', {stepTests: [stepTest('grpc')]});
		recordAnswer(derived, {purpose: makeObservations().purpose, process: null});
		t.is(processCacheFor(cluster).of('p1').stepTests.length, 1);
		t.is(secondLegsOf(cluster).outcomes.length, 1);
		t.is(lastResponseTime(derived), lastResponseTime(cluster));
	});
}

test('another client shares nothing', t => {
	const [one, other] = [clusterOf(), clusterOf()];
	processCacheFor(one).recordGateway('a balancer');
	t.is(processCacheFor(other).gatewaySeen, null);
});

test('observations are kept of the 16 processes that were observed last', t => {
	const known = processCacheFor(clusterOf());
	const shared = {...noClusterObservations, requestedAt: 1000};
	const remembered = () =>
		Array.from({length: 40}, (_, index) => known.of(`p${index}`)).filter(({stepTests}) => stepTests.length > 0).length;
	for (let index = 0; index < 40; index++) {
		known.remember(`p${index}`, {stepTests: [stepTest('grpc')]});
		known.rememberShared('p0', shared);
	}

	t.is(remembered(), 16);
	t.deepEqual([known.of('p0').stepTests.length, known.of('p1').stepTests.length, known.of('p39').stepTests.length], [1, 0, 1]);
	t.is(known.recentShared('p0', 1, 1000), shared);
});
