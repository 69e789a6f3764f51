/** Builds a Path from observations. */
import type {ClusterInfo, SocketFacts} from '../cluster/cluster-client.ts';
import type {ErrorObject} from '../base/errors/spoke-error.ts';
import type {
	ClusterIdentity,
	ExposureState,
	Leg,
	Observations,
	Path,
	PathScope,
	ProcessBinding,
	RouteState,
	RuleVerdict,
	TlsState,
	UnusedLeg,
	Verdict,
} from './evidence.ts';
import {numberEvidence, isBound, unknownVerdict} from './rules/claims.ts';
import {brokenNow, lastAttemptFindings} from './second-leg-record.ts';
import {formatPathLine} from './path-line.ts';
import {needsOfEach, isOpenedScope, needsAfterProbes} from './rules/needs.ts';
import {resolveApiserverFlag} from './rules/apiserver-flag.ts';
import {replicasAgree, flagsPerProcess, knownReplicaCount, isVerifiedApiserver} from './rules/replicas.ts';
import {decideExposure} from './rules/exposure.ts';
import {pathFindings} from './rules/path-findings.ts';
import type {NodeObject} from './probes/node-to-apiserver.ts';
import {recognizeDistribution} from './rules/distributions.ts';
import {firstLegRoute, firstLegTls} from './rules/first-leg.ts';
import {secondLegRoute, type RouteVerdict} from './rules/second-leg-route.ts';
import {secondLegTls, endsAtKubelet} from './rules/second-leg-tls.ts';

type PathMetadata = {
	cluster: Pick<ClusterInfo, 'context' | 'server' | 'sandbox'>;
	phase: Path['phase'];
	address?: string | null;
	rttMs?: Path['rttMs'];
	error?: ErrorObject | null;
	/** Of the target, if it was read. */
	node?: NodeObject | null;
};

const notMeasured: Path['rttMs'] = {websocket: null, runtime: null};

/** Pure: the same observations give the same path. */
export function buildPath(
	observations: Observations,
	{cluster, phase, address = null, rttMs = notMeasured, error = null, node = null}: PathMetadata,
): Path {
	const {purpose} = observations;
	const about = aboutOf[observations.scope];
	const numbered = numberEvidence();
	const {need: serverNeed} = observations.serverIdentity;
	const withEvidence = <State extends string>(verdict: RuleVerdict<State>): Verdict<State> => ({
		state: verdict.state,
		basis: verdict.basis,
		evidence: verdict.citations.map(citation => numbered.idOf(citation)),
		// Statements of an apiserver about itself are not proven while the server may be something else.
		need: needsAfterProbes(
			observations,
			verdict.basis === 'inferred' && serverNeed ? needsOfEach(verdict.need, [serverNeed]) : verdict.need,
		),
		...(verdict.why === undefined ? {} : {why: verdict.why}),
		...(verdict.worst && {worst: verdict.worst}),
	});

	const unused = unusedSecondLeg(observations, error);
	const {tls, route, exposure} = unused ? unusedVerdicts(unused) : withWorst(observations, secondLegVerdicts(observations));
	const legs: [Leg, Leg] = [
		firstLeg(observations, cluster.server, withEvidence),
		{
			n: 2,
			from: observations.serverIdentity.to === 'gateway' ? 'gateway' : 'apiserver',
			to: farEnd(observations),
			address,
			tls: withEvidence(tls),
			route: {...withEvidence(route), via: null, protocol: route.protocol, agent: route.agent},
			peer: null,
			clientAuth: null,
		},
	];
	const broken = brokenNow(observations, numbered);
	// Only findings about a configuration name it, and the path of a connection is built again with each observation.
	const distribution =
		about === 'configuration'
			? recognizeDistribution({
					version: observations.version?.facts.gitVersion ?? null,
					server: cluster.server,
					nodes: node === null ? [] : [node],
				})
			: null;
	return {
		apiVersion: 'spoke/v1',
		kind: 'Path',
		time: observations.time,
		feature: purpose.feature,
		about,
		phase,
		target: purpose.target,
		request: purpose.request,
		cluster: clusterIdentity(cluster, observations.version, isBound(observations.scope) ? observations.process : null),
		process: binding(observations),
		legs,
		exposure: withEvidence(exposure),
		rttMs,
		evidence: numbered.all(),
		findings: [...lastAttemptFindings(observations, error), ...pathFindings(observations, tls, route, {error, distribution})],
		broken,
		unused,
		line: formatPathLine({legs, about, phase, target: purpose.target, error, broken, unused}),
		error,
	};
}

const aboutOf: Readonly<Record<PathScope, Path['about']>> = {
	'next-connection': 'configuration',
	'before-use': 'configuration',
	'this-connection': 'open-connection',
	ended: 'ended-connection',
};

type WithEvidence = <State extends string>(verdict: RuleVerdict<State>) => Verdict<State>;

function firstLeg(observations: Observations, server: string, withEvidence: WithEvidence): Leg {
	const {serverIdentity, socket} = observations;
	const route = firstLegRoute(observations);
	return {
		n: 1,
		from: 'you',
		to: serverIdentity.to,
		address: socket?.facts.server ?? hostOf(server),
		tls: withEvidence(firstLegTls(observations)),
		route: {...withEvidence(route), via: route.via, protocol: null, agent: null},
		peer: peerOf(socket?.facts.tls),
		clientAuth: socket?.facts.clientAuth ?? null,
	};
}

function peerOf(tls: SocketFacts['tls'] | undefined): Leg['peer'] {
	if (!tls?.peer) {
		return null;
	}

	const {protocol, serverName, peer} = tls;
	return {protocol, subject: peer.subject, issuer: peer.issuer, serverName, notAfter: peer.notAfter, spkiSha256: peer.spkiSha256};
}

type SecondLegVerdicts = {tls: RuleVerdict<TlsState>; route: RouteVerdict; exposure: RuleVerdict<ExposureState>};

function secondLegVerdicts(observations: Observations): SecondLegVerdicts {
	const tls = secondLegTls(observations);
	const route = secondLegRoute(observations);
	return {tls, route, exposure: decideExposure(observations, tls, route)};
}

/** Whoever writes a pod must not hide from a requirement that leg 2 is worse: what is unknown with all pods may be known without some. */
function withWorst(observations: Observations, own: SecondLegVerdicts): SecondLegVerdicts {
	const {mirrorPods} = observations;
	const isOpen = mirrorPods.length > 0 && [own.tls, own.route, own.exposure].some(({state}) => state === 'unknown');
	const some = isOpen ? [[], ...mirrorPods.map(pod => [pod])].map(pods => secondLegVerdicts({...observations, mirrorPods: pods})) : [];
	const withWorstOf = <One extends RuleVerdict<string>>(of: (verdicts: SecondLegVerdicts) => One): One => {
		const verdict = of(own);
		const worse = some.map(one => of(one)).filter(({state}) => worseStates.has(state));
		const worst = worse.find(({basis}) => basis === 'proven') ?? worse[0];
		return verdict.state === 'unknown' && worst ? {...verdict, worst: {state: worst.state, basis: worst.basis}} : verdict;
	};

	return {tls: withWorstOf(({tls}) => tls), route: withWorstOf(({route}) => route), exposure: withWorstOf(({exposure}) => exposure)};
}

const worseStates: ReadonlySet<string> = new Set<TlsState | RouteState | ExposureState>([
	'unverified',
	'plain',
	'refused',
	'direct',
	'exposed',
]);

function unusedVerdicts({why}: UnusedLeg): SecondLegVerdicts {
	const verdict = unknownVerdict([], why);
	return {tls: verdict, route: {...verdict, protocol: null, agent: null}, exposure: {...verdict, why: `leg 2 was ${why}`}};
}

/** `process`: at the end of the connection. It names its version, too. */
export function clusterIdentity(
	{context, server, sandbox}: PathMetadata['cluster'],
	version: Observations['version'],
	process: Observations['process'] = null,
): ClusterIdentity {
	const ofProcess = process?.facts.version ? `v${process.facts.version.replace(/^v/, '')}` : null;
	return {context, server, version: version?.facts.gitVersion ?? ofProcess, sandbox};
}

function farEnd(observations: Observations): Leg['to'] {
	if (endsAtKubelet(observations)) {
		return 'kubelet';
	}

	const ends = {'node-proxy': 'node', 'pod-proxy': 'pod', 'service-proxy': 'service'} as const;
	return ends[observations.purpose.feature as keyof typeof ends];
}

function binding(observations: Observations): ProcessBinding {
	const processes = flagsPerProcess(observations);
	// Flags are read together, so one stands for all.
	const verdict = resolveApiserverFlag(observations, 'kubelet-certificate-authority');
	const unread = observations.process && isBound(observations.scope) ? 'same-connection' : 'none';
	return {
		id: observations.process?.facts.id ?? null,
		startTime: observations.process?.facts.startTime ?? null,
		// Behind a gateway, the stream may end at another process than the one read.
		boundBy: isVerifiedApiserver(observations) ? (verdict.known ? verdict.boundBy : unread) : 'none',
		known: knownReplicaCount(observations),
		read: processes.length,
		agree: replicasAgree(observations, processes),
	};
}

function hostOf(server: string): string | null {
	return /^[a-z]+:\/\/([^/]+)/.exec(server)?.[1] ?? null;
}

/**
Why a connection did not use leg 2. `null` if it did, or may have, and for a configuration. A message is no evidence: a kubelet, a pod or a
gateway can send the apiserver's.
*/
function unusedSecondLeg(
	{scope, farEndAnswered, answeredByApiserver, socket, purpose}: UseObservations,
	error: ErrorObject | null,
): UnusedLeg | null {
	if (!isOpenedScope({scope}) || farEndAnswered) {
		return null;
	}

	const why = answeredByApiserver ?? (error && reasonUnused(error, {socket, purpose}));
	return why === null ? null : {leg: 2, why: `not used: ${why}`};
}

type UseObservations = Pick<Observations, 'scope' | 'farEndAnswered' | 'answeredByApiserver' | 'socket' | 'purpose'>;

function reasonUnused({code, text}: ErrorObject, {socket, purpose}: Pick<UseObservations, 'socket' | 'purpose'>): string | null {
	if (socket === null && legOneErrors.has(code)) {
		return 'leg 1 failed';
	}

	return purpose.target.kind === 'Pod' && purpose.target.node === null && text?.includes('does not have a host assigned')
		? 'the pod is on no node'
		: null;
}

const legOneErrors: ReadonlySet<ErrorObject['code']> = new Set([
	'ERR_APISERVER_UNREACHABLE',
	'ERR_APISERVER_TLS',
	'ERR_CERTIFICATE_UNUSABLE',
]);
