/** One apiserver process: its posture and fingerprint never change. */
import type {KeyPair} from '../../certificates/issuer.ts';
import type {HostPort} from '../network/address-plan.ts';
import type {ObjectStore} from '../objects/object-store.ts';
import {kubernetesVersion, type Posture} from '../switches.ts';
import type {Dial} from '../tunnels/direct.ts';
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
	/** Separator in the text form of /flagz: random for each process, as in real apiservers. */
	readonly textSeparator = [':', ': ', '=', ' '][Math.floor(Math.random() * 4)]!;

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

	/** Whether this version (1.30 or later) has aggregated discovery, /flagz and port-forward over WebSocket. */
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
