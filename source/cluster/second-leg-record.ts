/** The latest result of leg 2 for each far end. */
import type {ErrorObject} from '../errors/spoke-error.ts';

export type SecondLegOutcome = {
	/** `kubelet n1`, `pod default/web http:8080`. */
	farEnd: string;
	feature: string;
	/** RFC 3339. */
	time: string;
	process: string | null;
	/** `null` when the far end responded. */
	failure: SecondLegFailure | null;
};

export type SecondLegFailure = {
	error: ErrorObject;
	/** `null` for an unknown message. */
	facts: SecondLegFailureFacts | null;
};

export type SecondLegFailureFacts = {
	row: string;
	text: string;
	leg: 0 | 1 | 2 | 3;
	tls: 'refused' | 'plain' | null;
	route: 'konnectivity' | 'egress-http-connect' | null;
	/** The message is from a kubelet, after its TLS handshake. */
	answered: boolean;
	/** Assumes that the apiserver's far end does not forge the message. */
	basis: 'proven' | 'inferred' | 'unknown';
	/** The far end could send the same text. */
	mayBeFromFarEnd: boolean;
};

const maxFarEnds = 500;

export class SecondLegRecord {
	readonly #latest = new Map<string, SecondLegOutcome>();
	#version = 0;

	get version(): number {
		return this.#version;
	}

	/** One outcome per far end, oldest first. */
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
