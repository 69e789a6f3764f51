/** Copies files between this machine and the selected pod. */
import {existsSync, statSync} from 'node:fs';
import {basename, join} from 'node:path';
import {monotonicMs} from '../../base/async/clock.ts';
import {describeCopied, describeNotCopied} from '../../report/descriptions/describe-command-end.ts';
import {isSpokeError, type SpokeError} from '../../base/errors/spoke-error.ts';
import type {Path} from '../../evidence/evidence.ts';
import {addCopyContainer, type CopyContainerRequest} from '../../streams/copy/copy-container.ts';
import {type CopiedEntry, type CopyListener, CopyTally} from '../../streams/copy/copy-passes.ts';
import {copyFromPod} from '../../streams/copy/copy-from-pod.ts';
import {copyToPod} from '../../streams/copy/copy-to-pod.ts';
import {needsDebugContainer} from '../../streams/copy/copy-session.ts';
import {toResolvedTarget} from '../../cluster/targets/resolve-pod.ts';
import {formatBytes, formatQuantity} from '../../base/text/formats.ts';
import {quoteForShell} from '../../base/text/escaping.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import {scriptFlags} from '../clusters/open-clusters.ts';
import type {ClusterTarget, Handlers, Session} from '../frame/session.ts';
import {pathOfEntry} from '../frame/connection-list.ts';
import {expandHome} from '../frame/save-as.ts';
import {onSelected} from '../lists/selection.ts';
import {promptForCopyContainer, startLimitMs, reportMissingShell, type ShellTarget} from './debug-container-form.ts';
import {resolveShellTarget} from './shell-handlers.ts';

/** As `spoke cp` by default. */
const retries = 5;

const progressEveryMs = 500;

export const copyHandlers = {files: onSelected(copyFiles)} satisfies Handlers;

const localPlace = './';
const podPlace = '/tmp/';

/** `local`: absolute. */
type CopyPaths = {isFromPod: boolean; remote: string; local: string};

/** `named`: a container. */
export async function copyFiles(session: Session, target: ClusterTarget & {named?: string}): Promise<void> {
	const copyTarget = await resolveShellTarget(session, {feature: 'exec', ...target});
	const paths = copyTarget && (await promptForPaths(session, copyTarget));
	if (copyTarget && paths) {
		await runCopy(session, copyTarget, paths);
	}
}

/** `null` if the user cancels. */
async function promptForPaths(session: Session, {cluster, pod, container}: ShellTarget): Promise<CopyPaths | null> {
	const {name, namespace = cluster.access.facts.namespace} = pod.metadata;
	const pathsOf = ({direction, from = '', to = ''}: Readonly<Record<string, string>>): CopyPaths => {
		const isFromPod = direction === 'from-pod';
		return {isFromPod, remote: isFromPod ? from : to, local: expandHome(isFromPod ? to : from, session.env)};
	};

	const values = await session.fill({
		title: `Copy files of ${name}`,
		submit: 'copy',
		fields: [
			{
				name: 'direction',
				label: 'Direction',
				value: 'from-pod',
				choices: [
					{value: 'from-pod', shown: `${name} to this machine`},
					{value: 'to-pod', shown: `this machine to ${name}`},
				],
				typing: 'from',
			},
			{name: 'from', label: 'From', value: '', required: 'a path to copy'},
			{name: 'to', label: 'To', value: localPlace, untouched: true, required: 'a path to copy to'},
		],
		adjust: ([direction, from, to]) => [
			direction!,
			from!,
			to!.untouched ? {...to!, value: direction!.value === 'from-pod' ? localPlace : podPlace} : to!,
		],
		notes(values) {
			const {isFromPod, remote, local} = pathsOf(values);
			const inPod = `${name}:${remote}`;
			const ends = isFromPod ? [inPod, local] : [local, inPod];
			return [
				sanitizeLine(`from ${ends.join(' to ')}`) + (isFromPod ? '' : ', where a file of that name is replaced'),
				'Equivalent command:',
				`  spoke cp -n ${quoteForShell(namespace)} ${[...ends, '-c', container].map(word => quoteForShell(word)).join(' ')}${scriptFlags(session, cluster)}`,
			];
		},
		check(values) {
			const {isFromPod, local} = pathsOf(values);
			return isFromPod || existsSync(local) ? null : `${sanitizeLine(local)} does not exist on this machine`;
		},
	});
	return values && pathsOf(values);
}

/** Keys keep their meaning while it runs. `through`: copies through a debug container, which is added first. */
async function runCopy(
	session: Session,
	shellTarget: ShellTarget,
	paths: CopyPaths,
	through: Pick<CopyContainerRequest, 'image' | 'profile'> | null = null,
): Promise<void> {
	const {pod} = shellTarget;
	const {isFromPod, remote, local} = paths;
	const about = `copy ${isFromPod ? 'from' : 'to'} ${pod.metadata.name}:${remote}`;
	const id = session.nextId('copy');
	const stopped = new AbortController();
	const startedAt = monotonicMs();
	const report = new SessionCopyReport(isFromPod ? remote : local);
	let path: Path | null = null;
	openEntry(session, id, shellTarget);
	try {
		await session.typeAhead.showProgress(about, async (canceled, say) => {
			report.onProgress = (text, figures) => {
				say(`${about}: ${text}`);
				session.store.dispatch({type: 'connections', event: {type: 'change', id, to: {figures}}});
			};

			canceled.addEventListener('abort', () => {
				stopped.abort();
			});
			const copying = copyPaths(session, {id, shellTarget, paths, through, report, stopped, say});
			const forget = session.work.start('copy', id, {
				async stop() {
					stopped.abort();
					await copying.catch(() => undefined);
				},
			});
			await copying.finally(() => {
				path = pathOfEntry(session.store.state.connections, id);
				session.store.dispatchNow({type: 'connections', event: {type: 'close', id}});
				forget();
			});
		});
	} catch (error) {
		if (stopped.signal.aborted) {
			session.showMessage(`${about} canceled${report.describeCancel()}`, 'warn');
		} else if (!isSpokeError(error)) {
			throw error;
		} else if (through === null && needsDebugContainer(error)) {
			await offerCopyContainer(session, {shellTarget, paths, about}, error);
		} else {
			session.showFailure(about, error, path);
		}

		return;
	}

	const destination = isFromPod ? report.placeOf(local, remote) : `${pod.metadata.name}:${remote}`;
	const text = describeCopied(report.tally, {durationMs: monotonicMs() - startedAt, destination});
	if (report.firstMissing === null) {
		session.showMessage(text);
	} else {
		session.showMessage(`${report.firstMissing} (${formatQuantity(report.tally.missing, 'such entry', 'such entries')}); ${text}`, 'error');
	}
}

function openEntry({store}: Session, id: string, {cluster, pod, container}: ShellTarget): void {
	const {name, namespace = null} = pod.metadata;
	const entry = {id, kind: 'copy', what: `${name}/${container}`, context: cluster.context, namespace, since: Date.now()} as const;
	store.dispatchNow({type: 'connections', event: {type: 'open', entry}});
}

type CopyRun = {
	id: string;
	shellTarget: ShellTarget;
	paths: CopyPaths;
	through: Pick<CopyContainerRequest, 'image' | 'profile'> | null;
	report: SessionCopyReport;
	stopped: AbortController;
	say(text: string): void;
};

async function copyPaths(session: Session, {id, shellTarget, paths, through, report, stopped, say}: CopyRun): Promise<void> {
	const {cluster, pod, container, asked, chosenFrom} = shellTarget;
	const {isFromPod, remote, local} = paths;
	const {signal} = stopped;
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
		async beforeReplacing(files: readonly string[]) {
			if (!(await confirmReplacing(session, files))) {
				report.notReplaced = files[0]!;
				stopped.abort();
			}
		},
	};
	await (isFromPod
		? copyFromPod({...options, source: remote, destination: local})
		: copyToPod({...options, source: local, destination: remote}));
}

/** Does not take the keys from an open dialog. */
async function confirmReplacing(session: Session, [first = '', ...others]: readonly string[]): Promise<boolean> {
	if (session.store.state.dialog !== null) {
		return false;
	}

	const more = others.length === 0 ? '' : ` and ${formatQuantity(others.length, 'other file')}`;
	return session.ask(`Replace ${sanitizeLine(first)}${more}?`, [
		`${others.length === 0 ? 'It exists' : 'They exist'} on this machine, and what is in ${others.length === 0 ? 'it' : 'them'} is lost.`,
	]);
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
	/** A local file that the user wants to keep. */
	notReplaced: string | null = null;
	onProgress: (text: string, figures: string) => void = () => {};
	readonly #source: string;
	#bytes = 0;
	#totalBytes = 0;
	#shownAt = monotonicMs();
	#isOfOneFile = false;

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
			const figures = this.#figures();
			this.onProgress(figures, figures);
		}
	}

	onEntry(entry: CopiedEntry): void {
		this.tally.add(entry);
		this.#isOfOneFile = entry.kind === 'file' && entry.path.length === 0;
		if (entry.result !== 'copied') {
			this.firstMissing ??= describeNotCopied(entry, this.#source);
		}
	}

	onRetry(error: SpokeError, {attempt}: {attempt: number}): void {
		this.onProgress(`${error.message}; continuing (retry ${attempt})`, this.#figures());
	}

	/** ` at 26 MB of 127 MB; no file is complete`. */
	describeCancel(): string {
		const {files} = this.tally;
		if (this.notReplaced !== null) {
			return `: ${sanitizeLine(this.notReplaced)} exists, and was not replaced`;
		}

		const complete = files === 0 ? 'no file is' : files === 1 ? '1 file is' : `${formatQuantity(files, 'file')} are`;
		return this.#totalBytes === 0 ? '' : ` at ${this.#figures()}; ${complete} complete`;
	}

	/** A file is copied into a directory, or to the name of a file. */
	placeOf(local: string, remote: string): string {
		return this.#isOfOneFile && statSync(local, {throwIfNoEntry: false})?.isDirectory() ? join(local, basename(remote)) : local;
	}

	#figures(): string {
		return `${formatBytes(this.#bytes)} of ${formatBytes(this.#totalBytes)}`;
	}
}
