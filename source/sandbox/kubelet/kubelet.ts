/** Kubelet of one node. */
import type {IncomingMessage} from 'node:http';
import {createServer as createTlsServer, type Server} from 'node:https';
import {createServer, type Server as TcpServer, type Socket} from 'node:net';
import type {TLSSocket} from 'node:tls';
import {resetSocket} from '../../wire/end-socket.ts';
import type {ClusterIssuer} from '../certificates/cluster-issuer.ts';
import type {KeyPair} from '../../certificates/issuer.ts';
import {sniffPlainHttp} from '../containers/programs.ts';
import type {HostPort} from '../network/address-plan.ts';
import {apiMicroTime, type Pod} from '../objects/kube-object.ts';
import type {Change} from '../objects/object-store.ts';
import {noop} from '../network/join-streams.ts';
import {serveRequest, serveUpgrade} from './kubelet-requests.ts';
import {PodRuntime, type RuntimeConfig} from './pod-runtime.ts';

type KubeletConfig = RuntimeConfig & {issuer: ClusterIssuer};

const heartbeatMs = 10_000;

export class Kubelet {
	readonly config: KubeletConfig;
	readonly startedAt = new Date();
	port = 0;
	certificate: KubeletCertificate = 'self-signed';
	/** A fault: the apiserver has no permissions. */
	refusesApiserver = false;
	readonly #pods = new Map<string, PodRuntime>();
	readonly #sockets = new Set<Socket>();
	/** TLS sockets by their client's endpoint. */
	readonly #secured = new Map<string, TLSSocket>();
	#tls: Server | null = null;
	#listener: TcpServer | null = null;
	#timer: NodeJS.Timeout | undefined;
	#unwatch = () => {};

	constructor(config: KubeletConfig) {
		this.config = config;
	}

	get address(): HostPort {
		return {address: this.config.hostAddress, port: this.port};
	}

	async start(certificate: KubeletCertificate): Promise<void> {
		this.#tls = createTlsServer({requestCert: true, rejectUnauthorized: false, ALPNProtocols: []}, (request, response) => {
			void serveRequest(this, request, response);
		});
		this.#tls.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
			void serveUpgrade(this, {request, socket, head});
		});
		this.#tls.on('tlsClientError', noop);
		this.#tls.on('secureConnection', socket => {
			const endpoint = clientOf(socket);
			this.#secured.set(endpoint, socket);
			socket.once('close', () => {
				this.#secured.delete(endpoint);
			});
		});
		await this.serveWith(certificate);
		await this.#listen();
		this.#unwatch = this.config.store.onChange(change => {
			this.#onChange(change);
		});
		this.#timer = setInterval(() => {
			this.#renewLease();
		}, heartbeatMs);
		this.#timer.unref();
	}

	async serveWith(kind: KubeletCertificate): Promise<void> {
		const {node, hostAddress, issuer} = this.config;
		const pair = await servingCertificate(kind, node, hostAddress, issuer);
		this.certificate = kind;
		if (pair) {
			this.#tls!.setSecureContext({cert: pair.chain, key: pair.key, ca: issuer.authority});
		}
	}

	pod(namespace: string, name: string): PodRuntime | undefined {
		return this.#pods.get(`${namespace}/${name}`);
	}

	get runtimes(): PodRuntime[] {
		return [...this.#pods.values()];
	}

	pods(): Pod[] {
		return this.config.store.list('pods').filter(pod => pod.spec.nodeName === this.config.node);
	}

	cutConnections(): void {
		for (const socket of this.#sockets) {
			resetSocket(socket, this.#secured.get(clientOf(socket)));
		}
	}

	async stop(): Promise<void> {
		clearInterval(this.#timer);
		this.#unwatch();
		this.#listener?.close();
		this.cutConnections();
		await Promise.all([...this.#pods.values()].map(async pod => pod.stop()));
	}

	async #listen(): Promise<void> {
		const {plan, hostAddress} = this.config;
		const listener = createServer(socket => {
			this.#sockets.add(socket);
			socket
				.on('close', () => {
					this.#sockets.delete(socket);
				})
				.on('error', noop);
			this.#onConnection(socket);
		});
		this.#listener = listener;
		const listen = async (address: HostPort) => {
			const {promise, resolve, reject} = Promise.withResolvers<void>();
			listener.once('error', reject).listen({host: address.address, port: address.port}, resolve);
			await promise;
		};

		// The kubelet of a real node may use the port on all addresses.
		const usual = {address: hostAddress, port: 10_250};
		const {address} = plan.listenAt(usual);
		try {
			await listen(plan.listenAt(usual));
		} catch {
			await listen({address, port: 0});
		}

		const at = listener.address() as HostPort;
		this.port = at.port;
		plan.register(this.address, at);
	}

	#onConnection(socket: Socket): void {
		if (this.certificate === 'pending') {
			socket.once('data', () => {
				socket.end(internalErrorAlert);
			});
			return;
		}

		sniffPlainHttp(socket, () => void this.#tls!.emit('connection', socket));
	}

	#onChange({type, resource, object}: Change): void {
		if (resource !== 'pods' || object.spec.nodeName !== this.config.node) {
			return;
		}

		const key = `${object.metadata.namespace}/${object.metadata.name}`;
		const runtime = this.#pods.get(key);
		if (type === 'ADDED') {
			const added = new PodRuntime(object, this.config);
			this.#pods.set(key, added);
			added.start();
			return;
		}

		if (runtime?.uid !== object.metadata.uid) {
			return;
		}

		if (type === 'DELETED') {
			this.#pods.delete(key);
			void runtime.stop();
		} else if (object.metadata.deletionTimestamp === undefined) {
			runtime.startEphemeralContainers(object);
		} else {
			void runtime.stop().then(() => {
				this.config.store.delete('pods', object.metadata.namespace, object.metadata.name);
			});
		}
	}

	#renewLease(): void {
		this.config.store.update('leases', 'kube-node-lease', this.config.node, lease => {
			lease.spec!.renewTime = apiMicroTime();
		});
	}
}

function clientOf({remoteAddress, remotePort}: Socket): string {
	return `${remoteAddress} ${remotePort}`;
}

export type KubeletCertificate = 'self-signed' | 'signed' | 'expired' | 'pending';

const day = 86_400_000;

/** `null` while the signing request is pending: every handshake then fails with an internal error. */
async function servingCertificate(kind: KubeletCertificate, node: string, address: string, issuer: ClusterIssuer): Promise<KeyPair | null> {
	if (kind === 'pending') {
		return null;
	}

	if (kind === 'self-signed') {
		return issuer.selfSigned(node);
	}

	const subject = `CN=system:node:${node}, O=system:nodes`;
	const validity = kind === 'expired' ? {notBefore: new Date(Date.now() - 366 * day), notAfter: new Date(Date.now() - day)} : {};
	return issuer.issue({subject, use: 'server', names: [node, address], ...validity});
}

/** Go without a certificate: fatal alert 80, internal_error (RFC 8446 §6). */
const internalErrorAlert = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x50]);
