/** What is read beside the connections of one cluster, on others: shared by those that are opened together, and never used after one of them ended. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {isRecent, clockDelay, type Clock} from './clock.ts';
import {observeFreshConnection, type ConnectionObservations} from './connection-observations.ts';
import {labelTimings} from './label-timings.ts';
import {noClusterObservations, observeCluster, type ClusterObservations} from './cluster-observations.ts';

/** `askedAt`: milliseconds since 1970. */
export type SharedProbeResult = {shared: ClusterObservations; askedAt: number};

export class SharedProbe {
	readonly #cluster: ClusterClient;
	readonly #clock: Clock;
	#shared: {askedAt: number; isBegun: boolean; reading: Promise<ClusterObservations>} | undefined;
	#elsewhere: {askedAt: number; reading: Promise<ConnectionObservations | null>} | undefined;
	#nextReadAt = 0;
	#ended = false;

	constructor(cluster: ClusterClient, clock: Clock) {
		this.#cluster = cluster;
		this.#clock = clock;
	}

	/** Many connections that come and go in a burst share a reading, and wait for it rather than take an old one. */
	async shared(): Promise<SharedProbeResult> {
		if (!this.#isUsed(this.#shared)) {
			const waitMs = Math.max(labelTimings.afterOpeningMs, this.#nextReadAt - this.#clock.elapsed());
			this.#nextReadAt = this.#clock.elapsed() + waitMs + labelTimings.betweenReadsMs;
			this.#shared = this.#askShared(waitMs);
		}

		const {askedAt, reading} = this.#shared!;
		return {askedAt, shared: await reading};
	}

	/** What a connection itself did not answer, from another one: worth less, and better than nothing. */
	async elsewhere(): Promise<ConnectionObservations | null> {
		if (!this.#isUsed(this.#elsewhere)) {
			this.#elsewhere = {askedAt: this.#clock.now(), reading: this.#readElsewhere()};
		}

		const asked = this.#elsewhere!;
		const late = await asked.reading;
		// Nothing read is nothing to keep for the next one.
		if (!late?.flags && this.#elsewhere === asked) {
			this.#elsewhere = undefined;
		}

		return late;
	}

	/** A connection that ended may have been the apiserver's end: what was read beside it is not used for the next ones. What is yet to be read comes after that end, and is. */
	forget(): void {
		if (this.#shared?.isBegun) {
			this.#shared = undefined;
		}

		this.#elsewhere = undefined;
	}

	end(): void {
		this.#ended = true;
	}

	async #readElsewhere(): Promise<ConnectionObservations | null> {
		const met = await observeFreshConnection(this.#cluster, {limitMs: labelTimings.readBesideMs});
		return met?.readings ?? null;
	}

	#askShared(waitMs: number): {askedAt: number; isBegun: boolean; reading: Promise<ClusterObservations>} {
		const asked = {
			askedAt: this.#clock.now(),
			isBegun: false,
			reading: clockDelay(this.#clock, waitMs).then(async () => {
				asked.isBegun = true;
				return this.#ended ? noClusterObservations : observeCluster(this.#cluster, {timeoutMs: labelTimings.readBesideMs});
			}),
		};
		return asked;
	}

	#isUsed(asked: {askedAt: number} | undefined): boolean {
		return isRecent(asked?.askedAt, labelTimings.sharedForMs, this.#clock.now());
	}
}
