/** A tunnel to a pod, and its stream pairs. */
import process from 'node:process';
import type {Duplex} from 'node:stream';
import {monotonicMs} from '../../base/async/clock.ts';
import type {ClusterClient, Connection, UpgradeOptions} from '../../cluster/cluster-client.ts';
import type {ErrorResponseContext} from '../../cluster/error-from-response.ts';
import {readJsonResponse} from '../../cluster/read-json-response.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import type {PingOptions} from '../../wire/pings.ts';
import {SpdySession} from '../../wire/spdy-session.ts';
import type {SpdyStream} from '../../wire/spdy-stream.ts';
import {WebSocketCarrier} from '../../wire/websocket-carrier.ts';
import {objectPath, podResource} from '../../cluster/targets/resource-names.ts';
import type {PodObject} from '../../cluster/targets/pod-object.ts';
import type {ConnectionPurpose, ConnectionObserver} from '../connection-observer.ts';
import type {ResolvedTarget} from '../../cluster/targets/parse-target.ts';
import {locateTunnelLoss, locateUntilAborted} from '../locate-loss.ts';
import {
	type Carrier,
	type CarrierAttempt,
	openOverCarriers,
	type RefusedUpgrade,
	refusedUpgradeError,
	type Upgraded,
} from '../observed-connection.ts';

type TunnelOptions = {
	observer?: ConnectionObserver;
	signal?: AbortSignal;
	/** Defaults by KUBECTL_PORT_FORWARD_WEBSOCKETS, as in kubectl before 1.38. */
	carriers?: readonly Carrier[];
	/** Default 20 s. */
	pings?: PingOptions;
	/** Reads the pod first, and opens no tunnel to another pod of its name. */
	onPodReplaced?: () => void;
};

/** Load balancers close connections that are idle for 60 s. */
const pingIntervalMs = 20_000;
const defaultPings: PingOptions = {intervalMs: pingIntervalMs};
const silenceTimeoutMs = 45_000;
const podTimeoutMs = 10_000;

let openedCount = 0;

export type Tunnel = ReturnType<typeof createTunnel>;

/** @throws SpokeError as `openOverCarriers`; ERR_TARGET_GONE after `onPodReplaced` */
export async function openTunnel(
	cluster: ClusterClient,
	target: ResolvedTarget,
	{observer, signal, carriers = carriersOf(process.env), pings = defaultPings, onPodReplaced}: TunnelOptions = {},
): Promise<Tunnel> {
	const purpose: ConnectionPurpose = {feature: 'port-forward', target, request: null};
	return openOverCarriers(
		cluster,
		{
			purpose,
			upgrades: carriers.map(carrier => tunnelUpgrade(target, carrier)),
			async beforeUpgrade(connection) {
				if (onPodReplaced && target.uid !== null) {
					await confirmPod(connection, target, {cluster, signal, onPodReplaced});
				}
			},
			opened: (upgraded, attempt) => createTunnel(upgraded, attempt, purpose, {cluster, observer, pings}),
			refusal: (refused, attempt) => tunnelRefusal(refused, attempt, {namespace: target.namespace, identity: cluster.facts}),
		},
		{observer, signal},
	);
}

export function carriersOf(environment: NodeJS.ProcessEnv): readonly Carrier[] {
	return environment['KUBECTL_PORT_FORWARD_WEBSOCKETS'] === 'false' ? ['spdy'] : ['websocket', 'spdy'];
}

/** Has no effect on the pod. */
export function tunnelUpgrade({namespace, name}: Pick<ResolvedTarget, 'namespace' | 'name'>, carrier: Carrier): UpgradeOptions {
	const path = objectPath(podResource, namespace ?? '', name, 'portforward');
	return carrier === 'websocket'
		? {method: 'GET', path, upgrade: 'websocket', protocols: ['SPDY/3.1+portforward.k8s.io']}
		: {method: 'POST', path, upgrade: 'SPDY/3.1', protocols: ['portforward.k8s.io']};
}

/**
Tunnels are opened by the name of the pod. Reads it on the tunnel's own connection, because another one can hang after an outage, and
directly before the tunnel's request, because a successor takes longer than that to start.
@throws SpokeError ERR_TARGET_GONE if the name belongs to another pod, and why the pod could not be read, unless that is forbidden
*/
async function confirmPod(
	connection: Connection,
	{namespace, name, uid}: ResolvedTarget,
	{cluster, signal, onPodReplaced}: {cluster: ClusterClient; signal: AbortSignal | undefined; onPodReplaced: () => void},
): Promise<void> {
	const path = objectPath(podResource, namespace ?? '', name);
	const response = await connection.pipelined({path, timeoutMs: podTimeoutMs, ...(signal && {signal})});
	if (response.status === 403) {
		return;
	}

	const options = {peerName: `the apiserver ${cluster.facts.server}`, identity: cluster.facts};
	const pod = (await readJsonResponse(response, {path}, options)) as PodObject;
	if (pod.metadata.uid !== uid) {
		onPodReplaced();
		throw new SpokeError('ERR_TARGET_GONE', `pod ${name} was replaced by another pod of its name`);
	}
}

function createTunnel(
	{socket}: Upgraded,
	{carrier, connection}: CarrierAttempt,
	purpose: ConnectionPurpose,
	{cluster, observer, pings: {intervalMs, clock}}: {cluster: ClusterClient; observer: ConnectionObserver | undefined; pings: PingOptions},
) {
	const options = {pingIntervalMs: intervalMs, ...(clock && {clock})};
	let stream: Duplex = socket;
	if (carrier === 'websocket') {
		const websocketStream = new WebSocketCarrier(socket, options);
		websocketStream.onRoundTrip(websocket => observer?.onRoundTrip?.(connection, {websocket}));
		websocketStream.onPingOverdue(websocket => observer?.onPingOverdue?.(connection, {websocket}));
		stream = websocketStream;
	}

	const session = new SpdySession(stream, {...options, silenceMs: silenceTimeoutMs});
	session.on('roundTrip', runtime => observer?.onRoundTrip?.(connection, {runtime}));
	session.on('pingOverdue', runtime => observer?.onPingOverdue?.(connection, {runtime}));
	const locate = memoizeLoss(cluster);
	session.once('close', async error => {
		if (error) {
			observer?.onFailed?.(connection, purpose, await locate(error));
		}

		observer?.onClosed?.(connection, purpose);
	});
	let nextRequest = 0;
	openedCount++;
	return {
		id: `t${openedCount}`,
		carrier,
		session,
		/**
		Opens a stream pair. Does not wait. The runtime's message is on `error`.
		@see k8s.io/streaming pkg/portforward/httpstream.go
		*/
		open(port: number): {data: SpdyStream; error: SpdyStream} {
			const headers = {port: String(port), requestid: String(nextRequest++)};
			const error = session.open({...headers, streamtype: 'error'});
			error.end();
			return {error, data: session.open({...headers, streamtype: 'data'})};
		},
		/** The same result as for the tunnel's path. Does not wait after an abort; never rejects. */
		locateLoss: async (error: SpokeError, signal: AbortSignal) => locateUntilAborted(error, async () => locate(error), signal),
		/** Silence beyond the pings: the process was suspended, or the network is down. */
		get isStale() {
			return monotonicMs() - session.lastReceivedAt > pingIntervalMs + 5000;
		},
	};
}

/** Path and connections share one result. */
function memoizeLoss(cluster: ClusterClient): (error: SpokeError) => Promise<SpokeError> {
	const locatedErrors = new WeakMap<SpokeError, Promise<SpokeError>>();
	return async error => {
		const located = locatedErrors.get(error) ?? locateTunnelLoss(cluster, error);
		locatedErrors.set(error, located);
		return located;
	};
}

function tunnelRefusal(
	refused: RefusedUpgrade | null,
	attempt: CarrierAttempt,
	context: Pick<ErrorResponseContext, 'namespace' | 'identity'>,
): SpokeError {
	if (refused === null) {
		return new SpokeError('ERR_UPGRADE_REFUSED', `the server accepted the upgrade to ${attempt.carrier}, but not port forwarding over it`);
	}

	const text = refused.body.trim();
	if (text.startsWith('error dialing backend:')) {
		return new SpokeError('ERR_SECOND_LEG', text, {text});
	}

	return refusedUpgradeError(refused, attempt, 'error upgrading connection: unable to upgrade connection', {
		resource: 'pods/portforward',
		...context,
	});
}
