/** The cluster client of a command that opens streams. */
import type {ConnectionFlags} from '../command-line/connection-flags.ts';
import type {FlagValues} from '../command-line/flag-spec.ts';
import type {ClusterClient} from '../cluster/cluster-client.ts';
import type {PluginTerminal} from '../cluster/credentials/run-plugin.ts';
import {createClusterClient} from '../cluster/create-cluster-client.ts';
import {requireOnStreams} from '../evidence/require-connection.ts';
import {parsePathRequirements, type PathRequirement} from '../evidence/require-path.ts';
import {policyRequirements} from '../policies/load-policy.ts';
import type {requireFlags} from './stream-flags.ts';
import type {PathMode} from '../output/path-reporter.ts';

type StreamInvocation = {
	flags: ConnectionFlags & FlagValues<typeof requireFlags>;
	given: ReadonlySet<string>;
	env: NodeJS.ProcessEnv;
};

/**
A client whose streams meet the policy and the requirements of the command line, which can only tighten it.
@throws SpokeError as `createClusterClient`, ERR_POLICY, and ERR_USAGE for an invalid requirement
*/
export async function createStreamClient(
	{flags, given, env}: StreamInvocation,
	options: {terminal?: PluginTerminal} = {},
): Promise<ClusterClient> {
	const states = parsePathRequirements(flags.require, given);
	const cluster = await createClusterClient(flags, env, options);
	const required: PathRequirement[] = [
		...(await policyRequirements(env, cluster.facts)),
		...(states.length === 0 ? [] : [{states, minBasis: flags['min-basis'], undecided: 'refuse' as const, source: null}]),
	];
	if (required.length > 0) {
		requireOnStreams(cluster, required);
	}

	return cluster;
}

/** `-q` suppresses the path line, unless --path is given. */
export function pathMode({flags, given}: {flags: {quiet: boolean; path: PathMode}; given: ReadonlySet<string>}): PathMode {
	return flags.quiet && !given.has('path') ? 'never' : flags.path;
}
