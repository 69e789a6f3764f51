/** SSH tunnels to every node, as in apiservers before 1.22. */
import {once} from 'node:events';
import type {Duplex} from 'node:stream';
import ssh, {type Client, type Server} from 'ssh2';
import type {Metrics} from '../apiserver/non-resource-paths.ts';
import type {AddressPlan, HostPort} from '../network/address-plan.ts';
import {joinStreams, noop} from '../network/join-streams.ts';
import {connectFrom, type Dial, DialError} from './dial.ts';

const user = 'core';

type Tunnel = {node: string; server: Server; client: Client; connected: boolean};

export class SshTunnels {
	readonly #plan: AddressPlan;
	readonly #nodes: readonly string[];
	#tunnels: Tunnel[] = [];

	/** `nodes` are addresses. */
	constructor(plan: AddressPlan, nodes: readonly string[]) {
		this.#plan = plan;
		this.#nodes = nodes;
	}

	get healthy(): boolean {
		return this.#tunnels.some(({connected}) => connected);
	}

	/** Uses temporary keys. */
	async start(): Promise<void> {
		const userKey = readableKeyPair();
		const allowed = ssh.utils.parseKey(userKey.public);
		this.#tunnels = await Promise.all(
			this.#nodes.map(async node => {
				const hostKey = readableKeyPair();
				const server = new ssh.Server({hostKeys: [hostKey.private]}, connection => {
					connection.on('error', noop);
					connection.on('authentication', context => {
						if (
							context.method === 'publickey' &&
							context.username === user &&
							!(allowed instanceof Error) &&
							context.key.data.equals(allowed.getPublicSSH()) &&
							(!context.signature || !context.blob || allowed.verify(context.blob, context.signature, context.hashAlgo))
						) {
							context.accept();
						} else {
							context.reject(['publickey']);
						}
					});
					connection.on('tcpip', (accept, reject, {destIP, destPort}) => {
						connectFrom(this.#plan, node, {address: destIP, port: destPort}, 30_000).then(
							socket => {
								joinStreams(accept(), socket);
							},
							() => {
								reject();
							},
						);
					});
				});
				const listenAddress = this.#plan.listenAt({address: node, port: 0});
				server.listen({host: listenAddress.address, port: 0});
				await once(server, 'listening');
				const {port} = server.address() as HostPort;
				const client = new ssh.Client();
				const tunnel: Tunnel = {node, server, client, connected: true};
				const source = this.#plan.sourceOf(this.#plan.controlPlane);
				// Those apiservers did not verify host keys.
				client.connect({
					host: listenAddress.address,
					port,
					username: user,
					privateKey: userKey.private,
					...(source !== undefined && {localAddress: source}),
				});
				await once(client, 'ready');
				client.on('error', noop);
				client.on('close', () => {
					tunnel.connected = false;
				});
				return tunnel;
			}),
		);
	}

	/** Dials through the target node's tunnel, or else any other. @see pkg/ssh/ssh.go SSHTunnelList.Dial in Kubernetes 1.21 */
	dial(metrics: Metrics): Dial {
		metrics.add('ssh_tunnel_open_count', {}, this.#tunnels.length);
		return async ({address, port}) => {
			const open = this.#tunnels.filter(({connected}) => connected);
			const tunnel = open.find(({node}) => node === address) ?? open[Math.floor(Math.random() * open.length)];
			if (!tunnel) {
				throw new DialError(`no SSH tunnels currently open. Were the targets able to accept an ssh-key for user "${user}"?`);
			}

			const {promise, resolve, reject} = Promise.withResolvers<Duplex>();
			tunnel.client.forwardOut('127.0.0.1', 0, address, port, (error, channel) => {
				if (error) {
					reject(new DialError('ssh: rejected: connect failed (Connection refused)'));
				} else {
					channel.on('error', noop);
					resolve(channel);
				}
			});
			return promise;
		};
	}

	stop(): void {
		for (const {server, client} of this.#tunnels) {
			client.destroy();
			server.close();
		}

		this.#tunnels = [];
	}
}

/** ssh2 cannot parse the ed25519 keys with a leading zero byte that it generates. */
function readableKeyPair(): {private: string; public: string} {
	for (;;) {
		const pair = ssh.utils.generateKeyPairSync('ed25519');
		if (!(ssh.utils.parseKey(pair.private) instanceof Error) && !(ssh.utils.parseKey(pair.public) instanceof Error)) {
			return pair;
		}
	}
}
