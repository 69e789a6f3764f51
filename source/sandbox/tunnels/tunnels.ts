/** Current route to the nodes. Tunnels are simulated: their dials start at an address of a node. */
import {createServer} from 'node:http';
import {type Duplex, duplexPair} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import type {Metrics} from '../apiserver/non-resource-paths.ts';
import {aborted, type Program} from '../containers/container.ts';
import {deletePod, livePods} from '../controllers/workload-pods.ts';
import type {AddressPlan, HostPort} from '../network/address-plan.ts';
import {resetSocket} from '../../wire/end-socket.ts';
import {joinStreams, noop} from '../network/sockets.ts';
import type {ObjectStore} from '../objects/object-store.ts';
import type {SwitchValues} from '../sandbox.ts';
import {createWorkload} from '../scenarios.ts';
import {connectFrom, type Dial, DialError} from './dial.ts';

/** gRPC gives up; CONNECT has no timeout (measured on Konnectivity 0.36). */
const grpcDialTimeoutMs = 30_000;
/** Agents give up earlier than the apiserver (measured). */
const agentDialTimeoutMs = 5000;
/** Of the apiserver itself, and of SSH servers. */
const dialTimeoutMs = 30_000;

const noAgent = 'No agent available';

/** In the texts of Konnectivity; nothing listens there. */
const socketPath = '/etc/srv/konnectivity.sock';

export class Tunnels {
	readonly #plan: AddressPlan;
	readonly #nodeAddresses: readonly string[];
	#state: SwitchValues['agents'] = 'running';
	#route: SwitchValues['route'] = 'direct';
	/** Of Konnectivity: those whose pods run. */
	readonly #agents = new Set<TunnelEnd>();
	#ssh: readonly TunnelEnd[] = [];
	/** Resolves when the agents respond again. */
	#frozen: PromiseWithResolvers<void> | null = null;

	constructor(plan: AddressPlan, nodeAddresses: readonly string[]) {
		this.#plan = plan;
		this.#nodeAddresses = nodeAddresses;
	}

	get hasAgents(): boolean {
		return (this.#route === 'konnectivity' || this.#route === 'http-connect') && this.#state !== 'gone';
	}

	get healthy(): boolean {
		return this.#route !== 'ssh' || this.#ssh.length > 0;
	}

	start(route: SwitchValues['route']): void {
		this.#route = route;
		this.#openSsh();
	}

	stop(): void {
		this.#route = 'direct';
		this.#openSsh();
		for (const agent of this.#agents) {
			agent.cut();
		}
	}

	dialFor(route: SwitchValues['route'], metrics: Metrics): Dial {
		if (route === 'ssh') {
			metrics.add('ssh_tunnel_open_count', {}, this.#ssh.length);
			return async to => this.#dialSsh(to);
		}

		return route === 'direct'
			? async to => connectFrom(this.#plan, this.#plan.controlPlane, to, dialTimeoutMs)
			: async to => this.#dialEgress(to, route === 'konnectivity' ? 'grpc' : 'http_connect', metrics);
	}

	/** `gone` closes SSH tunnels, `running` reopens them; agents follow their pods. */
	setAgents(state: SwitchValues['agents']): void {
		this.#state = state;
		if (state === 'frozen') {
			this.#frozen ??= Promise.withResolvers();
		} else {
			this.#frozen?.resolve();
			this.#frozen = null;
		}

		this.#openSsh();
	}

	/** Resolves after 3 s without an agent. */
	async waitForAgents(): Promise<void> {
		for (let waited = 0; waited < 3000 && this.hasAgents && this.#agents.size === 0; waited += 10) {
			await delay(10);
		}
	}

	/** The health port is plain HTTP without authentication, as in real agents. */
	agentProgram(): Program {
		return async ({address, stdout, listen, signal}) => {
			const agent = new TunnelEnd(this.#plan, address);
			const health = createServer((request, response) => {
				const metric = 'konnectivity_network_proxy_agent_open_endpoint_connections';
				response.end(request.url === '/metrics' ? `# TYPE ${metric} gauge\n${metric} ${agent.openCount}\n` : 'ok');
			});
			await listen(8093, socket => void health.emit('connection', socket));
			this.#agents.add(agent);
			stdout('connected to the proxy server\n');
			await aborted(signal);
			this.#agents.delete(agent);
			agent.cut();
			health.close();
			return 0;
		};
	}

	/** @see apiserver/pkg/server/egressselector/egress_selector.go and konnectivity-client pkg/client/client.go */
	async #dialEgress(to: HostPort, protocol: 'grpc' | 'http_connect', metrics: Metrics): Promise<Duplex> {
		const labels = {protocol, transport: 'uds'};
		metrics.add('apiserver_egress_dialer_dial_start_total', labels);
		const stream = await this.#dialByAgent(to, protocol === 'grpc' ? grpcDialTimeoutMs : undefined).catch((error: unknown) => {
			const {message} = error as Error;
			metrics.add('apiserver_egress_dialer_dial_failure_count', {...labels, stage: 'proxy'});
			throw new DialError(protocol === 'grpc' ? message : connectText(to, message));
		});
		metrics.add('apiserver_egress_dialer_dial_duration_seconds_count', labels);
		if (protocol === 'grpc') {
			const connections = 'konnectivity_network_proxy_client_client_connections';
			metrics.add(connections, {status: 'ok'});
			stream.on('close', () => {
				metrics.add(connections, {status: 'ok'}, -1);
			});
		}

		return stream;
	}

	/** By a random agent, like the default proxy strategy. Rejects with the message of the agent. */
	async #dialByAgent(to: HostPort, timeoutMs?: number): Promise<Duplex> {
		const agent = randomOf([...this.#agents]);
		if (!agent) {
			throw new Error(noAgent);
		}

		const lost = Promise.withResolvers<never>();
		const timer = timeoutMs && setTimeout(lost.reject, timeoutMs, new Error('dial timeout, backstop'));
		agent.connection.addEventListener('abort', () => {
			lost.reject(new Error('the tunnel is gone'));
		});
		const dialed = Promise.resolve(this.#frozen?.promise).then(async () => agent.dial(to, agentDialTimeoutMs));
		try {
			return await Promise.race([dialed, lost.promise]);
		} catch (error) {
			dialed.then(stream => stream.destroy(), noop);
			throw error;
		} finally {
			clearTimeout(timer);
		}
	}

	/** Through the target node's tunnel, or else any other. @see pkg/ssh/ssh.go SSHTunnelList.Dial in Kubernetes 1.21 */
	async #dialSsh(to: HostPort): Promise<Duplex> {
		const tunnel = this.#ssh.find(({address}) => address === to.address) ?? randomOf(this.#ssh);
		if (!tunnel) {
			throw new DialError('no SSH tunnels currently open. Were the targets able to accept an ssh-key for user "core"?');
		}

		try {
			return await tunnel.dial(to, dialTimeoutMs);
		} catch {
			throw new DialError('ssh: rejected: connect failed (Connection refused)');
		}
	}

	#openSsh(): void {
		const isOpen = this.#route === 'ssh' && this.#state !== 'gone';
		if (isOpen === this.#ssh.length > 0) {
			return;
		}

		for (const end of this.#ssh) {
			end.cut();
		}

		this.#ssh = isOpen ? this.#nodeAddresses.map(address => new TunnelEnd(this.#plan, address)) : [];
	}
}

/** An agent, or the SSH server of a node. */
class TunnelEnd {
	readonly address: string;
	openCount = 0;
	readonly #plan: AddressPlan;
	#connection = new AbortController();

	constructor(plan: AddressPlan, address: string) {
		this.#plan = plan;
		this.address = address;
	}

	/** Aborted when the connection to the control plane ends. */
	get connection(): AbortSignal {
		return this.#connection.signal;
	}

	cut(): void {
		this.#connection.abort();
		this.#connection = new AbortController();
	}

	/** @throws DialError */
	async dial(to: HostPort, timeoutMs: number): Promise<Duplex> {
		const {connection} = this;
		const socket = await connectFrom(this.#plan, this.address, to, timeoutMs);
		const [near, far] = duplexPair();
		const reset = () => {
			resetSocket(socket);
		};

		joinStreams(far, socket);
		this.openCount++;
		connection.addEventListener('abort', reset);
		socket.on('close', () => {
			this.openCount--;
			connection.removeEventListener('abort', reset);
		});
		near.on('error', noop).on('close', () => {
			if (!near.writableFinished) {
				socket.destroy();
			}
		});
		return near;
	}
}

function randomOf<T>(all: readonly T[]): T | undefined {
	return all[Math.floor(Math.random() * all.length)];
}

function connectText({address, port}: HostPort, message: string): string {
	const answer =
		message === noAgent ? '500 Internal Server Error' : message.includes('i/o timeout') ? '504 Gateway Timeout' : '502 Bad Gateway';
	return `proxy error from ${socketPath} while dialing ${address}:${port}, code ${answer.slice(0, 3)}: ${answer}`;
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
