/** A way to one cluster as one user: what the kubeconfig said, and connections and requests made with it. Made by `createClusterClient`. */
import type {ApiResponse, Connection, RequestOptions, SocketFacts} from './connection.ts';
import type {SecondLegRecord} from './second-leg-record.ts';

/** What the kubeconfig, flags and environment came to. No secret in it. */
export type ClusterInfo = {
	context: string | null;
	/** The server URL as configured, without credentials. */
	server: string;
	namespace: string;
	/** The user's name in the kubeconfig. */
	user: string | null;
	impersonating: string | null;
	/** With which groups; empty where none is given. */
	impersonatedGroups: readonly string[];
	/** True only for the program's own sandbox: every screen and object then says so. */
	sandbox: boolean;
	source: 'kubeconfig' | 'flags' | 'in-cluster';
	/** Where CA data came from, for comparisons: PEM, or `null` when the system's roots are used or the check is skipped. */
	certificateAuthority: string | null;
	insecureSkipTlsVerify: boolean;
	/** The proxy that connections to it are made through, without its credentials; `null`: it is dialled itself. */
	proxy: SocketFacts['proxy'];
};

export type ClusterClient = {
	readonly facts: ClusterInfo;
	/** What leg 2 came to, as far as this process tried it. */
	readonly secondLegs: SecondLegRecord;
	/**
	Opens a dedicated connection, with handshake done and credentials ready.
	@throws SpokeError ERR_APISERVER_UNREACHABLE, ERR_APISERVER_TLS, ERR_CREDENTIAL_PLUGIN…
	*/
	connect(options?: {signal?: AbortSignal}): Promise<Connection>;
	/**
	The same as `connect`, to another apiserver of the cluster at its own `ip:port`. Its certificate must be from the kubeconfig's authority and carry the
	name by which pods know an apiserver: nothing is sent to a server that is not verified so, whatever the kubeconfig allows for its own server.
	@throws SpokeError as `connect`; ERR_APISERVER_TLS where the kubeconfig gives no authority to check with
	*/
	connectAt(address: string, options?: {signal?: AbortSignal; timeoutMs?: number}): Promise<Connection>;
	/** A request on a pooled keep-alive connection; Retry-After of a 429 is obeyed. Nothing is thrown for an HTTP status. */
	request(options: RequestOptions): Promise<ApiResponse>;
	/** Request, body read whole, JSON parsed; `exact` keeps every number as it was written, for `exact-json`. @throws SpokeError by `refusal` for any status but 2xx. */
	json<T = unknown>(options: RequestOptions & {maxBytes?: number; exact?: boolean}): Promise<T>;
	/** Gets the credentials ready, so that nothing later waits for a plugin. @throws SpokeError ERR_CREDENTIAL_PLUGIN… */
	logIn(signal?: AbortSignal): Promise<void>;
	/** Request with no credentials at all on a connection of its own (for the anonymous probe). */
	anonymous(options: RequestOptions): Promise<ApiResponse>;
	/** Closes pooled connections. */
	close(): void;
};
