/** `spoke policy`. */
import {createClusterClient} from '../../cluster/create-cluster-client.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {formatProblem} from '../../command-line/settings-problem.ts';
import {exitStatus} from '../../errors/exit-status.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import type {Path} from '../../evidence/evidence.ts';
import {pathToAnyKubelet} from '../../evidence/require-connection.ts';
import {evaluateRequirement, requirementNames, type PathRequirement} from '../../evidence/require-path.ts';
import {loadPolicy, policyPath, readPolicy} from '../../policies/load-policy.ts';
import {caFingerprints, requirementsFor} from '../../policies/policy.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import type {Command} from '../command.ts';
import {policySpec} from './spec.ts';

export const command: Command<typeof policySpec.flags> = {
	spec: policySpec,
	async run({flags, positionals, stdout, stderr, env, interrupted}) {
		if (positionals.length > 0) {
			throw new SpokeError('ERR_USAGE', `expected no argument, got ${positionals.join(' ')}`);
		}

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

		print(policy === null ? describeNoPolicy(policyPath(env)) : `policy ${policy.file}: no problems`);
		const cluster = await createClusterClient(flags, env);
		try {
			const required = policy === null ? [] : requirementsFor(policy, cluster.facts);
			for (const line of describeCluster(cluster, required)) {
				print(line);
			}

			if (flags.check) {
				const path = await pathToAnyKubelet(cluster, interrupted);
				for (const line of [describeProvable(path), ...required.map(one => describeResult(path, one))]) {
					print(line);
				}
			}

			return exitStatus.ok;
		} finally {
			cluster.close();
		}
	},
};

function describeNoPolicy(file: string | null): string {
	return file === null ? 'no policy: HOME is not set' : `no policy: ${file} does not exist`;
}

function describeCluster({facts: {context, server, certificateAuthority}}: ClusterClient, required: readonly PathRequirement[]): string[] {
	const fingerprints = caFingerprints(certificateAuthority);
	return [
		`context: ${context ?? 'none'}`,
		`server: ${server}`,
		...(fingerprints.length === 0 ? ['ca: none in the kubeconfig'] : fingerprints.map(one => `ca: ${one}`)),
		...(required.length === 0 ? ['required: nothing'] : required.map(one => `required: ${describeRequirement(one)}`)),
	];
}

function describeRequirement({states, minBasis, undecided, source}: PathRequirement): string {
	return `${states.join(', ')}, at least ${minBasis}${undecided === 'allow' ? '; undecided streams open' : ''} (${source ?? 'command line'})`;
}

/** What `minBasis: proven` can mean for this user on this cluster. */
function describeProvable(path: Path): string {
	const {tls} = path.legs[1]!;
	const results = requirementNames.map(
		state => `${state} ${resultName(path, {states: [state], minBasis: 'inferred', undecided: 'refuse'})}`,
	);
	const permissions = tls.need.flatMap(({permission}) => permission ?? []);
	const need = permissions.length === 0 ? '' : `; needs ${permissions.join(' or ')}`;
	const gateway = path.findings.find(({code}) => code === 'GATEWAY_IN_FRONT' || code === 'FRONT_NOT_KNOWN');
	const reason = gateway === undefined ? '' : `; ${gateway.message}`;
	return `you can prove for leg 2: ${tls.state}${tls.state === 'unknown' ? '' : ` (at most ${tls.basis})`}${need}${reason}. With minBasis inferred: ${results.join(', ')}`;
}

function describeResult(path: Path, requirement: PathRequirement): string {
	return `${requirement.states.join(', ')} (${requirement.source ?? 'command line'}): ${resultName(path, requirement)}`;
}

function resultName(path: Path, requirement: Omit<PathRequirement, 'source'>): string {
	const result = evaluateRequirement(path, requirement);
	return result === 'not-met' ? 'not met' : result;
}
