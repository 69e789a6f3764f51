/** A connection of its own: requests one after the other on one socket, and the upgrade that ends its life as HTTP. */
import {Readable, type Duplex} from 'node:stream';
import {SpokeError} from '../errors/spoke-error.ts';
import {userAgent} from '../version.ts';
import type {
	ApiResponse,
	PipelinedGetOptions,
	Connection,
	RequestOptions,
	SocketFacts,
	UpgradeOptions,
	UpgradeResult,
} from './connection.ts';
import type {Credentials, ClientIdentity} from './credentials/credentials.ts';
import type {RequestHeaders} from './credentials/request-headers.ts';
import {PipelinedRequests, ResponseQueue} from './transport/pipelined-requests.ts';
import {
	isReplayable,
	decompressBody,
	sendHttpRequest,
	readFully,
	type HttpResult,
	type ResponseStart,
	type OutgoingRequest,
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

/** Everything that connections to one apiserver as one user have in common. */
export type ConnectionConfig = {
	route: DialRoute;
	credentials: Credentials;
	/** Sent with every request: impersonation. */
	headers: RequestHeaders;
	/** Until an answer's headers, milliseconds; 0 is none. */
	requestTimeoutMs: number;
	compression: boolean;
	/** Somebody waits at a keyboard while answers are read. */
	isInteractive: boolean;
	/** Is told of each request, and of each connection that is not made; `null` for nobody. */
	trace: RequestTrace | null;
};

/** An upgrade's body on refusal is kept up to this size. */
const longestRefusal = 64 * 1024;

/** Just past the apiserver's own limit of 30 s for reaching a kubelet. */
const upgradeLimitMs = 35_000;

type Sent = Pick<OutgoingRequest, 'method' | 'body' | 'signal' | 'timeoutMs'> & {upgrade?: true};

let opened = 0;

/**
With handshake done and credentials ready.
@throws SpokeError ERR_APISERVER_UNREACHABLE, ERR_APISERVER_TLS, ERR_CREDENTIAL_PLUGIN…
*/
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
	readonly #shown: ClientIdentity['certificate'];
	#asks: PipelinedRequests | undefined;
	/** Set by the first request that is not asked together with others. */
	#handedOver: Promise<void> | undefined;
	#upgraded = false;
	/** Node's own client has had the socket: it does not give it back. */
	#isNodes = false;
	readonly #turns = new ResponseQueue();
	readonly id: string;
	readonly facts: SocketFacts;

	constructor(access: ConnectionConfig, {socket, facts, absoluteForm}: OpenSocket, identity: ClientIdentity) {
		opened++;
		this.id = `c${opened}`;
		this.#access = access;
		this.#socket = socket;
		this.#agent = new SingleSocketAgent(socket);
		this.#absoluteForm = absoluteForm;
		this.#shown = identity.certificate;
		this.facts = {
			...facts,
			clientAuth: access.credentials.kind,
			get shownCertificate() {
				// Asked for beside streams only; most connections need not read the certificate again.
				return whatSpeaksAlone(access, identity);
			},
			get shownDates() {
				return identity.certificate && identity.authorization === null ? certificateDates(identity.certificate.certificate) : null;
			},
		};
		// An idle socket that breaks must not bring the process down; the next request tells.
		socket.on('error', noop);
	}

	get usable(): boolean {
		return !this.#upgraded && !this.#socket.destroyed && this.#socket.writable;
	}

	/** False once there is another client certificate than the one that this socket's handshake showed. */
	async isCurrent(signal?: AbortSignal): Promise<boolean> {
		const {certificate} = await this.#access.credentials.current(signal);
		return certificate === this.#shown;
	}

	async pipelinedGet(options: PipelinedGetOptions): Promise<ApiResponse> {
		const {path, headers = {}, review, signal, timeoutMs = this.#access.requestTimeoutMs} = options;
		const inTurn = {
			...options,
			...(review !== undefined && {method: 'POST', body: review, headers: {'Content-Type': 'application/json', ...headers}}),
		};
		const identity = await this.#access.credentials.current(signal);
		// A plain HTTP proxy may not know that requests can come together.
		if (this.#handedOver || this.#absoluteForm) {
			return this.request(inTurn);
		}

		this.#asks ??= new PipelinedRequests(this.#socket, this.#what);
		const asks = this.#asks;
		const answer = await traceRequest(
			this.#access.trace,
			{...this.#access, ...(review !== undefined && {method: 'POST'}), path},
			async () =>
				asks.ask({
					target: `${this.#access.route.server.prefix}${path}`,
					headers: {...this.#headers(identity), ...headers},
					body: review,
					limitMs: timeoutMs,
					signal,
				}),
		);
		if (answer.status === 401 && (await this.#access.credentials.rejected(identity, signal))) {
			return this.request(inTurn);
		}

		return this.#response({...answer, body: readableOf(answer.body)});
	}

	async request(options: RequestOptions): Promise<ApiResponse> {
		const {method = 'GET', path, headers = {}, body, signal, timeoutMs = this.#access.requestTimeoutMs} = options;
		const isWhole = method !== 'HEAD' && Object.keys(headers).every(name => name.toLowerCase() !== 'range');
		const answer = await this.#send(
			path,
			{...(!isWhole && {'Accept-Encoding': 'identity'}), ...headers},
			{method, ...(body !== undefined && {body}), signal, timeoutMs},
		);
		if (answer.kind === 'upgrade') {
			answer.socket.destroy();
			throw new SpokeError('ERR_PROTOCOL', `${this.#what} switched protocols without being asked`);
		}

		return this.#response(answer, isWhole);
	}

	async upgrade(options: UpgradeOptions): Promise<UpgradeResult> {
		const {headers, check} = buildUpgradeRequest(options);
		const answer = await this.#send(
			options.path,
			{Accept: '*/*', ...options.headers, ...headers, 'Accept-Encoding': 'identity'},
			{
				method: options.method,
				signal: options.signal,
				timeoutMs: options.timeoutMs ?? upgradeLimitMs,
				upgrade: true,
			},
		);
		const {status, statusText, headers: answered} = answer;
		if (answer.kind === 'response') {
			return {upgraded: false, status, statusText, headers: answered, body: await readBodyPrefix(answer.body, longestRefusal)};
		}

		this.#upgraded = true;
		try {
			return {upgraded: true, socket: answer.socket, head: answer.head, protocol: check(answered, this.#what), headers: answered};
		} catch (error) {
			answer.socket.destroy();
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

	get #what(): string {
		return `the apiserver ${this.#access.route.server.shown}`;
	}

	/** One more try when a 401 made us get another token. */
	async #send(path: string, own: RequestHeaders, request: Sent): Promise<HttpResult> {
		const {credentials} = this.#access;
		const identity = await credentials.current(request.signal);
		const answer = await this.#sendAs(identity, path, own, request);
		const renewed =
			answer.status === 401 && answer.kind === 'response' && isReplayable(request) && (await this.#renewed(identity, request.signal));
		if (!renewed) {
			return answer;
		}

		await readFully(answer.body, longestRefusal, this.#what);
		return this.#sendAs(renewed, path, own, request);
	}

	/** Another token after a 401: the socket stays the same, so a new certificate does not help here. */
	async #renewed(identity: ClientIdentity, signal: AbortSignal | undefined): Promise<ClientIdentity | null> {
		const {credentials} = this.#access;
		if (!(await credentials.rejected(identity, signal))) {
			return null;
		}

		const renewed = await credentials.current(signal);
		return renewed.certificate !== this.#shown || renewed.authorization === identity.authorization ? null : renewed;
	}

	async #sendAs(identity: ClientIdentity, path: string, own: RequestHeaders, request: Sent): Promise<HttpResult> {
		return traceRequest(this.#access.trace, {...this.#access, method: request.method, path}, async () =>
			this.#exchanged(identity, path, own, request),
		);
	}

	async #exchanged(identity: ClientIdentity, path: string, own: RequestHeaders, request: Sent): Promise<HttpResult> {
		const {signal, timeoutMs: limitMs} = request;
		const what = this.#what;
		// What was asked together is answered first; from then on requests run one after the other.
		this.#handedOver ??= this.#asks?.release() ?? Promise.resolve();
		await this.#handedOver;
		const released = await this.#turns.next({limitMs, signal, what});
		const target = `${this.#access.route.server.prefix}${path}`;
		const headers = {...this.#headers(identity), ...own};
		if (this.#isPlainGet(request)) {
			return streamGet(this.#socket, {target, headers, limitMs, signal, leavesTime: this.#access.isInteractive, what, released});
		}

		// Its queue is one of its own.
		this.#isNodes = true;
		released();
		return sendHttpRequest(this.#agent, {...request, what, ...(this.#absoluteForm ? this.#toProxy(target, headers) : {target, headers})});
	}

	/** Which needs nothing of Node's own client, while that has not had the socket. */
	#isPlainGet({method, body, upgrade}: Sent): boolean {
		return method === 'GET' && body === undefined && !upgrade && !this.#absoluteForm && !this.#isNodes;
	}

	/** In absolute form, with what logs us in there. */
	#toProxy(target: string, headers: RequestHeaders): Pick<OutgoingRequest, 'target' | 'headers'> {
		const {server, proxy} = this.#access.route;
		const login = proxy?.address.credentials;
		return {
			target: `http://${server.authority}${target}`,
			headers: {...(login && {'Proxy-Authorization': basicAuthorization(login)}), ...headers},
		};
	}

	/** As Go's transport: what is no body, or a part of one, is in no coding that could be undone. */
	#response({status, statusText, headers, body}: ResponseStart & {body: Readable}, isWhole = true): ApiResponse {
		const isDecoded = isWhole && status !== 206;
		const endsByClose = saysNoEnd(headers, isDecoded);
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

/** Neither by its length nor by a last chunk, nor, where its coding is undone, by the end that gzip has of itself (RFC 1952 §2.3.1). */
function saysNoEnd(headers: ResponseStart['headers'], isDecoded: boolean): boolean {
	const isGzip = isDecoded && headers['content-encoding']?.toLowerCase() === 'gzip';
	return headers['content-length'] === undefined && headers['transfer-encoding'] === undefined && !isGzip;
}

/** The certificate of the handshake, where nothing but it says who asks. */
function whatSpeaksAlone({headers}: ConnectionConfig, {authorization, certificate}: ClientIdentity): string | null {
	return certificate && authorization === null && headers['Impersonate-User'] === undefined
		? certificateFingerprint(certificate.certificate)
		: null;
}

function readableOf(bytes: Buffer): Readable {
	const body = new Readable({read: noop});
	body.push(bytes);
	body.push(null);
	return body;
}
