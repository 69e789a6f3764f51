/** `spoke path`. */
import {withAbortSignal} from '../../cluster/with-abort-signal.ts';
import {createClusterClient} from '../../cluster/create-cluster-client.ts';
import {areSeveral, chooseContexts} from '../../cluster/kubeconfig/choose-contexts.ts';
import type {ConnectionFlags} from '../../command-line/connection-flags.ts';
import {SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import {exitStatus} from '../../errors/exit-status.ts';
import {jsonLine} from '../../output/json-line.ts';
import {noticeLine, type TextStream} from '../../output/notice-line.ts';
import {pathReport} from '../../output/path-report.ts';
import type {Path, StreamFeature} from '../../evidence/evidence.ts';
import {findPaths} from '../../evidence/find-paths.ts';
import {assertPathsMeet, parsePathRequirements, type PathRequirement} from '../../evidence/require-path.ts';
import {streamFeatures} from '../../streams/connection-observer.ts';
import {toTerminalCharset} from '../../text/terminal-charset.ts';
import type {Command, Invocation} from '../command.ts';
import {oneTarget} from '../one-target.ts';
import {combineStatuses, contextErrorLine, prefixWithContext, runInContexts, writeContextError} from '../several-contexts.ts';
import {pathSpec} from './spec.ts';

export const command: Command<typeof pathSpec.flags> = {
	spec: pathSpec,
	async run(invocation) {
		const {flags, given, positionals, stdout, stderr, interrupted, env} = invocation;
		const request: PathsRequest = {target: oneTarget(positionals), features: chosenFeatures(flags.feature)};
		const requirement: PathRequirement = {
			states: parsePathRequirements(flags.require, given),
			minBasis: flags['min-basis'],
			undecided: 'refuse',
			source: null,
		};
		const contexts = await chooseContexts(flags, env);
		if (!areSeveral(contexts)) {
			const paths = await readPaths(contexts[0]!, request, invocation, stderr);
			stdout.write(format(paths, invocation));
			assertPathsMeet(paths, requirement, {hasProbes: true});
			return exitStatus.ok;
		}

		const read = async (one: ConnectionFlags & {context: string}) =>
			readPaths(one, request, invocation, prefixWithContext(stderr, one.context));
		const statuses: number[] = [];
		let between = '';
		for await (const {context, value: paths, error} of runInContexts(contexts, read, interrupted)) {
			if (error === null) {
				stdout.write(`${between}${format(paths, invocation)}`);
				between = flags.output === 'text' ? '\n' : '';
			}

			const failure =
				error ??
				errorOf(() => {
					assertPathsMeet(paths, requirement, {hasProbes: true});
				});
			if (failure) {
				writeContextError(failure, context, stderr);
				stdout.write(flags.output === 'json' ? contextErrorLine(failure, context) : '');
			}

			statuses.push(failure?.exitStatus ?? exitStatus.ok);
		}

		return combineStatuses(statuses);
	},
};

type PathInvocation = Invocation<typeof pathSpec.flags>;
type PathsRequest = {target: string; features: readonly StreamFeature[] | undefined};

async function readPaths(
	flags: ConnectionFlags,
	{target, features}: PathsRequest,
	{flags: {probe, feature}, env, interrupted}: PathInvocation,
	notices: TextStream,
): Promise<readonly Path[]> {
	const cluster = withAbortSignal(await createClusterClient(flags, env), interrupted);
	try {
		const paths = await findPaths(cluster, target, {
			...(features && {features}),
			probe,
			signal: interrupted,
			onNotice(notice) {
				notices.write(noticeLine(notice, notices));
			},
		});
		interrupted.throwIfAborted();
		if (paths.length === 0) {
			throw new SpokeError('ERR_USAGE', `${feature.join(', ')} does not apply to ${target}`);
		}

		return paths;
	} finally {
		cluster.close();
	}
}

function format(paths: readonly Path[], {flags: {output}, stdout}: PathInvocation): string {
	return output === 'json' ? paths.map(path => jsonLine(path)).join('') : toTerminalCharset(stdout, pathReport(paths));
}

function errorOf(check: () => void): SpokeError | null {
	try {
		check();
		return null;
	} catch (thrown) {
		return toSpokeError(thrown);
	}
}

function chosenFeatures(names: readonly string[]): readonly StreamFeature[] | undefined {
	const unknown = names.find(name => !streamFeatures.includes(name as StreamFeature));
	if (unknown !== undefined) {
		throw new SpokeError('ERR_USAGE', `unknown feature ${JSON.stringify(unknown)}: it must be one of ${streamFeatures.join(', ')}`);
	}

	return names.length === 0 ? undefined : (names as readonly StreamFeature[]);
}
