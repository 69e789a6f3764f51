/** What is read beside the connections of one cluster, on others: shared by those that are opened together, and never used after one of them ended. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {isRecent, pause, type Clock} from './clock.ts';
import {readOnFreshConnection, type ConnectionReadings} from './connection-readings.ts';
import {limits} from './label-limits.ts';
import {nothingShared, readShared, type SharedReadings} from './shared-readings.ts';

/** `askedAt`: milliseconds since 1970. */
export type Beside = {shared: SharedReadings; askedAt: number};

export class ReadingsBeside {
	readonly #cluster: ClusterClient;
	readonly #clock: Clock;
	#shared: {askedAt: number; isBegun: boolean; reading: Promise<SharedReadings>} | undefined;
	#elsewhere: {askedAt: number; reading: Promise<ConnectionReadings | null>} | undefined;
	#nextReadAt = 0;
	#ended = false;

	constructor(cluster: ClusterClient, clock: Clock) {
		this.#cluster = cluster;
		this.#clock = clock;
	}

	/** Many connections that come and go in a burst share a reading, and wait for it rather than take an old one. */
	async shared(): Promise<Beside> {
		if (!this.#isUsed(this.#shared)) {
			const waitMs = Math.max(limits.afterOpeningMs, this.#nextReadAt - this.#clock.elapsed());
			this.#nextReadAt = this.#clock.elapsed() + waitMs + limits.betweenReadsMs;
			this.#shared = this.#askShared(waitMs);
		}

		const {askedAt, reading} = this.#shared!;
		return {askedAt, shared: await reading};
	}

	/** What a connection itself did not answer, from another one: worth less, and better than nothing. */
	async elsewhere(): Promise<ConnectionReadings | null> {
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

	async #readElsewhere(): Promise<ConnectionReadings | null> {
		const met = await readOnFreshConnection(this.#cluster, {limitMs: limits.readBesideMs});
		return met?.readings ?? null;
	}

	#askShared(waitMs: number): {askedAt: number; isBegun: boolean; reading: Promise<SharedReadings>} {
		const asked = {
			askedAt: this.#clock.now(),
			isBegun: false,
			reading: pause(this.#clock, waitMs).then(async () => {
				asked.isBegun = true;
				return this.#ended ? nothingShared : readShared(this.#cluster, {timeoutMs: limits.readBesideMs});
			}),
		};
		return asked;
	}

	#isUsed(asked: {askedAt: number} | undefined): boolean {
		return isRecent(asked?.askedAt, limits.sharedForMs, this.#clock.now());
	}
}
