/** One process of the apiserver. */
import {X509Certificate} from 'node:crypto';
import {createServer, type Server} from 'node:https';
import type {KeyPair} from '../certificates/issuer.ts';
import type {HostPort} from '../network/address-plan.ts';
import type {FaultyLink} from '../network/faulty-link.ts';
import {listen, noop} from '../network/sockets.ts';
import type {ObjectStore} from '../objects/object-store.ts';
import {kubernetesVersion, type Posture} from '../sandbox.ts';
import type {Dial, KubeletTrust} from '../tunnels/dial.ts';
import type {Tunnels} from '../tunnels/tunnels.ts';
import {notFound} from './exchange.ts';
import {handleRequest, handleUpgrade} from './handle-request.ts';
import {Metrics} from './non-resource-paths.ts';

export type ApiserverConfig = {
	store: ObjectStore;
	link: FaultyLink;
	tunnels: Tunnels;
	authority: string;
	serving: KeyPair;
	kubeletClient: KeyPair;
	/** User names by token. */
	tokens: ReadonlyMap<string, string>;
};

const address = '127.0.0.1';
const kubeletAuthorityFile = '/etc/kubernetes/pki/ca.crt';
const egressFile = '/etc/kubernetes/egress-selector-configuration.yaml';

export class Apiserver {
	readonly startedAt = new Date();
	readonly metrics = new Metrics();
	readonly config: ApiserverConfig;
	readonly posture: Posture;
	readonly version: string;
	readonly authority: X509Certificate;
	readonly trust: KubeletTrust;
	readonly dial: Dial;
	/** If not 0, every request except /healthz gets a 429 with this Retry-After, in seconds. */
	retryAfter: number;
	flags: Readonly<Record<string, string>> = {};
	port = 0;
	readonly #server: Server;

	constructor(config: ApiserverConfig, posture: Posture, retryAfter: number) {
		const {authority, kubeletClient, serving, tunnels} = config;
		this.config = config;
		this.posture = posture;
		this.retryAfter = retryAfter;
		this.version = kubernetesVersion(posture);
		this.authority = new X509Certificate(authority);
		this.trust = {authority: posture.verification === 'off' ? null : authority, identity: kubeletClient};
		this.dial = tunnels.dialFor(posture.route, this.metrics);
		this.metrics.add('process_start_time_seconds', {}, this.startedAt.getTime() / 1000);
		this.#server = createServer({
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
		this.#server.on('tlsClientError', noop);
		this.#server.on('request', (request, response) => {
			void handleRequest(request, response, this);
		});
		this.#server.on('upgrade', (request, socket, head) => {
			void handleUpgrade({request, socket, head}, this);
		});
	}

	/** `port` 0 selects a free port. */
	async start(port: number): Promise<void> {
		const inner = await listen(this.#server, {address, port: 0});
		try {
			this.port = await this.config.link.open(port, inner);
		} catch (error) {
			this.#server.close();
			throw error;
		}

		this.flags = apiserverFlags(this.posture, this.port);
	}

	stop(): void {
		this.config.link.close();
		this.#server.close();
	}

	/** Whether this version (1.30 or later) has /flagz and port-forward over WebSocket. */
	get isModern(): boolean {
		return !/^v1\.(\d|[12]\d)\./.test(this.version);
	}

	/** @throws ApiFailure for an unknown node */
	kubeletOf(name: string): HostPort {
		const status = this.config.store.get('nodes', undefined, name)?.status;
		if (!status) {
			throw notFound('nodes', '', name);
		}

		return {address: status.addresses![0]!.address, port: status.daemonEndpoints!.kubeletEndpoint!.Port};
	}
}

/** After defaulting. */
function apiserverFlags({verification, route}: Posture, port: number): Record<string, string> {
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
