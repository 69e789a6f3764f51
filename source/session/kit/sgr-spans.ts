/** Colored text as spans. */
import type {Span} from './styled-line.ts';

/** `text` must contain no other control sequences than SGR. */
export function sgrSpans(text: string): Span[] {
	if (!text.includes('\u001B')) {
		return [{text}];
	}

	const spans: Span[] = [];
	let sgr = '';
	let from = 0;
	for (const found of text.matchAll(/\u001B\[([\d;:]*)m/g)) {
		if (found.index > from) {
			spans.push({text: text.slice(from, found.index), ...(sgr !== '' && {sgr})});
		}

		sgr = sgrAfter(sgr, found[1]!);
		from = found.index + found[0].length;
	}

	return [...spans, {text: text.slice(from), ...(sgr !== '' && {sgr})}];
}

/** `0` resets all attributes. */
function sgrAfter(sgr: string, codes: string): string {
	if (codes === '' || codes === '0') {
		return '';
	}

	return sgr === '' || codes.startsWith('0;') ? codes.replace(/^0;/, '') : `${sgr};${codes}`;
}
