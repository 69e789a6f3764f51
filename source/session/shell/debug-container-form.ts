/** Form that adds a debug container. */
import {join} from 'node:path';
import {findAction} from '../actions/action-table.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import type {CopyContainerRequest} from '../../streams/copy/copy-container.ts';
import {addDebugContainer, waitUntilRunning} from '../../streams/debug-container.ts';
import {
	debugProfiles,
	profileDescriptions,
	type DebugProfile,
	defaultDebugImage,
	ephemeralContainer,
	type EphemeralContainer,
} from '../../streams/debug-specs.ts';
import {assertStreamAllowed} from '../../streams/stream-gate.ts';
import {assertPodRunning} from '../../streams/terminated-pod.ts';
import {objectPath, podResource} from '../../cluster/targets/resource-names.ts';
import type {PodObject} from '../../cluster/targets/pod-object.ts';
import {toResolvedTarget} from '../../cluster/targets/resolve-pod.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import {quoteForShell} from '../../base/text/escaping.ts';
import type {OpenCluster, Session} from '../frame/session.ts';
import {CanceledError} from '../dialogs/type-ahead.ts';
import {scriptFlags} from '../clusters/open-clusters.ts';
import {disabledReason} from '../keys/perform-action.ts';

export type ShellTarget = {cluster: OpenCluster; pod: PodObject; container: string; asked: string; chosenFrom: number};

export const startLimitMs = 60_000;

/** Returns whether a debug container, which brings a shell, can be added instead. */
export function reportMissingShell(session: Session, about: string, {code, text, message}: SpokeError, remedy?: string): boolean {
	const action = findAction('debug');
	const off = disabledReason(session.store.state, action);
	const words = `the image has no shell${off === null ? '' : `; ${action.title}: disabled, ${off}`}`;
	session.showFailure(about, new SpokeError(code, words, {text: text ?? message, ...(remedy !== undefined && {remedy})}));
	return off === null;
}

/** The container to add; `null` when canceled. @throws SpokeError ERR_TARGET_GONE for a terminated pod */
export async function promptDebugContainer(
	session: Session,
	{cluster, pod, container}: ShellTarget,
	because?: string,
): Promise<EphemeralContainer | null> {
	assertPodRunning(pod, 'debug');
	const {name: podName, namespace = cluster.access.facts.namespace} = pod.metadata;
	const values = await session.fill({
		title: `Debug container in ${podName}`,
		submit: 'add',
		fields: [
			imageField,
			{name: 'command', label: 'Command', value: 'sh', note: 'empty: the default of the image'},
			{
				name: 'target',
				label: 'Target container',
				value: container,
				choices: pod.spec.containers.map(({name}) => ({value: name, shown: name})),
			},
			profileField,
		],
		notes: ({image = '', command, target = '', profile}) => [
			...(because === undefined ? [] : [because]),
			'Equivalent command:',
			`  spoke debug -n ${quoteForShell(namespace)} ${quoteForShell(podName)} -it --image=${quoteForShell(image.trim())} --target=${quoteForShell(target)}${profile === 'general' ? '' : ` --profile=${profile}`}${recordFlags(session, podName)}${scriptFlags(session, cluster)}${commandPart(command)}`,
		],
	});
	if (
		values === null ||
		!(await session.ask(`Add a debug container to ${podName}?`, ['It cannot be removed from the pod; it ends when its shell exits.']))
	) {
		return null;
	}

	return ephemeralContainer(
		pod,
		{
			name: null,
			image: values['image']!.trim(),
			stdin: true,
			tty: true,
			command: wordsOf(values['command']),
			profile: values['profile'] as DebugProfile,
		},
		values['target']!,
	);
}

/** Adds the container and waits until it runs. @throws SpokeError as `assertStreamAllowed`, `addDebugContainer` and `waitUntilRunning` */
export async function startDebugContainer(
	session: Session,
	{cluster, pod, added}: Pick<ShellTarget, 'cluster' | 'pod'> & {added: EphemeralContainer},
): Promise<ShellTarget> {
	const {name} = added;
	const {name: podName, namespace = cluster.access.facts.namespace} = pod.metadata;
	// Before the pod changes, which cannot be undone.
	await session.typeAhead.during({description: `checking the path requirements of an attach to ${podName}`}, async signal =>
		assertStreamAllowed(cluster.access, {feature: 'attach', target: toResolvedTarget(`pod/${podName}`, pod, 1), request: null}, signal),
	);
	await addDebugContainer(cluster.access, pod, added);
	await waitFor(session, cluster, pod, name);
	const now = await cluster.access.json<PodObject>({path: objectPath(podResource, namespace, podName)});
	return {cluster, pod: now, container: name, asked: `pod/${podName}`, chosenFrom: 1};
}

/** The container through which files of one without a shell are copied. `null` when canceled. */
export async function promptForCopyContainer(
	session: Session,
	{pod, container}: Pick<ShellTarget, 'pod' | 'container'>,
): Promise<Pick<CopyContainerRequest, 'image' | 'profile'> | null> {
	const values = await session.fill({
		title: `Copy through a debug container in ${pod.metadata.name}`,
		submit: 'add and copy',
		fields: [imageField, profileField],
		notes: () => [
			`${container} has no shell. You can add a debug container that has one.`,
			'It ends a minute after the copy, and cannot be removed from the pod.',
		],
	});
	return values && {image: values['image']!.trim(), profile: values['profile'] as DebugProfile};
}

const imageField = {name: 'image', label: 'Image', value: defaultDebugImage, required: 'an image'};

const profileField = {
	name: 'profile',
	label: 'Profile',
	value: 'general',
	choices: debugProfiles.map(profile => ({value: profile, shown: `${profile}   ${profileDescriptions[profile]}`})),
};

/** Waits until the container runs. After a cancel, it stays in the pod. */
async function waitFor(session: Session, {access}: OpenCluster, pod: PodObject, name: string): Promise<void> {
	try {
		await session.typeAhead.showProgress(`waiting for ${name}`, async (signal, say) =>
			waitUntilRunning(access, pod, name, {
				timeoutMs: startLimitMs,
				signal: AbortSignal.any([signal, AbortSignal.timeout(startLimitMs + 1000)]),
				onWaiting(reason) {
					const text = `waiting for ${name}: ${sanitizeLine(reason)}`;
					session.showMessage(text);
					say(text);
				},
			}),
		);
	} catch (thrown) {
		if (thrown instanceof CanceledError) {
			session.showMessage(`no longer waiting for ${name}; it stays in the pod`);
		}

		throw thrown;
	}
}

function wordsOf(command = ''): string[] {
	return command
		.trim()
		.split(/\s+/)
		.filter(word => word !== '');
}

/** The session chooses another name for each file. */
function recordFlags({store}: Session, podName: string): string {
	const {recording} = store.state;
	const file = recording && join(recording.directory, `${podName}.cast`);
	return file === null ? '' : ` --record=${quoteForShell(file)}${recording?.input ? ' --record-input' : ''}`;
}

function commandPart(command = ''): string {
	const words = wordsOf(command);
	return words.length === 0 ? '' : ` -- ${words.map(word => quoteForShell(word)).join(' ')}`;
}
