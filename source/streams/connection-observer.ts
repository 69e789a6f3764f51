/** Callbacks that report connections of streams. */
import type {Connection} from '../cluster/cluster-client.ts';
import type {ResolvedTarget} from '../cluster/targets/parse-target.ts';
import type {SpokeError} from '../base/errors/spoke-error.ts';

export const streamFeatures = ['logs', 'exec', 'attach', 'port-forward', 'node-proxy', 'pod-proxy', 'service-proxy'] as const;
export type StreamFeature = (typeof streamFeatures)[number];

/** `kubeletPort` is null if a node's port was typed and the node cannot be read. */
export type ProxyRequestFacts = {scheme: 'http' | 'https'; port: number | null; portName: string | null; kubeletPort: boolean | null};

export type ConnectionPurpose = {
	feature: StreamFeature;
	target: ResolvedTarget;
	request: ProxyRequestFacts | null;
	/** Logs only. */
	insecureSkipTlsVerifyBackend?: boolean;
	isUnscheduled?: boolean;
	/** Nothing shows that the target exists. */
	isUnconfirmed?: boolean;
};

/** An observer never makes a stream fail, and its methods do not block. */
export type ConnectionObserver = {
	/** The next stream takes this connection if usable; its target is unresolved. */
	onConnected?(connection: Connection): void;
	/** Called before the request of the stream; the observer can send ordinary requests. */
	beforeUse?(connection: Connection, purpose: ConnectionPurpose): Promise<void>;
	/** A 101 or a response. `mayBeFromApiserver`: the far end of leg 2 may not have been reached. */
	onOpened?(
		connection: Connection,
		purpose: ConnectionPurpose,
		about: {
			carrier: 'http' | 'websocket' | 'spdy';
			protocol: string | null;
			mayBeFromApiserver?: boolean;
		},
	): void;
	/**
	The far end of leg 2 itself responded. For exec and attach: first output or the result (a 101 or an error may come from the apiserver).
	For logs: the kubelet's reason for having no log.
	*/
	onFarEndAnswered?(connection: Connection, purpose: ConnectionPurpose): void;
	/** The apiserver itself responded, without an error: leg 2 was not used. `why` is a clause. */
	onApiserverAnswered?(connection: Connection, purpose: ConnectionPurpose, why: string): void;
	/** Round-trip times in milliseconds. */
	onRoundTrip?(connection: Connection, times: {websocket?: number; runtime?: number}): void;
	/** A ping takes longer than expected: called once, with the wait in milliseconds. The next round trip ends this. */
	onPingOverdue?(connection: Connection, waited: {websocket?: number; runtime?: number}): void;
	onFailed?(connection: Connection | null, purpose: ConnectionPurpose, error: SpokeError): void;
	/** The stream has ended. */
	onClosed?(connection: Connection, purpose: ConnectionPurpose): void;
};
