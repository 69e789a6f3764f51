/** Control plane: apiserver and route to the nodes. */
import {randomBytes} from 'node:crypto';
import {Apiserver, type ApiserverConfig, apiserverCommand} from './apiserver/apiserver.ts';
import {abortableDelay} from './containers/container.ts';
import {defaultedSpec} from './controllers/workload-pods.ts';
import {noop} from './network/join-streams.ts';
import {apiMicroTime, type ObjectMeta} from './objects/kube-object.ts';
import type {ObjectStore} from './objects/object-store.ts';
import {kubernetesVersion, type Posture} from './sandbox.ts';
import {deployAgents, type Tunnels} from './tunnels/tunnels.ts';

const controlPlaneNode = 'cp';

type ControlPlaneConfig = Omit<ApiserverConfig, 'createDial' | 'tunnelHealthy'> & {tunnels: Tunnels};

/** Minimum time without an apiserver. */
type DowntimeOptions = {downMs?: number; until?: Promise<unknown>};

export class ControlPlane {
	readonly apiserver: Apiserver;
	posture: Posture = {verification: 'off', route: 'direct'};
	readonly #store: ObjectStore;
	readonly #tunnels: Tunnels;
	readonly #identity = `apiserver-${randomBytes(16).toString('hex').slice(0, 26)}`;
	#leaseTimer: NodeJS.Timeout | undefined;
	#lastRestart: Promise<void> = Promise.resolve();
	readonly #stopped = new AbortController();

	constructor(config: ControlPlaneConfig) {
		const {tunnels, store} = config;
		this.#store = store;
		this.#tunnels = tunnels;
		this.apiserver = new Apiserver({
			...config,
			createDial: metrics => tunnels.dialFor(this.posture.route, metrics),
			tunnelHealthy: () => tunnels.healthy,
		});
	}

	async start(posture: Posture, port: number): Promise<void> {
		this.posture = posture;
		await this.#tunnels.start(posture.route);
		await this.apiserver.start(posture, port);
		deployAgents(this.#store, this.#tunnels.hasAgents);
		this.#writeObjects();
		this.#leaseTimer = setInterval(() => {
			this.#store.update('leases', 'kube-system', this.#identity, lease => {
				lease.spec!.renewTime = apiMicroTime();
			});
		}, 10_000).unref();
	}

	/** Keeps the address, and the fields that `posture` omits. Restarts run one at a time, and none starts after `stop`. */
	async restart(posture: Partial<Posture> = {}, down: DowntimeOptions = {}): Promise<void> {
		const restarted = this.#lastRestart.then(async () => this.#restart(posture, down));
		this.#lastRestart = restarted.catch(noop);
		await restarted;
	}

	async stop(): Promise<void> {
		this.#stopped.abort();
		await this.#lastRestart;
		this.#endProcess();
	}

	async #restart(posture: Partial<Posture>, {downMs = 0, until}: DowntimeOptions): Promise<void> {
		const {port} = this.apiserver;
		this.#endProcess();
		await abortableDelay(downMs, this.#stopped.signal);
		await (until && settledOrAborted(until, this.#stopped.signal));
		if (!this.#stopped.signal.aborted) {
			await this.start({...this.posture, ...posture}, port);
		}
	}

	#endProcess(): void {
		clearInterval(this.#leaseTimer);
		this.apiserver.stop();
		this.#tunnels.stop();
	}

	/** Creates the mirror pod with this process's flags, the identity lease and the `kubernetes` service. */
	#writeObjects(): void {
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
				const status = copy.status!;
				status.nodeInfo!.kubeletVersion = kubernetesVersion(this.posture);
				if (process!.isModern) {
					status.declaredFeatures = ['ExtendWebSocketsToKubelet'];
				} else {
					delete status.declaredFeatures;
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
		this.#store.create('endpointslices', {
			metadata: {name: 'kubernetes', namespace: 'default', labels: {'kubernetes.io/service-name': 'kubernetes'}},
			addressType: 'IPv4',
			ports: [{name: 'https', port, protocol: 'TCP'}],
			endpoints: [{addresses: [address], conditions: {ready: true}}],
		});
	}

	#nodeOwner(): NonNullable<ObjectMeta['ownerReferences']> {
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
