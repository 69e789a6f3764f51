/** `spoke path`. */
import {withAbortSignal} from '../../cluster/with-abort-signal.ts';
import {createClusterClient} from '../../cluster/create-cluster-client.ts';
import {areSeveral, chooseContexts} from '../../cluster/kubeconfig/choose-contexts.ts';
import type {ConnectionFlags} from '../../base/command-line/connection-flags.ts';
import {toSpokeError} from '../../base/errors/spoke-error.ts';
import {exitStatus} from '../../base/errors/exit-status.ts';
import {jsonLine, noticeLine, type TextStream} from '../../report/output/output-writer.ts';
import {pathReport, reportLayout} from '../../report/output/path-report.ts';
import type {Path, StreamFeature} from '../../evidence/evidence.ts';
import {findPaths} from '../../evidence/find-paths.ts';
import {assertPathsMeet, parsePathRequirements, type PathRequirement} from '../../evidence/require-path.ts';
import {streamFeatures} from '../../streams/connection-observer.ts';
import {toTerminalCharset} from '../../base/text/terminal-charset.ts';
import type {Command, Invocation} from '../command.ts';
import {combineStatuses, contextErrorLine, prefixWithContext, runInContexts, writeContextError} from '../several-contexts.ts';
import {pathSpec} from './spec.ts';
import {assertUsage, oneTarget} from '../usage.ts';

export const command: Command<typeof pathSpec.flags> = {
	spec: pathSpec,
	async run(invocation) {
		const {flags, given, positionals, stdout, stderr, interrupted, env} = invocation;
		const target = oneTarget(positionals);
		const unknown = flags.feature.find(name => !streamFeatures.includes(name as StreamFeature));
		assertUsage(unknown === undefined, `unknown feature ${JSON.stringify(unknown)}: it must be one of ${streamFeatures.join(', ')}`);
		const requirement: PathRequirement = {
			states: parsePathRequirements(flags.require, given),
			minBasis: flags['min-basis'],
			undecided: 'refuse',
			source: null,
		};
		const contexts = await chooseContexts(flags, env);
		if (!areSeveral(contexts)) {
			const paths = await readPaths(contexts[0]!, target, invocation, stderr);
			stdout.write(format(paths, invocation));
			assertPathsMeet(paths, requirement, {hasProbes: true});
			return exitStatus.ok;
		}

		const read = async (one: ConnectionFlags & {context: string}) =>
			readPaths(one, target, invocation, prefixWithContext(stderr, one.context));
		const statuses: number[] = [];
		let between = '';
		for await (const {context, value: paths, error} of runInContexts(contexts, read, interrupted)) {
			let failure = error;
			if (error === null) {
				stdout.write(`${between}${format(paths, invocation)}`);
				between = flags.output === 'text' ? '\n' : '';
				try {
					assertPathsMeet(paths, requirement, {hasProbes: true});
				} catch (thrown) {
					failure = toSpokeError(thrown);
				}
			}

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

async function readPaths(
	flags: ConnectionFlags,
	target: string,
	{flags: {probe, feature}, env, interrupted}: PathInvocation,
	notices: TextStream,
): Promise<readonly Path[]> {
	const cluster = withAbortSignal(await createClusterClient(flags, env), interrupted);
	try {
		const paths = await findPaths(cluster, target, {
			...(feature.length > 0 && {features: feature as readonly StreamFeature[]}),
			probe,
			signal: interrupted,
			onNotice(notice) {
				notices.write(noticeLine(notice, notices));
			},
		});
		interrupted.throwIfAborted();
		assertUsage(paths.length > 0, `${feature.join(', ')} does not apply to ${target}`);
		return paths;
	} finally {
		cluster.close();
	}
}

function format(paths: readonly Path[], {flags, stdout}: PathInvocation): string {
	return flags.output === 'json'
		? paths.map(path => jsonLine(path)).join('')
		: toTerminalCharset(stdout, pathReport(paths, reportLayout(stdout, flags)));
}
