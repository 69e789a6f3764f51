/** Runs `spoke audit` for one cluster. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {clusterIdentity} from '../build-path.ts';
import {numberEvidence, type EvidenceList, weakestBasis} from '../rules/claims.ts';
import type {ApiserverExamination} from '../examine-apiserver.ts';
import type {ConnectionObservations, Observations} from '../evidence.ts';
import {needsOfEach, needsAfterProbes} from '../rules/needs.ts';
import {replicasAgree, flagsPerProcess, knownReplicaCount, advertisedAddress, isVerifiedApiserver} from '../rules/replicas.ts';
import {rowIds, type Audit, type AuditRow, type RowResult, type RowId, type RowVerdict, type Waivers} from './audit-object.ts';
import {gatherAuditObservations, type AuditObservations} from './gather-observations.ts';
import {checkRequirements, type Requirement} from './requirements.ts';
import {auditRows} from './audit-rows.ts';

export type AuditOptions = {
	probe: 'passive' | 'active';
	require: readonly Requirement[];
	minBasis: 'proven' | 'inferred';
	accepted?: Waivers;
	signal?: AbortSignal;
};

/** @throws SpokeError when no connection can be made, or the apiserver rejects the credentials */
export async function runAudit(cluster: ClusterClient, options: AuditOptions): Promise<Audit> {
	const audit = await gatherAuditObservations(cluster, options);
	return auditOf(audit, cluster, options);
}

export function auditOf(
	audit: AuditObservations,
	{facts}: Pick<ClusterClient, 'facts'>,
	{probe, require, minBasis, accepted}: AuditOptions,
): Audit {
	const numbered = numberEvidence();
	const own = audit.observations('exec');
	const judged = new Map<RowId, RowResult>();
	for (const id of rowIds) {
		judged.set(id, auditRows[id].judge(audit, judged));
	}

	const rows = rowIds.map(id => rowOf(id, judged.get(id)!, own, {numbered, accepted}));
	const {exitStatus, ...required} = checkRequirements(rows, require, minBasis);
	return {
		apiVersion: 'spoke/v1',
		kind: 'Audit',
		time: new Date().toISOString(),
		cluster: clusterIdentity(facts, audit.examined.shared.version),
		identity: audit.whoAmI,
		replicas: replicasOf(audit, own),
		nodes: nodesOf(audit),
		probe,
		rows,
		evidence: numbered.all(),
		summary: summaryOf(rows),
		require: {asked: require.map(({asked: input}) => input), minBasis, ...required},
		exitStatus,
	};
}

/** Everything was read over leg 1. If that is unverified or ends at a gateway, nothing is proven. */
function rowOf(
	id: RowId,
	{citations, need, scope, ...found}: RowResult,
	own: Observations,
	{numbered, accepted}: {numbered: EvidenceList; accepted: Waivers | undefined},
): AuditRow {
	const {title, page, passBasis} = auditRows[id];
	const basis = weakestBasis(found.basis, isVerifiedApiserver(own) ? 'proven' : 'inferred');
	const serverNeed = basis === 'inferred' && passBasis === 'proven' && own.serverIdentity.need ? [own.serverIdentity.need] : [];
	return {
		id,
		title,
		...found,
		basis,
		scope: isVerifiedApiserver(own) ? scope : {...scope, proven: 0},
		evidence: [...new Set(citations.map(citation => numbered.idOf(citation)))],
		need: needsAfterProbes(own, needsOfEach(need, serverNeed)),
		docs: page,
		accepted: accepted?.get(id) ?? null,
	};
}

function summaryOf(rows: readonly AuditRow[]): Audit['summary'] {
	const count = (wanted: RowVerdict) => rows.filter(({verdict}) => verdict === wanted).length;
	return {
		pass: count('pass'),
		warn: count('warn'),
		fail: count('fail'),
		unknown: count('unknown'),
		'not-applicable': count('not-applicable'),
	};
}

function replicasOf({examined}: AuditObservations, own: Observations): Audit['replicas'] {
	const read = flagsPerProcess(own);
	return {
		known: knownReplicaCount(own),
		read: read.length,
		agree: replicasAgree(own, read),
		knownFrom: examined.shared.replicas?.facts.knownFrom ?? 'unknown',
		processes: [examined.own, ...examined.others]
			.filter(({flags, process}) => flags ?? process)
			.map(process => processOf(examined, process)),
		unreached: examined.unreadApiservers,
	};
}

function nodesOf({nodes}: AuditObservations): Audit['nodes'] {
	const examined = nodes.observation?.facts.examined.length ?? 0;
	const total = nodes.observation?.facts.total ?? null;
	return {total, examined, chosen: total !== null && total > examined ? 'sample' : 'all'};
}

function processOf(
	{connection}: ApiserverExamination,
	{process, flags, dialedAddress}: ConnectionObservations,
): Audit['replicas']['processes'][number] {
	const own = flags ? advertisedAddress(flags) : null;
	const isDirect = dialedAddress !== undefined || (own !== null && own === connection.facts.remoteAddress);
	return {
		id: process?.facts.id ?? null,
		startTime: process?.facts.startTime ?? null,
		address: dialedAddress ?? own ?? connection.facts.server,
		readOver: isDirect ? 'direct' : 'balancer',
	};
}
