/** From grounds to a Path: asks the rules, numbers the evidence, and writes the line. */
import type {ErrorObject} from '../errors/spoke-error.ts';
import type {ClusterIdentity, Observations, Leg, Path, ProcessBinding, RuleVerdict, Verdict} from './evidence.ts';
import {numberEvidence} from './evidence-list.ts';
import {brokenNow, lastAttemptFindings} from './last-attempt.ts';
import {formatPathLine} from './path-line.ts';
import {resolveApiserverFlag} from './rules/apiserver-flag.ts';
import {replicasAgree, flagsPerProcess, knownReplicaCount} from './rules/replicas.ts';
import {decideExposure} from './rules/exposure.ts';
import {pathFindings} from './rules/path-findings.ts';
import {isVerifiedApiserver} from './rules/same-process.ts';
import {firstLegRoute, firstLegTls} from './rules/first-leg.ts';
import {secondLegRoute} from './rules/second-leg-route.ts';
import {secondLegTls, endsAtKubelet} from './rules/second-leg-tls.ts';

export type PathMetadata = {
	cluster: ClusterIdentity;
	phase: Path['phase'];
	/** `host:port` of leg 2's far end, where it is known. */
	address: string | null;
	rttMs: Path['rttMs'];
	error: ErrorObject | null;
};

/** The Path of one connection, or of one that would be made. Pure: same grounds, same path. */
export function buildPath(grounds: Observations, {cluster, phase, address, rttMs, error}: PathMetadata): Path {
	const {purpose} = grounds;
	const numbered = numberEvidence();
	const {need: toKnowFront} = grounds.serverIdentity;
	const verdict = <State extends string>(ruling: RuleVerdict<State>): Verdict<State> => ({
		state: ruling.state,
		basis: ruling.basis,
		evidence: ruling.because.map(citation => numbered.idOf(citation)),
		// Nothing that an apiserver says of itself is proven while it may be somebody else.
		need: ruling.basis === 'inferred' && toKnowFront ? [...ruling.need, toKnowFront] : ruling.need,
		...(ruling.why === undefined ? {} : {why: ruling.why}),
	});

	const firstRoute = firstLegRoute(grounds);
	const tls = secondLegTls(grounds);
	const route = secondLegRoute(grounds);
	const sum = decideExposure(grounds, tls, route);
	const peer = grounds.socket?.facts.tls?.peer;
	const legs: [Leg, Leg] = [
		{
			n: 1,
			from: 'you',
			to: grounds.serverIdentity.to,
			address: grounds.socket?.facts.server ?? hostOf(cluster.server),
			tls: verdict(firstLegTls(grounds)),
			route: {...verdict(firstRoute), via: firstRoute.via, protocol: null, agent: null},
			peer: peer
				? {
						protocol: grounds.socket!.facts.tls!.protocol,
						subject: peer.subject,
						issuer: peer.issuer,
						serverName: grounds.socket!.facts.tls!.serverName,
						notAfter: peer.notAfter,
						spkiSha256: peer.spkiSha256,
					}
				: null,
			clientAuth: grounds.socket?.facts.clientAuth ?? null,
		},
		{
			n: 2,
			from: grounds.serverIdentity.to === 'gateway' ? 'gateway' : 'apiserver',
			to: farEnd(grounds),
			address,
			tls: verdict(tls),
			route: {...verdict(route), via: null, protocol: route.protocol, agent: route.agent},
			peer: null,
			clientAuth: null,
		},
	];
	const broken = brokenNow(grounds, numbered);
	return {
		apiVersion: 'spoke/v1',
		kind: 'Path',
		time: grounds.time,
		feature: purpose.feature,
		about: grounds.about,
		phase,
		target: purpose.target,
		request: purpose.request,
		cluster,
		process: binding(grounds),
		legs,
		crossing: {...verdict(sum), why: sum.why},
		rttMs,
		evidence: numbered.all(),
		findings: [...lastAttemptFindings(grounds, error), ...pathFindings(grounds, tls, route, error)],
		broken,
		line: formatPathLine({legs, phase, target: purpose.target, error, broken}),
		error,
	};
}

function farEnd(grounds: Observations): Leg['to'] {
	if (endsAtKubelet(grounds)) {
		return 'kubelet';
	}

	const ends = {'node-proxy': 'node', 'pod-proxy': 'pod', 'service-proxy': 'service'} as const;
	return ends[grounds.purpose.feature as keyof typeof ends];
}

/** Of a configuration: the process that was examined. */
function binding(grounds: Observations): ProcessBinding {
	const processes = flagsPerProcess(grounds);
	const verdict = resolveApiserverFlag(grounds, 'kubelet-certificate-authority', () => 'binding');
	const unread = grounds.process && grounds.bound ? 'same-connection' : 'none';
	return {
		id: grounds.process?.facts.id ?? null,
		startTime: grounds.process?.facts.startTime ?? null,
		// Behind a gateway the process that was read need not be the one that the stream ends at.
		boundBy: isVerifiedApiserver(grounds) ? (verdict.known ? verdict.boundBy : unread) : 'none',
		known: knownReplicaCount(grounds),
		read: processes.length,
		agree: replicasAgree(grounds, processes),
	};
}

function hostOf(server: string): string | null {
	return /^[a-z]+:\/\/([^/]+)/.exec(server)?.[1] ?? null;
}
