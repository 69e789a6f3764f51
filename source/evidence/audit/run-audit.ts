/** Runs `spoke audit` for one cluster. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {clusterIdentity} from '../build-path.ts';
import {numberEvidence, type EvidenceList, weakestBasis} from '../rules/claims.ts';
import type {ApiserverExamination} from '../examine-apiserver.ts';
import type {ConnectionObservations, Observations} from '../evidence.ts';
import {docs as pages, needsOfEach, needsAfterProbes} from '../rules/needs.ts';
import {replicasAgree, flagsPerProcess, knownReplicaCount, advertisedAddress, isVerifiedApiserver} from '../rules/replicas.ts';
import {rowIds, type Audit, type AuditRow, type RowResult, type RowId, type RowVerdict, type Waivers} from './audit-object.ts';
import {componentsToApiserver, nodeToControlPlaneSummary, restOfControlPlane} from './control-plane-rows.ts';
import {gatherAuditObservations, type AuditObservations} from './gather-observations.ts';
import {kubeletAccess, kubeletCertificate} from './kubelet-rows.ts';
import {kubeletToApiserver, nodeProvisioning, podToApiserver} from './node-rows.ts';
import {checkRequirements, type Requirement} from './requirements.ts';
import {rowDescriptions} from './row-descriptions.ts';
import {exposureSummary, konnectivityRow, sshTunnelRow} from './route-rows.ts';
import {streamRow} from './stream-rows.ts';

export const rowTitles: Record<RowId, readonly [title: string, page: string]> = {
	N1: ['kubelets to apiserver', pages.nodeToControlPlane],
	N2: ['joining nodes', pages.bootstrapping],
	N3: ['pods to apiserver', pages.serviceAccounts],
	N4: ['control plane components to apiserver', pages.nodeToControlPlane],
	N5: ['nodes to control plane, summary', pages.nodeToControlPlane],
	N6: ['other control plane components', pages.ports],
	C1: ['logs', pages.kubelet],
	C2: ['exec and attach', pages.kubelet],
	C3: ['port-forward', pages.kubelet],
	C4: ['kubelet certificate verified', pages.kubelet],
	C5: ['kubelet authentication and authorization', pages.kubeletAccess],
	C6: ['nodes through the proxy, not kubelets', pages.proxied],
	C7: ['pods through the proxy', pages.proxied],
	C8: ['services through the proxy', pages.proxied],
	C9: ['SSH tunnels', pages.ssh],
	C10: ['Konnectivity', pages.konnectivity],
	C11: ['control plane to nodes, summary', pages.paths],
};

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
	const rows = rowResults(audit).map(({id, result}): AuditRow => ({
		...rowOf(id, result, own, numbered),
		accepted: accepted?.get(id) ?? null,
	}));
	const required = checkRequirements(rows, require, minBasis);
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
		require: {
			asked: require.map(({asked: input}) => input),
			minBasis,
			result: required.result,
			rows: required.rows,
			results: required.results,
		},
		exitStatus: required.exitStatus,
	};
}

/** Everything was read over leg 1. If that is unverified or ends at a gateway, nothing is proven. */
function rowOf(
	id: RowId,
	{citations, basis: found, need, ...finding}: RowResult,
	own: Observations,
	numbered: EvidenceList,
): Omit<AuditRow, 'accepted'> {
	const basis = weakestBasis(found, isVerifiedApiserver(own) ? 'proven' : 'inferred');
	const canBeProven = basis === 'inferred' && rowDescriptions[id].passBasis === 'proven';
	const serverNeed = canBeProven && own.serverIdentity.need ? [own.serverIdentity.need] : [];
	const {verdict, state, leg, exceptions, message, remedy, broken} = finding;
	const scope = isVerifiedApiserver(own) ? finding.scope : {...finding.scope, proven: 0};
	const [title, docs] = rowTitles[id];
	const evidence = [...new Set(citations.map(citation => numbered.idOf(citation)))];
	return {
		id,
		title,
		verdict,
		state,
		leg,
		basis,
		scope,
		evidence,
		exceptions,
		need: needsAfterProbes(own, needsOfEach(need, serverNeed)),
		message,
		remedy,
		docs,
		broken,
	};
}

function summaryOf(rows: readonly AuditRow[]): Audit['summary'] {
	const summary: Record<RowVerdict, number> = {pass: 0, warn: 0, fail: 0, unknown: 0, 'not-applicable': 0};
	for (const {verdict} of rows) {
		summary[verdict]++;
	}

	return summary;
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
		unreached: examined.unreachedAddresses,
	};
}

function nodesOf({nodes}: AuditObservations): Audit['nodes'] {
	const examined = nodes.observation?.facts.examined.length ?? 0;
	const total = nodes.observation?.facts.total ?? null;
	return {total, examined, chosen: total !== null && total > examined ? 'sample' : 'all'};
}

function rowResults(audit: AuditObservations): Array<{id: RowId; result: RowResult}> {
	const http = {scheme: 'http', port: null, portName: null, kubeletPort: false} as const;
	const results: Partial<Record<RowId, RowResult>> = {
		N1: kubeletToApiserver(audit),
		N2: nodeProvisioning(audit),
		N3: podToApiserver(audit),
		N4: componentsToApiserver(audit),
		N6: restOfControlPlane(audit),
		C1: streamRow(audit.perReplica('logs')),
		C2: streamRow(audit.perReplica('exec')),
		C3: streamRow(audit.perReplica('port-forward')),
		C4: kubeletCertificate(audit),
		C5: kubeletAccess(audit),
		C6: streamRow(audit.perReplica('node-proxy', http)),
		C7: streamRow(audit.perReplica('pod-proxy', http)),
		C8: streamRow(audit.perReplica('service-proxy', http)),
		C9: sshTunnelRow(audit),
		C10: konnectivityRow(audit),
	};
	const some = (...ids: readonly RowId[]) => ids.map(id => ({id, result: results[id]!}));
	results.N5 = nodeToControlPlaneSummary(some('N1', 'N2', 'N3', 'N4'), audit);
	results.C11 = exposureSummary(some('C1', 'C2', 'C3', 'C6', 'C7', 'C8'));
	return rowIds.map(id => ({id, result: results[id]!}));
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
