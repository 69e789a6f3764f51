/** Apiserver with a constant address and a replaceable process. */
import {createHash, X509Certificate} from 'node:crypto';
import type {IncomingMessage} from 'node:http';
import {createServer, type Server} from 'node:https';
import type {Socket} from 'node:net';
import type {TLSSocket} from 'node:tls';
import {certificateIdentity} from '../certificates/cluster-issuer.ts';
import type {KeyPair} from '../../certificates/issuer.ts';
import type {FaultyLink} from '../network/faulty-link.ts';
import {noop} from '../network/join-streams.ts';
import {isAllowed, anonymous, identify, type UserInfo, users} from './users.ts';
import {sendFailure, ApiFailure, unauthorized, notFound} from './exchange.ts';
import {handleRequest, handleUpgrade} from './handle-request.ts';
import type {HostPort} from '../network/address-plan.ts';
import type {ObjectStore} from '../objects/object-store.ts';
import {kubernetesVersion, type Posture} from '../sandbox.ts';
import type {Dial, KubeletTrust} from '../tunnels/dial.ts';
import {Metrics} from './non-resource-paths.ts';

export type ApiserverConfig = Omit<ProcessConfig, 'posture' | 'listen'> & {
	serving: KeyPair;
	tokens: ReadonlyMap<string, string>;
	link: FaultyLink;
};

type ProcessConfig = {
	store: ObjectStore;
	posture: Posture;
	listen: HostPort;
	authority: string;
	kubeletClient: KeyPair;
	createDial: (metrics: Metrics) => Dial;
	tunnelHealthy: () => boolean;
};

const kubeletAuthorityFile = '/etc/kubernetes/pki/ca.crt';
const egressFile = '/etc/kubernetes/egress-selector-configuration.yaml';

export class Apiserver {
	/** If not 0, every request except /healthz gets a 429 with this Retry-After, in seconds. */
	retryAfter = 0;
	process: ApiserverProcess | null = null;
	port = 0;
	readonly #config: ApiserverConfig;
	#server: Server | null = null;
	readonly #sockets = new Set<Socket>();

	constructor(config: ApiserverConfig) {
		this.#config = config;
	}

	/** `port` 0 selects a free port. */
	async start(posture: ProcessConfig['posture'], port: number): Promise<void> {
		const {serving, link} = this.#config;
		const server = createServer({
			cert: serving.certificate,
			key: serving.key,
			// With the authority here, OpenSSL would send it, too; kubeadm's apiserver sends only its own certificate.
			ca: [],
			requestCert: true,
			rejectUnauthorized: false,
			ALPNProtocols: ['http/1.1'],
			keepAliveTimeout: 120_000,
			requestTimeout: 0,
			headersTimeout: 60_000,
		});
		server.on('connection', (socket: Socket) => {
			this.#sockets.add(socket);
			socket.on('close', () => {
				this.#sockets.delete(socket);
			});
		});
		server.on('tlsClientError', noop);
		const {promise, resolve, reject} = Promise.withResolvers<void>();
		server.once('error', reject).listen({host: '127.0.0.1', port: 0}, resolve);
		await promise;
		const inner = (server.address() as {port: number}).port;
		this.#server = server;
		try {
			this.port = await link.open(port, () => ({host: '127.0.0.1', port: inner}));
		} catch (error) {
			server.close();
			throw error;
		}

		this.process = this.#handleRequests(
			server,
			new ApiserverProcess({...this.#config, posture, listen: {address: '127.0.0.1', port: this.port}}),
		);
	}

	#handleRequests(server: Server, process: ApiserverProcess): ApiserverProcess {
		const groupsOf = (name: string): readonly string[] => users.find(row => row.name === name)?.groups ?? [];
		const {tokens} = this.#config;
		const authority = new X509Certificate(this.#config.authority);
		const authenticateRequest = (request: IncomingMessage) => authenticate(request, {authority, tokens}, groupsOf);
		server.on('request', (request, response) => {
			if (this.retryAfter > 0 && !request.url?.startsWith('/healthz')) {
				sendFailure(
					{response},
					new ApiFailure(429, 'TooManyRequests', 'too many requests, please try again later', {
						headers: {'retry-after': String(this.retryAfter)},
						details: {retryAfterSeconds: this.retryAfter},
					}),
				);
				return;
			}

			void handleRequest(request, response, process, authenticateRequest);
		});
		server.on('upgrade', (request, socket, head) => {
			void handleUpgrade(request, socket, head, process, authenticateRequest);
		});
		return process;
	}

	stop(): void {
		this.#config.link.close();
		this.#server?.close();
		for (const socket of this.#sockets) {
			socket.destroy();
		}

		this.process = null;
	}
}

/** @throws ApiFailure 401 for unknown credentials, 403 for impersonation */
function authenticate(
	request: IncomingMessage,
	{authority, tokens}: {authority: X509Certificate; tokens: ReadonlyMap<string, string>},
	groupsOf: (name: string) => readonly string[],
): UserInfo {
	const identity =
		identityFromCertificate(request.socket as TLSSocket, authority) ?? identityFromToken(request, tokens, groupsOf) ?? anonymous;
	const as = request.headers['impersonate-user'];
	if (typeof as !== 'string') {
		return identity;
	}

	if (!isAllowed(identity, {isResource: true, verb: 'impersonate', resource: 'users'})) {
		throw new ApiFailure(
			403,
			'Forbidden',
			`users "${as}" is forbidden: User "${identity.name}" cannot impersonate resource "users" in API group "" at the cluster scope`,
			{details: {name: as, kind: 'users'}},
		);
	}

	const groups = request.headers['impersonate-group'];
	return identify(as, groups === undefined ? groupsOf(as) : [groups].flat().flatMap(group => group.split(',').map(name => name.trim())));
}

function identityFromCertificate(socket: TLSSocket, authority: X509Certificate): UserInfo | undefined {
	const certificate = socket.getPeerX509Certificate();
	if (!certificate?.verify(authority.publicKey) || new Date(certificate.validTo) < new Date()) {
		return undefined;
	}

	const {user, groups} = certificateIdentity(certificate);
	return {...identify(user, groups), credentialId: `X509SHA256=${createHash('sha256').update(certificate.raw).digest('hex')}`};
}

function identityFromToken(
	{headers: {authorization}}: IncomingMessage,
	tokens: ReadonlyMap<string, string>,
	groupsOf: (name: string) => readonly string[],
): UserInfo | undefined {
	if (authorization === undefined) {
		return undefined;
	}

	const name = tokens.get(/^bearer (.+)$/i.exec(authorization)?.[1] ?? '');
	if (name === undefined) {
		throw unauthorized();
	}

	return identify(name, groupsOf(name));
}

export class ApiserverProcess {
	readonly startedAt = new Date();
	readonly metrics = new Metrics();
	readonly store: ObjectStore;
	readonly posture: Posture;
	readonly version: string;
	readonly flags: Readonly<Record<string, string>>;
	readonly trust: KubeletTrust;
	readonly dial: Dial;
	readonly tunnelHealthy: () => boolean;

	constructor({store, posture, listen, authority, kubeletClient, createDial, tunnelHealthy}: ProcessConfig) {
		this.store = store;
		this.posture = posture;
		this.version = kubernetesVersion(posture);
		this.flags = apiserverFlags(posture, listen.address, listen.port);
		this.trust = {authority: posture.verification === 'off' ? null : authority, identity: kubeletClient};
		this.dial = createDial(this.metrics);
		this.tunnelHealthy = tunnelHealthy;
		this.metrics.set('process_start_time_seconds', this.startedAt.getTime() / 1000);
	}

	/** Whether this version (1.30 or later) has /flagz and port-forward over WebSocket. */
	get isModern(): boolean {
		return !/^v1\.(\d|[12]\d)\./.test(this.version);
	}

	/** @throws ApiFailure for an unknown node, or one without an address */
	kubeletOf(name: string): HostPort {
		const node = this.store.get('nodes', undefined, name);
		if (!node) {
			throw notFound('nodes', '', name);
		}

		const addresses = node.status?.addresses ?? [];
		const address = ['InternalIP', 'Hostname'].map(type => addresses.find(entry => entry.type === type)?.address).find(Boolean);
		if (address === undefined) {
			throw new ApiFailure(500, undefined, 'no preferred addresses found; known addresses: []');
		}

		return {address, port: node.status!.daemonEndpoints!.kubeletEndpoint!.Port};
	}
}

/** After defaulting. */
function apiserverFlags({verification, route}: Posture, address: string, port: number): Record<string, string> {
	return {
		'advertise-address': address,
		'allow-privileged': 'true',
		'anonymous-auth': 'true',
		'authentication-config': '',
		'authorization-mode': '[Node,RBAC]',
		'bind-address': '0.0.0.0',
		'client-ca-file': '/etc/kubernetes/pki/ca.crt',
		'egress-selector-config-file': route === 'konnectivity' || route === 'http-connect' ? egressFile : '',
		'enable-aggregator-routing': 'false',
		'enable-bootstrap-token-auth': 'true',
		'feature-gates': '',
		'kubelet-certificate-authority': verification === 'off' ? '' : kubeletAuthorityFile,
		'kubelet-client-certificate': '/etc/kubernetes/pki/apiserver-kubelet-client.crt',
		'kubelet-client-key': '/etc/kubernetes/pki/apiserver-kubelet-client.key',
		'kubelet-port': '10250',
		'kubelet-preferred-address-types': '[InternalIP,Hostname]',
		'oidc-issuer-url': '',
		profiling: 'true',
		'secure-port': String(port),
		'service-account-issuer': '[https://kubernetes.default.svc]',
		'service-cluster-ip-range': '10.96.0.0/16',
		'tls-cert-file': '/etc/kubernetes/pki/apiserver.crt',
		'token-auth-file': '/etc/kubernetes/tokens.csv',
		...(route === 'ssh' && {'ssh-user': 'core', 'ssh-keyfile': '/etc/kubernetes/pki/tunnel'}),
	};
}

/** Only flags that differ from the default. */
export function apiserverCommand(flags: Readonly<Record<string, string>>): string[] {
	const omitted = ['anonymous-auth', 'bind-address', 'enable-aggregator-routing', 'kubelet-port', 'profiling'];
	return [
		'kube-apiserver',
		...Object.entries(flags)
			.filter(([name, value]) => value !== '' && !omitted.includes(name))
			.map(([name, value]) => `--${name}=${value.replace(/^\[(.*)\]$/, '$1')}`),
	];
}
