/** Requests and connections to one cluster. */
import type {Duplex, Readable} from 'node:stream';
import type {IncomingHttpHeaders} from 'node:http';

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

/** What spoke's own socket shows: the only basis of the verdict on leg 1. */
export type SocketFacts = {
	scheme: 'https' | 'http';
	server: string;
	/** `ip:port`, of the proxy if there is one. */
	remoteAddress: string | null;
	/** Without credentials. */
	proxy: {url: string; from: 'proxy-url' | 'environment'} | null;
	/**
	Whether the kubeconfig marks the cluster as spoke's sandbox, on loopback and without a proxy. Only then is a loopback address evidence of
	the server. Any kubeconfig can carry the mark.
	*/
	isMarkedAsSandbox: boolean;
	tls: null | {
		/** True only when chain **and** name were verified. */
		verified: boolean;
		skippedBy: 'insecure-skip-tls-verify' | null;
		/** `TLSv1.3`. */
		protocol: string;
		serverName: string | null;
		trust: 'kubeconfig-ca' | 'system-roots';
		peer: {
			subject: string;
			issuer: string;
			notAfter: string;
			spkiSha256: string;
			dnsNames: readonly string[];
			chainSpkiSha256: readonly string[];
		} | null;
	};
	clientAuth: 'certificate' | 'token' | 'basic' | 'exec' | 'none';
	/** Hexadecimal; `null` without one, or if the request also carries a token, a login or impersonation. */
	clientCertificateSha256: string | null;
	/** `null` without one, or if the request also carries a token or a login. */
	clientCertificateDates: {notBefore: Date; notAfter: Date} | null;
	/** RFC 3339 with milliseconds. */
	connectedAt: string;
};

export type RequestOptions = {
	method?: string;
	/** Percent-encoded. The server's path prefix is prepended. */
	path: string;
	headers?: Readonly<Record<string, string>>;
	body?: string | Uint8Array | Readable;
	signal?: AbortSignal;
	/** Time for the response head, counted from the last byte of a streamed request body; 0 means no limit. Default: --request-timeout. */
	timeoutMs?: number;
	/** Time for the whole response with its body; of a pipelined request, counted from the end of the previous response. */
	wholeTimeoutMs?: number;
	/** The response is read fully at once, so the GET can be pipelined. Only `preconnect` (streams/preconnect.ts) uses this. */
	whole?: boolean;
	/** Sends the request before earlier pipelined ones are answered. The next request waits for its response. */
	canFollowPipelined?: boolean;
	/** Repeats the request after the time of a Retry-After, as client-go's requests do; true by default. */
	shouldHonorRetryAfter?: boolean;
	/** A path whose response is the same. Only a speculative request (streams/speculative-request.ts) uses this. */
	samePath?: string;
};

export type PipelinedOptions = Pick<RequestOptions, 'path' | 'headers' | 'signal' | 'timeoutMs' | 'wholeTimeoutMs'> & {
	/** JSON of a POST that can be pipelined, because a review has no side effects. */
	review?: string;
};

export type ApiResponse = {
	status: number;
	statusText: string;
	headers: IncomingHttpHeaders;
	body: Readable;
	/** An interruption can look like the end of the body (RFC 9112 §8). */
	endsByClose: boolean;
	connection: {id: string; facts: SocketFacts};
};

export type UpgradeOptions = {
	method: 'GET' | 'POST';
	path: string;
	upgrade: 'websocket' | 'SPDY/3.1';
	/** `Sec-WebSocket-Protocol`, or `X-Stream-Protocol-Version` for SPDY, in order of preference. */
	protocols: readonly string[];
	headers?: Readonly<Record<string, string>>;
	signal?: AbortSignal;
	/** Time for the 101. Default 35 s, a little longer than the apiserver's own dial timeout of 30 s. */
	timeoutMs?: number;
	/** Same as `RequestOptions.canFollowPipelined`. */
	canFollowPipelined?: boolean;
};

export type UpgradeResult =
	/** `socket` is paused; the bytes after the 101 are its first. */
	| {upgraded: true; socket: Duplex; protocol: string | null; headers: IncomingHttpHeaders}
	/** `body` has at most 64 KiB. */
	| {upgraded: false; status: number; statusText: string; headers: IncomingHttpHeaders; body: string};

/**
Responses to its requests (`/flagz`) and the upgraded stream come from the same apiserver process, unless an L7 gateway is in between.
*/
export type Connection = {
	readonly id: string;
	readonly facts: SocketFacts;
	readonly usable: boolean;
	/** The timeout counts from the previous response. @throws SpokeError as `request`; a failure closes the connection */
	pipelined(options: PipelinedOptions): Promise<ApiResponse>;
	/** Sends the request after all earlier responses; over HTTP/2 at once. @throws SpokeError when the socket closes or the timeout passes */
	request(options: RequestOptions): Promise<ApiResponse>;
	/** @throws as `request`; TypeError on a shared connection */
	upgrade(options: UpgradeOptions): Promise<UpgradeResult>;
	/** The new owner of an upgraded socket closes it. */
	close(): void;
	/** Ends the caller's use. The client can keep an idle connection for reads; any other is closed. */
	release(): void;
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
