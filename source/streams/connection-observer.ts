/** Callbacks through which streams report their connections, without knowledge of evidence. */
import type {Connection} from '../cluster/connection.ts';
import type {SpokeError} from '../errors/spoke-error.ts';

export type StreamFeature = 'logs' | 'exec' | 'attach' | 'port-forward' | 'node-proxy' | 'pod-proxy' | 'service-proxy';

/** The thing at the far end of a connection. */
export type ResolvedTarget = {
	/** As typed by the user. */
	asked: string;
	kind: 'Pod' | 'Node' | 'Service';
	namespace: string | null;
	name: string;
	uid: string | null;
	node: string | null;
	container: string | null;
	/** Of how many this one was chosen; 1 for a named pod. */
	chosenFrom: number;
};

/** `kubeletPort` is null where a node's port was typed and the node, which names its kubelet's, may not be read. */
export type ProxyRequestFacts = {scheme: 'http' | 'https'; port: number | null; portName: string | null; kubeletPort: boolean | null};

export type ConnectionPurpose = {
	feature: StreamFeature;
	target: ResolvedTarget;
	/** Only for the three proxies. */
	request: ProxyRequestFacts | null;
	/** Logs only: the read asked the apiserver to skip verification of the kubelet. */
	insecureSkipTlsVerifyBackend?: boolean;
	/** The pod is on no node yet. */
	isUnscheduled?: boolean;
};

/**
Given by commands and the session to every stream. All methods return at once or are awaited no longer than they take;
an observer never makes a stream fail.
*/
export type ConnectionObserver = {
	/** A connection that the next stream will take, unless it turns out useless; its target is still looked up. */
	onConnected?(connection: Connection): void;
	/** Called with the handshake done and before the request that makes it a stream: ordinary requests may be made on it. */
	beforeUse?(connection: Connection, purpose: ConnectionPurpose): Promise<void>;
	/**
	 * The stream is open: 101, or an answer. `mayBeFromApiserver`: who gave it cannot be told, so that the far end of leg 2 may not have been
	 * reached.
	 */
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
	The far end of leg 2 itself has been heard: first bytes of the remote command, or how it ended. Told for exec and attach,
	where a 101 may come from the apiserver before it dials, and so may the words of a failure; and where a kubelet says why there is no log.
	*/
	onFarEndAnswered?(connection: Connection, purpose: ConnectionPurpose): void;
	/** Round-trip times as they are measured, milliseconds. */
	onRoundTrip?(connection: Connection, times: {websocket?: number; runtime?: number}): void;
	/**
	 * A ping was not answered for so long, milliseconds, which is longer than it takes: told once, and the next round trip says that it goes
	 * on.
	 */
	onPingOverdue?(connection: Connection, waited: {websocket?: number; runtime?: number}): void;
	onFailed?(connection: Connection | null, purpose: ConnectionPurpose, error: SpokeError): void;
	onClosed?(connection: Connection, purpose: ConnectionPurpose): void;
};
