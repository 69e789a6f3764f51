/** Sequential requests on one socket, then an optional upgrade. */
import {Readable, type Duplex} from 'node:stream';
import {SpokeError} from '../errors/spoke-error.ts';
import {userAgent} from '../version.ts';
import type {ApiResponse, PipelinedOptions, Connection, RequestOptions, SocketFacts, UpgradeOptions, UpgradeResult} from './connection.ts';
import type {Credentials, ClientIdentity} from './credentials/credentials.ts';
import type {RequestHeaders} from './credentials/request-headers.ts';
import {PipelinedRequests, ResponseSlot} from './transport/pipelined-requests.ts';
import {
	isReplayable,
	decompressBody,
	sendHttpRequest,
	readFully,
	type HttpResult,
	type ResponseStart,
	type OutgoingRequest,
	withWholeTimeout,
} from './transport/http-request.ts';
import {noop} from './transport/noop.ts';
import {SingleSocketAgent} from './transport/single-socket-agent.ts';
import {openSocket, type OpenSocket, type DialRoute} from './transport/open-socket.ts';
import {basicAuthorization} from './transport/connect-through-proxy.ts';
import {streamGet} from './transport/streamed-response.ts';
import {buildUpgradeRequest} from './transport/upgrade.ts';
import {certificateDates, certificateFingerprint} from './tls/client-certificate.ts';
import {readBodyPrefix} from './read-body-prefix.ts';
import {traceRequest, traceConnect, type RequestTrace} from './request-trace.ts';

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

const maxErrorBodyBytes = 64 * 1024;

/** Just past the apiserver's timeout of 30 s for reaching a kubelet. */
const upgradeTimeoutMs = 35_000;

type SendOptions = Pick<OutgoingRequest, 'method' | 'body' | 'signal' | 'timeoutMs'> & {upgrade?: true};

let connectionCount = 0;

/** @throws SpokeError ERR_APISERVER_UNREACHABLE, ERR_APISERVER_TLS, ERR_CREDENTIAL_PLUGIN… */
export async function openConnection(access: ConnectionConfig, signal?: AbortSignal): Promise<DedicatedConnection> {
	const identity = await access.credentials.current(signal);
	const open = await traceConnect(access.trace, access.route, async () => openSocket(access.route, identity.certificate, signal));
	return new DedicatedConnection(access, open, identity);
}

export class DedicatedConnection implements Connection {
	readonly #access: ConnectionConfig;
	readonly #socket: Duplex;
	readonly #agent: SingleSocketAgent;
	readonly #absoluteForm: boolean;
	readonly #presentedCertificate: ClientIdentity['certificate'];
	#pipelined: PipelinedRequests | undefined;
	#pipelineReleased: Promise<void> | undefined;
	#upgraded = false;
	/** Node's HTTP client never gives a socket back. */
	#isUsedByNodeClient = false;
	readonly #responseSlot = new ResponseSlot();
	readonly id: string;
	readonly facts: SocketFacts;

	constructor(access: ConnectionConfig, {socket, facts, absoluteForm}: OpenSocket, identity: ClientIdentity) {
		connectionCount++;
		this.id = `c${connectionCount}`;
		this.#access = access;
		this.#socket = socket;
		this.#agent = new SingleSocketAgent(socket);
		this.#absoluteForm = absoluteForm;
		this.#presentedCertificate = identity.certificate;
		this.facts = {
			...facts,
			clientAuth: access.credentials.kind,
			get clientCertificateSha256() {
				// Lazy, because parsing a certificate costs time.
				return soleCertificateFingerprint(access, identity);
			},
			get clientCertificateDates() {
				return identity.certificate && identity.authorization === null ? certificateDates(identity.certificate.certificate) : null;
			},
		};
		// The error of an idle socket would end the process; the next request reports it.
		socket.on('error', noop);
	}

	get usable(): boolean {
		return !this.#upgraded && !this.#socket.destroyed && this.#socket.writable;
	}

	async isCurrent(signal?: AbortSignal): Promise<boolean> {
		const {certificate} = await this.#access.credentials.current(signal);
		return certificate === this.#presentedCertificate;
	}

	async pipelined(options: PipelinedOptions): Promise<ApiResponse> {
		const {path, headers = {}, review, signal, timeoutMs = this.#access.requestTimeoutMs, wholeTimeoutMs} = options;
		const queuedOptions = {
			...options,
			...(review !== undefined && {method: 'POST', body: review, headers: {'Content-Type': 'application/json', ...headers}}),
		};
		const identity = await this.#access.credentials.current(signal);
		// A plain HTTP proxy may not support pipelining.
		if (this.#pipelineReleased || this.#absoluteForm) {
			return this.request(queuedOptions);
		}

		this.#pipelined ??= new PipelinedRequests(this.#socket, this.#peerName);
		const pipelined = this.#pipelined;
		const response = await traceRequest(
			this.#access.trace,
			{...this.#access, ...(review !== undefined && {method: 'POST'}), path},
			async () =>
				pipelined.send({
					target: `${this.#access.route.server.prefix}${path}`,
					headers: {...this.#headers(identity), ...headers},
					body: review,
					timeoutMs,
					wholeTimeoutMs,
					signal,
				}),
		);
		if (response.status === 401 && (await this.#access.credentials.renewAfter401(identity, signal))) {
			return this.request(queuedOptions);
		}

		return this.#response({...response, body: toReadable(response.body)});
	}

	async request(options: RequestOptions): Promise<ApiResponse> {
		const {method = 'GET', path, headers = {}, body, signal, timeoutMs = this.#access.requestTimeoutMs} = withWholeTimeout(options);
		const isFullBody = method !== 'HEAD' && Object.keys(headers).every(name => name.toLowerCase() !== 'range');
		const response = await this.#send(
			path,
			{...(!isFullBody && {'Accept-Encoding': 'identity'}), ...headers},
			{method, ...(body !== undefined && {body}), signal, timeoutMs},
		);
		if (response.kind === 'upgrade') {
			response.socket.destroy();
			throw new SpokeError('ERR_PROTOCOL', `${this.#peerName} switched protocols without an upgrade request`);
		}

		return this.#response(response, isFullBody);
	}

	async upgrade(options: UpgradeOptions): Promise<UpgradeResult> {
		const {headers, check} = buildUpgradeRequest(options);
		const response = await this.#send(
			options.path,
			{Accept: '*/*', ...options.headers, ...headers, 'Accept-Encoding': 'identity'},
			{
				method: options.method,
				signal: options.signal,
				timeoutMs: options.timeoutMs ?? upgradeTimeoutMs,
				upgrade: true,
			},
		);
		const {status, statusText, headers: responseHeaders} = response;
		if (response.kind === 'response') {
			return {upgraded: false, status, statusText, headers: responseHeaders, body: await readBodyPrefix(response.body, maxErrorBodyBytes)};
		}

		this.#upgraded = true;
		try {
			return {
				upgraded: true,
				socket: response.socket,
				head: response.head,
				protocol: check(responseHeaders, this.#peerName),
				headers: responseHeaders,
			};
		} catch (error) {
			response.socket.destroy();
			throw error;
		}
	}

	close(): void {
		if (this.#upgraded) {
			return;
		}

		this.#socket.destroy();
		this.#agent.destroy();
	}

	get #peerName(): string {
		return `the apiserver ${this.#access.route.server.shown}`;
	}

	async #send(path: string, extraHeaders: RequestHeaders, request: SendOptions): Promise<HttpResult> {
		const {credentials} = this.#access;
		const identity = await credentials.current(request.signal);
		const response = await this.#sendAs(identity, path, extraHeaders, request);
		const renewed =
			response.status === 401 &&
			response.kind === 'response' &&
			isReplayable(request) &&
			(await this.#renewIdentity(identity, request.signal));
		if (!renewed) {
			return response;
		}

		await readFully(response.body, maxErrorBodyBytes, this.#peerName);
		return this.#sendAs(renewed, path, extraHeaders, request);
	}

	/** The socket keeps its certificate, so only another token helps. */
	async #renewIdentity(identity: ClientIdentity, signal: AbortSignal | undefined): Promise<ClientIdentity | null> {
		const {credentials} = this.#access;
		if (!(await credentials.renewAfter401(identity, signal))) {
			return null;
		}

		const renewed = await credentials.current(signal);
		return renewed.certificate !== this.#presentedCertificate || renewed.authorization === identity.authorization ? null : renewed;
	}

	async #sendAs(identity: ClientIdentity, path: string, extraHeaders: RequestHeaders, request: SendOptions): Promise<HttpResult> {
		return traceRequest(this.#access.trace, {...this.#access, method: request.method, path}, async () =>
			this.#exchange(identity, path, extraHeaders, request),
		);
	}

	async #exchange(identity: ClientIdentity, path: string, extraHeaders: RequestHeaders, request: SendOptions): Promise<HttpResult> {
		const {signal, timeoutMs} = request;
		const peerName = this.#peerName;
		this.#pipelineReleased ??= this.#pipelined?.release() ?? Promise.resolve();
		await this.#pipelineReleased;
		const released = await this.#responseSlot.acquire({timeoutMs, signal, peerName});
		const target = `${this.#access.route.server.prefix}${path}`;
		const headers = {...this.#headers(identity), ...extraHeaders};
		if (this.#isPlainGet(request)) {
			return streamGet(this.#socket, {
				target,
				headers,
				timeoutMs,
				signal,
				isInteractive: this.#access.isInteractive,
				peerName,
				onReleased: released,
			});
		}

		this.#isUsedByNodeClient = true;
		released();
		return sendHttpRequest(this.#agent, {
			...request,
			peerName,
			...(this.#absoluteForm ? this.#toProxy(target, headers) : {target, headers}),
		});
	}

	#isPlainGet({method, body, upgrade}: SendOptions): boolean {
		return method === 'GET' && body === undefined && !upgrade && !this.#absoluteForm && !this.#isUsedByNodeClient;
	}

	/** Addresses a plain HTTP proxy: the target in absolute form, with the proxy's credentials. */
	#toProxy(target: string, headers: RequestHeaders): Pick<OutgoingRequest, 'target' | 'headers'> {
		const {server, proxy} = this.#access.route;
		const login = proxy?.address.credentials;
		return {
			target: `http://${server.authority}${target}`,
			headers: {...(login && {'Proxy-Authorization': basicAuthorization(login)}), ...headers},
		};
	}

	/** As in Go, HEAD and partial responses are not decompressed. */
	#response({status, statusText, headers, body}: ResponseStart & {body: Readable}, isFullBody = true): ApiResponse {
		const isDecoded = isFullBody && status !== 206;
		const endsByClose = hasNoDeclaredEnd(headers, isDecoded);
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

function toReadable(bytes: Buffer): Readable {
	const body = new Readable({read: noop});
	body.push(bytes);
	body.push(null);
	return body;
}
