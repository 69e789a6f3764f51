/** `spoke policy`. */
import {createClusterClient} from '../../cluster/create-cluster-client.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {formatProblem} from '../../base/errors/spoke-error.ts';
import {exitStatus} from '../../base/errors/exit-status.ts';
import type {Path} from '../../evidence/evidence.ts';
import {pathToAnyKubelet} from '../../evidence/require-connection.ts';
import {evaluateRequirement, requirementNames, type PathRequirement} from '../../evidence/require-path.ts';
import {loadPolicy, policyPath, readPolicy} from '../../evidence/policies/load-policy.ts';
import {clusterFingerprints, clusterServers, requirementsFor} from '../../evidence/policies/policy.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import type {Command} from '../command.ts';
import {policySpec} from './spec.ts';
import {assertUsage} from '../usage.ts';

export const command: Command<typeof policySpec.flags> = {
	spec: policySpec,
	async run({flags, positionals, stdout, stderr, env, interrupted}) {
		assertUsage(positionals.length === 0, `expected no argument, got ${positionals.join(' ')}`);
		const print = (line: string) => {
			stdout.write(`${sanitizeLine(line)}\n`);
		};

		const policy = flags.check ? await readPolicy(env) : await loadPolicy(env);
		const problems = policy?.problems ?? [];
		for (const problem of problems) {
			stderr.write(`${sanitizeLine(formatProblem(problem))}\n`);
		}

		if (problems.length > 0) {
			return exitStatus.configuration;
		}

		print(policy === null ? `no policy: ${policyPath(env)} does not exist` : `policy ${policy.file}: no problems`);
		const cluster = await createClusterClient(flags, env);
		try {
			const required = policy === null ? [] : requirementsFor(policy, cluster.facts);
			for (const line of describeCluster(cluster, required)) {
				print(line);
			}

			if (!flags.check) {
				return exitStatus.ok;
			}

			const path = await pathToAnyKubelet(cluster, interrupted);
			for (const line of [...describeProvable(path), ...required.map(one => describeResult(path, one))]) {
				print(line);
			}

			return statusOf(path, required);
		} finally {
			cluster.close();
		}
	},
};

function describeCluster({facts}: ClusterClient, required: readonly PathRequirement[]): string[] {
	const fingerprints = clusterFingerprints(facts);
	return [
		`context: ${facts.context ?? 'none'}`,
		...clusterServers(facts).map(server => `server: ${server}`),
		...(fingerprints.length === 0 ? ['ca: none in the kubeconfig'] : fingerprints.map(one => `ca: ${one}`)),
		...(required.length === 0 ? ['required: nothing'] : required.map(one => `required: ${describeRequirement(one)}`)),
	];
}

/** What this user can know of leg 2 on this cluster, and what each `minBasis` makes of it. */
function describeProvable(path: Path): string[] {
	const {state, basis, need} = path.legs[1]!.tls;
	const known =
		state === 'unknown'
			? 'you cannot tell whether the apiserver verifies kubelets'
			: basis === 'proven'
				? `you can prove that leg 2 is ${state}`
				: `you cannot prove that leg 2 is ${state}, only infer it`;
	const permissions = need.flatMap(({permission}) => permission ?? []);
	const gateway = path.findings.find(({code}) => code === 'GATEWAY_IN_FRONT' || code === 'FRONT_NOT_KNOWN');
	return [
		[
			known,
			...(gateway === undefined ? [] : [gateway.message]),
			...(permissions.length === 0 ? [] : [`needs ${permissions.join(' or ')}`]),
		].join('; '),
		...(['proven', 'inferred'] as const).map(
			minBasis =>
				`with minBasis ${minBasis}: ${requirementNames.map(state => `${state} ${resultName(path, {states: [state], minBasis})}`).join(', ')}`,
		),
	];
}

/** As that of a stream: what is undecided fails only where it opens none. */
function statusOf(path: Path, required: readonly PathRequirement[]): number {
	const results = required.map(one => ({result: evaluateRequirement(path, one), opens: one.undecided === 'allow'}));
	if (results.some(({result}) => result === 'not-met')) {
		return exitStatus.requireNotMet;
	}

	return results.some(({result, opens}) => result === 'undecided' && !opens) ? exitStatus.requireUndecided : exitStatus.ok;
}

function describeResult(path: Path, requirement: PathRequirement): string {
	const result = resultName(path, requirement);
	const allows = result === 'undecided' && requirement.undecided === 'allow' ? '; refuses no stream (undecided: allow)' : '';
	return `${requirement.states.join(', ')} (${requirement.source ?? 'command line'}): ${result}${allows}`;
}

function resultName(path: Path, requirement: Pick<PathRequirement, 'states' | 'minBasis'>): string {
	const result = evaluateRequirement(path, requirement);
	return result === 'not-met' ? 'not met' : result;
}

function describeRequirement({states, minBasis, undecided, source}: PathRequirement): string {
	return `${states.join(', ')}, at least ${minBasis}${undecided === 'allow' ? '; undecided streams open' : ''} (${source ?? 'command line'})`;
}
