/** Requests and connections to one cluster. */
import type {ApiResponse, Connection, RequestOptions, SocketFacts} from './connection.ts';

export type ClusterInfo = {
	context: string | null;
	/** Without credentials. */
	server: string;
	namespace: string;
	user: string | null;
	impersonating: string | null;
	impersonatedGroups: readonly string[];
	/** True only for spoke's own sandbox. */
	sandbox: boolean;
	source: 'kubeconfig' | 'flags' | 'in-cluster';
	/** PEM; `null` with the system's roots or without verification. */
	certificateAuthority: string | null;
	/** As the kubeconfig or the pod has them, without the overrides of flags; PEM. `null` for none. */
	configured: {server: string | null; certificateAuthority: string | null};
	insecureSkipTlsVerify: boolean;
	/** The URL has no credentials; `null` without a proxy. */
	proxy: SocketFacts['proxy'];
};

export type ClusterClient = {
	readonly facts: ClusterInfo;
	readonly records: ClusterRecords;
	/**
	`canReuseReleased`: may return a connection that a stream has released. Not for a stream, because a connection has one label.
	`canShare`: may return a part of an HTTP/2 connection that others use, too. It cannot upgrade.
	`mustDial`: makes a new TCP connection. Otherwise the connection may be one that a request used within the last second.
	`dialTimeoutMs`: for each step of dialing, if shorter than the default. Excludes waiting for credentials and for other handshakes.
	@throws SpokeError ERR_APISERVER_UNREACHABLE, ERR_APISERVER_TLS, ERR_CREDENTIAL_PLUGIN…
	*/
	connect(options?: {
		signal?: AbortSignal;
		canReuseReleased?: boolean;
		canShare?: boolean;
		mustDial?: boolean;
		dialTimeoutMs?: number;
	}): Promise<Connection>;
	/**
	Connects to an apiserver at its own `ip:port`. Verifies the certificate by the kubeconfig's CA and the name `kubernetes.default.svc`, even
	if the kubeconfig skips verification.
	@throws SpokeError as `connect`; ERR_APISERVER_TLS if the kubeconfig has no CA
	*/
	connectAt(address: string, options?: {signal?: AbortSignal; timeoutMs?: number}): Promise<Connection>;
	/** Honors Retry-After of a 429. Does not throw for an HTTP status. */
	request(options: RequestOptions): Promise<ApiResponse>;
	/**
	`exact` keeps each number as written.
	@throws SpokeError by `errorFromResponse` for any status but 2xx
	*/
	json<T = unknown>(options: RequestOptions & {maxBytes?: number; exact?: boolean}): Promise<T>;
	/** @throws SpokeError ERR_CREDENTIAL_PLUGIN… */
	logIn(signal?: AbortSignal): Promise<void>;
	/** Connects at once for the first request, which throws the error if that fails. */
	connectEarly(): void;
	anonymous(options: RequestOptions): Promise<ApiResponse>;
	close(): void;
};

/** What the rooms above know of one cluster, one object of each class. Clients that are derived from one client share it. */
export class ClusterRecords {
	readonly #byClass = new Map<unknown, unknown>();

	/** Always the same object; `create` makes it at the first call. */
	of<Record>(Class: abstract new (...parameters: never) => Record, create: () => Record): Record {
		const record = (this.#byClass.get(Class) as Record | undefined) ?? create();
		this.#byClass.set(Class, record);
		return record;
	}
}
