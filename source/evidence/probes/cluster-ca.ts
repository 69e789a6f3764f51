/** The CA that the cluster gives its pods (ConfigMap `kube-root-ca.crt`). */
import {X509Certificate} from 'node:crypto';
import {distinguishedName, spkiSha256} from '../../cluster/tls/peer-facts.ts';
import type {CaFacts, ProbeResult} from '../evidence.ts';
import {needRootCa} from '../rules/needs.ts';
import {probeTimeoutMs, sendProbe, tryParseJson, type Requester} from './probe-request.ts';

export async function readClusterCa(
	cluster: Requester,
	namespace: string,
	{timeoutMs = probeTimeoutMs}: {timeoutMs?: number} = {},
): Promise<ProbeResult<CaFacts>> {
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
