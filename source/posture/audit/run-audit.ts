/** `spoke audit`: every path of the documentation's page, row by row, for one cluster. */
import type {ClusterAccess} from '../../cluster/cluster-access.ts';
import {numberEvidence} from '../evidence-list.ts';
import type {Examined, MetProcess} from '../examine.ts';
import type {Basis} from '../evidence.ts';
import {docs} from '../rules/remedies.ts';
import {allRead, everyProcess, knownReplicas, ownAddress} from '../rules/replicas.ts';
import {frontIsSure} from '../rules/same-process.ts';
import {weakest} from '../rules/strength.ts';
import {rowIds, type Audit, type AuditRow, type RowFinding, type RowId, type RowVerdict} from './audit-object.ts';
import {componentsToApiserver, nodeSideSum, restOfControlPlane} from './control-plane-rows.ts';
import {gatherAudit, type AuditGrounds} from './gather.ts';
import {kubeletAccess, kubeletCertificate} from './kubelet-rows.ts';
import {kubeletToApiserver, nodeProvisioning, podToApiserver} from './node-rows.ts';
import {checkRequire, type Require} from './require.ts';
import {crossingSum, konnectivityRow, sshTunnelRow} from './route-rows.ts';
import {streamRow} from './stream-rows.ts';

const titles: Record<RowId, readonly [title: string, page: string]> = {
	N1: ['kubelets to apiserver', docs.nodeToControlPlane],
	N2: ['joining nodes', docs.bootstrapping],
	N3: ['pods to apiserver', docs.serviceAccounts],
	N4: ['control plane components to apiserver', docs.nodeToControlPlane],
	N5: ['nodes to control plane, the sum', docs.nodeToControlPlane],
	N6: ['the rest of the control plane', docs.ports],
	C1: ['logs', docs.kubelet],
	C2: ['exec and attach', docs.kubelet],
	C3: ['port-forward', docs.kubelet],
	C4: ['kubelet certificate verified', docs.kubelet],
	C5: ['kubelet authentication and authorization', docs.kubeletAccess],
	C6: ['nodes through the proxy', docs.proxied],
	C7: ['pods through the proxy', docs.proxied],
	C8: ['services through the proxy', docs.proxied],
	C9: ['SSH tunnels', docs.ssh],
	C10: ['Konnectivity', docs.konnectivity],
	C11: ['control plane to nodes, the sum', docs.paths],
};

export type AuditOptions = {probe: 'passive' | 'active'; require: readonly Require[]; minBasis: 'proven' | 'inferred'; signal?: AbortSignal};

/** @throws SpokeError when no connection can be made, or the apiserver does not accept who we are */
export async function runAudit(cluster: ClusterAccess, options: AuditOptions): Promise<Audit> {
	const grounds = await gatherAudit(cluster, options);
	return auditOf(grounds, cluster, options);
}

/** Pure but for the clock. */
export function auditOf(grounds: AuditGrounds, {facts}: Pick<ClusterAccess, 'facts'>, {probe, require, minBasis}: AuditOptions): Audit {
	const numbered = numberEvidence();
	// All that was read came through leg 1: behind a gateway, or unverified, nothing of it is proven.
	const own = grounds.grounds('exec');
	const surest: Basis = frontIsSure(own) ? 'proven' : 'inferred';
	const toKnowFront = own.front.need ? [own.front.need] : [];
	const rows = rowFindings(grounds).map(({id, finding}): AuditRow => {
		const basis = weakest(finding.basis, surest);
		const {because, verdict, state, scope, exceptions, need, message, remedy} = finding;
		const [title, page] = titles[id];
		return {id, title, verdict, state, basis, scope, evidence: [...new Set(because.map(citation => numbered.idOf(citation)))], exceptions, need: distinct(basis === 'inferred' ? [...need, ...toKnowFront] : need), message, remedy, docs: page};
	});
	const summary: Record<RowVerdict, number> = {pass: 0, warn: 0, fail: 0, unknown: 0, 'not-applicable': 0};
	for (const {verdict} of rows) {
		summary[verdict]++;
	}

	const {nodes, examined} = grounds;
	const processes = everyProcess(grounds.grounds('exec'));
	const required = checkRequire(rows, require, minBasis);
	return {
		apiVersion: 'spoke/v1',
		kind: 'Audit',
		time: new Date().toISOString(),
		cluster: {context: facts.context, server: facts.server, version: examined.shared.version?.facts.gitVersion ?? null, sandbox: facts.sandbox},
		identity: grounds.whoAmI,
		replicas: {
			known: knownReplicas(grounds.grounds('exec')),
			read: processes.length,
			agree: agreement(grounds),
			knownFrom: examined.shared.replicas?.facts.knownFrom ?? 'unknown',
			processes: [{...examined.own, dialled: null}, ...examined.others].filter(({flags, process}) => flags ?? process).map(({process, flags, dialled}) => processOf(examined, process, flags, dialled)),
			unreached: examined.unreached,
		},
		nodes: {
			total: nodes.read?.facts.total ?? null,
			examined: nodes.read?.facts.examined.length ?? 0,
			chosen: nodes.read && nodes.read.facts.total > nodes.read.facts.examined.length ? 'sample' : 'all',
		},
		probe,
		rows,
		evidence: numbered.all(),
		summary,
		require: {asked: require.map(({asked}) => asked), minBasis, result: required.result, rows: required.rows},
		exitStatus: required.exitStatus,
	};
}

function rowFindings(audit: AuditGrounds): Array<{id: RowId; finding: RowFinding}> {
	const http = {scheme: 'http', port: null, portName: null, kubeletPort: false} as const;
	const findings: Partial<Record<RowId, RowFinding>> = {
		N1: kubeletToApiserver(audit),
		N2: nodeProvisioning(audit),
		N3: podToApiserver(audit),
		N4: componentsToApiserver(audit),
		N6: restOfControlPlane(audit),
		C1: streamRow(audit.each('logs')),
		C2: streamRow(audit.each('exec')),
		C3: streamRow(audit.each('port-forward')),
		C4: kubeletCertificate(audit),
		C5: kubeletAccess(audit),
		C6: streamRow(audit.each('node-proxy', http)),
		C7: streamRow(audit.each('pod-proxy', http)),
		C8: streamRow(audit.each('service-proxy', http)),
		C9: sshTunnelRow(audit),
		C10: konnectivityRow(audit),
	};
	const some = (...ids: readonly RowId[]) => ids.map(id => ({id, finding: findings[id]!}));
	findings.N5 = nodeSideSum(some('N1', 'N2', 'N3', 'N4'), audit);
	findings.C11 = crossingSum(some('C1', 'C2', 'C3', 'C6', 'C7', 'C8'));
	return rowIds.map(id => ({id, finding: findings[id]!}));
}

/** Its own address where that was dialled, or where our own server address is just that; else what stands before it. */
function processOf({connection}: Examined, process: MetProcess['process'], flags: MetProcess['flags'], dialled: string | null): Audit['replicas']['processes'][number] {
	const own = flags ? ownAddress(flags) : null;
	const isDirect = dialled !== null || (own !== null && own === connection.facts.remoteAddress);
	return {id: process?.facts.id ?? null, startTime: process?.facts.startTime ?? null, address: dialled ?? own ?? connection.facts.server, readOver: isDirect ? 'direct' : 'balancer'};
}

function agreement({grounds}: AuditGrounds): boolean | null {
	const processes = everyProcess(grounds('exec'));
	const differs = ['kubelet-certificate-authority', 'egress-selector-config-file'].some(name => new Set(processes.map(({facts}) => facts.values[name])).size > 1);
	return differs ? false : allRead(grounds('exec'), processes) ? true : null;
}

function distinct(need: AuditRow['need']): AuditRow['need'] {
	return [...new Map(need.map(one => [JSON.stringify(one), one])).values()];
}
