/** What is copied of the lines of a screen? */
import {lineLabel} from './line-label.ts';
import type {TextLine} from './session-state.ts';

/** Labels before their texts, paths as their lines. */
export function asText(lines: readonly TextLine[], now: number): string {
	return lines.map(one => {
		const label = lineLabel(one, now);
		return one.path ? one.path.line : one.rule ? `\n${one.text}` : `${label === undefined ? '' : `${label.trim()}: `}${one.text}`;
	}).join('\n').trim();
}
