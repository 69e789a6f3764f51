import test from 'ava';
import type {
	Basis,
	Observations,
	Need,
	Observation,
	StepTestFacts,
	TlsState,
	UnavailableSource,
} from '../../../source/evidence/evidence.ts';
import {kubeletTls} from '../../../source/evidence/rules/kubelet-tls.ts';
import {
	needActive,
	needApiserverItself,
	needEgressFile,
	needFlagz,
	needLeases,
	needMetrics,
	needMirrorPods,
	needOpenConnection,
	needsAfterProbes,
} from '../../../source/evidence/rules/needs.ts';
import {
	openConnection,
	verifyingFlags,
	failure,
	flags,
	makeObservations,
	advertisedFlags,
	otherAdvertisedFlags,
	knownReplicas,
	metrics,
	mirrorPod,
	unverifiedFlags,
	processOf,
	makeObservation,
	socketFacts,
	stepTest,
} from '../../support/observations.ts';

const handshake = (facts: object) =>
	makeObservation('handshake', {
		node: 'n1',
		subject: 'CN=n1',
		dnsNames: ['n1'],
		addresses: [],
		notBefore: '2026-01-01T00:00:00Z',
		notAfter: '2027-01-01T00:00:00Z',
		nodeAddresses: null,
		...facts,
	});
const differential = (
	normal: 'ok' | 'certificate-refused' | 'failed',
	more: Partial<Pick<Observation<unknown>, 'connection' | 'process'>> = {},
	skipping: 'ok' | 'failed' = 'ok',
	node: string | null = 'n1',
) =>
	makeObservation('log-differential', {normal, skipping, text: 'x509', node}, {...more, connection: more.connection ?? 'c1', active: true});
const carried = (
	transport: string,
	more: Partial<Pick<Observation<unknown>, 'connection' | 'process'>> = {},
	moved: StepTestFacts['moved'] = 'http-connect',
) => makeObservation('step-test', {...stepTest(moved).facts, transport}, {connection: 'c1', ...more});
const overTcp = {egressDials: [{protocol: 'http-connect' as const, transport: 'tcp', count: 3}]};
const unverifiedSocket = makeObservation(
	'socket',
	{...socketFacts, tls: {...socketFacts.tls!, verified: false, skippedBy: 'insecure-skip-tls-verify' as const}},
	{connection: 'c1'},
);

const {purpose} = makeObservations();
const anyKubelet = {...purpose, target: {...purpose.target, chosenFrom: 0}};

const onlyCa = flags({'kubelet-certificate-authority': '/ca.pem'});

const twoThatCheck = ['10.0.0.7', '10.0.0.8'].map((address, at) =>
	mirrorPod(`kube-apiserver-${at}`, {'advertise-address': address, 'kubelet-certificate-authority': '/ca.crt'}),
);

const unopened = {about: 'configuration', isBound: false} as const;

type Row = [title: string, given: Observations, state: TlsState, basis: Basis];
const rows: readonly Row[] = [
	['no CA, read on the same connection', makeObservations({flags: [flags(unverifiedFlags)]}), 'unverified', 'proven'],
	[
		'no CA, read on another connection of an unknown process',
		makeObservations({flags: [flags(unverifiedFlags, {connection: 'c9'})]}),
		'unverified',
		'inferred',
	],
	[
		'no CA, read on another connection of the same process',
		makeObservations({flags: [flags(unverifiedFlags, {connection: 'c9', process: 'p1'})], process: processOf('p1')}),
		'unverified',
		'proven',
	],
	[
		'no CA, but of another process than this connection’s',
		makeObservations({flags: [flags(unverifiedFlags, {connection: 'c9', process: 'p2'})], process: processOf('p1')}),
		'unverified',
		'inferred',
	],
	[
		'no CA, behind a gateway',
		makeObservations({flags: [flags(unverifiedFlags)], serverIdentity: {to: 'gateway', why: 'path'}}),
		'unverified',
		'inferred',
	],
	[
		'no CA, and an unverified server',
		makeObservations({flags: [flags(unverifiedFlags)], socket: unverifiedSocket}),
		'unverified',
		'inferred',
	],
	[
		'no CA on all known replicas, read on others when this connection was open: one may have replaced its own',
		makeObservations({
			flags: [flags(unverifiedFlags, {connection: 'c8', process: 'p1'}), flags(unverifiedFlags, {connection: 'c9', process: 'p2'})],
			replicas: knownReplicas(2),
		}),
		'unverified',
		'inferred',
	],
	[
		'no CA on all known replicas, read before another connection failed',
		makeObservations({
			connection: 'c7',
			about: 'ended-connection',
			flags: [
				flags({...unverifiedFlags, ...advertisedFlags}, {connection: 'c8', process: 'p1'}),
				flags({...unverifiedFlags, ...otherAdvertisedFlags}, {connection: 'c9', process: 'p2'}),
			],
			replicas: knownReplicas(2),
		}),
		'unverified',
		'proven',
	],
	[
		'no CA on one of two known replicas, the other not read',
		makeObservations({flags: [flags(unverifiedFlags, {connection: 'c8', process: 'p1'})], replicas: knownReplicas(2)}),
		'unverified',
		'inferred',
	],
	[
		'nothing opened yet, no CA on the only known apiserver, reached at its own address',
		makeObservations({
			...unopened,
			flags: [flags({...unverifiedFlags, ...advertisedFlags}, {process: 'p1'})],
			process: processOf('p1'),
			replicas: knownReplicas(1),
		}),
		'unverified',
		'proven',
	],
	[
		'nothing opened yet, no CA on the only known apiserver, reached through a balancer: another one may share its lease',
		makeObservations({
			...unopened,
			flags: [flags({...unverifiedFlags, 'advertise-address': '10.0.0.6', 'secure-port': '6443'}, {process: 'p1'})],
			process: processOf('p1'),
			replicas: knownReplicas(1),
		}),
		'unverified',
		'inferred',
	],
	[
		'nothing opened yet, no CA on the only known apiserver, which names no address',
		makeObservations({...unopened, flags: [flags(unverifiedFlags, {process: 'p1'})], process: processOf('p1'), replicas: knownReplicas(1)}),
		'unverified',
		'inferred',
	],
	[
		'nothing opened yet, no CA on the one apiserver of three that was read',
		makeObservations({...unopened, flags: [flags(unverifiedFlags, {process: 'p1'})], process: processOf('p1'), replicas: knownReplicas(3)}),
		'unverified',
		'inferred',
	],
	[
		'nothing opened yet, no CA, and an unknown number of apiservers',
		makeObservations({...unopened, flags: [flags(unverifiedFlags, {process: 'p1'})], process: processOf('p1')}),
		'unverified',
		'inferred',
	],
	[
		'nothing opened yet, no CA on both of two',
		makeObservations({
			...unopened,
			flags: [
				flags({...unverifiedFlags, ...advertisedFlags}, {process: 'p1'}),
				flags({...unverifiedFlags, ...otherAdvertisedFlags}, {connection: 'c9', process: 'p2'}),
			],
			process: processOf('p1'),
			replicas: knownReplicas(2),
		}),
		'unverified',
		'proven',
	],
	[
		'nothing opened yet, no CA on two although one lease says that there is one',
		makeObservations({
			...unopened,
			flags: [flags(unverifiedFlags, {process: 'p1'}), flags(unverifiedFlags, {connection: 'c9', process: 'p2'})],
			process: processOf('p1'),
			replicas: knownReplicas(1),
		}),
		'unverified',
		'inferred',
	],
	[
		'nothing opened yet, no CA, and the only lease was made by another apiserver of the same host name',
		makeObservations({
			...unopened,
			flags: [flags({...unverifiedFlags, 'advertise-address': '10.0.0.5', 'secure-port': '6443'}, {process: 'p1'})],
			process: processOf('p1'),
			replicas: makeObservation('lease', {
				known: 1,
				knownFrom: 'lease' as const,
				leases: [{address: '10.0.0.5:6443', madeAt: '2026-11-24T14:05:00Z'}],
				addresses: ['10.0.0.5:6443'],
			}),
		}),
		'unverified',
		'inferred',
	],
	[
		'nothing opened yet, no CA, and the only lease was made as this apiserver started',
		makeObservations({
			...unopened,
			flags: [flags({...unverifiedFlags, 'advertise-address': '10.0.0.5', 'secure-port': '6443'}, {process: 'p1'})],
			process: processOf('p1'),
			replicas: makeObservation('lease', {
				known: 1,
				knownFrom: 'lease' as const,
				leases: [{address: '10.0.0.5:6443', madeAt: '2026-11-24T14:00:04Z'}],
				addresses: ['10.0.0.5:6443'],
			}),
		}),
		'unverified',
		'proven',
	],
	[
		'nothing opened yet, no CA on a process whose own address is in no list of apiservers',
		makeObservations({
			...unopened,
			flags: [flags({...unverifiedFlags, 'advertise-address': '10.0.0.5', 'secure-port': '6444'}, {process: 'p1'})],
			process: processOf('p1'),
			replicas: knownReplicas(1, ['10.0.0.5:6443']),
		}),
		'unverified',
		'inferred',
	],
	[
		'nothing opened yet, replicas that differ, and a kubelet refused by one of them',
		makeObservations({
			...unopened,
			flags: [flags(unverifiedFlags, {process: 'p1'}), flags(verifyingFlags, {connection: 'c9', process: 'p2'})],
			process: processOf('p2'),
			replicas: knownReplicas(2),
			failures: [failure({tls: 'refused'}, {connection: 'c9', process: 'p2'})],
		}),
		'unknown',
		'unknown',
	],
	[
		'nothing opened yet, CA set on both, this kubelet accepted by one',
		makeObservations({
			...unopened,
			flags: [
				flags({...verifyingFlags, ...advertisedFlags}, {process: 'p1'}),
				flags({...verifyingFlags, ...otherAdvertisedFlags}, {connection: 'c9', process: 'p2'}),
			],
			process: processOf('p1'),
			stepTests: [stepTest('undecided', {process: 'p1'})],
			replicas: knownReplicas(2),
		}),
		'enforced',
		'proven',
	],
	[
		'no CA in two reads, one without a process id: possibly the same apiserver',
		makeObservations({
			...unopened,
			flags: [flags(unverifiedFlags), flags(unverifiedFlags, {connection: 'c9', process: 'p1'})],
			replicas: knownReplicas(2),
		}),
		'unverified',
		'inferred',
	],
	[
		'nothing opened yet, no CA, and one endpoint without leases: several may advertise one balancer',
		makeObservations({
			...unopened,
			flags: [flags(unverifiedFlags, {process: 'p1'})],
			process: processOf('p1'),
			replicas: makeObservation('endpoints', {known: 1, knownFrom: 'endpointslice' as const, leases: null, addresses: ['10.0.0.5:6443']}),
		}),
		'unverified',
		'inferred',
	],
	[
		'replicas that differ',
		makeObservations({
			flags: [flags(unverifiedFlags, {connection: 'c8', process: 'p1'}), flags(verifyingFlags, {connection: 'c9', process: 'p2'})],
			replicas: knownReplicas(2),
		}),
		'unknown',
		'unknown',
	],
	[
		'one replica read twice is not two',
		makeObservations({
			flags: [flags(unverifiedFlags, {connection: 'c8', process: 'p1'}), flags(unverifiedFlags, {connection: 'c9', process: 'p1'})],
			replicas: knownReplicas(2),
		}),
		'unverified',
		'inferred',
	],
	[
		'a mirror pod without the flag, and the only apiserver that registers itself, at another than the connected address',
		makeObservations({
			mirrorPods: [mirrorPod('kube-apiserver-a', {'advertise-address': '10.0.0.7'})],
			replicas: knownReplicas(1, ['10.0.0.7:6443']),
		}),
		'unverified',
		'inferred',
	],
	[
		'a mirror pod without the flag, and the only apiserver that registers itself, at the connected address',
		makeObservations({
			mirrorPods: [mirrorPod('kube-apiserver-a', {'advertise-address': '10.0.0.5'})],
			replicas: knownReplicas(1, ['10.0.0.5:6443']),
		}),
		'unverified',
		'proven',
	],
	[
		'a mirror pod without the flag, and another apiserver registers itself',
		makeObservations({
			mirrorPods: [mirrorPod('kube-apiserver-a', {'advertise-address': '10.0.0.7'})],
			replicas: knownReplicas(1, ['10.0.0.8:6443']),
		}),
		'unverified',
		'inferred',
	],
	[
		'a mirror pod at the address of spoke’s socket',
		makeObservations({
			mirrorPods: [
				mirrorPod('kube-apiserver-a', {'advertise-address': '10.0.0.5'}),
				mirrorPod('kube-apiserver-b', {'advertise-address': '10.0.0.6', 'kubelet-certificate-authority': '/ca.crt'}),
			],
		}),
		'unverified',
		'proven',
	],
	[
		'a mirror pod at the address of spoke’s socket, and an attempt that failed on another connection',
		makeObservations({
			connection: 'c7',
			about: 'ended-connection',
			mirrorPods: [mirrorPod('kube-apiserver-a', {'advertise-address': '10.0.0.5'})],
		}),
		'unverified',
		'inferred',
	],
	[
		'two mirror pods that differ, and an attempt that failed on another connection',
		makeObservations({
			connection: 'c7',
			about: 'ended-connection',
			mirrorPods: [
				mirrorPod('kube-apiserver-a', {'advertise-address': '10.0.0.5'}),
				mirrorPod('kube-apiserver-b', {'advertise-address': '10.0.0.6', 'kubelet-certificate-authority': '/ca.crt'}),
			],
		}),
		'unknown',
		'unknown',
	],
	[
		'a mirror pod at the IPv6 address of spoke’s socket',
		makeObservations({
			socket: makeObservation('socket', {...socketFacts, remoteAddress: '[fd00::5]:6443'}, {connection: 'c1'}),
			mirrorPods: [
				mirrorPod('kube-apiserver-a', {'advertise-address': 'fd00::5'}),
				mirrorPod('kube-apiserver-b', {'advertise-address': 'fd00::6', 'kubelet-certificate-authority': '/ca.crt'}),
			],
		}),
		'unverified',
		'proven',
	],
	[
		'a mirror pod without the flag, and the only apiserver that registers itself, by IPv6',
		makeObservations({
			mirrorPods: [mirrorPod('kube-apiserver-a', {'advertise-address': 'fd00::7'})],
			replicas: knownReplicas(1, ['[fd00::7]:6443']),
		}),
		'unverified',
		'inferred',
	],
	[
		'a mirror pod at the address of spoke’s socket and on another port',
		makeObservations({
			mirrorPods: [mirrorPod('kube-apiserver-a', {'advertise-address': '10.0.0.5', 'secure-port': '6459'})],
			replicas: knownReplicas(1),
		}),
		'unknown',
		'unknown',
	],
	[
		'CA set on the one pod observed of three apiservers that advertise their balancer’s address, which is that of spoke’s socket, and the kubelet answered',
		makeObservations({
			...openConnection,
			mirrorPods: [mirrorPod('kube-apiserver-a', {...verifyingFlags, 'advertise-address': '10.0.0.5'}, false, ['10.0.0.11'])],
			replicas: knownReplicas(3, ['10.0.0.5:6443']),
		}),
		'unknown',
		'unknown',
	],
	[
		'the same on a machine of that address, as one of several',
		makeObservations({
			...openConnection,
			mirrorPods: [mirrorPod('kube-apiserver-a', {...verifyingFlags, 'advertise-address': '10.0.0.5'}, false, ['fd00::5', '10.0.0.5'])],
			replicas: knownReplicas(3, ['10.0.0.5:6443']),
		}),
		'verified',
		'proven',
	],
	[
		'the same on a machine without a known address',
		makeObservations({
			...openConnection,
			mirrorPods: [mirrorPod('kube-apiserver-a', {...verifyingFlags, 'advertise-address': '10.0.0.5'}, false, null)],
			replicas: knownReplicas(3, ['10.0.0.5:6443']),
		}),
		'unknown',
		'unknown',
	],
	[
		'a mirror pod without the flag, and the only endpoint is a balancer’s, when leases are forbidden',
		makeObservations({
			mirrorPods: [mirrorPod('kube-apiserver-a', {'advertise-address': '10.0.0.7'}, false, ['10.0.0.11'])],
			replicas: makeObservation('endpoints', {known: 1, knownFrom: 'endpointslice' as const, leases: null, addresses: ['10.0.0.7:6443']}),
		}),
		'unverified',
		'inferred',
	],
	[
		'a mirror pod without the flag, and the only lease and endpoint are its own, by an address that its machine does not have',
		makeObservations({
			mirrorPods: [mirrorPod('kube-apiserver-a', {'advertise-address': '10.0.0.7'}, false, ['10.0.0.11'])],
			replicas: knownReplicas(1, ['10.0.0.7:6443']),
		}),
		'unverified',
		'inferred',
	],
	[
		'a mirror pod without the flag, replicas unknown',
		makeObservations({mirrorPods: [mirrorPod('kube-apiserver-a', {})]}),
		'unverified',
		'inferred',
	],
	['a /flagz that lacks the flag says nothing', makeObservations({flags: [flags({})]}), 'unknown', 'unknown'],
	['CA set, and the kubelet answered', makeObservations({flags: [flags(verifyingFlags)], ...openConnection}), 'verified', 'proven'],
	[
		'CA set, the kubelet sent nothing, and its node accepts WebSockets',
		makeObservations({flags: [flags(verifyingFlags)], about: 'open-connection', upgradePassedThrough: true}),
		'verified',
		'inferred',
	],
	[
		'CA set, the stream is open, and the kubelet may not have been dialed',
		makeObservations({flags: [flags(verifyingFlags)], about: 'open-connection'}),
		'unknown',
		'unknown',
	],
	['CA set, nothing tried', makeObservations({flags: [flags(verifyingFlags)]}), 'enforced', 'proven'],
	[
		'CA set, nothing tried, behind a gateway',
		makeObservations({flags: [flags(verifyingFlags)], serverIdentity: {to: 'gateway', why: 'path'}}),
		'enforced',
		'inferred',
	],
	[
		'nothing opened yet, CA set on the one apiserver of three that was read',
		makeObservations({...unopened, flags: [flags(verifyingFlags, {process: 'p1'})], process: processOf('p1'), replicas: knownReplicas(3)}),
		'enforced',
		'inferred',
	],
	[
		'CA set, and kubelets have answered this process: possibly other ones',
		makeObservations({flags: [flags(verifyingFlags)], metrics: [metrics({kubeletSuccesses: 3})]}),
		'enforced',
		'proven',
	],
	[
		'CA set, and this process refused every kubelet so far: possibly other ones',
		makeObservations({flags: [flags(verifyingFlags)], metrics: [metrics({logTlsFailures: 3})]}),
		'enforced',
		'proven',
	],
	[
		'CA set, no specific kubelet, and kubelets have answered this process',
		makeObservations({purpose: anyKubelet, flags: [flags(verifyingFlags)], metrics: [metrics({kubeletSuccesses: 3})]}),
		'enforced',
		'proven',
	],
	[
		'CA set, no specific kubelet, and this process refused every kubelet so far',
		makeObservations({purpose: anyKubelet, flags: [flags(verifyingFlags)], metrics: [metrics({logTlsFailures: 3})]}),
		'refused',
		'inferred',
	],
	[
		'CA set on another of two apiservers, and a kubelet answered this one',
		makeObservations({flags: [flags(verifyingFlags, {connection: 'c9', process: 'p2'})], replicas: knownReplicas(2), ...openConnection}),
		'unknown',
		'unknown',
	],
	[
		'no flags, an x509 failure counted, and the kubelet answered',
		makeObservations({metrics: [metrics({logTlsFailures: 1, egressDials: []})], ...openConnection}),
		'verified',
		'inferred',
	],
	[
		'the same, counted by either of two apiservers',
		makeObservations({metrics: [metrics({logTlsFailures: 1}, {connection: 'c9'})], replicas: knownReplicas(2), ...openConnection}),
		'unknown',
		'unknown',
	],
	[
		'the same, counted by the responding one of two apiservers',
		makeObservations({metrics: [metrics({logTlsFailures: 1})], replicas: knownReplicas(2), ...openConnection}),
		'verified',
		'inferred',
	],
	[
		'the same, read on another connection, and there is only one apiserver',
		makeObservations({metrics: [metrics({logTlsFailures: 1}, {connection: 'c9'})], replicas: knownReplicas(1), ...openConnection}),
		'verified',
		'inferred',
	],
	[
		'the same, read on another connection, where the number of apiservers is unknown',
		makeObservations({metrics: [metrics({logTlsFailures: 1}, {connection: 'c9'})], ...openConnection}),
		'verified',
		'inferred',
	],
	[
		'the same where an HTTP CONNECT proxy with a certificate of its own may have been refused',
		makeObservations({
			metrics: [metrics({logTlsFailures: 1, egressDials: [{protocol: 'http-connect', transport: 'tcp', count: 3}]})],
			...openConnection,
		}),
		'unknown',
		'unknown',
	],
	[
		'CA set, no specific kubelet, some refused and some not',
		makeObservations({purpose: anyKubelet, flags: [flags(verifyingFlags)], metrics: [metrics({logTlsFailures: 3, kubeletSuccesses: 3})]}),
		'enforced',
		'proven',
	],
	[
		'CA set, and idle upgrades of spoke were accepted',
		makeObservations({flags: [flags(verifyingFlags)], stepTests: [stepTest('undecided')]}),
		'verified',
		'proven',
	],
	[
		'CA set, and idle upgrades of spoke were accepted by another kubelet',
		makeObservations({
			flags: [flags(verifyingFlags)],
			stepTests: [makeObservation('step-test', {...stepTest('undecided').facts, node: 'n2'}, {connection: 'c1'})],
		}),
		'enforced',
		'proven',
	],
	[
		'CA set, the connection failed before the kubelet answered',
		makeObservations({
			flags: [flags(verifyingFlags)],
			about: 'ended-connection',
			stepTests: [stepTest('undecided')],
			metrics: [metrics({kubeletSuccesses: 3})],
		}),
		'unknown',
		'unknown',
	],
	[
		'no CA on this process, and a forged x509 message',
		makeObservations({flags: [flags(unverifiedFlags)], failures: [failure({tls: 'refused'})]}),
		'unverified',
		'proven',
	],
	[
		'no CA on another apiserver, and an x509 message on this connection',
		makeObservations({flags: [flags(unverifiedFlags, {connection: 'c9'})], failures: [failure({tls: 'refused'})]}),
		'refused',
		'inferred',
	],
	[
		'an x509 message on this connection, and an unreadable egress file: the message may be about a proxy',
		makeObservations({failures: [failure({tls: 'refused'})]}),
		'refused',
		'inferred',
	],
	[
		'an x509 message on this connection, and no egress file',
		makeObservations({flags: [flags(verifyingFlags)], failures: [failure({tls: 'refused'})]}),
		'refused',
		'proven',
	],
	[
		'CA set, and an x509 message with a gRPC tunnel',
		makeObservations({
			flags: [onlyCa],
			failures: [failure({tls: 'refused'})],
			metrics: [metrics({egressDials: [{protocol: 'grpc', transport: 'uds', count: 3}]})],
		}),
		'refused',
		'proven',
	],
	[
		'no flags, and an x509 message with a gRPC tunnel: an unverified far end can send it',
		makeObservations({
			failures: [failure({tls: 'refused'})],
			metrics: [metrics({egressDials: [{protocol: 'grpc', transport: 'uds', count: 3}]})],
		}),
		'refused',
		'inferred',
	],
	[
		'CA set, and an x509 message on a connection whose kubelet had answered',
		makeObservations({flags: [flags(verifyingFlags)], failures: [failure({tls: 'refused'})], ...openConnection}),
		'verified',
		'proven',
	],
	[
		'an x509 message with an HTTP CONNECT proxy of its own certificate in front of the kubelet',
		makeObservations({
			failures: [failure({tls: 'refused'})],
			metrics: [metrics({egressDials: [{protocol: 'http-connect', transport: 'tcp', count: 3}]})],
		}),
		'refused',
		'inferred',
	],
	[
		'CA set, and an x509 message where the tunnel is reached by a Unix socket',
		makeObservations({
			flags: [onlyCa],
			failures: [failure({tls: 'refused'})],
			metrics: [metrics({egressDials: [{protocol: 'http-connect', transport: 'uds', count: 3}]})],
		}),
		'refused',
		'proven',
	],
	[
		'no CA on another apiserver, and an x509 message that the kubelet itself may have sent',
		makeObservations({flags: [flags(unverifiedFlags, {connection: 'c9'})], failures: [failure({tls: 'refused', basis: 'inferred'})]}),
		'unverified',
		'inferred',
	],
	[
		'an x509 message that the kubelet itself may have sent',
		makeObservations({failures: [failure({tls: 'refused', basis: 'inferred'})]}),
		'refused',
		'inferred',
	],
	[
		'an x509 message on a connection of an unknown process',
		makeObservations({failures: [failure({tls: 'refused'}, {connection: 'c9'})]}),
		'refused',
		'inferred',
	],
	[
		'an x509 message behind a gateway',
		makeObservations({failures: [failure({tls: 'refused'})], serverIdentity: {to: 'gateway', why: 'path'}}),
		'refused',
		'inferred',
	],
	[
		'CA set, and a log read refused, and answered without the check',
		makeObservations({flags: [onlyCa], logDifferentials: [differential('certificate-refused')]}),
		'refused',
		'proven',
	],
	[
		'no flags, and the same: a message of the apiserver itself',
		makeObservations({logDifferentials: [differential('certificate-refused')]}),
		'refused',
		'proven',
	],
	[
		'no flags, and a log read refused also without the check: possibly by a proxy',
		makeObservations({logDifferentials: [differential('certificate-refused', {}, 'failed')]}),
		'refused',
		'inferred',
	],
	[
		'no flags, and an x509 message of the apiserver’s own about a log, where no proxy has a certificate',
		makeObservations(
			{
				failures: [failure({tls: 'refused', mayBeFromFarEnd: false})],
				metrics: [metrics({egressDials: [{protocol: 'grpc', transport: 'uds', count: 3}]})],
			},
			'logs',
		),
		'refused',
		'proven',
	],
	['log reads that succeed both ways do not settle it', makeObservations({logDifferentials: [differential('ok')]}), 'unknown', 'unknown'],
	[
		'a success although the certificate is expired',
		makeObservations({...openConnection, handshakes: [handshake({notAfter: '2026-02-01T00:00:00Z'})]}),
		'unverified',
		'inferred',
	],
	[
		'a success with a certificate for a host name that may be the one dialed',
		makeObservations({...openConnection, handshakes: [handshake({})]}),
		'unknown',
		'unknown',
	],
	[
		'a log read that succeeds although the certificate is expired',
		makeObservations({...unopened, logDifferentials: [differential('ok')], handshakes: [handshake({notAfter: '2026-02-01T00:00:00Z'})]}),
		'unverified',
		'inferred',
	],
	[
		'a success with a certificate for no address that the node has',
		makeObservations({...openConnection, handshakes: [handshake({dnsNames: ['other'], nodeAddresses: ['n1', '10.0.0.11']})]}),
		'unverified',
		'inferred',
	],
	[
		'a success with a certificate for one of the node’s addresses',
		makeObservations({...openConnection, handshakes: [handshake({dnsNames: ['n1'], nodeAddresses: ['n1', '10.0.0.11']})]}),
		'unknown',
		'unknown',
	],
	[
		'an expired certificate, and nothing that succeeded',
		makeObservations({...unopened, handshakes: [handshake({notAfter: '2026-02-01T00:00:00Z'})]}),
		'unknown',
		'unknown',
	],
	[
		'a refusal of another process does not apply to this one',
		makeObservations({
			process: processOf('p1'),
			failures: [failure({tls: 'refused'}, {connection: 'c9', process: 'p2'})],
			metrics: [metrics({logTlsFailures: 2}, {connection: 'c9', process: 'p2'})],
		}),
		'unknown',
		'unknown',
	],
	[
		'CA set, no specific kubelet, and none was contacted so far',
		makeObservations({purpose: anyKubelet, flags: [flags(verifyingFlags)], metrics: [metrics({})]}),
		'enforced',
		'proven',
	],
	[
		'CA set, no specific kubelet, and kubelets have answered another process',
		makeObservations({
			purpose: anyKubelet,
			process: processOf('p1'),
			flags: [flags(verifyingFlags)],
			metrics: [metrics({kubeletSuccesses: 3}, {connection: 'c9', process: 'p2'})],
		}),
		'enforced',
		'proven',
	],
	[
		'CA set on another connection of an unknown process, and the kubelet answered',
		makeObservations({flags: [flags(verifyingFlags, {connection: 'c9'})], ...openConnection}),
		'verified',
		'inferred',
	],
	[
		'CA set on all of two, read on others when this connection was open, and the kubelet answered',
		makeObservations({
			flags: [
				flags({...verifyingFlags, ...advertisedFlags}, {connection: 'c8', process: 'p1'}),
				flags({...verifyingFlags, ...otherAdvertisedFlags}, {connection: 'c9', process: 'p2'}),
			],
			replicas: knownReplicas(2),
			...openConnection,
		}),
		'verified',
		'inferred',
	],
	[
		'CA set on this one of two, and the kubelet answered',
		makeObservations({flags: [flags(verifyingFlags)], replicas: knownReplicas(2), ...openConnection}),
		'verified',
		'proven',
	],
	[
		'CA set, and the kubelet answered, behind a gateway',
		makeObservations({flags: [flags(verifyingFlags)], serverIdentity: {to: 'gateway', why: 'path'}, ...openConnection}),
		'verified',
		'inferred',
	],
	[
		'nothing opened yet, CA set on the one of two that was read, and this kubelet answered it',
		makeObservations({
			...unopened,
			flags: [flags(verifyingFlags, {process: 'p1'})],
			process: processOf('p1'),
			stepTests: [stepTest('undecided', {process: 'p1'})],
			replicas: knownReplicas(2),
		}),
		'verified',
		'inferred',
	],
	[
		'nothing opened yet, CA set on the only apiserver, and this kubelet answered it',
		makeObservations({
			...unopened,
			flags: [flags({...verifyingFlags, ...advertisedFlags}, {process: 'p1'})],
			process: processOf('p1'),
			stepTests: [stepTest('undecided', {process: 'p1'})],
			replicas: knownReplicas(1),
		}),
		'verified',
		'proven',
	],
	[
		'CA set, and an idle upgrade that was accepted by way of another apiserver',
		makeObservations({
			process: processOf('p1'),
			flags: [flags(verifyingFlags)],
			stepTests: [stepTest('undecided', {connection: 'c9', process: 'p2'})],
		}),
		'enforced',
		'proven',
	],
	[
		'CA set, and a test that held no upgrade',
		makeObservations({
			flags: [flags(verifyingFlags)],
			stepTests: [makeObservation('step-test', {...stepTest('undecided').facts, rounds: []}, {connection: 'c1'})],
		}),
		'enforced',
		'proven',
	],
	[
		'CA set, and a log of this kubelet was read',
		makeObservations({flags: [flags(verifyingFlags)], logDifferentials: [differential('ok')]}),
		'verified',
		'proven',
	],
	[
		'CA set, and a log read that failed for another reason',
		makeObservations({flags: [flags(verifyingFlags)], logDifferentials: [differential('failed')]}),
		'enforced',
		'proven',
	],
	[
		'CA set, and a log of another kubelet was read',
		makeObservations({flags: [flags(verifyingFlags)], logDifferentials: [differential('ok', {}, 'ok', 'n2')]}),
		'enforced',
		'proven',
	],
	[
		'CA set, and a log of this kubelet was read by way of another apiserver',
		makeObservations({
			process: processOf('p1'),
			flags: [flags(verifyingFlags)],
			logDifferentials: [differential('ok', {connection: 'c9', process: 'p2'})],
		}),
		'enforced',
		'proven',
	],
	[
		'CA set, no specific kubelet, and a log of one was read',
		makeObservations({purpose: anyKubelet, flags: [flags(verifyingFlags)], logDifferentials: [differential('ok', {}, 'ok', 'n2')]}),
		'verified',
		'proven',
	],
	[
		'CA set, an unknown node, and a log read of an unknown node',
		makeObservations({
			purpose: {...purpose, target: {...purpose.target, node: null}},
			flags: [flags(verifyingFlags)],
			logDifferentials: [differential('ok', {}, 'ok', null)],
		}),
		'enforced',
		'proven',
	],
	[
		'replicas that differ, an x509 failure counted, and the kubelet answered',
		makeObservations({
			flags: [flags(unverifiedFlags, {connection: 'c8', process: 'p1'}), flags(verifyingFlags, {connection: 'c9', process: 'p2'})],
			replicas: knownReplicas(2),
			metrics: [metrics({logTlsFailures: 1})],
			...openConnection,
		}),
		'unknown',
		'unknown',
	],
	[
		'replicas that differ, and an x509 message on this connection',
		makeObservations({
			flags: [flags(unverifiedFlags, {connection: 'c8', process: 'p1'}), flags(verifyingFlags, {connection: 'c9', process: 'p2'})],
			replicas: knownReplicas(2),
			failures: [failure({tls: 'refused'})],
		}),
		'refused',
		'inferred',
	],
	[
		'replicas that differ, and an x509 message on a connection that ended',
		makeObservations({
			about: 'ended-connection',
			isBound: false,
			flags: [flags(unverifiedFlags, {connection: 'c8', process: 'p1'}), flags(verifyingFlags, {connection: 'c9', process: 'p2'})],
			replicas: knownReplicas(2),
			failures: [failure({tls: 'refused'})],
		}),
		'refused',
		'inferred',
	],
	[
		'CA set, and a failure message without a certificate',
		makeObservations({flags: [flags(verifyingFlags)], failures: [failure({})]}),
		'enforced',
		'proven',
	],
	[
		'CA set by a flag of an unknown process, and an x509 message',
		makeObservations({flags: [flags(verifyingFlags, {connection: 'c9'})], failures: [failure({tls: 'refused'})]}),
		'refused',
		'inferred',
	],
	[
		'CA set, and an x509 message where the proxy has a certificate of its own',
		makeObservations({flags: [onlyCa], failures: [failure({tls: 'refused'})], metrics: [metrics(overTcp)]}),
		'refused',
		'inferred',
	],
	[
		'CA set, and an x509 message where nothing is known of a proxy',
		makeObservations({flags: [onlyCa], failures: [failure({tls: 'refused'})]}),
		'refused',
		'inferred',
	],
	[
		'CA set, and an x509 message where an egress file is set',
		makeObservations({
			flags: [flags({'kubelet-certificate-authority': '/ca.pem', 'egress-selector-config-file': '/egress.yaml'})],
			failures: [failure({tls: 'refused'})],
		}),
		'refused',
		'inferred',
	],
	[
		'CA set, and an x509 message where another process is the one without an egress file',
		makeObservations({flags: [onlyCa, flags(verifyingFlags, {connection: 'c9'})], failures: [failure({tls: 'refused'})]}),
		'refused',
		'inferred',
	],
	[
		'CA set, and an x509 message where upgrades of spoke went through a Unix socket',
		makeObservations({flags: [onlyCa], failures: [failure({tls: 'refused'})], stepTests: [carried('uds')]}),
		'refused',
		'proven',
	],
	[
		'CA set, and an x509 message where upgrades of spoke went through a proxy over TCP',
		makeObservations({flags: [onlyCa], failures: [failure({tls: 'refused'})], stepTests: [carried('tcp')]}),
		'refused',
		'inferred',
	],
	[
		'CA set, and an x509 message where upgrades of spoke decided nothing',
		makeObservations({flags: [onlyCa], failures: [failure({tls: 'refused'})], stepTests: [carried('uds', {}, 'undecided')]}),
		'refused',
		'inferred',
	],
	[
		'CA set, and an x509 message where upgrades through another process went through a Unix socket',
		makeObservations({
			process: processOf('p1'),
			flags: [onlyCa],
			failures: [failure({tls: 'refused'})],
			stepTests: [carried('uds', {connection: 'c9', process: 'p2'})],
		}),
		'refused',
		'inferred',
	],
	[
		'CA set, and an x509 message where another process dials through a Unix socket',
		makeObservations({
			process: processOf('p1'),
			flags: [onlyCa],
			failures: [failure({tls: 'refused'})],
			metrics: [metrics({egressDials: [{protocol: 'grpc', transport: 'uds', count: 3}]}, {connection: 'c9', process: 'p2'})],
		}),
		'refused',
		'inferred',
	],
	[
		'CA set, and a log read refused also without the check: possibly by a proxy',
		makeObservations({flags: [onlyCa], logDifferentials: [differential('certificate-refused', {}, 'failed')]}),
		'refused',
		'inferred',
	],
	[
		'CA set, and a log read refused to another process',
		makeObservations({
			process: processOf('p1'),
			flags: [onlyCa],
			logDifferentials: [differential('certificate-refused', {connection: 'c9', process: 'p2'})],
		}),
		'enforced',
		'proven',
	],
	[
		'CA set, and the strongest of two refusals counts',
		makeObservations({
			flags: [flags(verifyingFlags)],
			failures: [failure({tls: 'refused'}, {connection: 'c9'}), failure({tls: 'refused'})],
		}),
		'refused',
		'proven',
	],
	[
		'CA set by a flag of an unknown process, and an x509 message with a gRPC tunnel',
		makeObservations({
			flags: [flags({'kubelet-certificate-authority': '/ca.pem'}, {connection: 'c9'})],
			failures: [failure({tls: 'refused'})],
			metrics: [metrics({egressDials: [{protocol: 'grpc', transport: 'uds', count: 3}]})],
		}),
		'refused',
		'inferred',
	],
	[
		'no flags, an x509 failure counted, and this kubelet did not answer',
		makeObservations({metrics: [metrics({logTlsFailures: 1})]}),
		'unknown',
		'unknown',
	],
	[
		'no flags, no x509 failure counted, and the kubelet answered',
		makeObservations({metrics: [metrics({})], ...openConnection}),
		'unknown',
		'unknown',
	],
	[
		'no flags, an x509 failure counted by another process, and the kubelet answered',
		makeObservations({
			process: processOf('p1'),
			metrics: [metrics({logTlsFailures: 1}, {connection: 'c9', process: 'p2'})],
			...openConnection,
		}),
		'unknown',
		'unknown',
	],
	[
		'no flags, an x509 failure counted where the tunnel is reached by a Unix socket, and the kubelet answered',
		makeObservations({
			metrics: [metrics({logTlsFailures: 1, egressDials: [{protocol: 'http-connect', transport: 'uds', count: 3}]})],
			...openConnection,
		}),
		'verified',
		'inferred',
	],
	[
		'a success although the certificate of another node is expired',
		makeObservations({...openConnection, handshakes: [handshake({node: 'n2', notAfter: '2026-02-01T00:00:00Z'})]}),
		'unknown',
		'unknown',
	],
	[
		'a success with a certificate that is not valid yet',
		makeObservations({...openConnection, handshakes: [handshake({notBefore: '2026-12-01T00:00:00Z'})]}),
		'unverified',
		'inferred',
	],
	[
		'a success with a certificate that is valid at this instant only',
		makeObservations({...openConnection, handshakes: [handshake({notBefore: '2026-11-24T14:00:00Z', notAfter: '2026-11-24T14:00:00Z'})]}),
		'unknown',
		'unknown',
	],
	[
		'a success with a certificate without a name',
		makeObservations({...openConnection, handshakes: [handshake({dnsNames: []})]}),
		'unverified',
		'inferred',
	],
	[
		'a success with a certificate for the node’s IP address',
		makeObservations({
			...openConnection,
			handshakes: [handshake({dnsNames: [], addresses: ['10.0.0.11'], nodeAddresses: ['n1', '10.0.0.11']})],
		}),
		'unknown',
		'unknown',
	],
	[
		'a success with a certificate for the node’s domain',
		makeObservations({...openConnection, handshakes: [handshake({dnsNames: ['other', '*.nodes.test'], nodeAddresses: ['n1.nodes.test']})]}),
		'unknown',
		'unknown',
	],
	[
		'a success with a certificate for another domain',
		makeObservations({...openConnection, handshakes: [handshake({dnsNames: ['*.else.test'], nodeAddresses: ['n1.nodes.test']})]}),
		'unverified',
		'inferred',
	],
	[
		'a success with a certificate for a domain whose name is only the end of the node’s',
		makeObservations({...openConnection, handshakes: [handshake({dnsNames: ['*.nodes.test'], nodeAddresses: ['n1.x-nodes.test']})]}),
		'unverified',
		'inferred',
	],
	[
		'a success with a certificate for an address, where no address of the node is known',
		makeObservations({...openConnection, handshakes: [handshake({nodeAddresses: []})]}),
		'unknown',
		'unknown',
	],
	[
		'nothing opened yet, no CA on the one of two addresses that was read',
		makeObservations({
			...unopened,
			flags: [flags({...unverifiedFlags, 'advertise-address': '10.0.0.5', 'secure-port': '6443'}, {process: 'p1'})],
			process: processOf('p1'),
			replicas: knownReplicas(2, ['10.0.0.5:6443', '10.0.0.6:6443']),
		}),
		'unverified',
		'inferred',
	],
	[
		'no CA on a process that was read, and one of two pods has it',
		makeObservations({
			flags: [flags(unverifiedFlags, {connection: 'c9', process: 'p2'})],
			mirrorPods: [
				mirrorPod('kube-apiserver-a', {'advertise-address': '10.0.0.7'}),
				mirrorPod('kube-apiserver-b', {'advertise-address': '10.0.0.8', 'kubelet-certificate-authority': '/ca.crt'}),
			],
		}),
		'unknown',
		'unknown',
	],
	[
		'no CA on a process that was read, whatever its pod shows',
		makeObservations({
			flags: [flags(unverifiedFlags, {connection: 'c9', process: 'p2'})],
			mirrorPods: [mirrorPod('kube-apiserver-a', {'advertise-address': '10.0.0.7', 'kubelet-certificate-authority': '/ca.crt'})],
		}),
		'unverified',
		'inferred',
	],
	[
		'a mirror pod without the flag, and the only endpoint is its own',
		makeObservations({
			mirrorPods: [mirrorPod('kube-apiserver-a', {'advertise-address': '10.0.0.7'})],
			replicas: makeObservation('endpoints', {known: 1, knownFrom: 'endpointslice' as const, leases: null, addresses: ['10.0.0.7:6443']}),
		}),
		'unverified',
		'inferred',
	],
	[
		'two mirror pods at the address of spoke’s socket: either may answer',
		makeObservations({
			mirrorPods: [
				mirrorPod('kube-apiserver-a', {'advertise-address': '10.0.0.5'}),
				mirrorPod('kube-apiserver-b', {'advertise-address': '10.0.0.5', 'kubelet-certificate-authority': '/ca.crt'}),
			],
		}),
		'unknown',
		'unknown',
	],
	[
		'a mirror pod at the address that the client’s proxy connected to',
		makeObservations({
			socket: makeObservation('socket', {...socketFacts, proxy: {url: 'http://p:3128', from: 'environment' as const}}, {connection: 'c1'}),
			mirrorPods: [mirrorPod('kube-apiserver-a', {'advertise-address': '10.0.0.5'})],
		}),
		'unverified',
		'inferred',
	],
	[
		'nothing opened yet, replicas that differ, and no proxy in front of the examined one',
		makeObservations({
			...unopened,
			flags: [
				flags({...unverifiedFlags, 'advertise-address': '10.0.0.5', 'secure-port': '6443'}, {process: 'p1'}),
				flags(verifyingFlags, {connection: 'c9', process: 'p2'}),
			],
			process: processOf('p1'),
			replicas: knownReplicas(2),
		}),
		'unverified',
		'inferred',
	],
	[
		'nothing opened yet, replicas that differ, and the one at the connected address was not examined',
		makeObservations({
			...unopened,
			flags: [
				flags(unverifiedFlags, {process: 'p1'}),
				flags({...verifyingFlags, 'advertise-address': '10.0.0.5', 'secure-port': '6443'}, {connection: 'c9', process: 'p2'}),
			],
			process: processOf('p1'),
			replicas: knownReplicas(2),
		}),
		'unknown',
		'unknown',
	],
	[
		'no CA on this connection by a list that has the flag, though another of its process lacks it',
		makeObservations({
			flags: [flags({}, {connection: 'c9', process: 'p1'}), flags(unverifiedFlags, {process: 'p1'})],
			process: processOf('p1'),
		}),
		'unverified',
		'proven',
	],
	[
		'no CA on one of two, where the other’s list lacks the flag',
		makeObservations({
			flags: [flags(unverifiedFlags, {connection: 'c8', process: 'p1'}), flags({}, {connection: 'c9', process: 'p2'})],
			replicas: knownReplicas(2),
		}),
		'unverified',
		'inferred',
	],
	[
		'no flags of this process, none read and no process known: nothing belongs to it',
		makeObservations({connection: null, flags: [flags(unverifiedFlags, {connection: null})]}),
		'unverified',
		'inferred',
	],
	[
		'no CA on one process that was read, CA set on the pods of two others, and this kubelet answered',
		makeObservations({
			...openConnection,
			connection: 'c5',
			flags: [flags({...unverifiedFlags, 'advertise-address': '10.0.0.9', 'secure-port': '6443'}, {process: 'p1'})],
			mirrorPods: twoThatCheck,
			replicas: knownReplicas(2, ['10.0.0.7:6443', '10.0.0.8:6443']),
		}),
		'unknown',
		'unknown',
	],
	[
		'nothing opened yet, CA set on a process that was read, and not on the pod of another',
		makeObservations({
			...unopened,
			flags: [flags({...verifyingFlags, 'advertise-address': '10.0.0.7', 'secure-port': '6443'}, {process: 'p1'})],
			process: processOf('p1'),
			mirrorPods: [mirrorPod('b', {'advertise-address': '10.0.0.8'})],
			replicas: knownReplicas(2),
		}),
		'unknown',
		'unknown',
	],
	[
		'CA set on a process that was read, on its pod and on another’s, and this kubelet answered',
		makeObservations({
			connection: 'c9',
			socket: null,
			process: null,
			flags: [flags({...verifyingFlags, 'advertise-address': '10.0.0.7', 'secure-port': '6443'}, {process: 'p1'})],
			mirrorPods: twoThatCheck,
			replicas: knownReplicas(2, ['10.0.0.7:6443', '10.0.0.8:6443']),
			...openConnection,
		}),
		'verified',
		'inferred',
	],
	[
		'nothing opened yet, no CA on a process that was read, nor on the pod of the only other',
		makeObservations({
			...unopened,
			flags: [flags({...unverifiedFlags, 'advertise-address': '10.0.0.7', 'secure-port': '6443'}, {process: 'p1'})],
			process: processOf('p1'),
			mirrorPods: [mirrorPod('a', {'advertise-address': '10.0.0.7'}), mirrorPod('b', {'advertise-address': '10.0.0.8'})],
			replicas: knownReplicas(2, ['10.0.0.7:6443', '10.0.0.8:6443']),
		}),
		'unverified',
		'proven',
	],
	[
		'nothing opened yet, no CA on a process that was read, nor on the pod of one of two others',
		makeObservations({
			...unopened,
			flags: [flags({...unverifiedFlags, 'advertise-address': '10.0.0.7', 'secure-port': '6443'}, {process: 'p1'})],
			process: processOf('p1'),
			mirrorPods: [mirrorPod('b', {'advertise-address': '10.0.0.8'})],
			replicas: knownReplicas(2, ['10.0.0.7:6443', '10.0.0.9:6443']),
		}),
		'unverified',
		'inferred',
	],
	['nothing readable', makeObservations({...openConnection}), 'unknown', 'unknown'],
];

for (const [title, given, state, basis] of rows) {
	test(`${title}: ${state}, ${basis}`, t => {
		const verdict = kubeletTls(given);
		t.is(verdict.state, state);
		t.is(verdict.basis, basis);
		t.true(state === 'unknown' ? verdict.need.length > 0 || verdict.why !== undefined : verdict.citations.length > 0);
	});
}

test('a log read that skips the check is unverified, whatever the flag is', t => {
	const given = makeObservations({flags: [flags(verifyingFlags)], ...openConnection}, 'logs');
	const verdict = kubeletTls({...given, purpose: {...given.purpose, insecureSkipTlsVerifyBackend: true}});
	t.is(verdict.state, 'unverified');
	t.is(verdict.basis, 'proven');
	t.is(verdict.citations[0]?.source, 'construction');
	t.is(
		kubeletTls({...given, serverIdentity: {to: 'gateway', why: 'path'}, purpose: {...given.purpose, insecureSkipTlsVerifyBackend: true}})
			.basis,
		'inferred',
	);
});

const egressFile = flags({'kubelet-certificate-authority': '/ca.pem', 'egress-selector-config-file': '/egress.yaml'});
const refused = {failures: [failure({tls: 'refused'})]};
const wanted: ReadonlyArray<[title: string, given: Observations, need: readonly Need[]]> = [
	['a refusal that is proven', makeObservations({flags: [flags(verifyingFlags)], ...refused}), []],
	[
		'a refusal on another connection, where the flags were read',
		makeObservations({flags: [flags(verifyingFlags)], failures: [failure({tls: 'refused'}, {connection: 'c9'})]}),
		[needActive],
	],
	['a refusal where no flag was read', makeObservations(refused), [needFlagz, needMirrorPods]],
	[
		'a refusal where pods of apiservers were read, and no flags',
		makeObservations({mirrorPods: [...twoThatCheck], ...refused}),
		[needFlagz],
	],
	['a refusal where only the egress file is unknown', makeObservations({flags: [onlyCa], ...refused}), [needMetrics]],
	['a refusal where an egress file is set', makeObservations({flags: [egressFile], ...refused}), [needActive]],
	[
		'a refusal where an egress file is set, after active probes',
		makeObservations({flags: [egressFile], failures: [failure({tls: 'refused'}, {active: true})], probe: 'active'}),
		[needEgressFile],
	],
	[
		'a refusal where no flag can be read, after active probes',
		makeObservations({failures: [failure({tls: 'refused'}, {active: true})], probe: 'active'}),
		[{...needFlagz, or: null}, needMirrorPods],
	],
	[
		'a refusal behind a gateway, where the flags were read',
		makeObservations({flags: [flags(verifyingFlags)], ...refused, serverIdentity: {to: 'gateway', why: 'path'}}),
		[needApiserverItself],
	],
	[
		'nothing opened yet, and a refusal by the one apiserver of three whose flags and pod were read, after active probes',
		makeObservations({
			...unopened,
			flags: [flags(verifyingFlags, {process: 'p1'})],
			mirrorPods: [mirrorPod('kube-apiserver-a', {...verifyingFlags, 'advertise-address': '10.0.0.5'})],
			process: processOf('p1'),
			replicas: knownReplicas(3),
			failures: [failure({tls: 'refused'}, {process: 'p1', active: true})],
			probe: 'active',
		}),
		[needOpenConnection(makeObservations())],
	],
	[
		'nothing opened yet, and a refusal by an apiserver whose flags were read, where leases cannot be listed',
		makeObservations({
			...unopened,
			flags: [flags(verifyingFlags, {process: 'p1'})],
			process: processOf('p1'),
			failures: [failure({tls: 'refused'}, {process: 'p1', active: true})],
			probe: 'active',
		}),
		[needLeases],
	],
	[
		'nothing opened yet, and a refusal by one of two apiservers that both verify',
		makeObservations({
			...unopened,
			flags: [flags(verifyingFlags, {process: 'p1'}), flags(verifyingFlags, {connection: 'c9', process: 'p2'})],
			process: processOf('p1'),
			replicas: knownReplicas(2),
			failures: [failure({tls: 'refused'}, {process: 'p1', active: true})],
			probe: 'active',
		}),
		[needOpenConnection(makeObservations())],
	],
	['no CA, proven', makeObservations({flags: [flags(unverifiedFlags)]}), []],
	[
		'apiservers that differ',
		makeObservations({
			flags: [flags(unverifiedFlags, {connection: 'c8', process: 'p1'}), flags(verifyingFlags, {connection: 'c9', process: 'p2'})],
			replicas: knownReplicas(2),
		}),
		[needOpenConnection(makeObservations())],
	],
	[
		'an open connection to one of several mirror pods that differ',
		makeObservations({
			about: 'open-connection',
			mirrorPods: [mirrorPod('kube-apiserver-a', unverifiedFlags), mirrorPod('kube-apiserver-b', verifyingFlags)],
			replicas: knownReplicas(2),
		}),
		[needFlagz],
	],
	['CA set, proven, and this kubelet not tried', makeObservations({flags: [flags(verifyingFlags)]}), []],
	[
		'CA set on the apiserver that was read, and this kubelet not tried',
		makeObservations({...unopened, flags: [flags(verifyingFlags, {process: 'p1'})], process: processOf('p1'), replicas: knownReplicas(2)}),
		[needActive],
	],
];

for (const [title, given, need] of wanted) {
	test(`the need of kubelet TLS: ${title}`, t => {
		t.deepEqual(needsAfterProbes(given, kubeletTls(given).need), need);
	});
}

test('the evidence of a refused log read shows whether it succeeded without the check', t => {
	const rules = (skipping: 'ok' | 'failed') =>
		kubeletTls(makeObservations({logDifferentials: [differential('certificate-refused', {}, skipping)]})).citations.map(
			({rule, observed}) => [rule, observed],
		);
	t.deepEqual(rules('ok'), [['log-read-refused-then-skipped', 'x509']]);
	t.deepEqual(rules('failed'), [['log-read-refused', 'x509']]);
});

test('the log reads that failed at the certificate are counted in the evidence', t => {
	const cited = (logTlsFailures: number) =>
		kubeletTls(makeObservations({purpose: anyKubelet, flags: [flags(verifyingFlags)], metrics: [metrics({logTlsFailures})]})).citations.at(
			-1,
		)!;
	t.is(cited(1).rule, 'kubelets-refused-so-far');
	t.regex(cited(1).observed, /; 1 log read failed at the certificate$/);
	t.regex(cited(3).observed, /; 3 log reads failed at the certificate$/);
});

test('counters that leave the verdict unknown need the flags', t => {
	const counted = {logTlsFailures: 1};
	const overTcp = {...counted, egressDials: [{protocol: 'http-connect' as const, transport: 'tcp', count: 3}]};
	for (const given of [
		{metrics: [metrics(counted)]},
		{metrics: [metrics(counted, {connection: 'c9'})], replicas: knownReplicas(2), ...openConnection},
		{metrics: [metrics(overTcp)], ...openConnection},
	]) {
		t.deepEqual([kubeletTls(makeObservations(given)).state, kubeletTls(makeObservations(given)).need], ['unknown', [needFlagz]]);
	}
});

test('an unknown verdict needs mirror pods only if they can be read at once', t => {
	const need = (reason: UnavailableSource['reason']) =>
		kubeletTls(makeObservations({unavailable: [{source: 'mirror-pod', where: 'pods of kube-system', reason, need: null}]})).need;
	t.deepEqual([need('not-requested'), need('forbidden')], [[needFlagz], [needFlagz, needMirrorPods]]);
});

test('an unknown verdict says that the kubelet responded to a probe', t => {
	const {why, citations} = kubeletTls(makeObservations({...unopened, logDifferentials: [differential('ok')]}));
	t.is(why, 'the kubelet responded to a probe, as it does with and without verification');
	t.deepEqual(
		citations.map(({rule}) => rule),
		['kubelet-certificate-accepted'],
	);
	t.is(kubeletTls(makeObservations({...unopened, logDifferentials: [differential('failed')]})).why, undefined);
});

test('no probe is needed for a kubelet that has responded, because it could show only a refusal', t => {
	const probes = (given: Partial<Observations>) => kubeletTls(makeObservations(given)).need.filter(({or}) => or === needActive.or);
	t.deepEqual(probes(openConnection), []);
	t.deepEqual(probes({logDifferentials: [differential('ok')]}), []);
	t.deepEqual(probes({}), [needFlagz]);
});
