/** The evidence or the needs of a verdict. */
import {describeCitations, sourceName, type DetailPart} from '../../descriptions/describe-verdict.ts';
import type {Path, Verdict} from '../../evidence/evidence.ts';
import {isChecking} from '../../evidence/path-line.ts';
import {cellWidth} from '../../text/cell-width.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';

/** `words` rewrites advice for a shell as keys of the session. */
export function describeEvidence(
	path: Path,
	verdict: Verdict<string>,
	width: number,
	words: (text: string) => string = text => text,
): string {
	if (isChecking(path) && verdict.state === 'unknown') {
		return 'checking …';
	}

	const read = describeCitations(verdict.evidence, path.evidence);
	if (verdict.state !== 'unknown' && read.length > 0) {
		return longestThatFits(
			[
				joined(read, ({text}) => text, 'from '),
				joined(read, ({text}) => text, ''),
				joined(read, ({text, short = text}) => short, 'from '),
				joined(read, ({text, short = text}) => short, ''),
				joined(read, ({text, short = text}) => short, null),
			],
			width,
		);
	}

	return verdict.why === undefined ? needTextOf(verdict.need, width, words) : sanitizeLine(verdict.why);
}

/** Equal observations appear once: `no egress flag (from /flagz, apiserver pod)`. `lead` is `null` without sources. */
function joined(read: readonly DetailPart[], textOf: (one: DetailPart) => string, lead: string | null): string {
	return [...Map.groupBy(read, textOf)]
		.map(([text, all]) => {
			const sources = [...new Set(all.flatMap(({origin}) => origin?.source ?? []))].filter(
				source => source !== 'socket' && source !== 'construction',
			);
			return sanitizeLine(
				lead !== null && sources.length > 0 ? `${text} (${lead}${sources.map(source => sourceName(source)).join(', ')})` : text,
			);
		})
		.join('; ');
}

/** Permissions, or else probes; as many whole ones as fit. */
function needTextOf(need: Verdict<string>['need'], width: number, words: (text: string) => string): string {
	const permissions = need.flatMap(({permission}) => (permission === null ? [] : [permission.replace('nonResourceURL', 'on')]));
	const others = need.flatMap(({or}) => (or === null ? [] : [words(or)]));
	const all = permissions.length > 0 ? permissions : others;
	return all.length === 0
		? 'unknown'
		: longestThatFits(
				all.map((_, index) => sanitizeLine(`needs ${all.slice(0, all.length - index).join(', or ')}`)),
				width,
			);
}

function longestThatFits(texts: readonly string[], width: number): string {
	return texts.find(text => cellWidth(text) <= width) ?? texts.at(-1)!;
}
