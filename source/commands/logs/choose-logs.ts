/** Which logs a request without -f reads, and which pods one with -f follows. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {logSource, type ContainerSelection, type FollowTargets} from '../../streams/logs/follow-logs.ts';
import {resolveFollowTargets} from '../../streams/logs/resolve-follow-targets.ts';
import {allContainers, chooseContainer} from '../../targets/choose-container.ts';
import type {ParsedTarget} from '../../targets/parse-target.ts';
import type {PodObject} from '../../targets/pod-object.ts';
import {byLogging} from '../../targets/pod-order.ts';
import {listPods, toResolvedTarget, resolvePod} from '../../targets/resolve-pod.ts';
import type {LogRequest} from './log-request.ts';
import type {ChosenLog} from './print-logs.ts';

type Asking = {podRunningTimeoutMs: number; signal: AbortSignal; say: (notice: string) => void};

/** Kubectl's words of a target of logs that is not there differ from those of its other commands. @see k8s.io/kubectl pkg/cmd/logs/logs.go Complete */
export function missingAsKubectl(thrown: unknown, namespace: string): never {
	const [, words] = /^Error from server \(NotFound\): (.*)$/s.exec((thrown instanceof SpokeError && thrown.asKubectl) || '') ?? [];
	throw words === undefined
		? thrown
		: (thrown as SpokeError).withChanges({
				asKubectl: `error: error from server (NotFound): ${words} in namespace ${JSON.stringify(namespace)}`,
				cause: (thrown as SpokeError).cause,
			});
}

/** As kubectl: by selector all pods in the apiserver's order, of a workload one pod, or with `allPods` all in the order of its choice. */
export async function chooseLogs(cluster: ClusterClient, request: LogRequest, asking: Asking): Promise<readonly ChosenLog[]> {
	const {selector, targets, containers, allPods} = request;
	if (selector !== null) {
		const pods = await listPods(cluster, {namespace: cluster.facts.namespace, labelSelector: selector}, asking.signal);
		if (pods.length === 0) {
			asking.say(`No resources found in ${cluster.facts.namespace} namespace.`);
		}

		return pods.flatMap(pod => logsOf(pod, `-l ${selector}`, pods.length, containers, {...asking, allPods}));
	}

	const chosen: ChosenLog[] = [];
	for (const target of targets) {
		chosen.push(...(await logsBehind(cluster, target, request, asking)));
	}

	return chosen;
}

async function logsBehind(
	cluster: ClusterClient,
	target: ParsedTarget,
	{containers, allPods}: LogRequest,
	asking: Asking,
): Promise<readonly ChosenLog[]> {
	const {
		pod,
		target: {chosenFrom},
		scope,
	} = await resolvePod(cluster, target, {
		order: 'logs',
		podRunningTimeoutMs: asking.podRunningTimeoutMs,
		signal: asking.signal,
	});
	if (chosenFrom > 1 && allPods && scope !== null) {
		const pods = (await listPods(cluster, scope, asking.signal)).sort(byLogging);
		return pods.flatMap(one => logsOf(one, target.input, pods.length, containers, {...asking, allPods}));
	}

	if (chosenFrom > 1) {
		asking.say(`Found ${chosenFrom} pods, using pod/${pod.metadata.name}`);
	}

	return logsOf(pod, target.input, chosenFrom, containers, {...asking, allPods});
}

function logsOf(
	pod: PodObject,
	asked: string,
	chosenFrom: number,
	choice: ContainerSelection,
	{say, allPods}: {say: Asking['say']; allPods: boolean},
): ChosenLog[] {
	const names =
		choice.kind === 'all' ? allContainers(pod).map(({name}) => name) : [chosenName(pod, choice, allPods ? () => undefined : say)];
	return names.map(name => ({source: logSource(pod, name), target: toResolvedTarget(asked, pod, chosenFrom, name)}));
}

function chosenName(pod: PodObject, choice: ContainerSelection, say: Asking['say']): string {
	const {name, notice} = chooseContainer(pod, choice.kind === 'named' ? choice.name : undefined, {unknownAnnotation: 'go-on'});
	if (notice !== null) {
		say(notice);
	}

	return name;
}

/** Named pods, or everything behind one workload, service or selector. */
export async function chooseFollowTargets(
	cluster: ClusterClient,
	{selector, targets, containers}: LogRequest,
	{signal, say}: Asking,
): Promise<FollowTargets> {
	const {namespace} = cluster.facts;
	if (selector !== null) {
		// Pods that nothing but a job brought back will have no successors.
		const mayCome = async (controllers: ReadonlySet<string>) =>
			controllers.size === 0 || [...controllers].some(kind => kind !== '' && kind !== 'Job');
		return {kind: 'scope', scope: {namespace, labelSelector: selector}, mayCome};
	}

	const followed = await resolveFollowTargets(cluster, targets, namespace, signal);
	for (const pod of followed.kind === 'pods' ? followed.pods : []) {
		if (containers.kind !== 'all') {
			chosenName(pod, containers, say);
		}
	}

	return followed;
}
