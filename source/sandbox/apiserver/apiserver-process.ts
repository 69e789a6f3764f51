/** One life of an apiserver: what it was started with stays true until it ends, and so does its fingerprint. */
import type {KeyPair} from '../certificates/issuer.ts';
import type {HostPort} from '../network/address-plan.ts';
import type {Json} from '../objects/kube-object.ts';
import type {ObjectStore} from '../objects/object-store.ts';
import {kubernetesVersion, type Posture} from '../posture.ts';
import type {Dial} from '../tunnels/dialer.ts';
import {apiserverFlags} from './apiserver-flags.ts';
import type {KubeletTrust} from './kubelet-client.ts';
import {Metrics} from './metrics.ts';
import {ApiFailure, notFound} from './status.ts';

export type ProcessConfig = {
	store: ObjectStore;
	posture: Posture;
	listen: HostPort;
	authority: string;
	kubeletClient: KeyPair;
	/** Makes the route; it may count what it does. */
	makeDial: (metrics: Metrics) => Dial;
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
	/** Of the text form of /flagz: random for each process. */
	readonly textSeparator = [':', ': ', '=', ' '][Math.floor(Math.random() * 4)]!;

	constructor({store, posture, listen, authority, kubeletClient, makeDial, tunnelHealthy}: ProcessConfig) {
		this.store = store;
		this.posture = posture;
		this.version = kubernetesVersion(posture);
		this.flags = apiserverFlags(posture, listen.address, listen.port);
		this.trust = {authority: posture.verification === 'off' ? null : authority, identity: kubeletClient};
		this.dial = makeDial(this.metrics);
		this.tunnelHealthy = tunnelHealthy;
		this.metrics.set('process_start_time_seconds', this.startedAt.getTime() / 1000);
	}

	/** Does this version have aggregated discovery, /flagz and tunnelled port-forward? */
	get modern(): boolean {
		return !/^v1\.(\d|[12]\d)\./.test(this.version);
	}

	/** Where a node's kubelet is dialled. @throws ApiFailure when there is no such node, or it has no address */
	kubeletOf(name: string): HostPort {
		const node = this.store.get('nodes', undefined, name);
		if (!node) {
			throw notFound('nodes', '', name);
		}

		const addresses = node['status'].addresses as Json[];
		const address = ['InternalIP', 'Hostname']
			.map(type => addresses.find(entry => entry['type'] === type)?.['address'] as string | undefined)
			.find(Boolean);
		if (address === undefined) {
			throw new ApiFailure(500, undefined, 'no preferred addresses found; known addresses: []');
		}

		return {address, port: node['status'].daemonEndpoints.kubeletEndpoint.Port as number};
	}
}
