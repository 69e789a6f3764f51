/** Observations of the cluster and of other connections, shared by connections that open together. */
import {isRecent, clockDelay, type Clock} from '../async/clock.ts';
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {noClusterObservations, observeCluster} from './cluster-observations.ts';
import {observeFreshConnection} from './connection-observations.ts';
import type {ClusterObservations, ConnectionObservations} from './evidence.ts';
import {labelTimings} from './label-timings.ts';
import {processCacheFor} from './process-cache.ts';

export class SharedProbe {
	readonly #cluster: ClusterClient;
	readonly #clock: Clock;
	#shared: {requestedAt: number; hasStarted: boolean; pending: Promise<ClusterObservations>} | undefined;
	#elsewhere: {requestedAt: number; pending: Promise<ConnectionObservations | null>} | undefined;
	#nextReadAt = 0;
	#hasEnded = false;

	constructor(cluster: ClusterClient, clock: Clock) {
		this.#cluster = cluster;
		this.#clock = clock;
	}

	/** Connections of a burst share one observation, and wait for it instead of using an old one. */
	async observeCluster(): Promise<ClusterObservations> {
		if (!this.#isRecent(this.#shared)) {
			const waitMs = Math.max(labelTimings.sharedProbeDelayMs, this.#nextReadAt - this.#clock.elapsed());
			this.#nextReadAt = this.#clock.elapsed() + waitMs + labelTimings.sharedProbeIntervalMs;
			this.#shared = this.#startShared(waitMs);
		}

		return this.#shared!.pending;
	}

	async observeElsewhere(): Promise<ConnectionObservations | null> {
		if (!this.#isRecent(this.#elsewhere)) {
			this.#elsewhere = {
				requestedAt: this.#clock.now(),
				pending: observeFreshConnection(this.#cluster, {timeoutMs: labelTimings.sharedProbeTimeoutMs}),
			};
		}

		const entry = this.#elsewhere!;
		const lateObservations = await entry.pending;
		if (!lateObservations?.flags && this.#elsewhere === entry) {
			this.#elsewhere = undefined;
		}

		return lateObservations;
	}

	/**
	A connection may have ended because its apiserver did, so earlier observations are not used for later connections; one that has not
	started yet is.
	*/
	forget(): void {
		if (this.#shared?.hasStarted) {
			this.#shared = undefined;
		}

		this.#elsewhere = undefined;
	}

	end(): void {
		this.#hasEnded = true;
	}

	#startShared(waitMs: number): {requestedAt: number; hasStarted: boolean; pending: Promise<ClusterObservations>} {
		const requestedAt = this.#clock.now();
		const entry = {
			requestedAt,
			hasStarted: false,
			pending: clockDelay(this.#clock, waitMs).then(async () => {
				entry.hasStarted = true;
				const timeoutMs = labelTimings.sharedProbeTimeoutMs;
				const needsCa = processCacheFor(this.#cluster).ca === null;
				return this.#hasEnded ? noClusterObservations : observeCluster(this.#cluster, {timeoutMs, requestedAt, needsCa});
			}),
		};
		return entry;
	}

	#isRecent(entry: {requestedAt: number} | undefined): boolean {
		return isRecent(entry?.requestedAt, labelTimings.sharedMaxAgeMs, this.#clock.now());
	}
}
