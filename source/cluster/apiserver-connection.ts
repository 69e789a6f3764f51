/** The apiserver's connection: an HTTP client with credentials, their renewal after a 401, and the request trace. */
import {userAgent} from '../base/version.ts';
import type {
	ApiResponse,
	PipelinedOptions,
	Connection,
	RequestOptions,
	SocketFacts,
	UpgradeOptions,
	UpgradeResult,
} from './cluster-client.ts';
import type {Credentials, ClientIdentity, RequestHeaders} from './credentials/request-headers.ts';
import type {HttpRequest, HttpResult, ResponseStart} from './transport/exchange.ts';
import {HttpClient, buildUpgradeRequest} from './transport/http-client.ts';
import type {Http2Client} from './transport/http2-connection.ts';
import {openSocket, peerNameOf, type DialRoute, type OpenSocket} from './transport/open-socket.ts';
import {basicAuthorization} from './transport/connect-through-proxy.ts';
import {
	withWholeTimeout,
	decompressBody,
	readFully,
	maxErrorBytes,
	maxErrorPrefixBytes,
	readBodyPrefix,
} from './transport/response-body.ts';
import {certificateDates, certificateFingerprint} from './tls/trust.ts';
import {traceRequest, traceConnect, type RequestTrace} from './request-trace.ts';
import {areCredentialsRejected, canSendAgain, isProxyPath} from './error-from-response.ts';

export type ConnectionConfig = {
	route: DialRoute;
	credentials: Credentials;
	/** Impersonation headers. */
	headers: RequestHeaders;
	requestTimeoutMs: number;
	compression: boolean;
	isInteractive: boolean;
	trace: RequestTrace | null;
};

/** Just past the apiserver's timeout of 30 s for reaching a kubelet. */
const upgradeTimeoutMs = 35_000;

type SendOptions = Omit<HttpRequest, 'target'>;

let connectionCount = 0;

/** Those of plugins whose last response through /proxy was a 401, of the apiserver or of a backend. */
const doubtfulCredentials = new WeakSet<Credentials>();

/**
`onReleased`: gets an idle connection that was released, and then owns it. Without it, the connection is closed.
@throws SpokeError ERR_APISERVER_UNREACHABLE, ERR_APISERVER_TLS, ERR_CREDENTIAL_PLUGIN…
*/
export async function openConnection(
	access: ConnectionConfig,
	{signal, onReleased}: {signal?: AbortSignal | undefined; onReleased?: OnReleased} = {},
): Promise<ApiserverConnection> {
	return createHttp1Connection(access, await dialApiserver(access, {signal}), onReleased);
}

export type OnReleased = (connection: ApiserverConnection) => void;

export type DialedSocket = OpenSocket & {identity: ClientIdentity};

/** @throws as `openConnection` */
export async function dialApiserver(
	access: ConnectionConfig,
	{signal, offersHttp2}: {signal?: AbortSignal | undefined; offersHttp2?: boolean},
): Promise<DialedSocket> {
	const identity = await access.credentials.current(signal);
	const opened = await traceConnect(access.trace, access.route, async () =>
		openSocket(access.route, identity.certificate, {signal, offersHttp2}),
	);
	return {...opened, identity};
}

export function createHttp1Connection(access: ConnectionConfig, dialed: DialedSocket, onReleased?: OnReleased): ApiserverConnection {
	const http = new HttpClient(dialed.socket, {
		peerName: peerNameOf(access.route),
		isInteractive: access.isInteractive,
		// A plain HTTP proxy may not support it.
		canPipeline: !dialed.absoluteForm,
	});
	return createConnection(http, access, dialed, onReleased);
}

/** `http`: used by no other connection. */
export function createConnection(
	http: HttpClient | Http2Client,
	access: ConnectionConfig,
	{identity, facts, absoluteForm}: DialedSocket,
	onReleased?: OnReleased,
): ApiserverConnection {
	connectionCount++;
	return new ApiserverConnection({
		id: `c${connectionCount}`,
		access,
		http,
		facts: {
			...facts,
			clientAuth: access.credentials.kind,
			get clientCertificateSha256() {
				// Lazy, because parsing a certificate costs time.
				return soleCertificateFingerprint(access, identity);
			},
			get clientCertificateDates() {
				return identity.certificate && identity.authorization === null ? certificateDates(identity.certificate.certificate) : null;
			},
		},
		absoluteForm,
		presentedCertificate: identity.certificate,
		onReleased,
	});
}

type OpenedConnection = {
	id: string;
	access: ConnectionConfig;
	http: HttpClient | Http2Client;
	facts: SocketFacts;
	absoluteForm: boolean;
	presentedCertificate: ClientIdentity['certificate'];
	onReleased: OnReleased | undefined;
};

export class ApiserverConnection implements Connection {
	readonly #opened: OpenedConnection;
	readonly #access: ConnectionConfig;
	readonly #http: HttpClient | Http2Client;
	#lastRead: Promise<unknown> = Promise.resolve();
	#isReleased = false;

	constructor(opened: OpenedConnection) {
		this.#opened = opened;
		this.#access = opened.access;
		this.#http = opened.http;
	}

	get id(): string {
		return this.#opened.id;
	}

	get facts(): SocketFacts {
		return this.#opened.facts;
	}

	get usable(): boolean {
		return !this.#isReleased && this.#http.isUsable;
	}

	async isCurrent(signal?: AbortSignal): Promise<boolean> {
		const {certificate} = await this.#access.credentials.current(signal);
		return certificate === this.#opened.presentedCertificate;
	}

	async pipelined(options: PipelinedOptions): Promise<ApiResponse> {
		const {path, headers, review, signal, timeoutMs = this.#access.requestTimeoutMs, wholeTimeoutMs} = options;
		const response = await this.#send(path, {
			kind: 'pipelined',
			signal,
			timeoutMs,
			wholeTimeoutMs,
			...(review === undefined
				? {method: 'GET', headers: {...headers}}
				: {method: 'POST', headers: {'Content-Type': 'application/json', ...headers}, body: review}),
		});
		return this.#response(response);
	}

	async request(options: RequestOptions): Promise<ApiResponse> {
		const {
			method = 'GET',
			path,
			headers = {},
			body,
			signal,
			timeoutMs = this.#access.requestTimeoutMs,
			canFollowPipelined,
		} = withWholeTimeout(options, this.#peerName);
		const isFullBody = method !== 'HEAD' && Object.keys(headers).every(name => name.toLowerCase() !== 'range');
		const response = await this.#send(path, {
			method,
			headers: {...(!isFullBody && {'Accept-Encoding': 'identity'}), ...headers},
			body,
			signal,
			timeoutMs,
			canFollowPipelined,
		});
		return this.#response(response, isFullBody);
	}

	async upgrade(options: UpgradeOptions): Promise<UpgradeResult> {
		const {headers, check} = buildUpgradeRequest(options);
		const response = await this.#send(options.path, {
			kind: 'upgrade',
			method: options.method,
			headers: {Accept: '*/*', ...options.headers, ...headers, 'Accept-Encoding': 'identity'},
			signal: options.signal,
			timeoutMs: options.timeoutMs ?? upgradeTimeoutMs,
			canFollowPipelined: options.canFollowPipelined,
		});
		const {status, statusText, headers: responseHeaders} = response;
		if (response.kind === 'response') {
			return {
				upgraded: false,
				status,
				statusText,
				headers: responseHeaders,
				body: await readBodyPrefix(response.body, maxErrorPrefixBytes),
			};
		}

		try {
			return {
				upgraded: true,
				socket: response.socket,
				protocol: check(responseHeaders, this.#peerName),
				headers: responseHeaders,
			};
		} catch (error) {
			response.socket.destroy();
			throw error;
		}
	}

	close(): void {
		if (!this.#isReleased) {
			this.#http.close();
		}
	}

	/** The next owner gets another object, so that a late call of this one's owner cannot disturb it. */
	release(): void {
		const {onReleased} = this.#opened;
		if (!onReleased || !this.#http.isIdle) {
			this.close();
		} else if (!this.#isReleased) {
			this.#isReleased = true;
			onReleased(new ApiserverConnection(this.#opened));
		}
	}

	get #peerName(): string {
		return peerNameOf(this.#access.route);
	}

	async #send(path: string, request: SendOptions): Promise<HttpResult> {
		const {credentials} = this.#access;
		if (request.kind !== 'pipelined' && doubtfulCredentials.delete(credentials)) {
			await this.#checkCredentials(request);
		}

		const identity = await this.#inOrder(async () => credentials.current(request.signal));
		if (this.#isReleased) {
			throw new Error('the connection has another owner');
		}

		const response = await this.#sendAs(identity, path, request);
		if (response.status === 401 && credentials.kind === 'exec' && isProxyPath(path)) {
			doubtfulCredentials.add(credentials);
		}

		if (
			response.kind === 'upgrade' ||
			// Sent again, it would not follow the pipelined requests.
			request.canFollowPipelined === true ||
			!(await areCredentialsRejected(path, response))
		) {
			return response;
		}

		const renewed = await this.#renewIdentity(identity, request.signal);
		if (!renewed || !canSendAgain(path, request)) {
			return response;
		}

		await readFully(response.body, maxErrorBytes, this.#peerName);
		return this.#sendAs(renewed, path, request);
	}

	/** Renews them if the apiserver rejects them for a request that no backend responds to. */
	async #checkCredentials({signal, timeoutMs}: SendOptions): Promise<void> {
		const response = await this.#send('/api', {method: 'GET', headers: {'Accept-Encoding': 'identity'}, signal, timeoutMs});
		if (response.kind === 'response') {
			await readFully(response.body, maxErrorBytes, this.#peerName);
		}
	}

	/** Requests are sent in the order of their calls, although reading credentials can take time. */
	async #inOrder<Value>(readCredentials: () => Promise<Value>): Promise<Value> {
		const reading = this.#lastRead.then(readCredentials);
		this.#lastRead = reading.catch(() => undefined);
		return reading;
	}

	/** The socket keeps its certificate, so only another token helps. */
	async #renewIdentity(identity: ClientIdentity, signal: AbortSignal | undefined): Promise<ClientIdentity | null> {
		const {credentials} = this.#access;
		if (!(await credentials.renewAfter401(identity, signal))) {
			return null;
		}

		const renewed = await credentials.current(signal);
		return renewed.certificate !== this.#opened.presentedCertificate || renewed.authorization === identity.authorization ? null : renewed;
	}

	async #sendAs(identity: ClientIdentity, path: string, request: SendOptions): Promise<HttpResult> {
		const target = `${this.#access.route.server.prefix}${path}`;
		const headers = {...this.#headers(identity), ...request.headers};
		return traceRequest(this.#access.trace, {...this.#access, method: request.method, path}, async () =>
			this.#http.send({...request, ...(this.#opened.absoluteForm ? this.#toProxy(target, headers) : {target, headers})}),
		);
	}

	/** Addresses a plain HTTP proxy: the target in absolute form, with the proxy's credentials. */
	#toProxy(target: string, headers: RequestHeaders): Pick<HttpRequest, 'target' | 'headers'> {
		const {server, proxy} = this.#access.route;
		const login = proxy?.address.credentials;
		return {
			target: `http://${server.authority}${target}`,
			headers: {...(login && {'Proxy-Authorization': basicAuthorization(login)}), ...headers},
		};
	}

	/** As in Go, HEAD and partial responses are not decompressed. */
	#response(response: HttpResult, isFullBody = true): ApiResponse {
		const {status, statusText, headers, body} = response as Extract<HttpResult, {kind: 'response'}>;
		const isDecoded = isFullBody && status !== 206;
		const endsByClose = this.#http.protocol === 'HTTP/1.1' && hasNoDeclaredEnd(headers, isDecoded);
		const plain = isDecoded ? decompressBody(body, headers) : body;
		return {status, statusText, headers, body: plain, endsByClose, connection: {id: this.id, facts: this.facts}};
	}

	#headers({authorization}: ClientIdentity): RequestHeaders {
		const {
			route: {server},
			headers,
			compression,
		} = this.#access;
		return {
			Host: server.authority,
			'User-Agent': userAgent,
			Accept: 'application/json',
			'Accept-Encoding': compression ? 'gzip' : 'identity',
			...(authorization !== null && {Authorization: authorization}),
			...headers,
		};
	}
}

/** Gzip's own end also marks the end of a decompressed body (RFC 1952 §2.3.1). */
function hasNoDeclaredEnd(headers: ResponseStart['headers'], isDecoded: boolean): boolean {
	const isGzip = isDecoded && headers['content-encoding']?.toLowerCase() === 'gzip';
	return headers['content-length'] === undefined && headers['transfer-encoding'] === undefined && !isGzip;
}

function soleCertificateFingerprint({headers}: ConnectionConfig, {authorization, certificate}: ClientIdentity): string | null {
	return certificate && authorization === null && headers['Impersonate-User'] === undefined
		? certificateFingerprint(certificate.certificate)
		: null;
}
