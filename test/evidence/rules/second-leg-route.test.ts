import test from 'ava';
import type {Basis, UnavailableSource, Observations, Need, RouteState, StreamFeature} from '../../../source/evidence/evidence.ts';
import {needsOfEach} from '../../../source/evidence/rules/need-groups.ts';
import {
	needActive,
	needAgentMetrics,
	needApiserverItself,
	needEnvironment,
	needFlagz,
	needMetrics,
	needMirrorPods,
	needOpenConnection,
	needOfAgents,
	needReplicas,
	needStepTest,
} from '../../../source/evidence/rules/needs.ts';
import {secondLegRoute} from '../../../source/evidence/rules/second-leg-route.ts';
import {
	failure,
	flags,
	makeObservations,
	advertisedFlags,
	knownReplicas,
	metrics,
	mirrorPod,
	unverifiedFlags,
	processOf,
	makeObservation,
	stepTest,
	tunnelFlags,
	versionOf,
} from '../../support/observations.ts';

const agents = makeObservation(
	'agent-metrics',
	{agent: 'konnectivity-agent-x', observed: '1→4→1, 1→6→1'},
	{connection: 'c1', active: true},
);
const grpc = {egressDials: [{protocol: 'grpc' as const, transport: 'uds', count: 4}], tunnelsOpen: 1, kubeletRequestsDone: 4};
const connectDials = {egressDials: [{protocol: 'http-connect' as const, transport: 'uds', count: 4}], kubeletRequestsDone: 4};
const unopened = {about: 'configuration', isBound: false} as const;
const addressed = {...unverifiedFlags, ...advertisedFlags};

type Row = [title: string, given: Observations, state: RouteState, basis: Basis, protocol?: 'grpc' | 'http-connect' | 'ssh' | null];
/**
Held upgrades are idle port-forwards that an active probe opens, holds and closes again. They 'moved' the tunnels or the dials if these
counters of the apiserver changed in step with them, and moved nothing if none did.
*/
const rows: readonly Row[] = [
	['no egress file, an upgrade', makeObservations({flags: [flags(unverifiedFlags)]}), 'direct', 'proven'],
	[
		'no egress file, a log read that may take a proxy of the environment',
		makeObservations({flags: [flags(unverifiedFlags)]}, 'logs'),
		'direct',
		'inferred',
	],
	[
		'no egress file, a log read, and the process’s own pod sets no proxy, but its image or runtime may',
		makeObservations(
			{flags: [flags(addressed)], mirrorPods: [mirrorPod('a', {'advertise-address': '10.0.0.5', 'secure-port': '6443'})]},
			'logs',
		),
		'direct',
		'inferred',
	],
	[
		'no egress file, a log read, and the observed pod advertises the balancer’s address: it may be another apiserver’s',
		makeObservations(
			{
				flags: [flags(addressed)],
				mirrorPods: [mirrorPod('a', {'advertise-address': '10.0.0.5', 'secure-port': '6443'}, false, ['10.0.0.11'])],
			},
			'logs',
		),
		'direct',
		'inferred',
	],
	[
		'no egress file, a log read, and the observed pod advertises the balancer’s address, of the only apiserver',
		makeObservations(
			{
				flags: [flags(addressed)],
				mirrorPods: [mirrorPod('a', {'advertise-address': '10.0.0.5', 'secure-port': '6443'}, false, ['10.0.0.11'])],
				replicas: knownReplicas(1),
			},
			'logs',
		),
		'direct',
		'inferred',
	],
	[
		'no egress file, a log read, and the observed pod advertises the balancer’s address, of one of three apiservers',
		makeObservations(
			{
				flags: [flags(addressed)],
				mirrorPods: [mirrorPod('a', {'advertise-address': '10.0.0.5', 'secure-port': '6443'}, false, ['10.0.0.11'])],
				replicas: knownReplicas(3),
			},
			'logs',
		),
		'direct',
		'inferred',
	],
	[
		'no egress file, a log read, and the observed pod advertises the balancer’s address, when only an endpoint is known',
		makeObservations(
			{
				flags: [flags(addressed)],
				mirrorPods: [mirrorPod('a', {'advertise-address': '10.0.0.5', 'secure-port': '6443'}, false, ['10.0.0.11'])],
				replicas: makeObservation('endpoints', {known: 1, knownFrom: 'endpointslice' as const, leases: null, addresses: ['10.0.0.5:6443']}),
			},
			'logs',
		),
		'direct',
		'inferred',
	],
	[
		'no egress file, a log read, and only the pod of another apiserver was seen',
		makeObservations({flags: [flags(addressed)], mirrorPods: [mirrorPod('b', {'advertise-address': '10.0.0.6'})]}, 'logs'),
		'direct',
		'inferred',
	],
	[
		'no egress file, a log read, and a pod without a proxy that listens on every address, possibly another apiserver’s',
		makeObservations(
			{
				flags: [flags({...unverifiedFlags, 'bind-address': '0.0.0.0', 'secure-port': '6443'})],
				mirrorPods: [mirrorPod('b', {'bind-address': '0.0.0.0', 'secure-port': '6443'})],
			},
			'logs',
		),
		'direct',
		'inferred',
	],
	[
		'no egress file, a log read, and a proxy in the environment',
		makeObservations({flags: [flags(addressed)], mirrorPods: [mirrorPod('a', {'advertise-address': '10.0.0.5'}, true)]}, 'logs'),
		'unknown',
		'unknown',
	],
	[
		'no egress file, an upgrade, and a proxy in the environment',
		makeObservations({flags: [flags(addressed)], mirrorPods: [mirrorPod('a', {'advertise-address': '10.0.0.5'}, true)]}),
		'direct',
		'proven',
	],
	[
		'no egress file, behind a gateway',
		makeObservations({flags: [flags(unverifiedFlags)], serverIdentity: {to: 'gateway', why: 'path'}}),
		'direct',
		'inferred',
	],
	[
		'replicas that differ',
		makeObservations({
			flags: [flags(unverifiedFlags, {connection: 'c8', process: 'p1'}), flags(tunnelFlags, {connection: 'c9', process: 'p2'})],
			replicas: knownReplicas(2),
		}),
		'unknown',
		'unknown',
	],
	[
		'an egress file, and nothing else: its entry "cluster" may say Direct',
		makeObservations({flags: [flags(tunnelFlags)]}),
		'unknown',
		'unknown',
	],
	[
		'nothing opened yet, and the only apiserver has no egress file',
		makeObservations({
			...unopened,
			flags: [flags(addressed, {process: 'p1'})],
			process: processOf('p1'),
			replicas: knownReplicas(1, ['10.0.0.5:6443']),
		}),
		'direct',
		'proven',
	],
	[
		'nothing opened yet, and an unknown number of apiservers',
		makeObservations({...unopened, flags: [flags(addressed, {process: 'p1'})], process: processOf('p1')}),
		'direct',
		'inferred',
	],
	[
		'nothing opened yet, and held upgrades of one of two apiservers moved the tunnels',
		makeObservations({
			...unopened,
			flags: [flags(tunnelFlags, {process: 'p1'})],
			process: processOf('p1'),
			stepTests: [stepTest('grpc', {process: 'p1'})],
			replicas: knownReplicas(2),
		}),
		'konnectivity',
		'inferred',
		'grpc',
	],
	[
		'nothing opened yet, and held upgrades of the only apiserver moved the tunnels',
		makeObservations({
			...unopened,
			flags: [flags({...tunnelFlags, ...advertisedFlags}, {process: 'p1'})],
			process: processOf('p1'),
			stepTests: [stepTest('grpc', {process: 'p1'})],
			replicas: knownReplicas(1),
		}),
		'konnectivity',
		'proven',
		'grpc',
	],
	[
		'nothing opened yet, and replicas behind a balancer that differ, one of them tried',
		makeObservations({
			...unopened,
			flags: [flags(unverifiedFlags, {process: 'p1'}), flags(tunnelFlags, {connection: 'c9', process: 'p2'})],
			process: processOf('p1'),
			stepTests: [stepTest('nothing', {process: 'p1'})],
			replicas: knownReplicas(2),
		}),
		'unknown',
		'unknown',
	],
	[
		'nothing opened yet, and another apiserver differs from the one at the address of the kubeconfig',
		makeObservations({
			...unopened,
			flags: [
				flags(addressed, {process: 'p1'}),
				flags({...tunnelFlags, 'advertise-address': '10.0.0.6', 'secure-port': '6443'}, {connection: 'c9', process: 'p2'}),
			],
			process: processOf('p1'),
			replicas: knownReplicas(2, ['10.0.0.5:6443', '10.0.0.6:6443']),
		}),
		'direct',
		'inferred',
	],
	[
		'nothing opened yet, metrics of the only known apiserver, reached at its own address',
		makeObservations({...unopened, metrics: [metrics({kubeletRequestsDone: 3})], replicas: knownReplicas(1, ['10.0.0.5:6443'])}),
		'direct',
		'proven',
	],
	[
		'nothing opened yet, metrics of an apiserver at another address than the only known one',
		makeObservations({...unopened, metrics: [metrics({kubeletRequestsDone: 3})], replicas: knownReplicas(1, ['10.0.0.6:6443'])}),
		'direct',
		'inferred',
	],
	[
		'an egress file that this process has not used',
		makeObservations({flags: [flags(tunnelFlags)], metrics: [metrics({})]}),
		'unknown',
		'unknown',
	],
	[
		'an egress file, and kubelets reached without an egress dial: its entry "cluster" says Direct',
		makeObservations({flags: [flags(tunnelFlags)], metrics: [metrics({kubeletRequestsDone: 2})]}),
		'direct',
		'proven',
	],
	[
		'kubelets dialed, their certificates refused, and no dial of a tunnel',
		makeObservations({metrics: [metrics({logTlsFailures: 1})]}),
		'direct',
		'inferred',
	],
	[
		'kubelets dialed through a tunnel, their certificates refused',
		makeObservations({metrics: [metrics({...grpc, kubeletRequestsDone: 0, logTlsFailures: 1})]}),
		'konnectivity',
		'inferred',
		'grpc',
	],
	[
		'an egress file, and kubelets reached without a dial that is counted, when dial metrics are disabled',
		makeObservations({
			flags: [flags({...tunnelFlags, 'disabled-metrics': '[apiserver_egress_dialer_dial_start_total]'})],
			metrics: [metrics({kubeletRequestsDone: 2})],
		}),
		'unknown',
		'unknown',
	],
	[
		'held upgrades moved nothing, when dial metrics are disabled',
		makeObservations({
			flags: [flags({...tunnelFlags, 'disabled-metrics': '[apiserver_egress_dialer_dial_start_total]'})],
			stepTests: [stepTest('nothing')],
		}),
		'unknown',
		'unknown',
	],
	[
		'an egress file, and dials by gRPC',
		makeObservations({flags: [flags(tunnelFlags)], metrics: [metrics(grpc)]}),
		'konnectivity',
		'inferred',
		'grpc',
	],
	[
		'an egress file, and dials by HTTP CONNECT',
		makeObservations({flags: [flags(tunnelFlags)], metrics: [metrics(connectDials)]}),
		'egress-http-connect',
		'inferred',
		'http-connect',
	],
	[
		'metrics of another process',
		makeObservations({metrics: [metrics(grpc, {connection: 'c9', process: 'p2'})], process: processOf('p1')}),
		'unknown',
		'unknown',
	],
	['held upgrades moved the tunnels', makeObservations({stepTests: [stepTest('grpc')]}), 'konnectivity', 'proven', 'grpc'],
	[
		'held upgrades moved the dials by HTTP CONNECT',
		makeObservations({stepTests: [stepTest('http-connect')]}),
		'egress-http-connect',
		'proven',
		'http-connect',
	],
	['held upgrades moved nothing', makeObservations({stepTests: [stepTest('nothing')]}), 'direct', 'proven'],
	[
		'held upgrades moved nothing, behind a gateway',
		makeObservations({stepTests: [stepTest('nothing')], serverIdentity: {to: 'gateway', why: 'path'}}),
		'direct',
		'inferred',
	],
	['held upgrades that decide nothing', makeObservations({stepTests: [stepTest('undecided')]}), 'unknown', 'unknown'],
	[
		'agents carried the held upgrades, behind HTTP CONNECT',
		makeObservations({stepTests: [stepTest('http-connect')], agentTests: [agents]}),
		'konnectivity',
		'proven',
		'http-connect',
	],
	[
		'a message that only a gRPC tunnel sends, possibly from the far end',
		makeObservations({failures: [failure({route: 'konnectivity', text: 'No agent available'})]}),
		'konnectivity',
		'inferred',
		'grpc',
	],
	[
		'a message that only a gRPC tunnel sends, from an unverified far end',
		makeObservations({flags: [flags(tunnelFlags)], failures: [failure({route: 'konnectivity', text: 'No agent available'})]}),
		'konnectivity',
		'inferred',
		'grpc',
	],
	[
		'a message that only a gRPC tunnel sends, which a verified kubelet can forge',
		makeObservations({
			flags: [flags({'kubelet-certificate-authority': '/ca.pem'})],
			failures: [failure({route: 'konnectivity', text: 'No agent available'})],
		}),
		'konnectivity',
		'inferred',
		'grpc',
	],
	[
		'a message that only a gRPC tunnel sends, about a log, from the apiserver itself',
		makeObservations({failures: [failure({route: 'konnectivity', text: 'No agent available', mayBeFromFarEnd: false})]}, 'logs'),
		'konnectivity',
		'proven',
		'grpc',
	],
	[
		'a message that only a gRPC tunnel sends, from the far end, and held upgrades of this process moved nothing',
		makeObservations({stepTests: [stepTest('nothing')], failures: [failure({route: 'konnectivity', text: 'No agent available'})]}),
		'direct',
		'proven',
	],
	[
		'a message that only a gRPC tunnel sends, from the far end, and dials by HTTP CONNECT were counted',
		makeObservations({metrics: [metrics(connectDials)], failures: [failure({route: 'konnectivity', text: 'No agent available'})]}),
		'konnectivity',
		'inferred',
		'grpc',
	],
	[
		'a message that only a gRPC tunnel sends, from a probe, and nothing is opened yet: the next connection may end at another apiserver',
		makeObservations({
			...unopened,
			process: processOf('p1'),
			failures: [failure({route: 'konnectivity', text: 'No agent available'})],
			replicas: knownReplicas(3),
		}),
		'konnectivity',
		'inferred',
		'grpc',
	],
	[
		'a message that only a gRPC tunnel sends, from a pod behind the proxy, which can send anything',
		makeObservations({failures: [failure({route: 'konnectivity', basis: 'inferred'})]}, 'pod-proxy'),
		'konnectivity',
		'inferred',
		'grpc',
	],
	[
		'a message that only a gRPC tunnel sends, from a pod behind the proxy, and held upgrades of this process moved nothing',
		makeObservations({stepTests: [stepTest('nothing')], failures: [failure({route: 'konnectivity', basis: 'inferred'})]}, 'pod-proxy'),
		'direct',
		'inferred',
	],
	[
		'a forged message of a gRPC tunnel, and the process has no egress file',
		makeObservations({flags: [flags(unverifiedFlags)], failures: [failure({route: 'konnectivity', text: 'No agent available'})]}),
		'direct',
		'proven',
	],
	[
		'SSH flags before 1.22',
		makeObservations({
			mirrorPods: [mirrorPod('a', {'ssh-user': 'core', 'advertise-address': '10.0.0.5'})],
			replicas: knownReplicas(1),
			version: versionOf('v1.21.5'),
		}),
		'ssh-tunnel',
		'proven',
		'ssh',
	],
	[
		'SSH counters before 1.22',
		makeObservations({metrics: [metrics({sshTunnels: 2})], version: versionOf('v1.19.0')}),
		'ssh-tunnel',
		'inferred',
		'ssh',
	],
	[
		'SSH flags that a newer apiserver cannot have',
		makeObservations({
			mirrorPods: [mirrorPod('a', {'ssh-user': 'core', 'advertise-address': '10.0.0.5'})],
			replicas: knownReplicas(1),
			version: versionOf('v1.36.3'),
		}),
		'direct',
		'proven',
	],
	[
		'held upgrades moved nothing on an apiserver that may have SSH tunnels',
		makeObservations({stepTests: [stepTest('nothing')], version: versionOf('v1.21.5')}),
		'direct',
		'inferred',
	],
	[
		'held upgrades moved nothing, and an apiserver, perhaps another one, reports 1.22: this one may be 1.21',
		makeObservations({stepTests: [stepTest('nothing')], version: versionOf('v1.22.4')}),
		'direct',
		'inferred',
	],
	[
		'held upgrades moved nothing, and the only apiserver reports 1.22',
		makeObservations({stepTests: [stepTest('nothing')], version: versionOf('v1.22.4'), replicas: knownReplicas(1, ['10.0.0.5:6443'])}),
		'direct',
		'proven',
	],
	[
		'held upgrades moved nothing, and an apiserver reports 1.23, which cannot coexist with one before 1.22',
		makeObservations({stepTests: [stepTest('nothing')], version: versionOf('v1.23.0')}),
		'direct',
		'proven',
	],
	[
		'held upgrades moved nothing on an apiserver of unknown version',
		makeObservations({stepTests: [stepTest('nothing')], version: null}),
		'direct',
		'inferred',
	],
	[
		'held upgrades moved nothing on a vendor’s build',
		makeObservations({stepTests: [stepTest('nothing')], version: versionOf('v1.29.1-gke.1589000')}),
		'direct',
		'inferred',
	],
	[
		'no egress file on a vendor’s build whose /flagz knows no SSH flag',
		makeObservations({flags: [flags(unverifiedFlags)], version: versionOf('v1.36.1+k3s1')}),
		'direct',
		'proven',
	],
	[
		'no egress and no SSH flag on the only mirror pod of an old cluster',
		makeObservations({mirrorPods: [mirrorPod('a', {'advertise-address': '10.0.0.5'})], version: versionOf('v1.20.0')}),
		'direct',
		'proven',
	],
	[
		'agents that carried what another process opened',
		makeObservations({
			process: processOf('p1'),
			agentTests: [makeObservation('agent-metrics', {agent: null, observed: ''}, {connection: 'c9', process: 'p2', active: true})],
			failures: [failure({route: 'konnectivity'}, {connection: 'c9', process: 'p2'})],
		}),
		'unknown',
		'unknown',
	],
	[
		'no egress file, a request to a service that may take a proxy of the environment',
		makeObservations({flags: [flags(unverifiedFlags)]}, 'service-proxy'),
		'direct',
		'inferred',
	],
	[
		'no egress file, a log read, and the process’s own pod, whose environment is unknown',
		makeObservations({flags: [flags(addressed)], mirrorPods: [mirrorPod('a', {'advertise-address': '10.0.0.5'}, null)]}, 'logs'),
		'direct',
		'inferred',
	],
	[
		'no egress file, a log read, and two pods that may be the process’s',
		makeObservations(
			{
				flags: [flags(addressed)],
				mirrorPods: [mirrorPod('a', {'advertise-address': '10.0.0.5'}), mirrorPod('b', {'advertise-address': '10.0.0.5'})],
			},
			'logs',
		),
		'direct',
		'inferred',
	],
	[
		'no egress file, a log read, and a pod of the same address with another argument',
		makeObservations(
			{flags: [flags(addressed)], mirrorPods: [mirrorPod('a', {'advertise-address': '10.0.0.5', 'secure-port': '6444'})]},
			'logs',
		),
		'direct',
		'inferred',
	],
	[
		'no egress file, a log read, and the process’s own pod with an argument that /flagz does not list',
		makeObservations(
			{flags: [flags(addressed)], mirrorPods: [mirrorPod('a', {'advertise-address': '10.0.0.5', 'cloud-config': '/c'})]},
			'logs',
		),
		'direct',
		'inferred',
	],
	[
		'no egress file, a log read, and the process’s own pod by the address that it binds',
		makeObservations(
			{flags: [flags({...unverifiedFlags, 'bind-address': '10.0.0.5'})], mirrorPods: [mirrorPod('a', {'bind-address': '10.0.0.5'})]},
			'logs',
		),
		'direct',
		'inferred',
	],
	[
		'no egress file, a log read, and a pod that binds every IPv6 address',
		makeObservations(
			{flags: [flags({...unverifiedFlags, 'bind-address': '::'})], mirrorPods: [mirrorPod('a', {'bind-address': '::'})]},
			'logs',
		),
		'direct',
		'inferred',
	],
	[
		'a pod without egress at the connected address, a log read, and it is the only apiserver',
		makeObservations(
			{mirrorPods: [mirrorPod('a', {'advertise-address': '10.0.0.5'})], replicas: knownReplicas(1, ['10.0.0.5:6443'])},
			'logs',
		),
		'direct',
		'inferred',
	],
	[
		'a pod without egress at the connected address, a log read, and another apiserver was not observed',
		makeObservations({mirrorPods: [mirrorPod('a', {'advertise-address': '10.0.0.5'})], replicas: knownReplicas(2)}, 'logs'),
		'direct',
		'inferred',
	],
	[
		'a pod without egress at the connected address, a log read, and the environment of another is unknown',
		makeObservations(
			{
				mirrorPods: [mirrorPod('a', {'advertise-address': '10.0.0.5'}), mirrorPod('b', {'advertise-address': '10.0.0.6'}, null)],
				replicas: knownReplicas(2, ['10.0.0.5:6443', '10.0.0.6:6443']),
			},
			'logs',
		),
		'direct',
		'inferred',
	],
	[
		'SSH counters at zero before 1.22',
		makeObservations({metrics: [metrics({sshTunnels: 0})], version: versionOf('v1.19.0')}),
		'unknown',
		'unknown',
	],
	[
		'held upgrades moved nothing on a connection that reports 1.22',
		makeObservations({stepTests: [stepTest('nothing')], version: {...versionOf('v1.22.4'), connection: 'c1'}}),
		'direct',
		'proven',
	],
	[
		'nothing opened yet, metrics of an apiserver at the only endpoint, when leases are forbidden',
		makeObservations({
			...unopened,
			metrics: [metrics({kubeletRequestsDone: 3})],
			replicas: makeObservation('endpoints', {known: 1, knownFrom: 'endpointslice' as const, leases: null, addresses: ['10.0.0.5:6443']}),
		}),
		'direct',
		'inferred',
	],
	[
		'nothing opened yet, metrics of the only known apiserver, and another one found that is not in the list',
		makeObservations({
			...unopened,
			flags: [flags({'advertise-address': '10.0.0.6', 'secure-port': '6443'}, {connection: 'c9'})],
			metrics: [metrics({kubeletRequestsDone: 3})],
			replicas: knownReplicas(1, ['10.0.0.5:6443']),
		}),
		'direct',
		'inferred',
	],
	[
		'a message that only an HTTP CONNECT proxy sends',
		makeObservations({failures: [failure({route: 'egress-http-connect', mayBeFromFarEnd: false})]}),
		'egress-http-connect',
		'proven',
		'http-connect',
	],
	[
		'a failure message that names no tunnel, and no egress file',
		makeObservations({flags: [flags(unverifiedFlags)], failures: [failure({})]}),
		'direct',
		'proven',
	],
	[
		'a message that only a tunnel sends, and an egress file',
		makeObservations({flags: [flags(tunnelFlags)], failures: [failure({route: 'konnectivity', mayBeFromFarEnd: false})]}),
		'konnectivity',
		'proven',
		'grpc',
	],
	[
		'a message that only a tunnel sends, and another apiserver without an egress file',
		makeObservations({flags: [flags(unverifiedFlags, {connection: 'c9'})], failures: [failure({route: 'konnectivity'})]}),
		'konnectivity',
		'inferred',
		'grpc',
	],
	[
		'agents carried the held upgrades, and the process that carried them is unknown',
		makeObservations({agentTests: [makeObservation('agent-metrics', {agent: null, observed: ''}, {connection: 'c9', active: true})]}),
		'konnectivity',
		'inferred',
	],
	[
		'agents carried held upgrades of this connection and of an unknown one',
		makeObservations({
			agentTests: [makeObservation('agent-metrics', {agent: null, observed: ''}, {connection: 'c9', active: true}), agents],
		}),
		'konnectivity',
		'proven',
	],
	[
		'agents carried the held upgrades, which moved the tunnels',
		makeObservations({stepTests: [stepTest('grpc')], agentTests: [agents]}),
		'konnectivity',
		'proven',
		'grpc',
	],
	[
		'agents report that they carried the held upgrades, and no counter of the process that carried them moved',
		makeObservations({stepTests: [stepTest('nothing')], agentTests: [agents]}),
		'direct',
		'proven',
	],
	[
		'agents report that they carried the held upgrades of a process that has no egress file',
		makeObservations({flags: [flags(unverifiedFlags)], agentTests: [agents]}),
		'direct',
		'proven',
	],
	[
		'agents carried the held upgrades, which moved no counter when dial metrics are disabled',
		makeObservations({
			flags: [flags({...tunnelFlags, 'disabled-metrics': '[apiserver_egress_dialer_dial_start_total]'})],
			stepTests: [stepTest('nothing')],
			agentTests: [agents],
		}),
		'konnectivity',
		'proven',
		null,
	],
	[
		'agents carried the held upgrades, and another apiserver has no egress file',
		makeObservations({flags: [flags(unverifiedFlags, {connection: 'c9'})], agentTests: [agents]}),
		'konnectivity',
		'proven',
		null,
	],
	[
		'held upgrades moved nothing, when metric families are disabled and another apiserver’s flag names none',
		makeObservations({
			process: processOf('p1'),
			flags: [flags({'disabled-metrics': '[]'}, {connection: 'c9', process: 'p2'})],
			metrics: [metrics({familiesLeftOut: 2}, {process: 'p1'})],
			stepTests: [stepTest('nothing', {process: 'p1'})],
		}),
		'unknown',
		'unknown',
	],
	[
		'held upgrades moved nothing, when metric families are disabled, and this apiserver’s flag names only unrelated ones',
		makeObservations({
			flags: [flags({'disabled-metrics': '[etcd_bookmark_counts]'})],
			metrics: [metrics({familiesLeftOut: 1})],
			stepTests: [stepTest('nothing')],
		}),
		'direct',
		'proven',
	],
	[
		'held upgrades moved nothing, and another apiserver disables the families',
		makeObservations({
			flags: [flags({'disabled-metrics': '[apiserver_egress_dialer_dial_start_total]'}, {connection: 'c9'})],
			stepTests: [stepTest('nothing')],
		}),
		'unknown',
		'unknown',
	],
	[
		'held upgrades of another connection, where no process is known',
		makeObservations({stepTests: [stepTest('nothing', {connection: 'c9'})]}),
		'direct',
		'inferred',
	],
	[
		'held upgrades of another process',
		makeObservations({process: processOf('p1'), stepTests: [stepTest('grpc', {connection: 'c9', process: 'p2'})]}),
		'unknown',
		'unknown',
	],
	[
		'held upgrades moved nothing, when metric families are disabled and no flag names them',
		makeObservations({metrics: [metrics({familiesLeftOut: 2})], stepTests: [stepTest('nothing')]}),
		'unknown',
		'unknown',
	],
	[
		'kubelets reached without a dial that is counted, when metric families are disabled and no flag names them',
		makeObservations({metrics: [metrics({familiesLeftOut: 2, kubeletRequestsDone: 2})]}),
		'unknown',
		'unknown',
	],
	[
		'held upgrades moved nothing, and only unrelated metric families are disabled',
		makeObservations({flags: [flags({...tunnelFlags, 'disabled-metrics': '[etcd_bookmark_counts]'})], stepTests: [stepTest('nothing')]}),
		'direct',
		'proven',
	],
	[
		'held upgrades moved nothing, when the tunnel’s metric families are disabled',
		makeObservations({
			flags: [flags({...tunnelFlags, 'disabled-metrics': '[konnectivity_network_proxy_client_client_connections]'})],
			stepTests: [stepTest('nothing')],
		}),
		'unknown',
		'unknown',
	],
	[
		'replicas that differ, and counters of one of them',
		makeObservations({
			flags: [flags(unverifiedFlags, {connection: 'c8', process: 'p1'}), flags(tunnelFlags, {connection: 'c9', process: 'p2'})],
			replicas: knownReplicas(2),
			metrics: [metrics({kubeletRequestsDone: 3}, {connection: 'c9'})],
		}),
		'unknown',
		'unknown',
	],
	[
		'replicas that differ, and held upgrades of this connection',
		makeObservations({
			flags: [flags(unverifiedFlags, {connection: 'c8', process: 'p1'}), flags(tunnelFlags, {connection: 'c9', process: 'p2'})],
			replicas: knownReplicas(2),
			stepTests: [stepTest('grpc')],
		}),
		'konnectivity',
		'proven',
		'grpc',
	],
	[
		'metrics of this process and of an unknown one',
		makeObservations({metrics: [metrics(grpc, {connection: 'c9'}), metrics({kubeletRequestsDone: 3})]}),
		'direct',
		'proven',
	],
	[
		'metrics of an unknown process, when no process is known',
		makeObservations({metrics: [metrics({kubeletRequestsDone: 3}, {connection: 'c9'})]}),
		'direct',
		'inferred',
	],
	[
		'kubelets reached and refused, and no dial of a tunnel',
		makeObservations({metrics: [metrics({kubeletRequestsDone: 2, logTlsFailures: 1})]}),
		'direct',
		'proven',
	],
	[
		'no kubelet reached, where refusals are not counted',
		makeObservations({metrics: [metrics({logTlsFailures: null})]}),
		'unknown',
		'unknown',
	],
	[
		'dials by gRPC among others',
		makeObservations({metrics: [metrics({...grpc, egressDials: [...connectDials.egressDials, ...grpc.egressDials]})]}),
		'konnectivity',
		'inferred',
		'grpc',
	],
	['nothing readable', makeObservations({}), 'unknown', 'unknown'],
];

for (const [title, given, state, basis, protocol = null] of rows) {
	test(`${title}: ${state}, ${basis}`, t => {
		const verdict = secondLegRoute(given);
		t.is(verdict.state, state);
		t.is(verdict.basis, basis);
		t.is(verdict.protocol, protocol);
		t.true(state === 'unknown' ? verdict.need.length > 0 || verdict.why !== undefined : verdict.citations.length > 0);
	});
}

test('the name or label of a pod does not affect the route', t => {
	for (const feature of ['logs', 'exec', 'attach', 'port-forward', 'pod-proxy'] as const satisfies readonly StreamFeature[]) {
		t.is(secondLegRoute(makeObservations({}, feature)).state, 'unknown');
	}
});

const unavailable = (source: UnavailableSource['source'], reason: UnavailableSource['reason']): UnavailableSource => ({
	source,
	where: source,
	reason,
	need: null,
});
const oneOfMany = {...unopened, process: processOf('p1')};
const addressedOne = makeObservations({...oneOfMany, flags: [flags(addressed, {process: 'p1'})]});
const testedOne = makeObservations({...oneOfMany, stepTests: [stepTest('grpc', {process: 'p1'})]});
const supervisedOne = makeObservations({
	...oneOfMany,
	stepTests: [stepTest('http-connect', {process: 'p1'})],
	flags: [flags({...tunnelFlags, 'advertise-port': '6443'}, {process: 'p1'})],
});
const unfollowed = stepTest('http-connect');
const agentsDidNotFollow = makeObservations({stepTests: [{...unfollowed, facts: {...unfollowed.facts, agentsRead: true}}]});
const carriedOne = makeObservations({...oneOfMany, agentTests: [{...agents, process: 'p1'}]});
const logsOfOne = {...addressedOne, purpose: {...addressedOne.purpose, feature: 'logs' as const}};
const wanted: ReadonlyArray<[title: string, given: Observations, need: readonly Need[], why?: string]> = [
	['nothing was read', makeObservations(), [needFlagz, needMirrorPods, needMetrics]],
	['counters that have not moved were read', makeObservations({metrics: [metrics({})]}), [needFlagz, needMirrorPods]],
	[
		'the apiservers differ',
		makeObservations({
			flags: [flags(unverifiedFlags, {connection: 'c8', process: 'p1'}), flags(tunnelFlags, {connection: 'c9', process: 'p2'})],
			replicas: knownReplicas(2),
		}),
		[needOpenConnection(makeObservations())],
		'the apiservers differ; it is unknown which one responds',
	],
	[
		'an egress file is set',
		makeObservations({flags: [flags(tunnelFlags)]}),
		[needMetrics],
		'an egress file is set; the flag does not show which route it selects',
	],
	[
		'an egress file is set, and nothing was dialed',
		makeObservations({flags: [flags(tunnelFlags)], metrics: [metrics({})]}),
		[needActive],
		'an egress file is set, but was not in use when the metrics were read',
	],
	[
		'an egress file is set, and nothing was dialed, among counters of two processes',
		makeObservations({
			flags: [flags(tunnelFlags)],
			process: processOf('p1'),
			metrics: [metrics({}), metrics({}, {connection: 'c9', process: 'p2'})],
		}),
		[needActive],
		'an egress file is set, but was not in use when the metrics were read',
	],
	['dials were counted', makeObservations({metrics: [metrics(grpc)]}), [needActive]],
	[
		'dials were counted, and no upgrade could be held',
		makeObservations({metrics: [metrics(grpc)], stepTests: [stepTest('undecided')], probe: 'active'}),
		[needStepTest],
	],
	['held upgrades moved the tunnels', makeObservations({stepTests: [stepTest('grpc')]}), []],
	['held upgrades of one apiserver moved the tunnels', testedOne, needReplicas(testedOne)],
	['held upgrades moved the dials by HTTP CONNECT', makeObservations({stepTests: [stepTest('http-connect')]}), [needAgentMetrics]],
	['the same, and the counts of agents were read but did not follow', agentsDidNotFollow, [needOfAgents(agentsDidNotFollow)]],
	[
		'the same behind the server of k3s, which has no Konnectivity',
		makeObservations({stepTests: [stepTest('http-connect')], flags: [flags({...tunnelFlags, 'advertise-port': '6443'})]}),
		[],
	],
	['held upgrades of one such apiserver moved the dials by HTTP CONNECT', supervisedOne, needReplicas(supervisedOne)],
	[
		'held upgrades of the only such apiserver moved the dials by HTTP CONNECT',
		{
			...supervisedOne,
			flags: [flags({...tunnelFlags, ...advertisedFlags, 'advertise-port': '6443'}, {process: 'p1'})],
			replicas: knownReplicas(1),
		},
		[],
	],
	['agents carried the held upgrades', makeObservations({agentTests: [agents]}), []],
	['agents carried the held upgrades of one apiserver', carriedOne, needReplicas(carriedOne)],
	['one apiserver has no egress file', addressedOne, needReplicas(addressedOne)],
	['held upgrades of the only apiserver moved the tunnels', {...testedOne, replicas: knownReplicas(1, ['10.0.0.5:6443'])}, []],
	[
		'held upgrades of the only known apiserver, at another address, moved the tunnels',
		{...testedOne, replicas: knownReplicas(1, ['10.0.0.6:6443'])},
		[needApiserverItself],
	],
	['agents carried the held upgrades of the only apiserver', {...carriedOne, replicas: knownReplicas(1, ['10.0.0.5:6443'])}, []],
	['the only apiserver has no egress file', {...addressedOne, replicas: knownReplicas(1)}, []],
	['no egress file, proven', makeObservations({flags: [flags(unverifiedFlags)]}), []],
	[
		'no egress file, and an environment that was not observed',
		makeObservations({flags: [flags(unverifiedFlags)]}, 'logs'),
		[needMirrorPods],
	],
	[
		'no egress file on one apiserver, and an environment that was not observed',
		logsOfOne,
		needsOfEach([needMirrorPods], needReplicas(logsOfOne)),
	],
	[
		'no egress file, and no pod that would show the environment',
		makeObservations(
			{flags: [flags(unverifiedFlags)], unavailable: [unavailable('version', 'no-response'), unavailable('mirror-pod', 'not-served')]},
			'logs',
		),
		[needEnvironment],
	],
	[
		'no egress file, and pods that cannot be listed',
		makeObservations({flags: [flags(unverifiedFlags)], unavailable: [unavailable('mirror-pod', 'forbidden')]}, 'logs'),
		[needMirrorPods],
	],
	[
		'no egress file, and something else that is not served',
		makeObservations({flags: [flags(unverifiedFlags)], unavailable: [unavailable('metrics', 'not-served')]}, 'logs'),
		[needMirrorPods],
	],
	[
		'no egress file, and a proxy in the environment',
		makeObservations({flags: [flags(addressed)], mirrorPods: [mirrorPod('a', {'advertise-address': '10.0.0.5'}, true)]}, 'logs'),
		[],
		'the apiserver may use the proxy in its environment',
	],
];

for (const [title, given, need, why] of wanted) {
	test(`the need of the route: ${title}`, t => {
		const verdict = secondLegRoute(given);
		t.deepEqual([verdict.need, verdict.why], [need, why]);
	});
}

const pod = mirrorPod('a', {'advertise-address': '10.0.0.5', 'secure-port': '6443'});
const shown: ReadonlyArray<[title: string, given: Observations, evidence: readonly string[]]> = [
	[
		'agents, and the held upgrades that they carried',
		makeObservations({stepTests: [stepTest('http-connect')], agentTests: [agents]}),
		['agent-carried-held-streams: 1→4→1, 1→6→1', 'step-test: http-connect'],
	],
	['held upgrades', makeObservations({stepTests: [stepTest('grpc')]}), ['step-test: grpc']],
	[
		'a tunnel message',
		makeObservations({failures: [failure({}), failure({route: 'konnectivity', text: 'No agent available'})]}),
		['text-of-a-tunnel: No agent available'],
	],
	['no egress file', makeObservations({flags: [flags(unverifiedFlags)]}), ['egress-file-empty: egress-selector-config-file=""']],
	['an egress file', makeObservations({flags: [flags(tunnelFlags)]}), ['egress-file-set: egress-selector-config-file="/egress.yaml"']],
	[
		'no egress file, and an environment without a proxy',
		makeObservations({flags: [flags(addressed)], mirrorPods: [pod]}, 'logs'),
		['egress-file-empty: egress-selector-config-file=""', 'no-proxy-in-environment: the apiserver’s pod sets no HTTP_PROXY or HTTPS_PROXY'],
	],
	[
		'no egress file, and an environment that was not observed',
		makeObservations({flags: [flags(unverifiedFlags)]}, 'logs'),
		[
			'egress-file-empty: egress-selector-config-file=""',
			'environment-proxy-possible: the apiserver’s environment, which was not observed, may set HTTP_PROXY or HTTPS_PROXY; logs and the proxies would use it, but no upgrade does (shells, forwards)',
		],
	],
	[
		'kubelets reached without a dial that is counted',
		makeObservations({metrics: [metrics({kubeletRequestsDone: 2, logTlsFailures: 3})]}),
		['dials-without-egress: 2 requests to kubelets, pods or services done, no apiserver_egress_dialer series'],
	],
	[
		'kubelets refused without a dial that is counted',
		makeObservations({metrics: [metrics({logTlsFailures: 1})]}),
		['dials-without-egress: 1 log read refused for a certificate, no apiserver_egress_dialer series'],
	],
	[
		'kubelets refused twice',
		makeObservations({metrics: [metrics({logTlsFailures: 2})]}),
		['dials-without-egress: 2 log reads refused for a certificate, no apiserver_egress_dialer series'],
	],
	[
		'one request to a kubelet',
		makeObservations({metrics: [metrics({kubeletRequestsDone: 1})]}),
		['dials-without-egress: 1 request to kubelets, pods or services done, no apiserver_egress_dialer series'],
	],
	[
		'one dial and one tunnel',
		makeObservations({metrics: [metrics({egressDials: [{protocol: 'grpc', transport: 'uds', count: 1}], tunnelsOpen: 1})]}),
		['egress-dials-counted: 1 dial by grpc over uds; 1 tunnel open'],
	],
	[
		'dials of two kinds, and no tunnels',
		makeObservations({
			metrics: [
				metrics({
					egressDials: [
						{protocol: 'grpc', transport: 'uds', count: 2},
						{protocol: 'http-connect', transport: 'tcp', count: 1},
					],
					tunnelsOpen: 0,
				}),
			],
		}),
		['egress-dials-counted: 2 dials by grpc over uds, 1 dial by http-connect over tcp; 0 tunnels open'],
	],
	[
		'dials where tunnels are not counted',
		makeObservations({metrics: [metrics(connectDials)]}),
		['egress-dials-counted: 4 dials by http-connect over uds'],
	],
];

for (const [title, given, evidence] of shown) {
	test(`the evidence of the route: ${title}`, t => {
		t.deepEqual(
			secondLegRoute(given).citations.map(({rule, observed}) => `${rule}: ${observed}`),
			evidence,
		);
	});
}

test('an unknown route says what a test that decided nothing has shown', t => {
	const {why, citations} = secondLegRoute(makeObservations({stepTests: [stepTest('undecided')]}));
	t.is(why, 'the route test did not decide it');
	t.deepEqual(
		citations.map(({rule}) => rule),
		['step-test'],
	);
	t.is(secondLegRoute(makeObservations()).why, undefined);
});

test('without permission for the metrics, a test of the route needs the counts of the agents', t => {
	const needsIf = (reason: UnavailableSource['reason']) =>
		new Set(
			secondLegRoute(makeObservations({unavailable: [{source: 'metrics', where: '', reason, need: null}]})).need.flatMap(
				({or}) => or ?? [],
			),
		);
	t.deepEqual([...needsIf('forbidden')], [needAgentMetrics.or]);
	t.deepEqual([...needsIf('not-requested')], [needActive.or]);
});
