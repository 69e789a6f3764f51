/** What objects say of the cluster's apiservers: their number, addresses and CA (ConfigMap `kube-root-ca.crt`). */
import {X509Certificate} from 'node:crypto';
import type {CheckedObject} from '../../cluster/object-shapes.ts';
import {joinHostPort} from '../../cluster/transport/server-url.ts';
import type {ProbeResult, ReplicaFacts, CaFacts} from '../evidence.ts';
import {needEndpointSlices, needLeases, needRootCa} from '../rules/needs.ts';
import {hostOf} from '../rules/replicas.ts';
import {probeTimeoutMs, sendProbe, parseWholeList, serverNow, type Requester, tryParseJson} from './probe-request.ts';
import {distinguishedName, spkiSha256} from '../../cluster/tls/trust.ts';

/** Each apiserver keeps a lease of an hour; an expired lease is deleted by the others. KEP-1965. */
const leasePath =
	'/apis/coordination.k8s.io/v1/namespaces/kube-system/leases?labelSelector=apiserver.kubernetes.io%2Fidentity%3Dkube-apiserver&limit=500';
const slicePath =
	'/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dkubernetes&limit=500';

type Lease = CheckedObject<'leases'>;

export async function readReplicas(cluster: Requester, timeoutMs = probeTimeoutMs): Promise<ProbeResult<ReplicaFacts>> {
	const leasesAsked = sendProbe(cluster, {source: 'lease', path: leasePath, need: needLeases, timeoutMs}, (body, response) => {
		const current = parseWholeList<Lease>(body, leasePath).filter(lease => isCurrent(lease, serverNow(response)));
		return current.length > 0
			? current.map(lease => ({address: peerAddress(lease), madeAt: lease.metadata.creationTimestamp ?? null}))
			: undefined;
	});
	const slicesAsked = sendProbe(cluster, {source: 'endpoints', path: slicePath, need: needEndpointSlices, timeoutMs}, body => {
		const addresses = addressesIn(body);
		return addresses && addresses.length > 0 ? addresses : undefined;
	});
	const [leases, slices] = await Promise.all([leasesAsked, slicesAsked]);
	if (!leases.observation && !slices.observation) {
		return {unavailable: leases.unavailable};
	}

	// Apiservers with one host name share a lease, and one that does not register itself has no endpoint, so use the larger number.
	const all = [
		...new Set([...(slices.observation?.facts ?? []), ...(leases.observation?.facts ?? []).flatMap(({address}) => address ?? [])]),
	];
	return {
		observation: {
			...(leases.observation ?? slices.observation!),
			facts: {
				known: Math.max(leases.observation?.facts.length ?? 0, all.length),
				knownFrom: leases.observation ? 'lease' : 'endpointslice',
				leases: leases.observation?.facts ?? null,
				addresses: all.length > 0 ? all : null,
			},
		},
	};
}

/**
An apiserver in k3s registers the port of k3s's own server as its endpoint, and its own port, on loopback, in its lease. Counts the two as
one, if each is the only one of its host. In an upstream cluster they would be two apiservers.
*/
export function mergeSupervisorAddresses(facts: ReplicaFacts, gitVersion: string | null): ReplicaFacts {
	const {leases, addresses} = facts;
	if (leases === null || addresses === null || gitVersion === null || !/\+k3s\d/.test(gitVersion)) {
		return facts;
	}

	const leased = leases.flatMap(({address}) => address ?? []);
	const endpoints = addresses.filter(address => !leased.includes(address));
	const ofHost = (all: readonly string[], address: string) => all.filter(one => hostOf(one) === hostOf(address));
	const merged = leases.map(lease => {
		const own = lease.address === null || ofHost(leased, lease.address).length > 1 ? [] : ofHost(endpoints, lease.address);
		return own.length === 1 ? {...lease, address: own[0]!} : lease;
	});
	const all = [...new Set([...endpoints, ...merged.flatMap(({address}) => address ?? [])])];
	return {...facts, leases: merged, addresses: all, known: Math.max(leases.length, all.length)};
}

/** `ip:port` of all endpoints. @throws Error for any other body, or a part of the list */
export function addressesIn(body: string): readonly string[] {
	return parseWholeList<CheckedObject<'endpointslices'>>(body, slicePath).flatMap(({endpoints, ports}) =>
		(endpoints ?? []).flatMap(({addresses = []}) => addresses.map(address => joinHostPort(address, ports?.[0]?.port ?? 443))),
	);
}

/** Where other apiservers reach the holder; since 1.36 by default. @see pkg/controlplane/apiserver/server.go labelAPIServerHeartbeatFunc */
function peerAddress({metadata}: Lease): string | null {
	const address = metadata.annotations?.['kubernetes.io/peer-advertise-address'];
	return address !== undefined && /^(\d+\.\d+\.\d+\.\d+|\[[\da-f:.]+\]):\d+$/i.test(address) ? address : null;
}

function isCurrent({spec}: Lease, now: number): boolean {
	const renewed = Date.parse(spec?.renewTime ?? '');
	return Number.isFinite(renewed) && now - renewed < 2000 * (spec?.leaseDurationSeconds ?? 3600);
}

export async function readClusterCa(cluster: Requester, namespace: string, timeoutMs: number): Promise<ProbeResult<CaFacts>> {
	const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/kube-root-ca.crt`;
	return sendProbe(cluster, {source: 'ca-comparison', path, need: needRootCa, timeoutMs}, body => {
		const pem = tryParseJson<{data?: Record<string, unknown>}>(body)?.data?.['ca.crt'];
		return typeof pem === 'string' ? parseCaBundle(pem) : undefined;
	});
}

export function parseCaBundle(pem: string): CaFacts {
	const certificates = (pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []).flatMap(text => {
		try {
			return [new X509Certificate(text)];
		} catch {
			return [];
		}
	});
	return {
		spkiSha256: certificates.flatMap(certificate => keyHash(certificate)),
		subjects: certificates.map(certificate => distinguishedName(certificate.subject)),
	};
}

function keyHash(certificate: X509Certificate): readonly string[] {
	try {
		return [spkiSha256(certificate)];
	} catch {
		return [];
	}
}
