/** Observations of a verified apiserver. */
import type {
	FailureFacts,
	FlagFacts,
	Observations,
	MetricFacts,
	ProxyRequestFacts,
	Observation,
	SocketFacts,
	StepTestFacts,
	StreamFeature,
	VersionFacts,
} from '../../source/evidence/evidence.ts';
import {versionFacts} from '../../source/evidence/connection-observations.ts';
import {authorsOfSource} from '../../source/evidence/rules/claims.ts';

const time = '2026-11-24T14:00:00.000Z';

export const socketFacts: SocketFacts = {
	scheme: 'https',
	server: '10.0.0.5:6443',
	remoteAddress: '10.0.0.5:6443',
	proxy: null,
	tls: {
		verified: true,
		skippedBy: null,
		protocol: 'TLSv1.3',
		serverName: null,
		trust: 'kubeconfig-ca',
		peer: {
			subject: 'CN=kube-apiserver',
			issuer: 'CN=ca',
			notAfter: '2036-11-24T14:00:00.000Z',
			spkiSha256: 'aa'.repeat(32),
			dnsNames: ['kubernetes'],
			chainSpkiSha256: ['aa'.repeat(32), 'bb'.repeat(32)],
		},
	},
	clientAuth: 'certificate',
	clientCertificateSha256: null,
	clientCertificateDates: null,
	isMarkedAsSandbox: false,
	connectedAt: time,
};

export function makeObservation<Facts>(
	source: Observation<Facts>['source'],
	facts: Facts,
	more: Partial<Observation<Facts>> = {},
): Observation<Facts> {
	return {source, authors: authorsOfSource[source], where: source, process: null, connection: null, time, active: false, facts, ...more};
}

export function makeObservations(
	more: Partial<Observations> = {},
	feature: StreamFeature = 'exec',
	request: ProxyRequestFacts | null = null,
): Observations {
	return {
		purpose: {
			feature,
			target: {asked: 'web', kind: 'Pod', namespace: 'default', name: 'web', uid: null, node: 'n1', container: null, chosenFrom: 1},
			request,
		},
		scope: 'before-use',
		time,
		connection: 'c1',
		farEndAnswered: false,
		answeredByApiserver: null,
		socket: makeObservation('socket', socketFacts, {connection: 'c1'}),
		serverIdentity: {to: 'apiserver', why: 'its certificate'},
		process: null,
		flags: [],
		mirrorPods: [],
		replicas: null,
		unreadApiservers: [],
		probe: 'passive',
		version: versionOf('v1.36.3'),
		metrics: [],
		stepTests: [],
		agentTests: [],
		logDifferentials: [],
		handshakes: [],
		failures: [],
		outcomes: [],
		unavailable: [],
		...more,
	};
}

export const openConnection = {scope: 'this-connection', farEndAnswered: true} as const;

/** By default, `/flagz` as read on the same connection. */
export function flags(values: Readonly<Record<string, string>>, more: Partial<Observation<FlagFacts>> = {}): Observation<FlagFacts> {
	return makeObservation('flagz', {values, absent: 'unknown', proxyEnvironment: null}, {connection: 'c1', where: 'GET /flagz', ...more});
}

export function mirrorPod(
	name: string,
	values: Readonly<Record<string, string>>,
	proxyEnvironment: boolean | null = false,
): Observation<FlagFacts> {
	return makeObservation('mirror-pod', {values, absent: 'default', proxyEnvironment}, {where: `pod kube-system/${name}`});
}

export const advertisedFlags = {'advertise-address': '10.0.0.5', 'secure-port': '6443'};
/** Of a second apiserver. */
export const otherAdvertisedFlags = {'advertise-address': '10.0.0.6', 'secure-port': '6443'};
export const unverifiedFlags = {'kubelet-certificate-authority': '', 'egress-selector-config-file': ''};
export const verifyingFlags = {'kubelet-certificate-authority': '/ca.crt', 'egress-selector-config-file': ''};
export const tunnelFlags = {'kubelet-certificate-authority': '', 'egress-selector-config-file': '/egress.yaml'};

export const knownReplicas = (count: number, addresses: readonly string[] | null = null) =>
	makeObservation('lease', {
		known: count,
		knownFrom: 'lease' as const,
		leases: Array.from({length: count}, () => ({address: null as string | null, madeAt: null as string | null})),
		addresses,
	});
export const processOf = (id: string) =>
	makeObservation('socket', {id, startTime: time, version: '1.36.3'}, {process: id, connection: 'c1'});
export function versionOf(gitVersion: string): Observation<VersionFacts> {
	return makeObservation('version', versionFacts(gitVersion)!);
}

export function metrics(facts: Partial<MetricFacts>, more: Partial<Observation<MetricFacts>> = {}): Observation<MetricFacts> {
	return makeObservation(
		'metrics',
		{
			startSeconds: 1,
			egressDials: [],
			tunnelsOpen: null,
			kubeletRequestsDone: 0,
			portForwardsOpen: 0,
			logTlsFailures: 0,
			sshTunnels: null,
			familiesLeftOut: 0,
			...facts,
		},
		{connection: 'c1', ...more},
	);
}

export const stepTest = (moved: StepTestFacts['moved'], more: Partial<Observation<StepTestFacts>> = {}) =>
	makeObservation(
		'step-test',
		{node: 'n1', rounds: [3, 5], moved, agentsRead: false, observed: moved},
		{connection: 'c1', active: true, ...more},
	);

export const failure = (facts: Partial<FailureFacts>, more: Partial<Observation<FailureFacts>> = {}) =>
	makeObservation(
		'error-text',
		{
			row: 'T3',
			text: 'words',
			tls: null,
			route: null,
			answered: false,
			...facts,
		},
		{connection: 'c1', ...more},
	);
