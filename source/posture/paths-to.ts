/** `spoke path`: the Path of each feature to one target, as it would be now. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {joinHostPort} from '../cluster/transport/server-url.ts';
import type {ErrorObject} from '../errors/spoke-error.ts';
import type {ConnectionPurpose, Grounds, Path, StreamFeature} from './evidence.ts';
import {examineActively} from './examine-actively.ts';
import {examineReplicas} from './examine-replicas.ts';
import {examine, groundsFor, type Examined} from './examine.ts';
import {dialledAddress} from './node-facts.ts';
import {buildPath} from './path.ts';
import {pathSubjects, type PathSubjects} from './path-subjects.ts';
import {apiserverFlag} from './rules/apiserver-flag.ts';
import {toKubelet} from './rules/second-leg-tls.ts';

export type PathsOptions = {
	/** Only these; all that apply when left out. */
	features?: readonly StreamFeature[];
	probe: 'passive' | 'active';
	/** Of the target; the cluster's own when left out. */
	namespace?: string;
	signal?: AbortSignal;
	/** What a person should know of the paths, in one line. */
	onNotice?: (notice: string) => void;
};

/** @throws SpokeError when the target is not found or no connection can be made */
export async function pathsTo(cluster: ClusterClient, asked: string, {features, probe, namespace, signal, onNotice}: PathsOptions): Promise<Path[]> {
	const subjects = await pathSubjects(cluster, asked, {signal, namespace, alsoWithoutPods: features?.includes('service-proxy') ?? true});
	if (subjects.proxyNotice !== null && (features?.includes('service-proxy') ?? true)) {
		onNotice?.(subjects.proxyNotice);
	}

	const passive = await examine(cluster, {namespace: subjects.target.namespace ?? namespace, ...signal ? {signal} : {}});
	try {
		const wide = probe === 'active' ? await examineReplicas(passive, cluster, signal) : passive;
		const examined = probe === 'active' && subjects.probe ? await examineActively(wide, cluster, subjects.probe) : wide;
		return subjects.purposes
			.filter(({feature}) => features === undefined || features.includes(feature))
			.map(purpose => configuredPath(examined, cluster, purpose, subjects));
	} finally {
		passive.connection.close();
	}
}

/** Stands for the connection of an attempt that failed; what was read on it says so. */
export const failedAttempt = 'failed-attempt';

/** The path that a connection for this purpose would take, or with `error`, the one that failed. */
export function configuredPath(
	examined: Examined,
	cluster: ClusterClient,
	purpose: ConnectionPurpose,
	subjects: Pick<PathSubjects, 'node' | 'pod'>,
	error: ErrorObject | null = null,
): Path {
	const configured = groundsFor(examined, cluster, purpose);
	const {stepTests, agentTests} = examined.active;
	const {failures} = configured;
	const isOwn = failures.some(({connection}) => connection === configured.connection);
	// An attempt on a connection of its own: nothing but its own words is bound to it, and what was tested of a process before may be another's.
	const attempt: Partial<Grounds> = isOwn ? {} : {connection: failedAttempt, process: null, stepTests, agentTests};
	const grounds: Grounds = error
		? {...configured, about: 'ended-connection', bound: true, answered: failures.some(({facts}) => facts.answered), ...attempt}
		: configured;
	const {context, server, sandbox} = cluster.facts;
	return buildPath(grounds, {
		cluster: {context, server, version: examined.shared.version?.facts.gitVersion ?? null, sandbox},
		phase: error ? 'failed' : 'settled',
		address: addressOf(grounds, subjects),
		rttMs: {websocket: null, runtime: null},
		error,
	});
}

function addressOf(grounds: Grounds, {node, pod}: Pick<PathSubjects, 'node' | 'pod'>): string | null {
	const {purpose} = grounds;
	if (toKubelet(grounds)) {
		const preferred = apiserverFlag(grounds, 'kubelet-preferred-address-types', () => 'preferred-address-types');
		return dialledAddress(node, preferred.known ? preferred.value : undefined);
	}

	const addresses: Partial<Record<typeof purpose.feature, string | undefined>> = {
		'pod-proxy': pod?.status?.podIP,
		'node-proxy': node?.status?.addresses?.[0]?.address,
	};
	const address = addresses[purpose.feature];
	return address && purpose.request?.port ? joinHostPort(address, purpose.request.port) : null;
}
