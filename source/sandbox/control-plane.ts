/** Control plane: apiserver and route to the nodes. */
import {randomBytes} from 'node:crypto';
import {Apiserver, type ApiserverConfig, apiserverCommand} from './apiserver/apiserver.ts';
import {aborted, abortableDelay} from './containers/container.ts';
import {defaultedSpec} from './controllers/workload-pods.ts';
import {noop} from './network/sockets.ts';
import {apiMicroTime} from './objects/kube-object.ts';
import {kubernetesVersion, type Posture} from './sandbox.ts';
import {createService} from './scenarios.ts';
import {deployAgents} from './tunnels/tunnels.ts';

const node = 'cp';

/** Minimum time without an apiserver. */
type DowntimeOptions = {downMs?: number; until?: Promise<unknown>};

export class ControlPlane {
	apiserver: Apiserver;
	readonly #config: ApiserverConfig;
	readonly #identity = `apiserver-${randomBytes(16).toString('hex').slice(0, 26)}`;
	readonly #inTurn = serially();
	readonly #stopped = new AbortController();
	#leaseTimer: NodeJS.Timeout | undefined;

	constructor(config: ApiserverConfig, posture: Posture) {
		this.#config = config;
		this.apiserver = this.#createApiserver(posture, 0);
	}

	/** Also with port 0, which selects a free port. */
	async start(port: number): Promise<void> {
		const {store, tunnels} = this.#config;
		await this.apiserver.start(port);
		deployAgents(store, tunnels.hasAgents);
		this.#writeObjects();
		this.#leaseTimer = setInterval(() => {
			store.update('leases', 'kube-system', this.#identity, lease => {
				lease.spec!.renewTime = apiMicroTime();
			});
		}, 10_000).unref();
	}

	/** Keeps the address, and the fields that `posture` omits. Restarts run one at a time, and none starts after `stop`. */
	async restart(posture: Partial<Posture> = {}, {downMs = 0, until}: DowntimeOptions = {}): Promise<void> {
		const {signal} = this.#stopped;
		await this.#inTurn(async () => {
			const {port, retryAfter} = this.apiserver;
			this.#endProcess();
			await abortableDelay(downMs, signal);
			await (until && Promise.race([until.catch(noop), aborted(signal)]));
			if (!signal.aborted) {
				this.apiserver = this.#createApiserver({...this.apiserver.posture, ...posture}, retryAfter);
				await this.start(port);
			}
		});
	}

	async stop(): Promise<void> {
		this.#stopped.abort();
		await this.#inTurn(async () => {
			this.#endProcess();
		});
	}

	#createApiserver(posture: Posture, retryAfter: number): Apiserver {
		this.#config.tunnels.start(posture.route);
		return new Apiserver(this.#config, posture, retryAfter);
	}

	#endProcess(): void {
		clearInterval(this.#leaseTimer);
		this.apiserver.stop();
		this.#config.tunnels.stop();
	}

	/** Creates the mirror pod with this process's flags, the identity lease and the `kubernetes` service. */
	#writeObjects(): void {
		const {store} = this.#config;
		const {posture, port, flags} = this.apiserver;
		const {uid} = store.get('nodes', undefined, node)!.metadata;
		const name = `kube-apiserver-${node}`;
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
				ownerReferences: [{apiVersion: 'v1', kind: 'Node', name: node, uid, controller: true}],
			},
			spec: defaultedSpec(
				{
					hostNetwork: true,
					priorityClassName: 'system-node-critical',
					containers: [{name: 'kube-apiserver', image: 'sandbox/waiter:apiserver', command: apiserverCommand(flags)}],
				},
				node,
			),
			status: {phase: 'Pending'},
		});
		store.delete('leases', 'kube-system', this.#identity);
		store.create('leases', {
			metadata: {
				name: this.#identity,
				namespace: 'kube-system',
				labels: {'apiserver.kubernetes.io/identity': 'kube-apiserver', 'kubernetes.io/hostname': node},
			},
			spec: {holderIdentity: `${this.#identity}_${randomBytes(8).toString('hex')}`, leaseDurationSeconds: 3600, renewTime: apiMicroTime()},
		});
		if (!store.get('services', 'default', 'kubernetes')) {
			this.#createKubernetesService(flags['advertise-address']!, port);
		}

		for (const {metadata} of store.list('nodes')) {
			store.update('nodes', undefined, metadata.name, copy => {
				copy.status!.nodeInfo!.kubeletVersion = kubernetesVersion(posture);
			});
		}
	}

	#createKubernetesService(address: string, port: number): void {
		const {store} = this.#config;
		createService(store, {
			name: 'kubernetes',
			labels: {component: 'apiserver', provider: 'kubernetes'},
			clusterIP: '10.96.0.1',
			ports: [{name: 'https', port: 443, targetPort: port}],
		});
		store.create('endpointslices', {
			metadata: {name: 'kubernetes', namespace: 'default', labels: {'kubernetes.io/service-name': 'kubernetes'}},
			addressType: 'IPv4',
			ports: [{name: 'https', port, protocol: 'TCP'}],
			endpoints: [{addresses: [address], conditions: {ready: true}}],
		});
	}
}

/** Runs one work at a time, in order. */
export function serially(): (work: () => Promise<void>) => Promise<void> {
	let last = Promise.resolve();
	return async work => {
		const done = last.then(work);
		last = done.catch(noop);
		await done;
	};
}
