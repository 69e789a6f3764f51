/** `spoke cp`. */
import {assertAccess} from '../../session/actions/access.ts';
import {exitStatus} from '../../base/errors/exit-status.ts';
import {isSpokeError, toSpokeError, SpokeError} from '../../base/errors/spoke-error.ts';
import {noticeLine} from '../../report/output/output-writer.ts';
import {addCopyContainer} from '../../streams/copy/copy-container.ts';
import {copyFromPod} from '../../streams/copy/copy-from-pod.ts';
import {type CopyOptions, needsDebugContainer} from '../../streams/copy/copy-session.ts';
import {copyToPod} from '../../streams/copy/copy-to-pod.ts';
import {defaultDebugImage} from '../../streams/debug-specs.ts';
import {assertPodRunning} from '../../streams/terminated-pod.ts';
import {chooseContainer} from '../../cluster/targets/choose-container.ts';
import {resolvePod} from '../../cluster/targets/resolve-pod.ts';
import type {Command, Invocation} from '../command.ts';
import {confirm} from '../terminal-line.ts';
import {runStreams, type StreamRun} from '../stream-client.ts';
import {CopyReport, ProgressLine} from './copy-report.ts';
import {cpSpec} from './spec.ts';
import type {CopyDirection} from '../../streams/copy/copy-passes.ts';
import {findResource} from '../../cluster/targets/resource-names.ts';
import {assertUsage} from '../usage.ts';

type RemotePath = {
	/** As `parseTarget` takes it. */
	target: string;
	/** If typed before the target. */
	namespace: string | null;
	path: string;
};

type CopyArguments = {
	direction: CopyDirection;
	remote: RemotePath;
	/** On this machine. */
	local: string;
};

type CopyInvocation = Invocation<typeof cpSpec.flags>;

export const command: Command<typeof cpSpec.flags> = {
	spec: cpSpec,
	async run(invocation) {
		const {flags, positionals, afterDash = [], stdout, stderr, interrupted} = invocation;
		assertAccess('cp', 'shell', {readOnly: flags['read-only']});
		const copy = parseCopyArguments([...positionals, ...afterDash]);
		const progress = new ProgressLine(stderr, {isQuiet: flags.quiet});
		const report = new CopyReport({
			direction: copy.direction,
			source: copy.direction === 'from-pod' ? copy.remote.path : copy.local,
			destination: copy.direction === 'from-pod' ? copy.local : copy.remote.path,
			json: flags.output === 'json' ? stdout : null,
			isQuiet: flags.quiet,
			progress,
		});
		return runStreams(invocation, {stderr: progress}, async run => {
			try {
				await copyTarget(copy, invocation, {...run, report, progress});
				report.assertComplete();
				report.end(null, null);
				return exitStatus.ok;
			} catch (thrown) {
				if (interrupted.aborted) {
					report.end(String(interrupted.reason), null);
					throw thrown;
				}

				const error = toSpokeError(thrown);
				report.end('error', error);
				throw error;
			}
		});
	},
};

type CopyContext = StreamRun & {report: CopyReport; progress: ProgressLine};

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

/** @throws SpokeError ERR_USAGE */
export function parseCopyArguments(positionals: readonly string[]): CopyArguments {
	const [source, destination, ...surplus] = positionals;
	assertUsage(
		source !== undefined && destination !== undefined && surplus.length === 0,
		`expected SOURCE and DESTINATION, got ${positionals.length} arguments`,
	);
	const [from, to] = [remotePath(source), remotePath(destination)];
	if (from !== null && to === null) {
		return {direction: 'from-pod', remote: from, local: destination};
	}

	if (from === null && to !== null) {
		return {direction: 'to-pod', remote: to, local: source};
	}

	throw new SpokeError(
		'ERR_USAGE',
		from === null
			? `${JSON.stringify(source)} and ${JSON.stringify(destination)} are both on this machine: one must be POD:PATH`
			: `${JSON.stringify(source)} and ${JSON.stringify(destination)} are both in containers: one must be a path on this machine`,
		{remedy: 'write a local name with a colon as ./NAME'},
	);
}

/**
`[NAMESPACE/]POD:PATH`, and `[NAMESPACE/]KIND/NAME:PATH`; `null` for a local path. Of two parts, the first is a kind if there is such a kind
of pods, otherwise a namespace.
@throws SpokeError ERR_USAGE
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/cmd/cp/cp.go extractFileSpec
*/
function remotePath(text: string): RemotePath | null {
	const colon = text.indexOf(':');
	if (colon < 0 || /^[./~]/.test(text)) {
		return null;
	}

	const parts = text.slice(0, colon).split('/');
	const path = text.slice(colon + 1);
	const problem = parts.includes('') ? 'has an empty name' : parts.length > 3 ? 'has too many slashes' : path === '' ? 'has no path' : null;
	assertUsage(problem === null, `${JSON.stringify(text)} ${problem}: it must be [NAMESPACE/]POD:PATH or [NAMESPACE/]KIND/NAME:PATH`);
	const hasNamespace = parts.length === 3 || (parts.length === 2 && findResource(parts[0]!) === undefined);
	return {
		target: (hasNamespace ? parts.slice(1) : parts).join('/'),
		namespace: hasNamespace ? parts[0]! : null,
		// With a slash at its end, the path of a file is not found.
		path: path.replace(/(?<=.)\/+$/, ''),
	};
}
