/** How is one target forwarded to, port by port, for as long as it is wanted? */
import type {Socket} from 'node:net';
import {setImmediate as nextTurn, setTimeout as delay} from 'node:timers/promises';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {descriptorLimitError, hasDescriptorsFor} from '../../cluster/transport/descriptor-limit.ts';
import {toSpokeError, SpokeError} from '../../errors/spoke-error.ts';
import {podPort, servicePort, type PodPort} from '../../targets/named-port.ts';
import type {PodObject, ServiceObject} from '../../targets/pod-object.ts';
import {StreamLostError} from '../../wire/protocol-error.ts';
import {resetSocket} from '../../wire/reset-socket.ts';
import {preconnect} from '../preconnect.ts';
import {locateTunnelLoss, unlessAborted} from '../locate-loss.ts';
import {ConnectionRegistry, type RegisteredConnection} from './connection-registry.ts';
import {EventQueue} from './event-queue.ts';
import type {ForwardEvent} from './forward-event.ts';
import type {ForwardOptions, ForwardPort, ForwardRequest, RunningForward} from './forward-request.ts';
import {forwardConnection} from './forwarded-connection.ts';
import {listenLocally, type LocalListener} from './local-listener.ts';
import {watchForwardPods} from './watch-forward-pods.ts';
import {PodTunnels, type Pool} from './pod-tunnels.ts';
import {runningPod} from './running-pod.ts';
import {isPodSandboxGone} from './runtime-error.ts';
import type {Tunnel, TunnelCarrier} from './tunnel.ts';
import type {TunnelLease} from './tunnel-slots.ts';
import {watchCongestion} from './watch-congestion.ts';

/** A local connection waits so long for a tunnel, milliseconds: an apiserver's restart passes. */
const longestWaitMs = 30_000;
/** Between the announcement and the first look at the pods, milliseconds. */
const settleMs = 60;

/** Starts at once; everything that happens is told by `events`. */
export function startForward(cluster: ClusterClient, request: ForwardRequest, options: ForwardOptions): RunningForward {
	const target = new ForwardedTarget(cluster, request, options);
	void target.run();
	return target;
}

type RunningPort = ForwardPort & {book: ConnectionRegistry; listener: LocalListener; remote: PodPort};

class ForwardedTarget implements RunningForward {
	readonly events = new EventQueue<ForwardEvent>();
	readonly #cluster: ClusterClient;
	readonly #request: ForwardRequest;
	readonly #options: ForwardOptions;
	readonly #ended = new AbortController();
	readonly #signal: AbortSignal;
	readonly #booked = new Map<RegisteredConnection, Pool>();
	readonly #ports: RunningPort[] = [];
	#tunnels: PodTunnels | undefined;

	constructor(cluster: ClusterClient, request: ForwardRequest, options: ForwardOptions) {
		this.#cluster = cluster;
		this.#request = request;
		this.#options = options;
		this.#signal = AbortSignal.any([options.signal, this.#ended.signal]);
	}

	connections(id: string) {
		return this.#ports.find(port => port.id === id)?.book.live ?? [];
	}

	totals(id: string) {
		return this.#ports.find(port => port.id === id)?.book.totals ?? {connections: 0, failed: 0, up: 0, down: 0};
	}

	async run(): Promise<void> {
		try {
			const tunnels = await this.#begin();
			// A client that waits for the announcement connects now: it goes before the list of pods.
			await delay(settleMs, undefined, {signal: this.#signal}).catch(() => undefined);
			for await (const pods of watchForwardPods(this.#cluster, tunnels.scope, tunnels.pod, this.#signal)) {
				tunnels.reconsider(pods);
			}

			this.#finish();
		} catch (error) {
			this.#finish(this.#options.signal.aborted ? undefined : toSpokeError(error));
		}
	}

	/** The first connection is made while the pod is still looked up, and ports are bound while the tunnel opens. */
	async #begin() {
		const ahead = preconnect(this.#cluster, {signal: this.#signal, witness: this.#options.witness});
		try {
			const resolved = await runningPod(ahead.cluster, this.#request, this.#signal);
			const {pod, service} = resolved;
			const ports = this.#request.ports.map(port => ({...port, remote: portIn(pod, service, port)}));
			const tunnels = this.#tunnelsTo(resolved);
			const first = tunnels.start(ahead.cluster);
			first.catch(() => undefined);
			// The upgrade is on its way before the ports take their time.
			await nextTurn();
			for (const port of ports) {
				const listener = await listenLocally(port.spec.local ?? port.remote.servicePort ?? port.remote.port, this.#request.addresses);
				this.#ports.push({...port, listener, book: new ConnectionRegistry(port.id, this.events)});
			}

			const carrier = await first;
			this.#signal.throwIfAborted();
			this.#listen(tunnels, carrier);
			return tunnels;
		} finally {
			ahead.close();
		}
	}

	#tunnelsTo(resolved: Awaited<ReturnType<typeof runningPod>>): PodTunnels {
		const {witness, environment} = this.#options;
		const {onPodLoss} = this.#request;
		this.#tunnels = new PodTunnels(this.#cluster, resolved, {
			...(witness && {witness}),
			...(environment && {environment}),
			...(onPodLoss && {onPodLoss}),
			tell: event => {
				for (const {id} of this.#ports) {
					this.events.push(event(id));
				}
			},
			onMove: pod => {
				this.#findPortsAgain(pod, resolved.service);
			},
			onOver: pool => {
				for (const [booked, owner] of this.#booked) {
					if (owner === pool) {
						booked.connection?.cut('moved');
					}
				}
			},
			onGone: error => {
				this.#finish(error);
			},
		});
		return this.#tunnels;
	}

	#findPortsAgain(pod: PodObject, service: ServiceObject | null): void {
		for (const port of this.#ports) {
			try {
				port.remote = portIn(pod, service, port);
			} catch {
				// The new pod does not name the port: the number of before is the best guess left.
			}
		}
	}

	#listen(tunnels: PodTunnels, carrier: TunnelCarrier): void {
		for (const {
			id,
			remote,
			listener: {bound, without},
		} of this.#ports) {
			this.events.push({
				event: 'ready',
				forward: id,
				target: tunnels.target,
				remotePort: remote.port,
				remotePortName: remote.name,
				listen: bound,
				carrier,
			});
			for (const error of without) {
				this.events.push({event: 'bound-without', forward: id, error});
			}
		}

		for (const port of this.#ports) {
			port.listener.onConnection(socket => {
				void this.#serve(tunnels, port, socket);
			});
		}
	}

	async #serve(tunnels: PodTunnels, port: RunningPort, socket: Socket): Promise<void> {
		socket.on('error', () => undefined);
		const left = new AbortController();
		socket.once('close', () => {
			left.abort();
		});
		const opens = (lease: TunnelLease<Tunnel> | null) =>
			port.book.open({
				socket,
				tunnel: lease?.tunnel.id ?? null,
				shared: lease?.shared ?? false,
				pod: tunnels.pod.metadata.name,
				port: port.listener.bound[0]!.port,
				remotePort: port.remote.port,
			});
		try {
			if (!hasDescriptorsFor(socket)) {
				throw descriptorLimitError();
			}

			const [lease, pool] = await tunnels.lease(AbortSignal.any([this.#signal, left.signal, AbortSignal.timeout(longestWaitMs)]));
			this.#run(tunnels, opens(lease), {lease, pool, port, socket});
		} catch (thrown) {
			resetSocket(socket);
			const booked = opens(null);
			if (this.#signal.aborted) {
				booked.ends({end: 'shutdown', error: null});
			} else if (left.signal.aborted) {
				booked.ends({end: 'client-reset', error: null});
			} else if (thrown instanceof SpokeError) {
				booked.ends({end: null, error: thrown});
			} else {
				this.#endUnserved(booked, tunnels.trouble);
			}
		}
	}

	/** `why` is what stood in the way, where that is known. */
	#endUnserved(booked: RegisteredConnection, why: SpokeError | undefined): void {
		const waited = `no tunnel to the pod within ${longestWaitMs / 1000} s`;
		if (why) {
			booked.ends({end: null, error: why.withChanges({code: 'ERR_STREAM_LOST', message: `${waited}: ${why.message}`})});
		} else {
			booked.ends({end: null, error: new StreamLostError(waited, {how: 'not-taken'})}, async error =>
				unlessAborted(error, async () => locateTunnelLoss(this.#cluster, error), this.#signal),
			);
		}
	}

	#run(
		tunnels: PodTunnels,
		booked: RegisteredConnection,
		{lease, pool, port, socket}: {lease: TunnelLease<Tunnel>; pool: Pool; port: RunningPort; socket: Socket},
	): void {
		const named = async (error: SpokeError) => lease.tunnel.lossNamed(error, this.#signal);
		let pair;
		try {
			pair = lease.tunnel.open(port.remote.port);
		} catch (thrown) {
			resetSocket(socket);
			lease.release();
			booked.ends({end: null, error: toSpokeError(thrown)}, named);
			return;
		}

		const running = forwardConnection(socket, pair);
		booked.started(running);
		this.#booked.set(booked, pool);
		const endWatch = watchCongestion(pair.data, booked);
		void running.outcome.then(outcome => {
			endWatch();
			this.#booked.delete(booked);
			const moved = outcome.error?.code === 'ERR_STREAM_LOST' && !tunnels.uses(pool);
			booked.ends(moved ? {end: 'moved', error: null} : outcome, named);
			lease.release();
			if (outcome.error?.code === 'ERR_TARGET_GONE' && isPodSandboxGone(outcome.error.text ?? '')) {
				tunnels.renew(pool);
			}
		});
	}

	#finish(error?: SpokeError): void {
		for (const {listener} of this.#ports) {
			listener.close();
		}

		for (const {connection} of this.#booked.keys()) {
			connection?.cut(error?.code === 'ERR_TARGET_GONE' ? 'pod-reset' : 'shutdown');
		}

		this.#tunnels?.destroy();
		for (const pool of new Set(this.#booked.values())) {
			pool.destroy();
		}

		this.#ended.abort();
		// Outcomes are told in the next turn.
		setImmediate(() => {
			if (error) {
				this.events.fail(error);
			} else {
				this.events.end();
			}
		});
	}
}

function portIn(pod: PodObject, service: ServiceObject | null, {spec}: ForwardPort): PodPort {
	return service ? servicePort(service, pod, spec.remote) : podPort(pod, spec.remote);
}
