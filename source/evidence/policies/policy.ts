/** A policy: what the paths of streams must be, by cluster. */
import {X509Certificate} from 'node:crypto';
import type {ClusterInfo} from '../../cluster/cluster-client.ts';
import type {PathRequirement} from '../require-path.ts';

export type PolicyEntry = {
	/** `null`: every cluster. */
	cluster: PolicyCluster | null;
	requirement: PathRequirement;
};

/** At least a server or a CA; a context has no meaning beyond its kubeconfig. */
export type PolicyCluster = {
	server: string | null;
	/** SHA-256 of a CA certificate, in lowercase hex. */
	ca: string | null;
	context: string | null;
};

export type Policy = {file: string; entries: readonly PolicyEntry[]};

/** The requirements of every entry that names the cluster. All of them hold, so that one more entry can only tighten. */
export function requirementsFor({entries}: Policy, cluster: ClusterInfo): readonly PathRequirement[] {
	const hasCa = entries.some(entry => (entry.cluster?.ca ?? null) !== null);
	const servers = clusterServers(cluster).map(normalizeServer);
	const fingerprints = hasCa ? clusterFingerprints(cluster) : [];
	/** One match is enough, so that renaming a context or changing an address does not avoid the policy. */
	const names = ({server, ca, context}: PolicyCluster) =>
		(server !== null && servers.includes(normalizeServer(server))) ||
		(ca !== null && fingerprints.includes(ca)) ||
		(context !== null && context === cluster.context);
	return entries.filter(entry => entry.cluster === null || names(entry.cluster)).map(({requirement}) => requirement);
}

/** Also of the kubeconfig if a flag overrides it, so that no flag avoids the policy. */
export function clusterServers({server, configured}: ClusterInfo): readonly string[] {
	return [...new Set(configured.server === null ? [server] : [server, configured.server])];
}

/** As `clusterServers`, of the CA certificates. */
export function clusterFingerprints({certificateAuthority, configured}: ClusterInfo): readonly string[] {
	return [...new Set([certificateAuthority, configured.certificateAuthority].flatMap(caFingerprints))];
}

/**
Scheme, host, port and path, so that `https://API.example/` is `https://api.example:443`. `null` if it is no URL.
A `host:port` is `http`, as in a kubeconfig.
*/
export function normalizeServer(server: string): string | null {
	try {
		const {origin, pathname} = new URL(server.includes('://') ? server : `http://${server}`);
		return `${origin}${pathname.replace(/\/+$/, '')}`;
	} catch {
		return null;
	}
}

/** As `openssl x509 -fingerprint -sha256` prints them, in lowercase and without colons. */
function caFingerprints(pem: string | null): readonly string[] {
	return (pem?.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []).flatMap(text => {
		try {
			return [parseFingerprint(new X509Certificate(text).fingerprint256)];
		} catch {
			return [];
		}
	});
}

export function parseFingerprint(text: string): string {
	return text.replaceAll(':', '').toLowerCase();
}
