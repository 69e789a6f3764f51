/** How is one target forwarded to, port by port, for as long as it is wanted? */
import process from 'node:process';
import type {Socket} from 'node:net';
import {setImmediate as nextTurn} from 'node:timers/promises';
import type {ClusterAccess} from '../../cluster/cluster-access.ts';
import {asSpokeError, SpokeError} from '../../errors/spoke-error.ts';
import {podPort, servicePort, type PodPort} from '../../targets/named-port.ts';
import type {PodObject} from '../../targets/pod-object.ts';
import {reachedPod, type ResolvedPod} from '../../targets/resolve-pod.ts';
import type {ReachedTarget} from '../connection-witness.ts';
import {connectAhead} from './connect-ahead.ts';
import {ConnectionBook, type BookedConnection} from './connection-book.ts';
import {EventQueue} from './event-queue.ts';
import type {ForwardEvent, MoveReason, PodIdentity} from './forward-event.ts';
import type {ForwardOptions, ForwardPort, ForwardRequest, RunningForward} from './forward-request.ts';
import {forwardConnection, sandboxIsGone} from './forwarded-connection.ts';
import {listenLocally, type LocalListener} from './local-listener.ts';
import {choosePod, isOver} from './pod-choice.ts';
import {followPods} from './pod-follower.ts';
import {runningPod} from './running-pod.ts';
import {carriersOf, openTunnel, type Tunnel, type TunnelCarrier} from './tunnel.ts';
import {TunnelPool, type Lease} from './tunnel-pool.ts';

/** A local connection waits so long for a tunnel, milliseconds: an apiserver's restart passes. */
const longestWaitMs = 30_000;
/** A reader is told to be behind when it holds its tunnel up for so long, milliseconds. */
const congestedAfterMs = 1000;

/** Starts at once; everything that happens is told by `events`. */
export function startForward(cluster: ClusterAccess, request: ForwardRequest, options: ForwardOptions): RunningForward {
	const target = new ForwardedTarget(cluster, request, options);
	void target.run();
	return target;
}

type RunningPort = ForwardPort & {book: ConnectionBook; listener: LocalListener; local: number; remote: PodPort};

class ForwardedTarget implements RunningForward {
	readonly events = new EventQueue<ForwardEvent>();
	readonly #cluster: ClusterAccess;
	readonly #request: ForwardRequest;
	readonly #options: ForwardOptions;
	readonly #ended = new AbortController();
	readonly #signal: AbortSignal;
	readonly #booked = new Map<BookedConnection, TunnelPool<Tunnel>>();
	readonly #ports: RunningPort[] = [];
	#carriers: readonly TunnelCarrier[];
	#resolved!: ResolvedPod;
	#pool: TunnelPool<Tunnel> | undefined;
	#poolComes = Promise.withResolvers<void>();
	/** A move that no tunnel has confirmed yet. */
	#moving: {from: PodIdentity; reason: MoveReason} | undefined;
	#downSince: number | undefined;

	constructor(cluster: ClusterAccess, request: ForwardRequest, options: ForwardOptions) {
		this.#cluster = cluster;
		this.#request = request;
		this.#options = options;
		this.#signal = AbortSignal.any([options.signal, this.#ended.signal]);
		this.#carriers = carriersOf(options.environment ?? process.env);
	}

	connections(id: string) {
		return this.#ports.find(port => port.id === id)?.book.live ?? [];
	}

	totals(id: string) {
		return this.#ports.find(port => port.id === id)?.book.totals ?? {connections: 0, failed: 0, up: 0, down: 0};
	}

	async run(): Promise<void> {
		try {
			await this.#begin();
			for await (const pods of followPods(this.#cluster, this.#resolved.scope, this.#resolved.pod, this.#signal)) {
				this.#reconsider(pods);
			}

			this.#finish();
		} catch (error) {
			this.#finish(this.#options.signal.aborted ? undefined : asSpokeError(error));
		}
	}

	/** The first connection is made while the pod is still looked up, and ports are bound while the tunnel opens. */
	async #begin(): Promise<void> {
		const ahead = connectAhead(this.#cluster, this.#signal);
		try {
			this.#resolved = await runningPod(ahead.cluster, this.#request, this.#signal);
			const ports = this.#request.ports.map(port => ({...port, remote: this.#portIn(this.#resolved.pod, port)}));
			this.#pool = this.#poolTo(this.#resolved.target, ahead.cluster);
			const tunnel = this.#pool.start();
			tunnel.catch(() => undefined);
			// The upgrade is on its way before the ports take their time.
			await nextTurn();
			for (const port of ports) {
				const local = port.spec.local ?? port.remote.servicePort ?? port.remote.port;
				const listener = await listenLocally(local, this.#request.addresses);
				this.#ports.push({...port, local, listener, book: new ConnectionBook(port.id, this.events)});
			}

			const {carrier} = await tunnel;
			this.#signal.throwIfAborted();
			this.#carriers = carrier === this.#carriers[0] ? this.#carriers : this.#carriers.toReversed();
			this.#listen(carrier);
		} finally {
			ahead.close();
		}
	}

	#listen(carrier: TunnelCarrier): void {
		for (const {id, remote, listener: {bound, without}} of this.#ports) {
			this.events.push({event: 'ready', forward: id, target: this.#resolved.target, remotePort: remote.port, remotePortName: remote.name, listen: bound, carrier});
			for (const error of without) {
				this.events.push({event: 'bound-without', forward: id, error});
			}
		}

		for (const port of this.#ports) {
			port.listener.onConnection(socket => {
				void this.#serve(port, socket);
			});
		}
	}

	#portIn(pod: PodObject, {spec}: ForwardPort): PodPort {
		const {service} = this.#resolved;
		return service ? servicePort(service, pod, spec.remote) : podPort(pod, spec.remote);
	}

	#poolTo(target: ReachedTarget, cluster = this.#cluster): TunnelPool<Tunnel> {
		const pool: TunnelPool<Tunnel> = new TunnelPool<Tunnel>({
			open: async signal => openTunnel(cluster, target, {signal, carriers: this.#carriers, ...this.#options.witness && {witness: this.#options.witness}}),
			onInterrupted: (error, attempt, retryInMs) => {
				if (this.#pool === pool) {
					this.#interrupted(error, attempt, retryInMs);
				}
			},
			onRestored: outageMs => {
				if (this.#pool === pool && !this.#moving) {
					this.#downSince = undefined;
					this.#tell(forward => ({event: 'restored', forward, outageMs}));
				}
			},
			onOpened: () => {
				if (this.#pool === pool) {
					this.#confirmMove();
				}
			},
		});
		return pool;
	}

	#interrupted(error: SpokeError, attempt: number, retryInMs: number): void {
		if (error.code === 'ERR_NOT_FOUND' && this.#resolved.scope === null) {
			this.#fail(this.#goneError('it is not there any more', error.text));
			return;
		}

		this.#downSince ??= performance.now();
		this.#tell(forward => ({event: 'interrupted', forward, error, attempt, retryInMs}));
	}

	#tell(event: (forward: string) => ForwardEvent): void {
		for (const {id} of this.#ports) {
			this.events.push(event(id));
		}
	}

	async #serve(port: RunningPort, socket: Socket): Promise<void> {
		socket.on('error', () => undefined);
		const left = new AbortController();
		socket.once('close', () => {
			left.abort();
		});
		const opens = (tunnel: string | null, shared: boolean) => port.book.opens({
			socket, tunnel, shared, pod: this.#resolved.pod.metadata.name, port: port.listener.bound[0]!.port, remotePort: port.remote.port,
		});
		let lease: Lease<Tunnel>;
		let pool: TunnelPool<Tunnel>;
		try {
			[lease, pool] = await this.#lease(AbortSignal.any([this.#signal, left.signal, AbortSignal.timeout(longestWaitMs)]));
		} catch (thrown) {
			socket.resetAndDestroy();
			const ended = this.#signal.aborted ? 'shutdown' as const : left.signal.aborted ? 'client-reset' as const : null;
			opens(null, false).ends(ended ? {end: ended, error: null} : {end: null, error: thrown instanceof SpokeError ? thrown : new SpokeError('ERR_STREAM_LOST', `no tunnel to the pod within ${longestWaitMs / 1000} s`)});
			return;
		}

		this.#run(opens(lease.tunnel.id, lease.shared), lease, pool, port, socket);
	}

	async #lease(signal: AbortSignal): Promise<[Lease<Tunnel>, TunnelPool<Tunnel>]> {
		for (;;) {
			signal.throwIfAborted();
			const pool = this.#pool;
			if (pool) {
				try {
					return [await pool.take(signal), pool];
				} catch (error) {
					if (pool === this.#pool || signal.aborted) {
						throw error;
					}
				}
			} else {
				await Promise.race([this.#poolComes.promise, new Promise(resolve => {
					signal.addEventListener('abort', resolve, {once: true});
				})]);
			}
		}
	}

	#run(booked: BookedConnection, lease: Lease<Tunnel>, pool: TunnelPool<Tunnel>, port: RunningPort, socket: Socket): void {
		let pair;
		try {
			pair = lease.tunnel.open(port.remote.port);
		} catch (thrown) {
			socket.resetAndDestroy();
			lease.release();
			booked.ends({end: null, error: asSpokeError(thrown)});
			return;
		}

		const {data} = pair;
		const running = forwardConnection(socket, pair);
		booked.runs(running);
		this.#booked.set(booked, pool);
		const watch = watchCongestion(lease.tunnel, data, booked);
		void running.outcome.then(outcome => {
			watch.stop();
			this.#booked.delete(booked);
			const moved = outcome.error?.code === 'ERR_STREAM_LOST' && pool !== this.#pool;
			booked.ends(moved ? {end: 'moved', error: null} : outcome);
			lease.release();
			if (outcome.error?.code === 'ERR_TARGET_GONE' && sandboxIsGone(outcome.error.text ?? '')) {
				this.#renew(pool);
			}
		});
	}

	/** The pod is the same, its network is not: tunnels lead to a sandbox, not to a pod. */
	#renew(pool: TunnelPool<Tunnel>): void {
		if (pool === this.#pool) {
			this.#moving ??= {from: identityOf(this.#resolved.pod), reason: 'sandbox-changed'};
			pool.renew();
		}
	}

	#reconsider(pods: ReadonlyMap<string, PodObject>): void {
		const {pod: current, scope} = this.#resolved;
		if (scope === null) {
			const now = pods.get(current.metadata.uid ?? '');
			if (isOver(now)) {
				this.#fail(this.#goneError(now ? `its phase is ${now.status?.phase}` : 'it was deleted', null));
				return;
			}
		}

		const choice = choosePod(current, pods);
		if (choice.choice === 'stay') {
			this.#stay(choice.pod);
		} else if (choice.choice === 'move') {
			this.#move(choice.pod, choice.reason, isOver(pods.get(current.metadata.uid ?? '')), pods.size);
		} else if (this.#pool) {
			this.#leave(choice.reason, true);
			const error = new SpokeError('ERR_TARGET_GONE', `no pod behind ${this.#request.target.asked} is ready`, {remedy: 'it goes on when one is'});
			this.#interrupted(error, 1, 0);
		}
	}

	#stay(pod: PodObject): void {
		const before = this.#resolved.pod.status?.podIP;
		this.#resolved = {...this.#resolved, pod};
		if (this.#pool && before !== undefined && pod.status?.podIP !== undefined && pod.status.podIP !== before) {
			this.#renew(this.#pool);
		}
	}

	#move(pod: PodObject, reason: MoveReason, over: boolean, chosenFrom: number): void {
		this.#leave(reason, over);
		const target = reachedPod(this.#request.target.asked, pod, chosenFrom);
		this.#resolved = {...this.#resolved, pod, target};
		try {
			for (const port of this.#ports) {
				port.remote = this.#portIn(pod, port);
			}
		} catch {
			// The new pod does not name the port: the number of before is the best guess left.
		}

		this.#pool = this.#poolTo(target);
		this.#poolComes.resolve();
		this.#pool.warm();
	}

	/** Leaves the pod: at once when it is over, else as its connections end. */
	#leave(reason: MoveReason, over: boolean): void {
		const pool = this.#pool;
		this.#moving ??= {from: identityOf(this.#resolved.pod), reason};
		this.#downSince ??= performance.now();
		if (!pool) {
			return;
		}

		this.#pool = undefined;
		this.#poolComes = Promise.withResolvers();
		if (over) {
			for (const [booked, owner] of this.#booked) {
				if (owner === pool) {
					booked.connection?.cut('moved');
				}
			}

			pool.destroy();
		} else {
			pool.retire();
		}
	}

	#confirmMove(): void {
		if (this.#moving) {
			const {from, reason} = this.#moving;
			const outageMs = Math.round(this.#downSince === undefined ? 0 : performance.now() - this.#downSince);
			this.#moving = undefined;
			this.#downSince = undefined;
			this.#tell(forward => ({event: 'moved', forward, from, to: identityOf(this.#resolved.pod), reason, outageMs}));
		}
	}

	#goneError(why: string, text: string | null): SpokeError {
		const {asked} = this.#request.target;
		return new SpokeError('ERR_TARGET_GONE', `${asked} is gone: ${why}`, {remedy: 'forward to its service or workload to follow its successors', ...text === null ? {} : {text}});
	}

	#fail(error: SpokeError): void {
		this.#finish(error);
	}

	#finish(error?: SpokeError): void {
		const gone = error?.code === 'ERR_TARGET_GONE';
		for (const {listener} of this.#ports) {
			listener.close();
		}

		for (const {connection} of this.#booked.keys()) {
			connection?.cut(gone ? 'pod-reset' : 'shutdown');
		}

		this.#pool?.destroy();
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

function identityOf({metadata: {name, uid}}: PodObject): PodIdentity {
	return {name, uid: uid ?? null};
}

/** A reader that is briefly behind is none of anybody's business. */
function watchCongestion({session}: Tunnel, data: unknown, booked: BookedConnection): {stop: () => void} {
	let timer: NodeJS.Timeout | undefined;
	const congested = (stream: unknown) => {
		if (stream === data) {
			timer ??= setTimeout(() => {
				booked.congested(true);
			}, congestedAfterMs);
		}
	};

	const flowing = (stream: unknown) => {
		if (stream === data) {
			clearTimeout(timer);
			timer = undefined;
			booked.congested(false);
		}
	};

	session.on('congested', congested);
	session.on('flowing', flowing);
	return {
		stop() {
			clearTimeout(timer);
			session.off('congested', congested);
			session.off('flowing', flowing);
		},
	};
}
