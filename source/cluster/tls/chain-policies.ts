/**
Certificate policies along a chain (RFC 5280 section 6.1 with RFC 9618), for a caller that accepts any policy.
@see crypto/x509/verify.go policiesValid
*/
import type {ParsedCertificate} from './parse-certificate.ts';
import {anyPolicy} from './parse-extensions.ts';

type Node = {policy: string; expected: readonly string[]; parents: Set<Node>; children: Set<Node>};
type Stratum = Map<string, Node>;

class PolicyGraph {
	readonly #strata: Stratum[] = [new Map([[anyPolicy, nodeOf(anyPolicy, [])]])];

	get leaves(): Stratum {
		return this.#strata.at(-1)!;
	}

	descend(policies: readonly string[], mayBeAny: boolean): void {
		const parents = this.leaves;
		const stratum: Stratum = new Map();
		this.#strata.push(stratum);
		for (const policy of policies.filter(one => one !== anyPolicy)) {
			const expecting = [...parents.values()].filter(({expected}) => expected.includes(policy));
			const any = parents.get(anyPolicy);
			const above = expecting.length > 0 ? expecting : any ? [any] : [];
			if (above.length > 0) {
				stratum.set(policy, nodeOf(policy, above));
			}
		}

		if (policies.includes(anyPolicy) && mayBeAny) {
			const missing = Map.groupBy(
				[...parents.values()]
					.flatMap(parent => parent.expected.map(expected => ({expected, parent})))
					.filter(({expected}) => !stratum.has(expected)),
				({expected}) => expected,
			);
			for (const [policy, pairs] of missing) {
				stratum.set(
					policy,
					nodeOf(
						policy,
						pairs.map(({parent}) => parent),
					),
				);
			}
		}

		this.prune();
	}

	delete(policy: string): void {
		const node = this.leaves.get(policy);
		if (node) {
			removeFrom(this.leaves, node);
		}
	}

	prune(): void {
		for (const stratum of this.#strata.slice(1, -1).toReversed()) {
			for (const node of [...stratum.values()].filter(({children}) => children.size === 0)) {
				removeFrom(stratum, node);
			}
		}
	}

	map(issuer: string, subjects: readonly string[]): void {
		const node = this.leaves.get(issuer);
		const any = this.leaves.get(anyPolicy);
		if (node) {
			node.expected = subjects;
		} else if (any) {
			const added = nodeOf(issuer, [any]);
			added.expected = subjects;
			this.leaves.set(issuer, added);
		}
	}

	hasValidPolicy(): boolean {
		const nodes = this.#strata.flatMap(stratum => [...stratum.values()]);
		return (
			this.leaves.has(anyPolicy) ||
			nodes.some(({policy, parents}) => policy !== anyPolicy && parents.size === 1 && [...parents][0]!.policy === anyPolicy)
		);
	}
}

function nodeOf(policy: string, parents: readonly Node[]): Node {
	const node: Node = {policy, expected: [policy], parents: new Set(parents), children: new Set()};
	for (const parent of parents) {
		parent.children.add(node);
	}

	return node;
}

function removeFrom(stratum: Stratum, node: Node): void {
	for (const parent of node.parents) {
		parent.children.delete(node);
	}

	for (const child of node.children) {
		child.parents.delete(node);
	}

	stratum.delete(node.policy);
}

/** False if a certificate demands an explicit policy and there is none. `chain` is leaf first. */
export function policiesAreValid(chain: readonly ParsedCertificate[]): boolean {
	const count = chain.length - 1;
	if (count === 0) {
		return true;
	}

	let graph: PolicyGraph | null = new PolicyGraph();
	const remaining = {anyPolicy: count + 1, explicit: count + 1, mapping: count + 1};
	for (let index = count - 1; index >= 0; index--) {
		const certificate = chain[index]!;
		const isSelfIssued = certificate.issuer.equals(certificate.subject);
		graph = certificate.policies.length === 0 ? null : graph;
		if (remaining.explicit === 0 && graph === null) {
			return false;
		}

		graph?.descend(certificate.policies, remaining.anyPolicy > 0 || (index > 0 && isSelfIssued));
		if (index > 0) {
			if (graph && !mapPolicies(graph, certificate, remaining.mapping > 0)) {
				return false;
			}

			const step = isSelfIssued ? 0 : 1;
			remaining.explicit = lower(remaining.explicit - step, certificate.requireExplicitPolicy);
			remaining.mapping = lower(remaining.mapping - step, certificate.inhibitPolicyMapping);
			remaining.anyPolicy = lower(remaining.anyPolicy - step, certificate.inhibitAnyPolicy);
		}
	}

	// As in Go, the leaf also lowers the counter, and a leaf with requireExplicitPolicy 0 demands a policy itself.
	const isExplicit = remaining.explicit <= 1 || chain[0]!.requireExplicitPolicy === 0;
	return !isExplicit || (graph?.hasValidPolicy() ?? false);
}

function lower(remaining: number, limit: number | null): number {
	return Math.min(Math.max(0, remaining), limit === null || limit < 0 ? Infinity : limit);
}

/** False for a mapping from or to anyPolicy, which is invalid. */
function mapPolicies(graph: PolicyGraph, {policyMappings}: ParsedCertificate, isAllowed: boolean): boolean {
	if (!isAllowed) {
		for (const {issuer} of policyMappings) {
			graph.delete(issuer);
		}
	} else if (policyMappings.some(({issuer, subject}) => issuer === anyPolicy || subject === anyPolicy)) {
		return false;
	}

	if (policyMappings.length > 0) {
		graph.prune();
	}

	for (const [issuer, pairs] of isAllowed ? Map.groupBy(policyMappings, ({issuer}) => issuer) : []) {
		graph.map(
			issuer,
			pairs.map(({subject}) => subject),
		);
	}

	return true;
}
