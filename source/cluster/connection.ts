/** Types of one TCP connection to the apiserver. */
import type {Duplex, Readable} from 'node:stream';
import type {IncomingHttpHeaders} from 'node:http';

/** Facts that spoke's own socket provides after the handshake. The verdict on leg 1 rests on these only. */
export type SocketFacts = {
	scheme: 'https' | 'http';
	/** `host:port` of the server URL. */
	server: string;
	/** Peer address of the socket (of the proxy, if there is one), `ip:port`. */
	remoteAddress: string | null;
	localAddress: string | null;
	/** Proxy URL without credentials, and the source of the setting. */
	proxy: {url: string; from: 'proxy-url' | 'environment'} | null;
	tls: null | {
		/** True only when both chain **and** name were verified for this socket. */
		verified: boolean;
		/** Reason for skipping verification. */
		skippedBy: 'insecure-skip-tls-verify' | null;
		/** `TLSv1.3`. */
		protocol: string;
		serverName: string | null;
		trust: 'kubeconfig-ca' | 'system-roots';
		peer: {
			subject: string;
			issuer: string;
			notBefore: string;
			notAfter: string;
			spkiSha256: string;
			subjectAltName: string;
			chainSpkiSha256: readonly string[];
		} | null;
	};
	clientAuth: 'certificate' | 'token' | 'basic' | 'exec' | 'none';
	/**
	SHA-256 of the handshake's client certificate, in hexadecimal;
	`null` without one, and if the request also carries a token, a login or impersonation.
	*/
	clientCertificateSha256: string | null;
	/** Validity of the handshake's client certificate; `null` without one, and if the request also carries a token or a login. */
	clientCertificateDates: {notBefore: Date; notAfter: Date} | null;
	/** End of the handshake, RFC 3339 with milliseconds. */
	connectedAt: string;
};

export type RequestOptions = {
	method?: string;
	/** Percent-encoded absolute path with query: `/api/v1/pods?limit=5`. The kubeconfig's server path prefix is prepended. */
	path: string;
	headers?: Readonly<Record<string, string>>;
	body?: string | Uint8Array | Readable;
	signal?: AbortSignal;
	/**
	Timeout for the response head, counted from the last byte of a streamed body, in milliseconds; 0 means no limit. Default:
	--request-timeout, else 30 s.
	*/
	timeoutMs?: number;
	/** A GET whose response is read fully at once, so that it can be pipelined. */
	whole?: boolean;
};

export type PipelinedGetOptions = Pick<RequestOptions, 'path' | 'headers' | 'signal' | 'timeoutMs'> & {
	/** Sends a POST with this JSON: for a review, which has no side effects and can be pipelined. */
	review?: string;
};

/** A response with an unread body. Any HTTP status, also 4xx and 5xx. */
export type ApiResponse = {
	status: number;
	statusText: string;
	headers: IncomingHttpHeaders;
	/** The decompressed body. Read it to the end, or destroy it, which closes the connection. */
	body: Readable;
	/** The response does not declare the end of its body, so an interruption can look like the end (RFC 9112 §8). */
	endsByClose: boolean;
	connection: {id: string; facts: SocketFacts};
};

export type UpgradeOptions = {
	method: 'GET' | 'POST';
	path: string;
	/** The value of `Upgrade:`. Key and accept value of a WebSocket are created and checked here. */
	upgrade: 'websocket' | 'SPDY/3.1';
	/** `Sec-WebSocket-Protocol` for a WebSocket, `X-Stream-Protocol-Version` for SPDY, in order of preference. */
	protocols: readonly string[];
	headers?: Readonly<Record<string, string>>;
	signal?: AbortSignal;
	/** Timeout for the 101, milliseconds. Default 35 s, just past the apiserver's own dial timeout of 30 s. */
	timeoutMs?: number;
};

export type UpgradeResult =
	| {upgraded: true; socket: Duplex; head: Buffer; protocol: string | null; headers: IncomingHttpHeaders}
	/** Any other response with its body, at most 64 KiB. */
	| {upgraded: false; status: number; statusText: string; headers: IncomingHttpHeaders; body: string};

/**
One dedicated HTTP/1.1 connection. Requests run one after another on the same socket; an upgrade ends its use for HTTP.
So the responses to its requests (`/flagz`) and the upgraded stream come from the same apiserver process,
unless an L7 gateway is in between.
*/
export type Connection = {
	/** Unique within this process: `c1`, `c2`… */
	readonly id: string;
	readonly facts: SocketFacts;
	/** False once closed or upgraded. */
	readonly usable: boolean;
	/**
	Sends a GET or review at once after other pipelined requests, and reads its response fully.
	Its timeout counts from the previous response.
	After an ordinary request it queues like one. @throws SpokeError as `request`; a failure closes the connection
	*/
	pipelinedGet(options: PipelinedGetOptions): Promise<ApiResponse>;
	/** Sends a request on this socket after all earlier responses. @throws SpokeError when the socket closes or the timeout passes */
	request(options: RequestOptions): Promise<ApiResponse>;
	upgrade(options: UpgradeOptions): Promise<UpgradeResult>;
	/** Closes the socket unless it was upgraded: then the owner of the upgraded socket closes it. */
	close(): void;
};
