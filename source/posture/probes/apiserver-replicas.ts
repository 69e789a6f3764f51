/** How many apiservers does the cluster have? (identity leases, else the endpoints of the `kubernetes` service) */
import type {Outcome, ReplicaFacts} from '../evidence.ts';
import {needEndpointSlices, needLeases} from '../rules/needs.ts';
import {ask, parsed, type Asked} from './ask.ts';

/** Each apiserver keeps a lease of an hour; one that is gone is deleted by the others after it has run out. KEP-1965. */
const leasePath = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases?labelSelector=apiserver.kubernetes.io%2Fidentity%3Dkube-apiserver&limit=500';
const slicePath = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dkubernetes&limit=500';

type Lease = {spec?: {renewTime?: unknown; leaseDurationSeconds?: unknown}};
type Slice = {endpoints?: ReadonlyArray<{addresses?: readonly string[]; conditions?: {ready?: boolean}}> | null; ports?: ReadonlyArray<{port?: number}> | null};

export async function readReplicas(cluster: Asked, {timeoutMs = 5000}: {timeoutMs?: number} = {}): Promise<Outcome<ReplicaFacts>> {
	const leases = await ask(cluster, {source: 'lease', path: leasePath, need: needLeases, timeoutMs}, body => {
		const known = (parsed<{items?: Lease[]}>(body)?.items ?? []).filter(lease => isCurrent(lease)).length;
		return known > 0 ? known : undefined;
	});
	const slices = await ask(cluster, {source: 'endpoints', path: slicePath, need: needEndpointSlices, timeoutMs}, body => {
		const addresses = (parsed<{items?: Slice[]}>(body)?.items ?? []).flatMap(slice =>
			(slice.endpoints ?? []).flatMap(endpoint => (endpoint.addresses ?? []).map(address => `${address}:${slice.ports?.[0]?.port ?? 443}`)));
		return addresses.length > 0 ? addresses : undefined;
	});
	const addresses = slices.read?.facts ?? null;
	if (leases.read) {
		// Apiservers that share a host name share a lease, and one that does not register itself has no endpoint: the larger number counts.
		return {read: {...leases.read, facts: {known: Math.max(leases.read.facts, addresses?.length ?? 0), knownFrom: 'lease', addresses}}};
	}

	return slices.read ? {read: {...slices.read, facts: {known: slices.read.facts.length, knownFrom: 'endpointslice', addresses}}} : {closed: leases.closed};
}

/** Renewed within twice its own duration. */
function isCurrent({spec}: Lease): boolean {
	const renewed = Date.parse(String(spec?.renewTime));
	const seconds = Number(spec?.leaseDurationSeconds ?? 3600);
	return Number.isFinite(renewed) && Date.now() - renewed < 2000 * seconds;
}
