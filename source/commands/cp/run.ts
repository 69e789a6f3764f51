/** `spoke cp`. */
import {assertAccess} from '../../actions/access.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {exitStatus, exitStatusForSignal} from '../../errors/exit-status.ts';
import {isSpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import {noticeLine} from '../../output/notice-line.ts';
import {reportPaths} from '../../output/path-reporter.ts';
import type {ConnectionObserver} from '../../streams/connection-observer.ts';
import {addCopyContainer} from '../../streams/copy/copy-container.ts';
import {copyFromPod} from '../../streams/copy/copy-from-pod.ts';
import {type CopyOptions, needsDebugContainer} from '../../streams/copy/copy-session.ts';
import {copyToPod} from '../../streams/copy/copy-to-pod.ts';
import {defaultDebugImage} from '../../streams/debug-specs.ts';
import {preconnect} from '../../streams/preconnect.ts';
import {assertPodRunning} from '../../streams/terminated-pod.ts';
import {chooseContainer} from '../../targets/choose-container.ts';
import {resolvePod} from '../../targets/resolve-pod.ts';
import type {Command, Invocation} from '../command.ts';
import {confirm} from '../confirm.ts';
import {pathMode, createStreamClient} from '../stream-client.ts';
import {type CopyArguments, parseCopyArguments} from './copy-arguments.ts';
import {CopyReport} from './copy-report.ts';
import {ProgressLine} from './progress-line.ts';
import {cpSpec} from './spec.ts';

type CopyInvocation = Invocation<typeof cpSpec.flags>;

export const command: Command<typeof cpSpec.flags> = {
	spec: cpSpec,
	async run(invocation) {
		const {flags, positionals, afterDash = [], stdout, stderr, interrupted} = invocation;
		assertAccess('cp', 'shell', {readOnly: flags['read-only']});
		const copy = parseCopyArguments([...positionals, ...afterDash]);
		const cluster = await createStreamClient(invocation);
		const progress = new ProgressLine(stderr, {isQuiet: flags.quiet});
		const report = new CopyReport({
			direction: copy.direction,
			source: copy.direction === 'from-pod' ? copy.remote.path : copy.local,
			destination: copy.direction === 'from-pod' ? copy.local : copy.remote.path,
			json: flags.output === 'json' ? stdout : null,
			isQuiet: flags.quiet,
			progress,
		});
		const paths = reportPaths(cluster, {mode: pathMode(invocation), stderr: progress});
		const preconnection = preconnect(cluster, {signal: interrupted, observer: paths.observer});
		try {
			await copyTarget(copy, invocation, {cluster: preconnection.cluster, observer: paths.observer, report, progress});
			report.assertComplete();
			report.end(null, null);
			return exitStatus.ok;
		} catch (thrown) {
			if (interrupted.aborted) {
				report.end(String(interrupted.reason), null);
				return exitStatusForSignal(interrupted.reason);
			}

			const error = toSpokeError(thrown);
			report.end('error', error);
			throw error;
		} finally {
			preconnection.close();
			await paths.finished();
			cluster.close();
		}
	},
};

type CopyContext = {cluster: ClusterClient; observer: ConnectionObserver | undefined; report: CopyReport; progress: ProgressLine};

async function copyTarget(
	{direction, remote, local}: CopyArguments,
	invocation: CopyInvocation,
	{cluster, observer, report, progress}: CopyContext,
): Promise<void> {
	const {flags, interrupted: signal, env} = invocation;
	const {pod, target} = await resolvePod(cluster, remote.target, {
		podPreference: 'attach',
		podRunningTimeoutMs: flags['pod-running-timeout'],
		signal,
		...(remote.namespace !== null && {namespace: remote.namespace}),
	});
	assertPodRunning(pod, 'exec');
	const {name: container, notice} = chooseContainer(pod, flags.container, {unknownAnnotation: 'refuse'});
	if (notice !== null && !flags.quiet) {
		progress.write(noticeLine(notice, progress));
	}

	report.target = {...target, container};
	const options = {
		cluster,
		target: report.target,
		containerId: null,
		observer,
		signal,
		environment: env,
		preserve: !flags['no-preserve'],
		retries: flags.retries,
		listener: report,
	};
	const copy = async (through: Pick<CopyOptions, 'target' | 'containerId'>) =>
		direction === 'from-pod'
			? copyFromPod({...options, ...through, source: remote.path, destination: local})
			: copyToPod({...options, ...through, source: local, destination: remote.path});
	try {
		await copy(options);
	} catch (error) {
		const image =
			isSpokeError(error) &&
			needsDebugContainer(error) &&
			(await debugImage(invocation, `container ${container} of pod ${target.name} lacks programs for a copy`));
		if (!image) {
			throw error;
		}

		const through = await addCopyContainer(
			{cluster, pod, target: report.target, timeoutMs: flags['pod-running-timeout'], signal},
			{image, profile: flags['debug-profile'], path: remote.path},
			report,
		);
		report.debugContainer = through.target.container;
		await copy(through);
	}
}

/** `null` if the user does not want one, or cannot be asked. */
async function debugImage({flags, ...terminal}: CopyInvocation, because: string): Promise<string | null> {
	if (flags['debug-image']) {
		return flags['debug-image'];
	}

	const question = `${because}. Add a debug container (${defaultDebugImage}) to the pod, and copy through it? It ends after the copy, and cannot be removed.`;
	return (await confirm(question, terminal)) ? defaultDebugImage : null;
}
