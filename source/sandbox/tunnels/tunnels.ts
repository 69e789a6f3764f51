/** Current route to the nodes, and the pods of Konnectivity's agents. */
import type {TLSSocket} from 'node:tls';
import type {Metrics} from '../apiserver/non-resource-paths.ts';
import type {ClusterIssuer} from '../certificates/cluster-issuer.ts';
import type {KeyPair} from '../../certificates/issuer.ts';
import type {Program} from '../containers/container.ts';
import type {AddressPlan} from '../network/address-plan.ts';
import type {PostureRoute} from '../sandbox.ts';
import {type Dial, directDial} from './dial.ts';
import type {ObjectStore} from '../objects/object-store.ts';
import {deletePod, livePods} from '../controllers/workload-pods.ts';
import {createWorkload} from '../scenarios.ts';
import {konnectivityAgent, konnectivityDial, KonnectivityServer} from './konnectivity.ts';
import type {SshTunnels} from './ssh-tunnels.ts';

type AgentsState = 'running' | 'gone' | 'frozen';

export class Tunnels {
	readonly #plan: AddressPlan;
	readonly #issuer: ClusterIssuer;
	#createdPairs: Promise<{server: KeyPair; agent: KeyPair}> | undefined;
	readonly #agentControls = new Set<TLSSocket>();
	readonly #nodeAddresses: readonly string[];
	#agents: AgentsState = 'running';
	#server: KonnectivityServer | null = null;
	#ssh: SshTunnels | null = null;
	#serverPort = 0;

	constructor(plan: AddressPlan, issuer: ClusterIssuer, nodeAddresses: readonly string[]) {
		this.#plan = plan;
		this.#issuer = issuer;
		this.#nodeAddresses = nodeAddresses;
	}

	get hasAgents(): boolean {
		return this.#server !== null && this.#agents !== 'gone';
	}

	get healthy(): boolean {
		return this.#ssh?.healthy ?? true;
	}

	agentProgram(): Program {
		return konnectivityAgent({
			plan: this.#plan,
			pair: async () => (await this.#pairs).agent,
			authority: this.#issuer.authority,
			controls: this.#agentControls,
			isFrozen: () => this.#agents === 'frozen',
			server: () => (this.#server === null ? null : {address: this.#plan.controlPlane, port: this.#serverPort}),
		});
	}

	async start(route: PostureRoute): Promise<void> {
		if (route === 'konnectivity' || route === 'http-connect') {
			const {server: pair} = await this.#pairs;
			const address = this.#plan.controlPlane;
			const listen = this.#plan.listenAt({address, port: 0});
			this.#server = new KonnectivityServer();
			this.#serverPort = await this.#server.start(listen, pair, this.#issuer.authority);
			this.#plan.register({address, port: this.#serverPort}, {address: listen.address, port: this.#serverPort});
		} else if (route === 'ssh') {
			// A large library that only this route needs.
			const {SshTunnels} = await import('./ssh-tunnels.ts');
			this.#ssh = new SshTunnels(this.#plan, this.#nodeAddresses);
			if (this.#agents !== 'gone') {
				await this.#ssh.start();
			}
		}
	}

	dialFor(route: PostureRoute, metrics: Metrics): Dial {
		switch (route) {
			case 'direct': {
				return directDial(this.#plan, this.#plan.controlPlane);
			}

			case 'konnectivity':
			case 'http-connect': {
				return konnectivityDial(this.#server!, route === 'konnectivity' ? 'grpc' : 'http-connect', metrics);
			}

			case 'ssh': {
				return this.#ssh!.dial(metrics);
			}
		}
	}

	/** `gone` closes SSH tunnels, `running` reopens them; agents follow their pods. */
	async setAgents(state: AgentsState): Promise<void> {
		this.#agents = state;
		for (const socket of this.#agentControls) {
			if (state === 'frozen') {
				socket.pause();
			} else {
				socket.resume();
			}
		}

		if (state === 'gone') {
			this.#ssh?.stop();
		} else if (this.#ssh?.healthy === false) {
			await this.#ssh.start();
		}
	}

	/** Resolves after 3 s without an agent. */
	async waitForAgents(): Promise<void> {
		for (let waited = 0; waited < 3000 && this.hasAgents && this.#server!.agents === 0; waited += 10) {
			await new Promise(resolve => {
				setTimeout(resolve, 10);
			});
		}
	}

	stop(): void {
		this.#server?.stop();
		this.#server = null;
		this.#ssh?.stop();
		this.#ssh = null;
	}

	get #pairs(): Promise<{server: KeyPair; agent: KeyPair}> {
		this.#createdPairs ??= this.#createPairs();
		return this.#createdPairs;
	}

	async #createPairs() {
		const [server, agent] = await Promise.all([
			this.#issuer.issue({subject: 'CN=konnectivity-server', use: 'server', names: ['konnectivity-server', this.#plan.controlPlane]}),
			this.#issuer.issue({subject: 'CN=konnectivity-agent', use: 'client'}),
		]);
		return {server, agent};
	}
}

export const agentImage = 'sandbox/konnectivity-agent';

const namespace = 'kube-system';
const name = 'konnectivity-agent';

/** Creates or deletes the daemon set of the agents. */
export function deployAgents(store: ObjectStore, present: boolean): void {
	const set = store.get('daemonsets', namespace, name);
	if (present && !set) {
		createWorkload(store, {
			kind: 'daemonsets',
			name,
			namespace,
			labels: {'k8s-app': name},
			pod: {hostNetwork: true, priorityClassName: 'system-cluster-critical'},
			containers: [
				{
					name,
					image: `${agentImage}:v0.36.0`,
					args: ['--mode=sandbox', '--health-server-port=8093'],
					ports: [{name: 'health', containerPort: 8093}],
				},
			],
		});
	} else if (!present && set) {
		store.delete('daemonsets', namespace, name);
		for (const pod of livePods(store, set)) {
			deletePod(store, pod.metadata);
		}
	}
}
