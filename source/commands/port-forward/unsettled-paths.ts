/** Wait for the paths of forwards. */
import {setTimeout as delay} from 'node:timers/promises';
import type {Path} from '../../evidence/evidence.ts';
import {labelTimings} from '../../evidence/label-timings.ts';

/** Forwards whose path is reported as `checking`. */
export class UnsettledPaths {
	readonly #forwards = new Set<string>();
	#whenSettled: (() => void) | undefined;

	update(forward: string, {phase}: Path): void {
		if (phase === 'checking') {
			this.#forwards.add(forward);
			return;
		}

		this.#forwards.delete(forward);
		if (this.#forwards.size === 0) {
			this.#whenSettled?.();
		}
	}

	/** Waits at most `finishTimeoutMs`, as other one-shots do. */
	async settled(): Promise<void> {
		if (this.#forwards.size > 0) {
			const {promise, resolve} = Promise.withResolvers<void>();
			this.#whenSettled = resolve;
			await Promise.race([promise, delay(labelTimings.finishTimeoutMs, undefined, {ref: false})]);
		}
	}
}
