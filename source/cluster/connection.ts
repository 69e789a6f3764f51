/** What one TCP connection to the apiserver is and can do. Made by `ClusterClient.connect`. */
import type {Duplex, Readable} from 'node:stream';
import type {IncomingHttpHeaders} from 'node:http';

/** What our own socket told, once its handshake was done. The proof of leg 1 is made of this and nothing else. */
export type SocketFacts = {
	/** Of the server URL. */
	scheme: 'https' | 'http';
	/** `host:port` of the server URL, as asked for. */
	server: string;
	/** The address that the socket is really connected to (of the proxy, when there is one), `ip:port`. */
	remoteAddress: string | null;
	localAddress: string | null;
	/** Set when a proxy stands between: its URL without credentials, and where the setting came from. */
	proxy: {url: string; from: 'proxy-url' | 'environment'} | null;
	tls: null | {
		/** True only when the chain **and** the name were checked and accepted for this socket. */
		verified: boolean;
		/** Why the check was not made; `null` when it was. */
		skippedBy: 'insecure-skip-tls-verify' | null;
		/** `TLSv1.3`. */
		protocol: string;
		serverName: string | null;
		/** What verified it: the kubeconfig's CA, or the system's roots. */
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
	/** SHA-256 of the client certificate of the handshake, in hexadecimal; `null` where there is none, and where a token, a login or an impersonated user goes along with it. */
	clientCertificateSha256: string | null;
	/** When the client certificate of the handshake is in order; `null` where there is none, and where a token or a login goes along with it. */
	clientCertificateDates: {notBefore: Date; notAfter: Date} | null;
	/** RFC 3339 with milliseconds: when the handshake was done. */
	connectedAt: string;
};

export type RequestOptions = {
	/** Default GET. */
	method?: string;
	/** Absolute path on the server, already percent-coded, with its query: `/api/v1/pods?limit=5`. A server path prefix of the kubeconfig is put before it. */
	path: string;
	headers?: Readonly<Record<string, string>>;
	body?: string | Uint8Array | Readable;
	signal?: AbortSignal;
	/** Limit until the answer's headers, from the last byte of a streamed body on, in milliseconds; 0 is none. Default: --request-timeout, else 30 s. */
	timeoutMs?: number;
	/** A GET whose answer is read whole at once: it may be asked together with others. */
	whole?: boolean;
};

export type PipelinedGetOptions = Pick<RequestOptions, 'path' | 'headers' | 'signal' | 'timeoutMs'> & {
	/** Makes it a POST of this JSON: for a review, which changes nothing, so that it may be sent behind others. */
	review?: string;
};

/** An answer whose body has not been read. Any HTTP status: nothing is thrown for 4xx and 5xx. */
export type ApiResponse = {
	status: number;
	statusText: string;
	headers: IncomingHttpHeaders;
	/** The body, decompressed. Must be read to the end, or destroyed (which closes the connection). */
	body: Readable;
	/** Nothing in the answer says where its body ends, so that a cut may look like its end (RFC 9112 §8). */
	endsByClose: boolean;
	/** Which connection carried it. */
	connection: {id: string; facts: SocketFacts};
};

export type UpgradeOptions = {
	method: 'GET' | 'POST';
	path: string;
	/** The value of `Upgrade:`; `websocket` or `SPDY/3.1`. Key and accept of a WebSocket are made and checked here. */
	upgrade: 'websocket' | 'SPDY/3.1';
	/** `Sec-WebSocket-Protocol` for a WebSocket, `X-Stream-Protocol-Version` for SPDY, in order of preference. */
	protocols: readonly string[];
	headers?: Readonly<Record<string, string>>;
	signal?: AbortSignal;
	/** Limit until the 101, milliseconds. Default 35 s: just past the apiserver's own 30 s dial limit. */
	timeoutMs?: number;
};

export type UpgradeResult =
	| {upgraded: true; socket: Duplex; head: Buffer; protocol: string | null; headers: IncomingHttpHeaders}
	/** Any other answer, its body read (at most 64 KiB). */
	| {upgraded: false; status: number; statusText: string; headers: IncomingHttpHeaders; body: string};

/**
One dedicated HTTP/1.1 connection. Requests on it run one after the other on the same socket; an upgrade ends its life as HTTP.
So what a request read (`/flagz`) and what the upgrade then carries were answered by the same apiserver process, unless an L7 gateway stands between.
*/
export type Connection = {
	/** Unique within this process: `c1`, `c2`… */
	readonly id: string;
	readonly facts: SocketFacts;
	/** False once closed by either side or upgraded. */
	readonly usable: boolean;
	/**
	A GET or a review that is sent at once, behind others of its kind that may be unanswered still, and its answer read whole. Its limit counts from their answers.
	Where another request came before, it waits its turn as any. @throws SpokeError as `request`; whoever fails takes the socket along
	*/
	pipelinedGet(options: PipelinedGetOptions): Promise<ApiResponse>;
	/** Answers on this very socket, once all that was asked is answered. @throws SpokeError when the socket is gone or the limit passes. */
	request(options: RequestOptions): Promise<ApiResponse>;
	upgrade(options: UpgradeOptions): Promise<UpgradeResult>;
	/** Closes the socket unless it was upgraded (then the upgrade's owner closes it). */
	close(): void;
};
