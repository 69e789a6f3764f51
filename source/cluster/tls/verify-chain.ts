/** Chains to a trusted certificate as Go builds them. @see crypto/x509/verify.go */
import {formatRfc3339Seconds} from '../../text/format-time.ts';
import {policiesAreValid} from './chain-policies.ts';
import {signatureProblem} from './check-signature.ts';
import {constraintProblem} from './name-constraints.ts';
import type {ParsedCertificate} from './parse-certificate.ts';

export type CertificatePool = {
	withSubject(subject: Buffer): readonly ParsedCertificate[];
	has(certificate: ParsedCertificate): boolean;
};

export type ChainProblem = {kind: 'dates' | 'authority' | 'usage' | 'other'; text: string};

type Chain = readonly ParsedCertificate[];
type Outcome = {chains: readonly Chain[]; problem: ChainProblem | null};
type Search = {roots: CertificatePool; intermediates: CertificatePool; now: Date; signaturesChecked: number};
type Role = 'leaf' | 'intermediate' | 'root';

/** As in Go: limits the cost of crafted certificates. */
const maxSignatureChecks = 100;
const [serverAuth, anyUsage] = ['1.3.6.1.5.5.7.3.1', '2.5.29.37.0'];

/** Go checks this before the name. */
export function leafProblem(leaf: ParsedCertificate, now: Date): ChainProblem | null {
	return problemOf(leaf, 'leaf', [], now);
}

/** The valid chains, or why there is none. `leafProblem` must have returned `null`. */
export function verifyChain(leaf: ParsedCertificate, roots: CertificatePool, intermediates: CertificatePool, now: Date): Outcome {
	const search = {roots, intermediates, now, signaturesChecked: 0};
	const {chains: candidates, problem} = roots.has(leaf) ? {chains: [[leaf]], problem: null} : buildChains([leaf], search);
	if (problem) {
		return {chains: [], problem};
	}

	const refusals = candidates.map(chain => chainRefusal(chain));
	const chains = candidates.filter((_, index) => refusals[index] === null);
	return {chains, problem: chains.length > 0 ? null : allRefused(refusals.filter(refusal => refusal !== null))};
}

type Refusal = {because: 'policies' | 'usage'} | {because: 'names'; text: string};

function chainRefusal(chain: Chain): Refusal | null {
	if (!policiesAreValid(chain)) {
		return {because: 'policies'};
	}

	if (
		chain.some(
			({extendedKeyUsage}) => extendedKeyUsage.length > 0 && !extendedKeyUsage.includes(anyUsage) && !extendedKeyUsage.includes(serverAuth),
		)
	) {
		return {because: 'usage'};
	}

	const text = constraintProblem(chain);
	return text === null ? null : {because: 'names', text};
}

function allRefused(refusals: readonly Refusal[]): ChainProblem {
	const named = refusals.find(refusal => refusal.because === 'names');
	if (named) {
		return {kind: 'other', text: `x509: a root or intermediate certificate is not authorized to sign for this name: ${named.text}`};
	}

	const [usage, policies] = [
		refusals.filter(({because}) => because === 'usage').length,
		refusals.filter(({because}) => because === 'policies').length,
	];
	if (policies === 0) {
		return {kind: 'usage', text: 'x509: certificate specifies an incompatible key usage'};
	}

	const details = [
		...(usage > 0 ? [`${usage} candidate chains with incompatible key usage`] : []),
		`${policies} candidate chains with invalid policies`,
	];
	return {kind: 'other', text: `x509: no valid chains built: ${details.join(', ')}`};
}

function buildChains(chain: Chain, search: Search): Outcome {
	const child = chain.at(-1)!;
	const found: Chain[] = [];
	let problem: ChainProblem | null = null;
	let hint: {text: string; parent: ParsedCertificate} | null = null;
	const candidates = [
		...likeliestFirst(child, search.roots.withSubject(child.issuer)).map(parent => ({parent, role: 'root' as const})),
		...likeliestFirst(child, search.intermediates.withSubject(child.issuer)).map(parent => ({parent, role: 'intermediate' as const})),
	];
	for (const {parent, role} of candidates) {
		search.signaturesChecked++;
		if (search.signaturesChecked > maxSignatureChecks) {
			problem = {kind: 'other', text: 'x509: signature check attempts limit reached while verifying certificate chain'};
			break;
		}

		if (parent.key.kind === null || isInChain(parent, chain)) {
			continue;
		}

		const unsigned = signatureProblem(child, parent);
		if (unsigned !== null) {
			hint ??= {text: unsigned, parent};
			continue;
		}

		problem = problemOf(parent, role, chain, search.now);
		if (problem) {
			hint ??= {text: problem.text, parent};
		} else if (role === 'root') {
			found.push([...chain, parent]);
		} else {
			const above = buildChains([...chain, parent], search);
			problem = above.problem;
			found.push(...above.chains);
		}
	}

	return found.length > 0 ? {chains: found, problem: null} : {chains: [], problem: problem ?? unknownAuthority(hint)};
}

function unknownAuthority(hint: {text: string; parent: ParsedCertificate} | null): ChainProblem {
	const text = 'x509: certificate signed by unknown authority';
	if (hint === null) {
		return {kind: 'authority', text};
	}

	const {commonName, organization, serial} = hint.parent;
	const name = commonName || organization || `serial:${serial}`;
	return {
		kind: 'authority',
		text: `${text} (possibly because of ${JSON.stringify(hint.text)} while trying to verify candidate authority certificate ${JSON.stringify(name)})`,
	};
}

function likeliestFirst(child: ParsedCertificate, parents: readonly ParsedCertificate[]): readonly ParsedCertificate[] {
	const rank = ({subjectKeyId}: ParsedCertificate) => {
		const isOneMissing = (subjectKeyId.length === 0) !== (child.authorityKeyId.length === 0);
		return subjectKeyId.equals(child.authorityKeyId) ? 0 : isOneMissing ? 1 : 2;
	};

	return parents.toSorted((one, other) => rank(one) - rank(other));
}

/** Compares subject, key and alternative names, so that cross-signed CAs make no loop. */
function isInChain(candidate: ParsedCertificate, chain: Chain): boolean {
	for (const one of chain) {
		if (!one.subject.equals(candidate.subject) || !one.key.spki.equals(candidate.key.spki)) {
			continue;
		}

		const [names, others] = [one.subjectAltName, candidate.subjectAltName];
		if (names === null || others === null) {
			return names === others;
		}

		if (names.equals(others)) {
			return true;
		}
	}

	return false;
}

function problemOf(certificate: ParsedCertificate, role: Role, below: Chain, now: Date): ChainProblem | null {
	const {hasUnhandledCritical, notBefore, notAfter, basicConstraints} = certificate;
	if (hasUnhandledCritical) {
		return {kind: 'other', text: 'x509: unhandled critical extension'};
	}

	const expired = 'x509: certificate has expired or is not yet valid: current time';
	if (now < notBefore) {
		return {kind: 'dates', text: `${expired} ${formatRfc3339Seconds(now)} is before ${formatRfc3339Seconds(notBefore)}`};
	}

	if (now > notAfter) {
		return {kind: 'dates', text: `${expired} ${formatRfc3339Seconds(now)} is after ${formatRfc3339Seconds(notAfter)}`};
	}

	if (role === 'intermediate' && !basicConstraints?.isAuthority) {
		return {kind: 'other', text: 'x509: certificate is not authorized to sign other certificates'};
	}

	return basicConstraints && basicConstraints.maxPathLength >= 0 && below.length - 1 > basicConstraints.maxPathLength
		? {kind: 'other', text: 'x509: too many intermediates for path length constraint'}
		: null;
}
