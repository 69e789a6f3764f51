/** Paths of connections that are not open: for `spoke path`, the session, the doctor, the node check and lists. */
import type {ClusterClient, ApiResponse} from '../cluster/cluster-client.ts';
import {joinHostPort} from '../cluster/transport/server-url.ts';
import type {ErrorObject} from '../base/errors/spoke-error.ts';
import type {ConnectionPurpose, Observations, Path, StreamFeature} from './evidence.ts';
import {examineWithProbes} from './run-active-probes.ts';
import {buildObservations, examinationOf, noTarget} from './build-observations.ts';
import type {ApiserverExamination} from './examine-apiserver.ts';
import {dialAddress} from './probes/node-to-apiserver.ts';
import {buildPath} from './build-path.ts';
import {planPaths, type PathPlan} from './plan-paths.ts';
import {resolveApiserverFlag} from './rules/apiserver-flag.ts';
import {endsAtKubelet} from './rules/second-leg-tls.ts';
import {noConnectionObservations, socketObservation} from './connection-observations.ts';
import {formatPathLine} from './path-line.ts';

type FindPathsOptions = {
	features?: readonly StreamFeature[];
	probe: 'passive' | 'active';
	namespace?: string;
	signal?: AbortSignal;
	onNotice?: (notice: string) => void;
};

/** A path that ends at the apiserver: `legs` has leg 1 only. */
type ApiserverPath = Pick<Path, 'cluster' | 'legs' | 'evidence' | 'line'>;

/** One path per feature. @throws SpokeError when the target is not found or no connection can be made */
export async function findPaths(
	cluster: ClusterClient,
	input: string,
	{features, probe, namespace, signal, onNotice}: FindPathsOptions,
): Promise<Path[]> {
	const plan = await planPaths(cluster, input, {signal, namespace, alsoWithoutPods: features?.includes('service-proxy') ?? true});
	if (plan.proxyNotice !== null && (features?.includes('service-proxy') ?? true)) {
		onNotice?.(plan.proxyNotice);
	}

	const examined = await examineWithProbes(cluster, {
		probe,
		signal,
		namespace: plan.target.namespace ?? namespace,
		target: async () => plan.probe,
	});
	return plan.purposes
		.filter(({feature}) => features === undefined || features.includes(feature))
		.map(purpose => configuredPath(examined, cluster, purpose, plan));
}

export const failedAttemptId = 'failed-attempt';

/** The path of a future connection or, with `error`, of the one that failed: the examined one, or a separate one. */
export function configuredPath(
	examined: ApiserverExamination,
	cluster: ClusterClient,
	purpose: ConnectionPurpose,
	plan: Pick<PathPlan, 'node' | 'pod'>,
	error: ErrorObject | null = null,
): Path {
	if (!error) {
		return pathOf(buildObservations(cluster, examined, {purpose, scope: 'next-connection'}), cluster, plan, null);
	}

	const {stepTests, agentTests, failures} = examined.active;
	const farEndAnswered = failures.some(({facts}) => facts.answered);
	const ended = buildObservations(cluster, examined, {purpose, scope: 'ended', farEndAnswered});
	const isOwn = failures.some(({connection}) => connection === ended.connection);
	// On a separate connection, only its own failure is bound to it; earlier tests may be about another process.
	return pathOf(isOwn ? ended : {...ended, connection: failedAttemptId, process: null, stepTests, agentTests}, cluster, plan, error);
}

/** The path of a request that has ended on the examined connection, with `error` if it failed. */
export function attemptedPath(
	examined: ApiserverExamination,
	cluster: ClusterClient,
	purpose: ConnectionPurpose,
	plan: Pick<PathPlan, 'node' | 'pod'>,
	error: ErrorObject | null,
): Path {
	const farEndAnswered = error === null || examined.active.failures.some(({facts}) => facts.answered);
	return pathOf(buildObservations(cluster, examined, {purpose, scope: 'ended', farEndAnswered}), cluster, plan, error);
}

function pathOf(observations: Observations, cluster: ClusterClient, plan: Pick<PathPlan, 'node' | 'pod'>, error: ErrorObject | null): Path {
	return buildPath(observations, {
		cluster: cluster.facts,
		phase: error ? 'failed' : 'settled',
		address: addressOf(observations, plan),
		error,
		node: plan.node,
	});
}

function addressOf(observations: Observations, {node, pod}: Pick<PathPlan, 'node' | 'pod'>): string | null {
	const {purpose} = observations;
	if (endsAtKubelet(observations)) {
		const preferred = resolveApiserverFlag(observations, 'kubelet-preferred-address-types');
		return dialAddress(node, preferred.known ? preferred.value : undefined);
	}

	const addresses: Partial<Record<typeof purpose.feature, string | undefined>> = {
		'pod-proxy': pod?.status?.podIP,
		'node-proxy': node?.status?.addresses?.[0]?.address,
	};
	const address = addresses[purpose.feature];
	return address && purpose.request?.port ? joinHostPort(address, purpose.request.port) : null;
}

/** Decided by the socket on which the response came; nothing else is read. */
export function apiserverPath(cluster: ClusterClient, connection: ApiResponse['connection']): ApiserverPath {
	const examined = examinationOf({...noConnectionObservations, socket: socketObservation(connection)});
	const purpose = {feature: 'logs', target: noTarget, request: null} as const;
	const observations = buildObservations(cluster, examined, {purpose, scope: 'this-connection'});
	const path = pathOf(observations, cluster, {node: null, pod: null}, null);
	const legs = path.legs.slice(0, 1);
	const cited = new Set(legs.flatMap(({tls, route}) => [...tls.evidence, ...route.evidence]));
	return {
		cluster: path.cluster,
		legs,
		evidence: path.evidence.filter(({id}) => cited.has(id)),
		line: formatPathLine({...path, legs}),
	};
}
