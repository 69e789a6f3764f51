/** One apiserver process: its posture and fingerprint never change. */
import type {KeyPair} from '../../certificates/issuer.ts';
import type {HostPort} from '../network/address-plan.ts';
import type {ObjectStore} from '../objects/object-store.ts';
import {kubernetesVersion, type Posture} from '../switches.ts';
import type {Dial} from '../tunnels/direct.ts';
import type {KubeletTrust} from './kubelet-client.ts';
import {Metrics} from './metrics.ts';
import {ApiFailure, notFound} from './status.ts';

export type ProcessConfig = {
	store: ObjectStore;
	posture: Posture;
	listen: HostPort;
	authority: string;
	kubeletClient: KeyPair;
	createDial: (metrics: Metrics) => Dial;
	tunnelHealthy: () => boolean;
};

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

const kubeletAuthorityFile = '/etc/kubernetes/pki/ca.crt';
const egressFile = '/etc/kubernetes/egress-selector-configuration.yaml';

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
