/** Suggestion of the most similar name. */

/** ` (did you mean x?)`, or an empty text. */
export function suggestNearest(typed: string, names: readonly string[]): string {
	let best: {name: string; far: number} | null = null;
	for (const name of names) {
		const distance = levenshteinDistance(typed, name);
		if (distance <= Math.max(1, Math.floor(typed.length / 3)) && (best === null || distance < best.far)) {
			best = {name, far: distance};
		}
	}

	return best === null ? '' : ` (did you mean ${best.name}?)`;
}

function levenshteinDistance(one: string, other: string): number {
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
