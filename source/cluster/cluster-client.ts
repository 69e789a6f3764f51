/** Requests and connections to one cluster as one user. */
import type {ApiResponse, Connection, RequestOptions, SocketFacts} from './connection.ts';
import type {SecondLegRecord} from './second-leg-record.ts';

/** Settings from kubeconfig, flags and environment, without secrets. */
export type ClusterInfo = {
	context: string | null;
	/** The server URL as configured, without credentials. */
	server: string;
	namespace: string;
	/** The user's name in the kubeconfig. */
	user: string | null;
	impersonating: string | null;
	impersonatedGroups: readonly string[];
	/** True only for spoke's own sandbox. Every screen and JSON object shows it. */
	sandbox: boolean;
	source: 'kubeconfig' | 'flags' | 'in-cluster';
	/** CA certificates in PEM, for comparisons; `null` when the system's roots are used or verification is off. */
	certificateAuthority: string | null;
	insecureSkipTlsVerify: boolean;
	/** Proxy URL without credentials; `null` when the server is dialed directly. */
	proxy: SocketFacts['proxy'];
};

export type ClusterClient = {
	readonly facts: ClusterInfo;
	/** Results of leg 2 that this process has seen. */
	readonly secondLegs: SecondLegRecord;
	/**
	Opens a dedicated connection, with the handshake done and credentials ready.
	@throws SpokeError ERR_APISERVER_UNREACHABLE, ERR_APISERVER_TLS, ERR_CREDENTIAL_PLUGIN…
	*/
	connect(options?: {signal?: AbortSignal}): Promise<Connection>;
	/**
	Connects to another apiserver of the cluster at its own `ip:port`.
	Its certificate must be from the kubeconfig's CA and carry the name by which pods know an
	apiserver: nothing is sent to an unverified server, even if the kubeconfig skips verification for its own server.
	@throws SpokeError as `connect`; ERR_APISERVER_TLS if the kubeconfig has no CA
	*/
	connectAt(address: string, options?: {signal?: AbortSignal; timeoutMs?: number}): Promise<Connection>;
	/** Sends a request on a pooled connection and honors Retry-After of a 429. Does not throw for an HTTP status. */
	request(options: RequestOptions): Promise<ApiResponse>;
	/**
	Sends a request and parses its JSON body; `exact` keeps each number as written, for `lossless-json`.
	@throws SpokeError by `errorFromResponse` for any status but 2xx
	*/
	json<T = unknown>(options: RequestOptions & {maxBytes?: number; exact?: boolean}): Promise<T>;
	/** Runs a credential plugin early, so that later requests need not wait. @throws SpokeError ERR_CREDENTIAL_PLUGIN… */
	logIn(signal?: AbortSignal): Promise<void>;
	/** Sends a request without credentials on its own connection (for the anonymous probe). */
	anonymous(options: RequestOptions): Promise<ApiResponse>;
	close(): void;
};
