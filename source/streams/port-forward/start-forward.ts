/** Runs the forwards of one target. */
import type {Socket} from 'node:net';
import process from 'node:process';
import {setImmediate as nextTurn} from 'node:timers/promises';
import {setV8Flag} from '../../base/own-process.ts';
import {delayUpTo, stopOnAbort} from '../../base/async/clock.ts';
import {EventQueue} from '../../base/async/queues.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {joinHostPort} from '../../cluster/transport/server-url.ts';
import {descriptorLimitError, hasFreeDescriptors} from '../../cluster/transport/dial-tcp.ts';
import {isSpokeError, type SpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import {otherPortsRemedy, podPort, type PodPort, servicePort} from '../../cluster/targets/named-port.ts';
import {objectPath, podResource} from '../../cluster/targets/resource-names.ts';
import type {PodObject, ServiceObject} from '../../cluster/targets/pod-object.ts';
import {StreamLostError} from '../../wire/protocol-error.ts';
import {resetSocket} from '../../wire/end-socket.ts';
import {locateTunnelLoss, locateUntilAborted} from '../locate-loss.ts';
import {preconnect, type SpeculativeRequest} from '../preconnect.ts';
import {ConnectionRegistry, type RegisteredConnection, watchCongestion} from './connection-registry.ts';
import type {ForwardEvent} from './forward-event.ts';
import type {ForwardOptions, ForwardPort, ForwardRequest, RunningForward} from './forward-request.ts';
import {type ConnectionOutcome, forwardConnection, isPodSandboxGone} from './forwarded-connection.ts';
import {listenLocally, type LocalListener} from './local-listener.ts';
import {PodTunnels, type TargetLease} from './pod-tunnels.ts';
import {type PodWait, runningPod, watchForwardPods} from './forward-pods.ts';
import type {Carrier} from '../observed-connection.ts';
import {carriersOf, tunnelUpgrade} from './tunnel.ts';

/** Longer than a restart of the apiserver. */
const maxTunnelWaitMs = 30_000;
/** Between the ready event and the first list of pods. */
const settleDelayMs = 60;

/** Failures are in `events`. */
export function startForward(cluster: ClusterClient, request: ForwardRequest, options: ForwardOptions): RunningForward {
	const target = new ForwardedTarget(cluster, request, options);
	void target.run();
	return target;
}

type RunningPort = ForwardPort & {registry: ConnectionRegistry; listener: LocalListener; remote: PodPort};

class ForwardedTarget implements RunningForward {
	readonly events = new EventQueue<ForwardEvent>();
	readonly #cluster: ClusterClient;
	readonly #request: ForwardRequest;
	readonly #options: ForwardOptions;
	readonly #ended = new AbortController();
	readonly #signal: AbortSignal;
	readonly #registered = new Map<RegisteredConnection, TargetLease>();
	readonly #ports: RunningPort[] = [];
	#tunnels: PodTunnels | undefined;
	#service: ServiceObject | null = null;
	/** Aborted when the watch of the pods is behind. */
	#outdated = new AbortController();

	constructor(cluster: ClusterClient, request: ForwardRequest, options: ForwardOptions) {
		this.#cluster = cluster;
		this.#request = request;
		this.#options = options;
		this.#signal = AbortSignal.any([options.signal, this.#ended.signal]);
	}

	connections(id: string) {
		return this.#ports.find(port => port.id === id)?.registry.snapshot ?? [];
	}

	totals(id: string) {
		return this.#ports.find(port => port.id === id)?.registry.totals ?? {connections: 0, failed: 0, up: 0, down: 0};
	}

	async run(): Promise<void> {
		try {
			const tunnels = await this.#start();
			// A client that waits for the ready event connects now, before the list of pods.
			await delayUpTo(settleDelayMs, this.#signal);
			if (!this.#signal.aborted) {
				// By default, V8 allocates a function's feedback vector only after several calls. That speeds up a start, but slows a burst of
				// connections: 500 instead of 450 ms in the row "CPU, s" of "port-forward 300 connections".
				setV8Flag('--no-lazy-feedback-allocation', '--lazy-feedback-allocation');
			}

			for await (const pods of watchForwardPods(this.#cluster, tunnels.scope, tunnels.pod, {
				signal: this.#signal,
				outdated: () => this.#outdated.signal,
				onFailed: (error, retryInMs) => {
					for (const {id} of this.#ports) {
						this.events.emit({event: 'watch-failed', forward: id, error, retryInMs});
					}
				},
			})) {
				tunnels.update(pods);
			}

			this.#finish();
		} catch (error) {
			this.#finish(this.#options.signal.aborted ? undefined : toSpokeError(error));
		}
	}

	async #start() {
		const preconnection = preconnect(this.#cluster, {
			signal: this.#signal,
			observer: this.#options.observer,
			speculative: this.#speculativeUpgrade,
		});
		try {
			const resolved = await runningPod(preconnection.cluster, this.#request, this.#signal, wait => {
				this.#emitWaiting(wait);
			});
			const {pod, service} = resolved;
			const ports = this.#request.ports.map(port => ({...port, remote: portIn(pod, service, port)}));
			const tunnels = this.#tunnelsTo(resolved);
			const first = tunnels.start(preconnection.cluster);
			first.catch(() => undefined);
			// Send the upgrade before binding ports.
			await nextTurn();
			for (const port of ports) {
				const listener = await listenLocally(localPort(port), this.#request.addresses);
				this.#ports.push({...port, listener, registry: new ConnectionRegistry(port.id, this.events)});
			}

			const carrier = await stopOnAbort(first, this.#signal, () => {
				tunnels.destroy();
			});
			this.#listen(tunnels, carrier);
			return tunnels;
		} finally {
			preconnection.close();
		}
	}

	#emitWaiting(wait: PodWait): void {
		for (const {id} of this.#request.ports) {
			this.events.emit({event: 'waiting', forward: id, ...wait});
		}
	}

	get #speculativeUpgrade(): SpeculativeRequest | undefined {
		const {target, namespace = this.#cluster.facts.namespace} = this.#request;
		const [carrier = 'websocket'] = carriersOf(this.#options.environment ?? process.env);
		return target.resource.kind === 'Pod'
			? {
					after: objectPath(podResource, namespace, target.name),
					namespace,
					kind: 'upgrade',
					options: tunnelUpgrade({namespace, name: target.name}, carrier),
				}
			: undefined;
	}

	#tunnelsTo(resolved: Awaited<ReturnType<typeof runningPod>>): PodTunnels {
		const {onPodLoss} = this.#request;
		this.#service = resolved.service;
		this.#tunnels = new PodTunnels(this.#cluster, resolved, {
			...this.#options,
			...(onPodLoss && {onPodLoss}),
			emit: event => {
				for (const {id} of this.#ports) {
					this.events.emit(event(id));
				}
			},
			onPodReplaced: () => {
				const outdated = this.#outdated;
				this.#outdated = new AbortController();
				outdated.abort();
			},
			onTerminated: () => {
				for (const [{connection}, lease] of this.#registered) {
					if (lease.isTerminated()) {
						connection?.abort('moved');
					}
				}
			},
			onGone: error => {
				this.#finish(error);
			},
		});
		return this.#tunnels;
	}

	/** An error if the pod does not have the port. The number in another pod is no substitute: it can be anything here. */
	#remotePort(port: RunningPort, pod: PodObject): number | SpokeError {
		try {
			return portIn(pod, this.#service, port).port;
		} catch (thrown) {
			return toSpokeError(thrown);
		}
	}

	#listen(tunnels: PodTunnels, carrier: Carrier): void {
		const {host = null} = this.#request;
		for (const {
			id,
			remote,
			listener: {bound, skipped},
		} of this.#ports) {
			this.events.emit({
				event: 'ready',
				forward: id,
				target: tunnels.target,
				remotePort: remote.port,
				remotePortName: remote.name,
				listen: bound,
				host,
				carrier,
			});
			// Addresses that could not be bound; the others work.
			for (const error of skipped) {
				this.events.emit({event: 'bound-without', forward: id, error});
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
		// A socket that is closed has no address.
		const client = joinHostPort(socket.remoteAddress ?? '', socket.remotePort ?? 0);
		const register = (lease: TargetLease | null, pod: PodObject, remotePort = this.#remotePort(port, pod)) =>
			port.registry.open({
				client,
				tunnel: lease?.tunnel.id ?? null,
				shared: lease?.shared ?? false,
				pod: pod.metadata.name,
				port: port.listener.bound[0]!.port,
				remotePort: typeof remotePort === 'number' ? remotePort : null,
			});
		try {
			if (!hasFreeDescriptors(socket)) {
				throw descriptorLimitError();
			}

			const lease = tunnels.leaseReady() ?? (await this.#waitForTunnel(tunnels, socket));
			const remotePort = this.#remotePort(port, lease.pod);
			if (typeof remotePort === 'number') {
				this.#carry(register(lease, lease.pod, remotePort), {lease, remotePort, socket});
			} else {
				resetSocket(socket);
				lease.release();
				register(null, lease.pod, remotePort).close({end: null, error: remotePort});
			}
		} catch (thrown) {
			const hasClientClosed = socket.closed;
			resetSocket(socket);
			const registered = register(null, tunnels.pod);
			if (this.#signal.aborted) {
				registered.close({end: 'shutdown', error: null});
			} else if (hasClientClosed) {
				registered.close({end: 'client-reset', error: null});
			} else if (isSpokeError(thrown)) {
				registered.close({end: null, error: thrown});
			} else {
				this.#closeWithoutTunnel(registered, tunnels.lastError);
			}
		}
	}

	async #waitForTunnel(tunnels: PodTunnels, socket: Socket): Promise<TargetLease> {
		this.#signal.throwIfAborted();
		// AbortSignal.any and .timeout for each connection of a burst cost more than the rest of its wait.
		const waiting = new AbortController();
		const stopWaiting = () => {
			waiting.abort();
		};

		const timer = setTimeout(stopWaiting, maxTunnelWaitMs);
		socket.once('close', stopWaiting);
		this.#signal.addEventListener('abort', stopWaiting);
		try {
			return await tunnels.lease(waiting.signal);
		} finally {
			clearTimeout(timer);
			socket.off('close', stopWaiting);
			this.#signal.removeEventListener('abort', stopWaiting);
		}
	}

	#closeWithoutTunnel(registered: RegisteredConnection, reason: SpokeError | undefined): void {
		const message = `no tunnel to the pod within ${maxTunnelWaitMs / 1000} s`;
		if (reason) {
			registered.close({end: null, error: reason.withChanges({code: 'ERR_STREAM_LOST', message: `${message}: ${reason.message}`})});
		} else {
			registered.close({end: null, error: new StreamLostError(message, {kind: 'not-confirmed'})}, async error =>
				locateUntilAborted(error, async () => locateTunnelLoss(this.#cluster, error), this.#signal),
			);
		}
	}

	#carry(registered: RegisteredConnection, {lease, remotePort, socket}: {lease: TargetLease; remotePort: number; socket: Socket}): void {
		const locate = async (error: SpokeError) => lease.tunnel.locateLoss(error, this.#signal);
		let pair;
		try {
			pair = lease.tunnel.open(remotePort);
		} catch (thrown) {
			resetSocket(socket);
			lease.release();
			registered.close({end: null, error: toSpokeError(thrown)}, locate);
			return;
		}

		const running = forwardConnection(socket, pair);
		registered.started(running);
		this.#registered.set(registered, lease);
		const stopReports = watchCongestion(pair.data, registered);
		void running.outcome.then(outcome => {
			stopReports();
			this.#registered.delete(registered);
			const hasMoved = outcome.error?.code === 'ERR_STREAM_LOST' && !lease.isCurrent();
			registered.close(hasMoved ? {end: 'moved', error: null} : withOtherPorts(outcome, lease.pod, remotePort), locate);
			lease.release();
			if (outcome.error?.code === 'ERR_TARGET_GONE' && isPodSandboxGone(outcome.error.text ?? '')) {
				lease.renew();
			}
		});
	}

	#finish(error?: SpokeError): void {
		for (const {listener} of this.#ports) {
			listener.close();
		}

		for (const {connection} of this.#registered.keys()) {
			connection?.abort(error?.code === 'ERR_TARGET_GONE' ? 'pod-reset' : 'shutdown');
		}

		this.#tunnels?.destroy();
		for (const lease of this.#registered.values()) {
			lease.destroyTunnels();
		}

		this.#ended.abort();
		// Outcomes are emitted in the next turn.
		setImmediate(() => {
			if (error) {
				this.events.fail(error);
			} else {
				this.events.end();
			}
		});
	}
}

function withOtherPorts(outcome: ConnectionOutcome, pod: PodObject, port: number): ConnectionOutcome {
	return outcome.error?.code === 'ERR_PORT_REFUSED'
		? {end: null, error: outcome.error.withChanges({remedy: otherPortsRemedy(pod, port)})}
		: outcome;
}

function localPort({spec, remote}: ForwardPort & {remote: PodPort}): number {
	return spec.local ?? remote.servicePort ?? remote.port;
}

function portIn(pod: PodObject, service: ServiceObject | null, {spec}: ForwardPort): PodPort {
	return service ? servicePort(service, pod, spec.remote) : podPort(pod, spec.remote);
}
