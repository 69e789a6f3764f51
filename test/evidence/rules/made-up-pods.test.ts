/** What a node can make up with mirror pods of its own, if the roles of nodes cannot be read. */
import test from 'ava';
import {noClusterObservations} from '../../../source/evidence/cluster-observations.ts';
import {noConnectionObservations} from '../../../source/evidence/connection-observations.ts';
import type {FlagFacts, Observation} from '../../../source/evidence/evidence.ts';
import {kubeletTls} from '../../../source/evidence/rules/kubelet-tls.ts';
import {areAllReplicasRead} from '../../../source/evidence/rules/replicas.ts';
import {secondLegRoute} from '../../../source/evidence/rules/second-leg-route.ts';
import {identifyServer} from '../../../source/evidence/rules/server-identity.ts';
import {knownReplicas, makeObservation, makeObservations, mirrorPod, socketFacts, verifyingFlags} from '../../support/observations.ts';

/** Claims to be the apiserver at the address where the connection ends. */
const at = (role: boolean | null): Observation<FlagFacts> => {
	const pod = mirrorPod('kube-apiserver-a', {...verifyingFlags, 'advertise-address': '10.0.0.5', 'secure-port': '6443'});
	return {...pod, facts: {...pod.facts, isOnControlPlane: role}};
};

const opened = (role: boolean | null) =>
	makeObservations({
		about: 'open-connection',
		isBound: true,
		farEndAnswered: true,
		process: null,
		flags: [],
		mirrorPods: [at(role)],
		replicas: knownReplicas(1, ['10.0.0.5:6443']),
		socket: makeObservation('socket', {...socketFacts, remoteAddress: '10.0.0.5:6443'}, {connection: 'c1'}),
		connection: 'c1',
	});

test('a mirror pod at the connection’s address proves flags only on the control plane', t => {
	t.like(kubeletTls(opened(true)), {state: 'verified', basis: 'proven'});
	t.like(kubeletTls(opened(null)), {state: 'verified', basis: 'inferred'});
	t.is(secondLegRoute(opened(true)).basis, 'proven');
	t.is(secondLegRoute(opened(null)).basis, 'inferred');
});

test('mirror pods of nodes with an unknown role do not complete the set of apiservers', t => {
	t.true(areAllReplicasRead(opened(true), [at(true)]));
	t.false(areAllReplicasRead(opened(null), [at(null)]));
});

test('a mirror pod of a node with an unknown role does not identify an apiserver', t => {
	const identify = (role: boolean | null) =>
		identifyServer(
			{
				...noConnectionObservations,
				socket: makeObservation('socket', {...socketFacts, clientCertificateSha256: null, remoteAddress: '10.0.0.5:6443'}),
			},
			{...noClusterObservations, ca: {spkiSha256: ['bb'.repeat(32)], subjects: ['CN=ca']}, mirrorPods: [at(role)]},
			'https://10.0.0.5:6443',
		).to;
	t.is(identify(true), 'apiserver');
	t.is(identify(null), 'unknown');
});
