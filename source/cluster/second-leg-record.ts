/** The latest outcome of leg 2 to each far end, as this process met it through one cluster client. */
import type {ErrorObject} from '../errors/spoke-error.ts';

export type SecondLegOutcome = {
	/** What leg 2 ends at: `kubelet n1`, `pod default/web http:8080`. */
	farEnd: string;
	/** The stream feature that was attempted. */
	feature: string;
	/** RFC 3339. */
	time: string;
	/** Fingerprint of the apiserver process, where it is known. */
	process: string | null;
	/** `null` when the far end answered. */
	failure: SecondLegFailure | null;
};

export type SecondLegFailure = {
	error: ErrorObject;
	/** What the words prove, by the table of failures; `null` for words that are not in it. */
	facts: SecondLegFailureFacts | null;
};

export type SecondLegFailureFacts = {
	row: string;
	text: string;
	leg: 0 | 1 | 2 | 3;
	tls: 'refused' | 'plain' | null;
	route: 'konnectivity' | 'egress-http-connect' | null;
	/** A kubelet's own words, behind its TLS. */
	answered: boolean;
	/** How surely the apiserver said it, if its far end is to be believed. */
	basis: 'proven' | 'inferred' | 'unknown';
	/** Whoever stands at the far end can say it in the very same words. */
	mayBeFromFarEnd: boolean;
};

const maxFarEnds = 500;

export class SecondLegRecord {
	readonly #latest = new Map<string, SecondLegOutcome>();
	#version = 0;

	/** Rises with each change. */
	get version(): number {
		return this.#version;
	}

	/** One for each far end, the oldest first. */
	get outcomes(): readonly SecondLegOutcome[] {
		return [...this.#latest.values()];
	}

	add(outcome: SecondLegOutcome): void {
		this.#latest.delete(outcome.farEnd);
		this.#latest.set(outcome.farEnd, outcome);
		this.#version++;
		const [oldest] = this.#latest.keys();
		if (this.#latest.size > maxFarEnds && oldest !== undefined) {
			this.#latest.delete(oldest);
		}
	}
}
