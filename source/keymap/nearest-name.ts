/** Offers the name that was probably meant. */

/** ` (did you mean x?)`, or nothing when no name is close. */
export function suggestNearest(typed: string, names: readonly string[]): string {
	let best: {name: string; far: number} | null = null;
	for (const name of names) {
		const far = distance(typed, name);
		if (far <= Math.max(1, Math.floor(typed.length / 3)) && (best === null || far < best.far)) {
			best = {name, far};
		}
	}

	return best === null ? '' : ` (did you mean ${best.name}?)`;
}

/** Levenshtein's. */
function distance(one: string, other: string): number {
	let row = Array.from({length: other.length + 1}, (_, index) => index);
	for (let i = 1; i <= one.length; i++) {
		const next = [i];
		for (let j = 1; j <= other.length; j++) {
			next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1)));
		}

		row = next;
	}

	return row[other.length]!;
}
