/** `spoke path`. */
import {withAbortSignal} from '../../cluster/with-abort-signal.ts';
import {createClusterClient} from '../../cluster/create-cluster-client.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {exitStatus} from '../../errors/exit-status.ts';
import {jsonLine} from '../../output/json-line.ts';
import {noticeLine} from '../../output/notice-line.ts';
import {pathReport} from '../../output/path-report.ts';
import type {StreamFeature} from '../../evidence/evidence.ts';
import {findPaths} from '../../evidence/find-paths.ts';
import {assertPathsMeet, parsePathRequirements} from '../../evidence/require-path.ts';
import {toTerminalCharset} from '../../text/terminal-charset.ts';
import type {Command} from '../command.ts';
import {oneTarget} from '../one-target.ts';
import {pathSpec} from './spec.ts';

const features: readonly StreamFeature[] = ['logs', 'exec', 'attach', 'port-forward', 'node-proxy', 'pod-proxy', 'service-proxy'];

export const command: Command<typeof pathSpec.flags> = {
	spec: pathSpec,
	async run({flags, given, positionals, stdout, stderr, interrupted, env}) {
		const target = oneTarget(positionals);

		const wanted = chosenFeatures(flags.feature);
		const required = parsePathRequirements(flags.require, given);
		const cluster = withAbortSignal(await createClusterClient(flags, env), interrupted);
		try {
			const paths = await findPaths(cluster, target, {
				...(wanted ? {features: wanted} : {}),
				probe: flags.probe,
				signal: interrupted,
				onNotice(notice) {
					stderr.write(noticeLine(notice, stderr));
				},
			});
			interrupted.throwIfAborted();
			if (paths.length === 0) {
				throw new SpokeError('ERR_USAGE', `${flags.feature.join(', ')} does not apply to ${target}`);
			}

			stdout.write(flags.output === 'json' ? paths.map(path => jsonLine(path)).join('') : toTerminalCharset(stdout, pathReport(paths)));
			assertPathsMeet(paths, {states: required, minBasis: flags['min-basis'], undecided: 'refuse', source: null});
			return exitStatus.ok;
		} finally {
			cluster.close();
		}
	},
};

function chosenFeatures(names: readonly string[]): readonly StreamFeature[] | undefined {
	const unknown = names.find(name => !features.includes(name as StreamFeature));
	if (unknown !== undefined) {
		throw new SpokeError('ERR_USAGE', `unknown feature ${JSON.stringify(unknown)}: it must be one of ${features.join(', ')}`);
	}

	return names.length === 0 ? undefined : (names as readonly StreamFeature[]);
}
