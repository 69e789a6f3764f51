/** How spoke speaks TLS, and what OpenSSL has judged in this process. */
import {constants, type X509Certificate} from 'node:crypto';
import {createSecureContext, type SecureContext} from 'node:tls';
import {type ClientCertificate, validateCertificatePair} from './client-certificate.ts';
import type {Trust} from './trust.ts';

type Known = {
	/** Fingerprints of the chains that OpenSSL has verified in this process. */
	verified: Set<string>;
	/** PEM of the certificates between a trusted one and a chain that OpenSSL has followed to another root. */
	crossSigned: readonly string[];
	/** Weak, so that a renewed key is not retained. */
	contexts: WeakMap<ClientCertificate | typeof noClient, SecureContext>;
};

const noClient = {};
const noTrust: Trust = {from: 'kubeconfig-ca', pem: []};
const known = new WeakMap<Trust, Known>();

function knownOf(trust: Trust): Known {
	const found = known.get(trust) ?? {verified: new Set(), crossSigned: [], contexts: new WeakMap()};
	known.set(trust, found);
	return found;
}

/** Trusts nobody if `trust` is `null`. @throws SpokeError ERR_CLIENT_CERTIFICATE */
export function secureContextFor(trust: Trust | null, client: ClientCertificate | null): SecureContext {
	const {contexts, crossSigned} = knownOf(trust ?? noTrust);
	const context = contexts.get(client ?? noClient) ?? newContext(trust ?? noTrust, crossSigned, client);
	contexts.set(client ?? noClient, context);
	return context;
}

/** Has the fingerprints of the chains, leaf first. */
export function verifiedChains(trust: Trust): Set<string> {
	return knownOf(trust).verified;
}

/**
A server that renews its root sends the new one self-signed, and signed by the old one, too, as `k3s certificate rotate-ca` makes them.
OpenSSL takes the first that fits, but those of its own store before it. Without partial chains that store trusts only roots: OpenSSL still
judges every link.
@returns whether there are any, for the next connection
*/
export function preferCrossSigned(trust: Trust, chain: readonly X509Certificate[]): boolean {
	const crossSigned = chain.slice(1).filter(one => one.subject !== one.issuer);
	known.set(trust, {...knownOf(trust), crossSigned: crossSigned.map(one => one.toString()), contexts: new WeakMap()});
	return crossSigned.length > 0;
}

function newContext({pem}: Trust, crossSigned: readonly string[], client: ClientCertificate | null): SecureContext {
	try {
		return createSecureContext({
			ca: [...pem, ...crossSigned],
			// As Go: a trusted certificate need not be a root.
			allowPartialTrustChain: crossSigned.length === 0,
			...(client && {cert: client.certificate, key: client.key}),
			minVersion: 'TLSv1.2',
			ciphers,
			secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
		});
	} catch (error) {
		if (client) {
			// OpenSSL has rejected the pair; this finds the reason.
			validateCertificatePair(client.certificate, client.key);
		}

		throw error;
	}
}

/** Those of Go's crypto/tls (1.26), at OpenSSL's level 1: RSA keys of 1024 bits, no SHA-1 signatures. */
const ciphers = [
	...['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
	...['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305', 'AES128-SHA', 'AES256-SHA'].flatMap(suite => [
		`ECDHE-ECDSA-${suite}`,
		`ECDHE-RSA-${suite}`,
	]),
	'@SECLEVEL=1',
].join(':');
