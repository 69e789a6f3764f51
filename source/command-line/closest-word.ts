/** Suggestion for a misspelled word. */

/** The closest word within one edit per three letters typed (one edit is always allowed), else `null`. */
export function closestWord(typed: string, words: Iterable<string>): string | null {
	const maxDistance = Math.max(1, Math.floor(typed.length / 3));
	let closest: {word: string; distance: number} | null = null;
	for (const word of words) {
		const distance = Math.abs(typed.length - word.length) > maxDistance ? Infinity : editDistance(typed, word);
		if (distance <= maxDistance && distance < (closest?.distance ?? Infinity) && distance < word.length) {
			closest = {word, distance};
		}
	}

	return closest?.word ?? null;
}

/** Optimal string alignment distance: a swap of two neighbors is one edit. */
function editDistance(from: string, to: string): number {
	const rows = Array.from({length: from.length + 1}, (_, i) => Array.from({length: to.length + 1}, (_, j) => (i === 0 ? j : i)));
	for (let i = 1; i <= from.length; i++) {
		rows[i]![0] = i;
		for (let j = 1; j <= to.length; j++) {
			const isSame = from[i - 1] === to[j - 1];
			const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
			rows[i]![j] = Math.min(
				rows[i - 1]![j]! + 1,
				rows[i]![j - 1]! + 1,
				rows[i - 1]![j - 1]! + (isSame ? 0 : 1),
				isSwap ? rows[i - 2]![j - 2]! + 1 : Infinity,
			);
		}
	}

	return rows[from.length]![to.length]!;
}
