/** Kubelet of one node. */
import {createServer as createTlsServer} from 'node:https';
import {createServer, type Server as TcpServer, type Socket} from 'node:net';
import type {TLSSocket} from 'node:tls';
import {resetSocket} from '../../wire/end-socket.ts';
import type {ClusterIssuer, KeyPair} from '../certificates/issuer.ts';
import {sniffPlainHttp} from '../containers/programs.ts';
import type {HostPort} from '../network/address-plan.ts';
import {apiMicroTime, type Pod} from '../objects/kube-object.ts';
import type {Change} from '../objects/object-store.ts';
import {noop} from '../network/sockets.ts';
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
	/** By the client's endpoint, with its TLS socket after the handshake. */
	readonly #connections = new Map<string, {socket: Socket; secured?: TLSSocket}>();
	readonly #tls = createTlsServer({requestCert: true, rejectUnauthorized: false, ALPNProtocols: []});
	readonly #listener: TcpServer;
	#timer: NodeJS.Timeout | undefined;
	#unwatch = noop;

	constructor(config: KubeletConfig) {
		this.config = config;
		this.#listener = createServer(socket => {
			this.#onConnection(socket);
		});
		this.#tls.on('request', (request, response) => {
			void serveRequest(this, request, response);
		});
		this.#tls.on('upgrade', (request, socket, head) => {
			void serveUpgrade(this, {request, socket, head});
		});
		this.#tls.on('tlsClientError', noop).on('secureConnection', (secured: TLSSocket) => {
			Object.assign(this.#connections.get(clientOf(secured)) ?? {}, {secured});
		});
	}

	get address(): HostPort {
		return {address: this.config.hostAddress, port: this.port};
	}

	async start(certificate: KubeletCertificate): Promise<void> {
		const {plan, store, node, hostAddress} = this.config;
		await this.serveWith(certificate);
		// The kubelet of a real node may use the port on all addresses.
		const usual = {address: hostAddress, port: 10_250};
		const at = await plan.listen(this.#listener, usual).catch(async () => plan.listen(this.#listener, {...usual, port: 0}));
		this.port = at.port;
		this.#unwatch = store.onChange(change => {
			this.#onChange(change);
		});
		this.#timer = setInterval(() => {
			store.update('leases', 'kube-node-lease', node, lease => {
				lease.spec!.renewTime = apiMicroTime();
			});
		}, heartbeatMs).unref();
	}

	async serveWith(kind: KubeletCertificate): Promise<void> {
		const {node, hostAddress, issuer} = this.config;
		const pair = await servingCertificate(kind, node, hostAddress, issuer);
		this.certificate = kind;
		if (pair) {
			this.#tls.setSecureContext({cert: pair.chain, key: pair.key, ca: issuer.authority});
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
		for (const {socket, secured} of this.#connections.values()) {
			resetSocket(socket, secured);
		}
	}

	async stop(): Promise<void> {
		clearInterval(this.#timer);
		this.#unwatch();
		this.#listener.close();
		this.cutConnections();
		await Promise.all(this.runtimes.map(async pod => pod.stop()));
	}

	#onConnection(socket: Socket): void {
		const client = clientOf(socket);
		this.#connections.set(client, {socket});
		socket.on('error', noop).on('close', () => {
			this.#connections.delete(client);
		});
		if (this.certificate === 'pending') {
			socket.once('data', () => {
				socket.end(internalErrorAlert);
			});
			return;
		}

		sniffPlainHttp(socket, () => void this.#tls.emit('connection', socket));
	}

	#onChange({type, resource, object}: Change): void {
		if (resource !== 'pods' || object.spec.nodeName !== this.config.node) {
			return;
		}

		const key = `${object.metadata.namespace}/${object.metadata.name}`;
		const runtime = type === 'ADDED' ? new PodRuntime(object, this.config) : this.#pods.get(key);
		if (runtime?.uid !== object.metadata.uid) {
			return;
		}

		if (type === 'ADDED') {
			this.#pods.set(key, runtime);
			runtime.start();
		} else if (type === 'DELETED') {
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
