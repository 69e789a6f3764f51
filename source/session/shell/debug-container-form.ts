/** Form that adds a debug container. */
import {addDebugContainer, waitUntilRunning} from '../../streams/debug-container.ts';
import {debugProfiles, profileDescriptions, type DebugProfile} from '../../streams/debug-profiles.ts';
import {ephemeralContainer} from '../../streams/debug-specs.ts';
import {assertPodRunning} from '../../streams/terminated-pod.ts';
import {objectPath} from '../../targets/object-path.ts';
import {podResource} from '../../targets/resource-names.ts';
import type {PodObject} from '../../targets/pod-object.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import {quoteForShell} from '../../text/quote-for-shell.ts';
import type {OpenCluster, Session} from '../frame/session.ts';
import {CanceledError} from '../dialogs/type-ahead.ts';
import {scriptFlags} from '../clusters/script-flags.ts';

export type ShellTarget = {cluster: OpenCluster; pod: PodObject; container: string; asked: string; chosenFrom: number};

const startLimitMs = 60_000;

/** `null` when canceled. @throws SpokeError as `addDebugContainer` and `waitUntilRunning`, and ERR_TARGET_GONE for a terminated pod */
export async function promptDebugContainer(
	session: Session,
	{cluster, pod, container}: ShellTarget,
	because?: string,
): Promise<ShellTarget | null> {
	assertPodRunning(pod, 'debug');
	const {name: podName, namespace = cluster.access.facts.namespace} = pod.metadata;
	const values = await session.fill({
		title: `Debug container in ${podName}`,
		submit: 'add',
		fields: [
			{name: 'image', label: 'Image', value: 'busybox:stable', choices: null, note: ''},
			{name: 'command', label: 'Command', value: 'sh', choices: null, note: 'empty: the default of the image'},
			{
				name: 'target',
				label: 'Target container',
				value: container,
				choices: pod.spec.containers.map(({name}) => ({value: name, shown: name})),
				note: '',
			},
			{
				name: 'profile',
				label: 'Profile',
				value: 'general',
				choices: debugProfiles.map(profile => ({value: profile, shown: `${profile}   ${profileDescriptions[profile]}`})),
				note: '',
			},
		],
		notes: ({image = '', command, target = '', profile}) => [
			...(because === undefined ? [] : [because]),
			'Equivalent command:',
			`  spoke debug -n ${quoteForShell(namespace)} ${quoteForShell(podName)} -it --image=${quoteForShell(image.trim())} --target=${quoteForShell(target)}${profileFlag(profile)}${scriptFlags(session, cluster)}${commandPart(command)}`,
		],
		check: ({image}) => (image?.trim() === '' ? 'an image is required' : null),
	});
	if (
		values === null ||
		!(await session.ask(`Add a debug container to ${podName}?`, ['It cannot be removed from the pod; it ends when its shell exits.']))
	) {
		return null;
	}

	const debugContainer = ephemeralContainer(
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
	const {name} = debugContainer;
	await addDebugContainer(cluster.access, pod, debugContainer);
	await waitFor(session, cluster, pod, name);
	const now = await cluster.access.json<PodObject>({path: objectPath(podResource, namespace, podName)});
	return {cluster, pod: now, container: name, asked: `pod/${podName}`, chosenFrom: 1};
}

/** Waits until the container runs. After a cancel, it stays in the pod. */
async function waitFor(session: Session, {access}: OpenCluster, pod: PodObject, name: string): Promise<void> {
	try {
		await session.typeAhead.showProgress(`waiting for ${name}`, async (signal, say) =>
			waitUntilRunning(access, pod, name, {
				timeoutMs: startLimitMs,
				signal: AbortSignal.any([signal, AbortSignal.timeout(startLimitMs + 1000)]),
				onWaiting(reason) {
					const text = `waiting for ${name}: ${sanitizeLine(reason)}`;
					session.tell(text);
					say(text);
				},
			}),
		);
	} catch (thrown) {
		if (thrown instanceof CanceledError) {
			session.tell(`no longer waiting for ${name}; it stays in the pod`);
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

function profileFlag(profile: string | undefined): string {
	return profile === 'general' ? '' : ` --profile=${profile}`;
}

function commandPart(command = ''): string {
	const words = wordsOf(command);
	return words.length === 0 ? '' : ` -- ${words.map(word => quoteForShell(word)).join(' ')}`;
}
