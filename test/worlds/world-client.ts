/** The client of a world: the product's own seam for connections, with no socket behind it. */
import {createHash, X509Certificate} from 'node:crypto';
import {EventEmitter} from 'node:events';
import {duplexPair, type Readable} from 'node:stream';
import {
	type ApiResponse,
	type Connection,
	type RequestOptions,
	type SocketFacts,
	type UpgradeOptions,
	type UpgradeResult,
	type ClusterClient,
	ClusterRecords,
} from '../../source/cluster/cluster-client.ts';
import {readJsonResponse} from '../../source/cluster/read-json-response.ts';
import type {ServerAnswer} from './apiserver-relay.ts';
import {type Asked, Servers} from './servers.ts';
import type {World} from './world.ts';

/** PEM of the cluster's CA, and the hash of its key. Made once. */
export type ClusterAuthority = {certificate: string; spkiSha256: string};

export function clusterAuthority(certificate: string): ClusterAuthority {
	const spki = new X509Certificate(certificate).publicKey.export({type: 'spki', format: 'der'});
	return {certificate, spkiSha256: createHash('sha256').update(spki).digest('hex')};
}

export type WorldClient = ClusterClient & {readonly servers: Servers; readonly inFlight: number};

const clientCertificateSha256 = 'c1'.repeat(32);

/** Every request of the client goes over one of its connections. */
export function worldClient(world: World, authority: ClusterAuthority): WorldClient {
	const servers = new Servers(world, authority.certificate, clientCertificateSha256);
	let connected = 0;
	let inFlight = 0;
	const facts: ClusterClient['facts'] = {
		context: 'world',
		server: `https://${world.serverAddress}`,
		namespace: 'default',
		user: 'ada',
		impersonating: null,
		impersonatedGroups: [],
		sandbox: false,
		source: 'kubeconfig',
		certificateAuthority: null,
		configured: {server: null, certificateAuthority: null},
		insecureSkipTlsVerify: world.skipsVerification,
		proxy: null,
	};
	const connect = (): Connection => {
		const index = connected++;
		const id = `c${index}`;
		const ownFacts = socketFacts(world, authority);
		let isUsable = true;
		const ask = async (asked: Asked): Promise<ServerAnswer> => {
			inFlight++;
			await Promise.resolve();
			inFlight--;
			return servers.answer(index, asked);
		};

		const respond = (answer: ServerAnswer) => toResponse(answer, {id, facts: ownFacts});
		return {
			id,
			facts: ownFacts,
			get usable() {
				return isUsable;
			},
			pipelined: async ({path, review}) => respond(await ask({method: review === undefined ? 'GET' : 'POST', path})),
			request: async ({path, method = 'GET'}) => respond(await ask({method, path})),
			async upgrade({method, path, upgrade, protocols}: UpgradeOptions) {
				isUsable = false;
				return toUpgrade(await ask({method, path, upgrade}), protocols[0] ?? null, () => {
					servers.close(index);
				});
			},
			close() {
				isUsable = false;
			},
			release() {
				isUsable = false;
			},
		};
	};

	const request = async (options: RequestOptions) => connect().request(options);
	return {
		facts,
		records: new ClusterRecords(),
		servers,
		get inFlight() {
			return inFlight;
		},
		connect: async () => connect(),
		connectAt: async () => connect(),
		request,
		async json<T>(options: RequestOptions & {maxBytes?: number; exact?: boolean}) {
			return (await readJsonResponse(await request(options), options, {peerName: 'the apiserver', identity: facts})) as T;
		},
		async logIn() {},
		connectEarly() {},
		async anonymous({path}) {
			const connection = connect();
			return toResponse(servers.answer(connected - 1, {method: 'GET', path, isAnonymous: true}), connection);
		},
		close() {},
	};
}

function socketFacts({serverAddress, front, skipsVerification, credential}: World, authority: ClusterAuthority): SocketFacts {
	const isOfCluster = front !== 'gateway';
	return {
		scheme: 'https',
		server: serverAddress,
		remoteAddress: serverAddress,
		proxy: null,
		isMarkedAsSandbox: false,
		tls: {
			verified: !skipsVerification,
			skippedBy: skipsVerification ? 'insecure-skip-tls-verify' : null,
			protocol: 'TLSv1.3',
			serverName: null,
			trust: 'kubeconfig-ca',
			peer: {
				subject: 'CN=kube-apiserver',
				issuer: isOfCluster ? 'CN=cluster-ca' : 'CN=corporate-ca',
				notAfter: '2036-11-24T14:00:00.000Z',
				spkiSha256: 'aa'.repeat(32),
				dnsNames: ['kubernetes', 'kubernetes.default.svc'],
				chainSpkiSha256: ['aa'.repeat(32), isOfCluster ? authority.spkiSha256 : 'ee'.repeat(32)],
			},
		},
		clientAuth: credential,
		clientCertificateSha256: credential === 'certificate' ? clientCertificateSha256 : null,
		clientCertificateDates: null,
		connectedAt: new Date().toISOString(),
	};
}

function toResponse(answer: ServerAnswer, {id, facts}: Pick<Connection, 'id' | 'facts'>): ApiResponse {
	const {status, headers = {}, body} = 'status' in answer ? answer : {status: 403, headers: {}, body: 'upgrade required'};
	return {
		status,
		statusText: 'words',
		headers,
		body: new WholeBody(body) as unknown as Readable,
		endsByClose: false,
		connection: {id, facts},
	};
}

/** A body that is there at once. As a stream of Node's, it would take most of a world's time. */
class WholeBody extends EventEmitter {
	readonly errored = null;
	destroyed = false;
	readonly #bytes: Buffer;
	#isFlowing = false;

	constructor(text: string) {
		super();
		this.#bytes = Buffer.from(text);
	}

	override on(name: string, listener: (...parameters: never[]) => void): this {
		return name === 'data' ? super.on(name, listener as never).resume() : super.on(name, listener as never);
	}

	resume(): this {
		if (!this.#isFlowing) {
			this.#isFlowing = true;
			queueMicrotask(() => {
				if (!this.destroyed && this.#bytes.length > 0) {
					this.emit('data', this.#bytes);
				}

				this.emit('end');
			});
		}

		return this;
	}

	destroy(): this {
		this.destroyed = true;
		return this;
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
		yield this.#bytes;
	}
}

function toUpgrade(answer: ServerAnswer, protocol: string | null, onClosed: () => void): UpgradeResult {
	if ('status' in answer) {
		return {upgraded: false, status: answer.status, statusText: 'words', headers: answer.headers ?? {}, body: answer.body};
	}

	const [socket, far] = duplexPair();
	far.on('error', () => {}).resume();
	socket.once('close', onClosed);
	if (protocol?.endsWith('.channel.k8s.io')) {
		sendCommand(far, answer);
	}

	return {upgraded: true, socket, protocol, headers: {}};
}

/** Output on channel 1, the result on channel 3, and the end of a WebSocket (RFC 6455 §5.2, unmasked as servers send). */
function sendCommand(far: NodeJS.WritableStream, {message, output}: Extract<ServerAnswer, {upgraded: true}>): void {
	const status =
		message === null
			? {metadata: {}, status: 'Success'}
			: {
					metadata: {},
					status: 'Failure',
					message,
					reason: 'InternalError',
					details: {causes: [{message: message.replace(/^Internal error occurred: /, '')}]},
					code: 500,
				};
	const frames = [
		...(output === '' ? [] : [frame(2, `\u0001${output}`)]),
		frame(2, `\u0003${JSON.stringify(status)}`),
		frame(8, '\u0003\u00E8'),
	];
	far.write(Buffer.concat(frames));
}

function frame(opcode: number, text: string): Buffer {
	const payload = opcode === 8 ? Buffer.from(text, 'latin1') : Buffer.from(text);
	const length = payload.length < 126 ? [payload.length] : [126, payload.length >> 8, payload.length & 255];
	return Buffer.concat([Buffer.from([0x80 | opcode, ...length]), payload]);
}
