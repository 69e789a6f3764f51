/** Events of forwards. */
import type {SpokeError} from '../../base/errors/spoke-error.ts';
import type {ResolvedTarget} from '../../cluster/targets/parse-target.ts';

export type BoundAddress = {address: string; port: number; family: 'IPv4' | 'IPv6'};

/** Who ended the connection first. */
export type ConnectionEnd = 'client-fin' | 'pod-fin' | 'client-reset' | 'pod-reset' | 'moved' | 'shutdown';

export type MoveReason = 'deleted' | 'not-ready' | 'evicted' | 'completed' | 'sandbox-changed';

export type PodIdentity = {name: string; uid: string | null};

type ConnectionCounts = {
	forward: string;
	connection: string;
	/** Bytes to the pod. */
	up: number;
	down: number;
	durationMs: number;
};

export type ForwardEvent =
	/** Before the ready event: no pod runs. `podCount` pods exist. Ends after `timeoutMs`. */
	| {event: 'waiting'; forward: string; asked: string; podCount: number; timeoutMs: number}
	/** Once per forward, before its connections. */
	| {
			event: 'ready';
			forward: string;
			target: ResolvedTarget;
			remotePort: number;
			remotePortName: string | null;
			listen: readonly BoundAddress[];
			/** Name of --host, to which `listen` belongs. */
			host: string | null;
			carrier: 'websocket' | 'spdy';
	  }
	/** One of several addresses could not be bound. */
	| {event: 'bound-without'; forward: string; error: SpokeError}
	| {
			event: 'connection-opened';
			forward: string;
			connection: string;
			client: string;
			port: number;
			pod: string;
			tunnel: string | null;
			shared: boolean;
	  }
	/** `activeMs`: until the first side ended, or the last byte that the client received. `durationMs`: until both ended. */
	| (ConnectionCounts & {event: 'connection-closed'; activeMs: number; end: ConnectionEnd})
	/** Without `remotePort` if the pod does not have the port. */
	| (ConnectionCounts & {event: 'connection-failed'; port: number; remotePort?: number; error: SpokeError})
	/** A slow local reader blocks the tunnel. */
	| {event: 'connection-congested' | 'connection-flowing'; forward: string; connection: string; tunnel: string | null}
	| {event: 'moved'; forward: string; from: PodIdentity; to: PodIdentity; reason: MoveReason; outageMs: number}
	/** The forward keeps its pods, and spoke retries. Once per error code until a watch lasts. */
	| {event: 'watch-failed'; forward: string; error: SpokeError; retryInMs: number}
	/** spoke retries, and the ports stay bound. */
	| {event: 'interrupted'; forward: string; error: SpokeError; attempt: number; retryInMs: number}
	| {event: 'restored'; forward: string; outageMs: number};

export type ConnectionSnapshot = {
	connection: string;
	/** `127.0.0.1:53211`, `[::1]:53211`. */
	client: string;
	pod: string;
	tunnel: string | null;
	shared: boolean;
	congested: boolean;
	up: number;
	down: number;
	/** `monotonicMs()`. */
	since: number;
};

export type ForwardTotals = {connections: number; failed: number; up: number; down: number};
