/** Which authority does the cluster give its own pods? (the ConfigMap `kube-root-ca.crt` of any namespace) */
import {X509Certificate} from 'node:crypto';
import {distinguishedName, spkiSha256} from '../../cluster/tls/peer-facts.ts';
import type {Outcome} from '../evidence.ts';
import {needRootCa} from '../rules/needs.ts';
import {ask, parsed, type Asked} from './ask.ts';

export type AuthorityFacts = {spkiSha256: readonly string[]; subjects: readonly string[]};

export async function readClusterAuthority(cluster: Asked, namespace: string, {timeoutMs = 5000}: {timeoutMs?: number} = {}): Promise<Outcome<AuthorityFacts>> {
	const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/kube-root-ca.crt`;
	return ask(cluster, {source: 'ca-comparison', path, need: needRootCa, timeoutMs}, body => {
		const pem = parsed<{data?: Record<string, unknown>}>(body)?.data?.['ca.crt'];
		return typeof pem === 'string' ? authorityFacts(pem) : undefined;
	});
}

/** The public keys and names of a PEM bundle. An entry that is no certificate is left out, and of one whose key cannot be decoded the key. */
export function authorityFacts(pem: string): AuthorityFacts {
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

/** None for a key of a kind that OpenSSL does not know. */
function keyHash(certificate: X509Certificate): readonly string[] {
	try {
		return [spkiSha256(certificate)];
	} catch {
		return [];
	}
}
