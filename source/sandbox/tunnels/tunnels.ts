/** Current route to the nodes. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {TLSSocket} from 'node:tls';
import type {Metrics} from '../apiserver/metrics.ts';
import type {ClusterIssuer} from '../certificates/cluster-issuer.ts';
import type {KeyPair} from '../../certificates/issuer.ts';
import type {Program} from '../containers/program.ts';
import type {AddressPlan} from '../network/address-plan.ts';
import type {PostureRoute} from '../switches.ts';
import {type Dial, directDial} from './direct.ts';
import {grpcDial, httpConnectDial} from './egress-dial.ts';
import {konnectivityAgent} from './konnectivity-agent.ts';
import {KonnectivityServer} from './konnectivity-server.ts';
import type {SshTunnels} from './ssh-tunnels.ts';

export type AgentsState = 'running' | 'gone' | 'frozen';

export class Tunnels {
	readonly #plan: AddressPlan;
	readonly #issuer: ClusterIssuer;
	#createdPairs: Promise<{server: KeyPair; agent: KeyPair}> | undefined;
	readonly #agentSockets = new Set<TLSSocket>();
	readonly #nodeAddresses: readonly string[];
	#agents: AgentsState = 'running';
	#server: KonnectivityServer | null = null;
	#ssh: SshTunnels | null = null;
	#directory: string | null = null;

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
			sockets: this.#agentSockets,
			isFrozen: () => this.#agents === 'frozen',
			server: () => (this.#server === null ? null : {address: this.#plan.controlPlane, port: this.#server.agentPort}),
		});
	}

	async start(route: PostureRoute): Promise<void> {
		if (route === 'konnectivity' || route === 'http-connect') {
			// Only for the owner: the socket allows dialing as the control plane.
			this.#directory = await mkdtemp(join(tmpdir(), 'spoke-'));
			const {server: pair} = await this.#pairs;
			this.#server = new KonnectivityServer({
				mode: route === 'konnectivity' ? 'grpc' : 'http-connect',
				socketPath: this.#socketPath,
				agentAddress: this.#plan.listenAt({address: this.#plan.controlPlane, port: 0}),
				pair,
				authority: this.#issuer.authority,
			});
			await this.#server.start();
			this.#plan.register(
				{address: this.#plan.controlPlane, port: this.#server.agentPort},
				{
					address: this.#plan.listenAt({address: this.#plan.controlPlane, port: 0}).address,
					port: this.#server.agentPort,
				},
			);
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

			case 'konnectivity': {
				return grpcDial(this.#socketPath, metrics);
			}

			case 'http-connect': {
				return httpConnectDial(this.#socketPath, metrics);
			}

			case 'ssh': {
				return this.#ssh!.dial(metrics);
			}
		}
	}

	/** `gone` closes SSH tunnels, `running` reopens them; agents follow their pods. */
	async setAgents(state: AgentsState): Promise<void> {
		this.#agents = state;
		for (const socket of this.#agentSockets) {
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

	async stop(): Promise<void> {
		this.#server?.stop();
		this.#server = null;
		this.#ssh?.stop();
		this.#ssh = null;
		if (this.#directory === null) {
			return;
		}

		await rm(this.#directory, {recursive: true, force: true});
		this.#directory = null;
	}

	get #pairs(): Promise<{server: KeyPair; agent: KeyPair}> {
		this.#createdPairs ??= this.#createPairs();
		return this.#createdPairs;
	}

	get #socketPath(): string {
		return join(this.#directory!, 'konnectivity.sock');
	}

	async #createPairs() {
		const [server, agent] = await Promise.all([
			this.#issuer.issue({subject: 'CN=konnectivity-server', use: 'server', names: ['konnectivity-server', this.#plan.controlPlane]}),
			this.#issuer.issue({subject: 'CN=konnectivity-agent', use: 'client'}),
		]);
		return {server, agent};
	}
}
