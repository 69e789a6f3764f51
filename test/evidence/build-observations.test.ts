/** What an open connection and the next one share, and where they differ. */
import {isDeepStrictEqual} from 'node:util';
import test from 'ava';
import {type ClusterClient, ClusterRecords} from '../../source/cluster/cluster-client.ts';
import {buildObservations, noActiveObservations, type Examination} from '../../source/evidence/build-observations.ts';
import {noClusterObservations, noConnectionObservations} from '../../source/evidence/connection-observations.ts';
import type {Observations} from '../../source/evidence/evidence.ts';
import {processCacheFor} from '../../source/evidence/process-cache.ts';
import {
	advertisedFlags,
	flags,
	knownReplicas,
	makeObservation,
	makeObservations,
	processOf,
	socketFacts,
	stepTest,
} from '../support/observations.ts';

const facts = {server: 'https://10.0.0.5:6443', source: 'kubeconfig', certificateAuthority: null};

const clusterOf = () => ({facts, records: new ClusterRecords()}) as unknown as ClusterClient;
const {purpose} = makeObservations();
const socket = makeObservation('socket', socketFacts, {connection: 'c1'});
const own = {
	...noConnectionObservations,
	socket,
	flags: flags({...advertisedFlags, 'bind-address': '0.0.0.0'}, {process: 'p1'}),
	process: processOf('p1'),
};
const examined: Examination = {
	own,
	others: [],
	unreadApiservers: [],
	shared: {...noClusterObservations, ca: {spkiSha256: ['bb'.repeat(32)], subjects: []}, replicas: knownReplicas(1)},
	metrics: null,
	active: noActiveObservations,
};

const withoutTime = (observations: Observations) => ({...observations, time: ''});

test('an open connection and the next one use the same observations of the same apiserver', t => {
	const cluster = clusterOf();
	const [open, next] = (['this-connection', 'next-connection'] as const).map(scope =>
		withoutTime(buildObservations(cluster, examined, {purpose, scope})),
	) as [Observations, Observations];
	t.deepEqual({...open, scope: null}, {...next, scope: null});
	t.is(open.serverIdentity.to, 'apiserver');
});

test('only the next connection may end at another server or find another kubelet certificate', t => {
	const cluster = clusterOf();
	processCacheFor(cluster).remember('p1', {stepTests: [stepTest('grpc', {process: 'p1'})]});
	const gateway = {...own, foreignHeaders: ['via']};
	const [open, next] = (['this-connection', 'next-connection'] as const).map(scope =>
		withoutTime(buildObservations(cluster, {...examined, others: [gateway]}, {purpose, scope})),
	) as [Observations, Observations];
	const keys = Object.keys(open) as ReadonlyArray<keyof Observations>;
	t.deepEqual(
		keys.filter(key => !isDeepStrictEqual(open[key], next[key])),
		['scope', 'serverIdentity', 'stepTests'],
	);
	t.deepEqual([open.serverIdentity.to, next.serverIdentity.to], ['apiserver', 'gateway']);
	t.deepEqual([open.stepTests[0]?.facts.rounds, next.stepTests[0]?.facts.rounds], [[3, 5], []]);
});

test('without a connection the server is unknown', t => {
	const {connection, serverIdentity} = buildObservations(
		clusterOf(),
		{...examined, own: noConnectionObservations},
		{purpose, scope: 'ended'},
	);
	t.deepEqual([connection, serverIdentity.to], [null, 'unknown']);
});

test('a remembered agent test shows the tunnel of later connections, but not their agent', t => {
	const cluster = clusterOf();
	const test = makeObservation('agent-metrics', {agent: 'agent-a', observed: 'agent-a 1→4→1'}, {process: 'p1', active: true});
	processCacheFor(cluster).remember('p1', {agentTests: [test]});
	const later = buildObservations(cluster, examined, {purpose, scope: 'this-connection'});
	t.deepEqual(
		later.agentTests.map(({facts}) => facts),
		[{agent: null, observed: 'agent-a 1→4→1'}],
	);
	const own = buildObservations(
		cluster,
		{...examined, active: {...noActiveObservations, agentTests: [test]}},
		{purpose, scope: 'next-connection'},
	);
	t.is(own.agentTests[0]?.facts.agent, 'agent-a');
});
