/** Seeded choices, of which a world is made. A world that fails is made again from fewer and smaller choices. */
import {seededRandom} from '../support/random.ts';

/** From a seed, or those of `replayed` again. The choice 0 is the simplest, so that shorter and smaller lists are simpler worlds. */
export class Choices {
	readonly made: number[] = [];
	readonly #next: () => number;
	readonly #replayed: readonly number[] | undefined;

	constructor(seed: number, replayed?: readonly number[]) {
		this.#next = seededRandom(seed);
		this.#replayed = replayed;
	}

	/** A whole number from 0 to `count - 1`. */
	below(count: number): number {
		const chosen = this.#replayed ? (this.#replayed[this.made.length] ?? 0) % count : Math.floor(this.#next() * count);
		this.made.push(chosen);
		return chosen;
	}

	oneOf<Value>(values: readonly Value[]): Value {
		return values[this.below(values.length)]!;
	}

	/** True in `percent` of the cases. */
	chance(percent: number): boolean {
		return this.below(100) >= 100 - percent;
	}

	some<Value>(values: readonly Value[], percent: number): Value[] {
		return values.filter(() => this.chance(percent));
	}
}

/** The simplest choices found that still fail, with at most `maxTries` tries. */
export async function shrink(
	choices: readonly number[],
	fails: (choices: readonly number[]) => Promise<boolean>,
	maxTries = 1500,
): Promise<readonly number[]> {
	let best = choices;
	let tries = 0;
	const improve = async (candidate: readonly number[]) => {
		tries++;
		const isBetter = tries <= maxTries && (await fails(candidate));
		best = isBetter ? candidate : best;
		return isBetter;
	};

	for (let before: readonly number[] | undefined; before !== best && tries < maxTries;) {
		before = best;
		for (let size = Math.ceil(best.length / 2); size > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
			for (let at = 0; at < best.length && tries < maxTries;) {
				const isShorter = await improve(best.toSpliced(at, size));
				at += isShorter || (await improveZeros(best, at, size, improve)) ? 0 : size;
				at += isShorter ? 0 : size;
			}
		}

		for (let at = 0; at < best.length && tries < maxTries; at++) {
			for (const smaller of [best[at]! >> 1, best[at]! - 1]) {
				if (smaller > 0 && smaller < best[at]!) {
					await improve(best.with(at, smaller));
				}
			}
		}
	}

	return best;
}

async function improveZeros(
	best: readonly number[],
	at: number,
	size: number,
	improve: (candidate: readonly number[]) => Promise<boolean>,
): Promise<boolean> {
	const zeroed = best.map((choice, index) => (index >= at && index < at + size ? 0 : choice));
	return zeroed.some((choice, index) => choice !== best[index]) && improve(zeroed);
}
