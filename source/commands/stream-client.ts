/** A run of a command that opens streams: its client, the reports of its paths, its early connection and its status. */
import type {ConnectionFlags} from '../base/command-line/connection-flags.ts';
import type {FlagValues} from '../base/command-line/flag-spec.ts';
import type {ClusterClient} from '../cluster/cluster-client.ts';
import type {PluginTerminal} from '../cluster/credentials/run-plugin.ts';
import {createClusterClient} from '../cluster/create-cluster-client.ts';
import {requireOnStreams} from '../evidence/require-connection.ts';
import {parsePathRequirements, type PathRequirement} from '../evidence/require-path.ts';
import {policyRequirements} from '../evidence/policies/load-policy.ts';
import type {requireFlags} from './stream-flags.ts';
import type {TextStream} from '../report/output/output-writer.ts';
import {reportPaths, type PathMode} from '../report/output/path-reporter.ts';
import type {Path} from '../evidence/evidence.ts';
import {exitStatusForSignal} from '../base/errors/exit-status.ts';
import type {ConnectionObserver} from '../streams/connection-observer.ts';
import {preconnect, type Preconnection, type SpeculativeRequest} from '../streams/preconnect.ts';
import {parseRequestTimeout} from '../cluster/access-settings.ts';

type StreamInvocation = {
	flags: ConnectionFlags & FlagValues<typeof requireFlags>;
	given: ReadonlySet<string>;
	env: NodeJS.ProcessEnv;
};

type RunInvocation = StreamInvocation & {flags: {path: PathMode; quiet?: boolean}; interrupted: AbortSignal};

type RunOptions = {
	stderr: TextStream;
	/** Receives each path as an object, whatever `--path` says. */
	onPath?: ((path: Path) => void) | undefined;
	/** Whether equal paths of several pods become one line. */
	joins?: boolean;
	/** Called before the early connection, with which its result is sent. */
	prepare?: (client: ClusterClient) => Promise<SpeculativeRequest | undefined>;
};

/** What opens streams, and what it reports their connections to. */
export type StreamRun = {cluster: ClusterClient; observer: ConnectionObserver | undefined};

/** 30 s for the apiserver's connection to the backend, and 90 s for the response. */
const defaultTimeoutMs = 120_000;

/**
Ends client, early connection and reports with `work`. `-q` suppresses the path line, unless --path is given.
@returns the status of `work`, or of the signal that interrupted it
@throws SpokeError as `createStreamClient`, or of `work`
*/
export async function runStreams(
	invocation: RunInvocation,
	{stderr, onPath, joins, prepare}: RunOptions,
	work: (run: StreamRun) => Promise<number>,
): Promise<number> {
	const {flags, given, interrupted} = invocation;
	const client = await createStreamClient(invocation);
	const paths = reportPaths(client, {mode: flags.quiet && !given.has('path') ? 'never' : flags.path, stderr, onPath, joins});
	const {observer} = paths;
	let early: Preconnection | undefined;
	try {
		const speculative = prepare && (await prepare(client));
		early = preconnect(client, {signal: interrupted, observer, speculative});
		return await work({cluster: early.cluster, observer});
	} catch (error) {
		if (interrupted.aborted) {
			return exitStatusForSignal(interrupted.reason);
		}

		throw error;
	} finally {
		early?.close();
		await paths.finished();
		client.close();
	}
}

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

/** `text`: the value of `--request-timeout`, in seconds or with a unit. 0 means the default. */
export function parseResponseTimeout(text: string): number {
	return parseRequestTimeout(text) || defaultTimeoutMs;
}
