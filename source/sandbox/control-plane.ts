/** The control plane as a whole: the apiserver, its route to the nodes, and what the cluster's objects tell of both. */
import {randomBytes} from 'node:crypto';
import {Apiserver, type ApiserverConfig} from './apiserver/apiserver.ts';
import {apiserverCommand} from './apiserver/apiserver-flags.ts';
import {abortableDelay} from './containers/program.ts';
import {defaultedSpec} from './controllers/workload-pods.ts';
import {noop} from './network/noop.ts';
import {apiMicroTime, type Json} from './objects/kube-object.ts';
import type {ObjectStore} from './objects/object-store.ts';
import {kubernetesVersion, type Posture} from './posture.ts';
import {deployAgents} from './tunnels/agent-pods.ts';
import type {Tunnels} from './tunnels/tunnels.ts';

const controlPlaneNode = 'cp';

export type ControlPlaneConfig = Omit<ApiserverConfig, 'makeDial' | 'tunnelHealthy'> & {tunnels: Tunnels};

/** How long there is no apiserver: for `downMs`, and `until` that settles. */
export type DowntimeOptions = {downMs?: number; until?: Promise<unknown>};

export class ControlPlane {
	readonly apiserver: Apiserver;
	posture: Posture = {verification: 'off', route: 'direct'};
	readonly #store: ObjectStore;
	readonly #tunnels: Tunnels;
	readonly #identity = `apiserver-${randomBytes(16).toString('hex').slice(0, 26)}`;
	#beat: NodeJS.Timeout | undefined;
	#turn: Promise<void> = Promise.resolve();
	readonly #ending = new AbortController();

	constructor(setting: ControlPlaneConfig) {
		const {tunnels, store} = setting;
		this.#store = store;
		this.#tunnels = tunnels;
		this.apiserver = new Apiserver({
			...setting,
			makeDial: metrics => tunnels.dialFor(this.posture.route, metrics),
			tunnelHealthy: () => tunnels.healthy,
		});
	}

	async start(posture: Posture, port: number): Promise<void> {
		this.posture = posture;
		await this.#tunnels.start(posture.route);
		await this.apiserver.start(posture, port);
		deployAgents(this.#store, this.#tunnels.hasAgents);
		this.#tellObjects();
		this.#beat = setInterval(() => {
			this.#store.update('leases', 'kube-system', this.#identity, lease => {
				lease['spec'].renewTime = apiMicroTime();
			});
		}, 10_000).unref();
	}

	/** Ends the process, and starts another one at the same address; one after the other, and none after `stop`. `posture`: what is not named stays. */
	async restart(posture: Partial<Posture> = {}, down: DowntimeOptions = {}): Promise<void> {
		const turn = this.#turn.then(async () => this.#restart(posture, down));
		this.#turn = turn.catch(noop);
		await turn;
	}

	async stop(): Promise<void> {
		this.#ending.abort();
		await this.#turn;
		await this.#end();
	}

	async #restart(posture: Partial<Posture>, {downMs = 0, until}: DowntimeOptions): Promise<void> {
		const {port} = this.apiserver;
		await this.#end();
		await abortableDelay(downMs, this.#ending.signal);
		await (until && settledOrAborted(until, this.#ending.signal));
		if (!this.#ending.signal.aborted) {
			await this.start({...this.posture, ...posture}, port);
		}
	}

	async #end(): Promise<void> {
		clearInterval(this.#beat);
		this.apiserver.stop();
		await this.#tunnels.stop();
	}

	/** The mirror pod with this process's flags, the identity lease, and the `kubernetes` service. */
	#tellObjects(): void {
		const store = this.#store;
		const {port, process} = this.apiserver;
		const name = `kube-apiserver-${controlPlaneNode}`;
		const {hostname, address} = {hostname: controlPlaneNode, address: process!.flags['advertise-address']!};
		store.delete('pods', 'kube-system', name);
		store.create('pods', {
			metadata: {
				name,
				namespace: 'kube-system',
				labels: {component: 'kube-apiserver', tier: 'control-plane'},
				annotations: {
					'kubernetes.io/config.mirror': randomBytes(16).toString('hex'),
					'kubernetes.io/config.source': 'file',
					'kubernetes.io/config.seen': new Date().toISOString(),
				},
				ownerReferences: this.#nodeOwner(),
			},
			spec: defaultedSpec(
				{
					hostNetwork: true,
					priorityClassName: 'system-node-critical',
					containers: [{name: 'kube-apiserver', image: 'sandbox/waiter:apiserver', command: apiserverCommand(process!.flags)}],
				},
				controlPlaneNode,
			),
			status: {phase: 'Pending'},
		});
		const labels = {'apiserver.kubernetes.io/identity': 'kube-apiserver', 'kubernetes.io/hostname': hostname};
		store.delete('leases', 'kube-system', this.#identity);
		store.create('leases', {
			metadata: {name: this.#identity, namespace: 'kube-system', labels},
			spec: {holderIdentity: `${this.#identity}_${randomBytes(8).toString('hex')}`, leaseDurationSeconds: 3600, renewTime: apiMicroTime()},
		});
		if (!store.get('services', 'default', 'kubernetes')) {
			this.#createKubernetesService(address, port);
		}

		for (const node of store.list('nodes')) {
			store.update('nodes', undefined, node.metadata.name, copy => {
				copy['status'].nodeInfo.kubeletVersion = kubernetesVersion(this.posture);
				if (process!.modern) {
					copy['status'].declaredFeatures = ['ExtendWebSocketsToKubelet'];
				} else {
					delete copy['status'].declaredFeatures;
				}
			});
		}
	}

	#createKubernetesService(address: string, port: number): void {
		const labels = {component: 'apiserver', provider: 'kubernetes'};
		this.#store.create('services', {
			metadata: {name: 'kubernetes', namespace: 'default', labels},
			spec: {
				type: 'ClusterIP',
				clusterIP: '10.96.0.1',
				clusterIPs: ['10.96.0.1'],
				ports: [{name: 'https', port: 443, protocol: 'TCP', targetPort: port}],
				sessionAffinity: 'None',
				ipFamilies: ['IPv4'],
				ipFamilyPolicy: 'SingleStack',
			},
			status: {loadBalancer: {}},
		});
		this.#store.create('endpoints', {
			metadata: {name: 'kubernetes', namespace: 'default'},
			subsets: [{addresses: [{ip: address}], ports: [{name: 'https', port, protocol: 'TCP'}]}],
		});
		this.#store.create('endpointslices', {
			metadata: {name: 'kubernetes', namespace: 'default', labels: {'kubernetes.io/service-name': 'kubernetes'}},
			addressType: 'IPv4',
			ports: [{name: 'https', port, protocol: 'TCP'}],
			endpoints: [{addresses: [address], conditions: {ready: true}}],
		});
	}

	#nodeOwner(): Json[] {
		const node = this.#store.get('nodes', undefined, controlPlaneNode);
		return node ? [{apiVersion: 'v1', kind: 'Node', name: controlPlaneNode, uid: node.metadata.uid, controller: true}] : [];
	}
}

async function settledOrAborted(until: Promise<unknown>, signal: AbortSignal): Promise<void> {
	const {promise, resolve} = Promise.withResolvers<void>();
	signal.addEventListener('abort', () => {
		resolve();
	});
	await Promise.race([until.catch(noop), promise]);
}
