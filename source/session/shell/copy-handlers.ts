/** Copies files between this machine and the selected pod. */
import {monotonicMs} from '../../async/clock.ts';
import {describeCopied, describeNotCopied} from '../../descriptions/describe-copy.ts';
import {isSpokeError, type SpokeError} from '../../errors/spoke-error.ts';
import {addCopyContainer, type CopyContainerRequest} from '../../streams/copy/copy-container.ts';
import type {CopiedEntry, CopyListener} from '../../streams/copy/copy-events.ts';
import {copyFromPod} from '../../streams/copy/copy-from-pod.ts';
import {CopyTally} from '../../streams/copy/copy-tally.ts';
import {copyToPod} from '../../streams/copy/copy-to-pod.ts';
import {isShellMissing} from '../../streams/remote-command/is-shell-missing.ts';
import {toResolvedTarget} from '../../targets/resolve-pod.ts';
import {formatBytes, formatQuantity} from '../../text/format-number.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import type {ClusterTarget, Handlers, Session} from '../frame/session.ts';
import {expandHome} from '../frame/save-as.ts';
import {selectedTarget} from '../lists/selection.ts';
import {promptForCopyContainer, startLimitMs, reportMissingShell, type ShellTarget} from './debug-container-form.ts';
import {resolveShellTarget} from './shell-handlers.ts';

/** As `spoke cp` by default. */
const retries = 5;

const progressEveryMs = 500;

export const copyHandlers = {files: async session => copySelected(session)} satisfies Handlers;

type CopyPaths = {isFromPod: boolean; remote: string; local: string};

async function copySelected(session: Session): Promise<void> {
	const here = selectedTarget(session);
	if (here) {
		await copyFiles(session, here);
	}
}

/** `named`: a container. */
export async function copyFiles(session: Session, target: ClusterTarget & {named?: string}): Promise<void> {
	const copyTarget = await resolveShellTarget(session, {feature: 'exec', ...target});
	const paths = copyTarget && (await promptForPaths(session, `${copyTarget.pod.metadata.name}:`));
	if (copyTarget && paths) {
		await runCopy(session, copyTarget, paths);
	}
}

/** `null` if the user cancels. `prefix` begins a path in the pod, as on the command line. */
async function promptForPaths(session: Session, prefix: string): Promise<CopyPaths | null> {
	const from = await session.promptForText({
		lead: 'copy from ',
		purpose: 'copy-from',
		text: prefix,
		accept: 'next',
		check: text => (text === '' || text === prefix ? 'type a path' : null),
		note: () => 'a path of this machine copies to the pod',
	});
	if (from === null) {
		return null;
	}

	const isFromPod = from.text.startsWith(prefix);
	const to = await session.promptForText({
		lead: 'to ',
		purpose: 'copy-to',
		text: isFromPod ? './' : `${prefix}/tmp`,
		accept: 'copy',
		check: text =>
			text.startsWith(prefix) === isFromPod ? `it must ${isFromPod ? 'be a path of this machine' : `begin with ${prefix}`}` : null,
	});
	if (to === null) {
		return null;
	}

	const [remote, local] = isFromPod ? [from.text, to.text] : [to.text, from.text];
	return {isFromPod, remote: remote.slice(prefix.length), local: expandHome(local)};
}

/** Keys keep their meaning while it runs. `through`: copies through a debug container, which is added first. */
async function runCopy(
	session: Session,
	shellTarget: ShellTarget,
	paths: CopyPaths,
	through: Pick<CopyContainerRequest, 'image' | 'profile'> | null = null,
): Promise<void> {
	const {cluster, pod, container, asked, chosenFrom} = shellTarget;
	const {isFromPod, remote, local} = paths;
	const about = `copy ${isFromPod ? 'from' : 'to'} ${pod.metadata.name}:${remote}`;
	const id = session.nextId('copy');
	const stopped = new AbortController();
	const startedAt = monotonicMs();
	const report = new SessionCopyReport(isFromPod ? remote : local);
	try {
		await session.typeAhead.showProgress(about, async (canceled, say) => {
			report.onProgress = text => {
				say(`${about}: ${text}`);
			};

			const signal = AbortSignal.any([canceled, stopped.signal]);
			const target = toResolvedTarget(asked, pod, chosenFrom, container);
			const options = {
				cluster: cluster.access,
				...(through === null
					? {target, containerId: null}
					: await addCopyContainer(
							{cluster: cluster.access, pod, target, timeoutMs: startLimitMs, signal},
							{...through, path: remote},
							{
								onAdded(name) {
									session.showMessage(`added container ${name} to pod ${pod.metadata.name}`);
								},
								onWaiting(name, reason) {
									say(`waiting for ${name}: ${sanitizeLine(reason)}`);
								},
							},
						)),
				observer: session.observerFor(id, cluster),
				signal,
				environment: session.env,
				preserve: true,
				retries,
				listener: report,
			};
			const copying = isFromPod
				? copyFromPod({...options, source: remote, destination: local})
				: copyToPod({...options, source: local, destination: remote});
			const forget = session.work.start('copy', id, {
				async stop() {
					stopped.abort();
					await copying.catch(() => undefined);
				},
			});
			await copying.finally(forget);
		});
	} catch (error) {
		if (isSpokeError(error)) {
			if (through === null && isShellMissing(error)) {
				await offerCopyContainer(session, {shellTarget, paths, about}, error);
			} else {
				session.showFailure(about, error);
			}

			return;
		}

		throw error;
	}

	const text = describeCopied(report.tally, monotonicMs() - startedAt);
	if (report.firstMissing === null) {
		session.showMessage(text);
	} else {
		session.showMessage(`${report.firstMissing} (${formatQuantity(report.tally.missing, 'such entry', 'such entries')}); ${text}`, 'error');
	}
}

/** Asks first: a debug container cannot be removed. */
async function offerCopyContainer(
	session: Session,
	{shellTarget, paths, about}: {shellTarget: ShellTarget; paths: CopyPaths; about: string},
	error: SpokeError,
): Promise<void> {
	const through = reportMissingShell(session, about, error) ? await promptForCopyContainer(session, shellTarget) : null;
	if (through) {
		await runCopy(session, shellTarget, paths, through);
	}
}

class SessionCopyReport implements CopyListener {
	readonly tally = new CopyTally();
	/** The first entry that was not copied, in words. */
	firstMissing: string | null = null;
	onProgress: (text: string) => void = () => {};
	readonly #source: string;
	#bytes = 0;
	#totalBytes = 0;
	#shownAt = monotonicMs();

	constructor(source: string) {
		this.#source = source;
	}

	onTotal({bytes}: {bytes: number}): void {
		this.#totalBytes = bytes;
	}

	onBytes(count: number): void {
		this.#bytes += count;
		if (monotonicMs() - this.#shownAt >= progressEveryMs) {
			this.#shownAt = monotonicMs();
			this.onProgress(`${formatBytes(this.#bytes)} of ${formatBytes(this.#totalBytes)}`);
		}
	}

	onEntry(entry: CopiedEntry): void {
		this.tally.add(entry);
		if (entry.result !== 'copied') {
			this.firstMissing ??= describeNotCopied(entry, this.#source);
		}
	}

	onRetry(error: SpokeError, {attempt}: {attempt: number}): void {
		this.onProgress(`${error.message}; continuing (retry ${attempt})`);
	}
}
