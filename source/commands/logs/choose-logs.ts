/** Selection of logs. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {isSpokeError, type SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import {canSelectorGainPods, resolveFollowTargets} from '../../streams/logs/resolve-follow-targets.ts';
import {logSource, type ContainerSelection, type FollowTargets} from '../../streams/logs/follow-logs.ts';
import {allContainers, chooseContainer, containerStatus} from '../../targets/choose-container.ts';
import type {ParsedTarget} from '../../targets/parse-target.ts';
import type {PodObject} from '../../targets/pod-object.ts';
import {byLogPreference, listPods, resolvePod, toResolvedTarget, waitForFirstPod} from '../../targets/resolve-pod.ts';
import {resolveTargetPods} from '../../targets/target-pods.ts';
import type {LogRequest} from './log-request.ts';
import type {ChosenLog} from './print-logs.ts';

export type ChooseOptions = {
	podRunningTimeoutMs: number;
	signal: AbortSignal;
	say: (notice: string) => void;
	/** Of a target that is left out. `null`: it fails. */
	onMissing: ((error: SpokeError) => void) | null;
};

/** kubectl logs has its own message for a missing target. @see k8s.io/kubectl pkg/cmd/logs/logs.go Complete */
export function throwNotFoundAsKubectl(thrown: unknown, namespace: string): never {
	const [, words] = /^Error from server \(NotFound\): (.*)$/s.exec((isSpokeError(thrown) && thrown.asKubectl) || '') ?? [];
	throw words === undefined
		? thrown
		: (thrown as SpokeError).withChanges({
				asKubectl: `error: error from server (NotFound): ${words} in namespace ${JSON.stringify(namespace)}`,
				cause: (thrown as SpokeError).cause,
			});
}

/** Like kubectl: all pods of a selector, in the apiserver's order; one pod of a workload, or with `allPods` all in order of preference. */
export async function chooseLogs(cluster: ClusterClient, request: LogRequest, options: ChooseOptions): Promise<readonly ChosenLog[]> {
	const {selector, targets, containers, allPods} = request;
	if (selector !== null) {
		const pods = await listPods(cluster, {namespace: cluster.facts.namespace, labelSelector: selector}, options.signal);
		if (pods.length === 0) {
			options.say(`No resources found in ${cluster.facts.namespace} namespace.`);
		}

		return pods.flatMap(pod => logsOf(pod, `-l ${selector}`, pods.length, containers, {...options, allPods}));
	}

	const chosen = await readTargets(targets, async target => logsOfTarget(cluster, target, request, options), options);
	return chosen.flat();
}

/** @throws SpokeError of a target, unless it is missing and another is not */
async function readTargets<Result>(
	targets: readonly ParsedTarget[],
	read: (target: ParsedTarget) => Promise<Result>,
	{onMissing}: Pick<ChooseOptions, 'onMissing'>,
): Promise<readonly Result[]> {
	const results: Result[] = [];
	const missing: SpokeError[] = [];
	for (const target of targets) {
		try {
			results.push(await read(target));
		} catch (thrown) {
			const error = toSpokeError(thrown);
			if (onMissing === null || !['ERR_NOT_FOUND', 'ERR_FORBIDDEN'].includes(error.code)) {
				throw thrown;
			}

			missing.push(error);
		}
	}

	if (results.length === 0 && missing.length > 0) {
		throw missing[0]!;
	}

	for (const error of missing) {
		onMissing?.(error);
	}

	return results;
}

async function logsOfTarget(
	cluster: ClusterClient,
	target: ParsedTarget,
	{containers, allPods}: LogRequest,
	options: ChooseOptions,
): Promise<readonly ChosenLog[]> {
	const {
		pod,
		target: {chosenFrom},
		scope,
	} = await resolvePod(cluster, target, {
		podPreference: 'logs',
		podRunningTimeoutMs: options.podRunningTimeoutMs,
		signal: options.signal,
	});
	if (chosenFrom > 1 && allPods && scope !== null) {
		const pods = (await listPods(cluster, scope, options.signal)).sort(byLogPreference);
		return pods.flatMap(one => logsOf(one, target.input, pods.length, containers, {...options, allPods}));
	}

	if (chosenFrom > 1) {
		options.say(`Found ${chosenFrom} pods, using pod/${pod.metadata.name}`);
	}

	return logsOf(pod, target.input, chosenFrom, containers, {...options, allPods});
}

function logsOf(
	pod: PodObject,
	input: string,
	chosenFrom: number,
	choice: ContainerSelection,
	{say, allPods}: {say: ChooseOptions['say']; allPods: boolean},
): ChosenLog[] {
	const names =
		choice.kind === 'all' ? allContainers(pod).map(({name}) => name) : [chosenName(pod, choice, allPods ? () => undefined : say)];
	const [first, ...more] = pod.spec.containers;
	return names.map(name => {
		const status = containerStatus(pod, name);
		return {
			source: logSource(pod, name),
			target: toResolvedTarget(input, pod, chosenFrom, name),
			isOnlyContainer: name === first?.name && more.length === 0,
			restarts: status?.restartCount ?? 0,
			isWaiting: status?.state?.waiting !== undefined,
		};
	});
}

function chosenName(pod: PodObject, choice: ContainerSelection, say: ChooseOptions['say']): string {
	const {name, notice} = chooseContainer(pod, choice.kind === 'named' ? choice.name : undefined, {unknownAnnotation: 'go-on'});
	if (notice !== null) {
		say(notice);
	}

	return name;
}

/** `isWaitLimited`: a workload must have a pod within `podRunningTimeoutMs`; otherwise the follow itself waits for one. */
export async function chooseFollowTargets(
	cluster: ClusterClient,
	{selector, targets, containers}: LogRequest,
	{podRunningTimeoutMs, isWaitLimited, signal, say, onMissing}: ChooseOptions & {isWaitLimited: boolean},
): Promise<FollowTargets> {
	const {namespace} = cluster.facts;
	if (selector !== null) {
		return {
			kind: 'scope',
			scope: {namespace, labelSelector: selector},
			canAppear: async controllers => canSelectorGainPods(cluster, controllers, selector),
		};
	}

	const read = async (target: ParsedTarget) => resolveTargetPods(cluster, target, namespace, signal).then(() => target);
	const found = onMissing === null ? targets : await readTargets(targets, read, {onMissing});
	const followed = await resolveFollowTargets(cluster, found, namespace, signal);
	if (isWaitLimited && followed.kind === 'scope') {
		await waitForFirstPod(cluster, found[0]!.input, followed.scope, {podRunningTimeoutMs, signal});
	}

	for (const pod of followed.kind === 'pods' ? followed.pods : []) {
		if (containers.kind !== 'all') {
			chosenName(pod, containers, say);
		}
	}

	return followed;
}
