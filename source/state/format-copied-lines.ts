/** The lines of a screen as text for copying. */
import {lineLabel} from './line-label.ts';
import type {TextLine} from './session-state.ts';

export function formatCopiedLines(lines: readonly TextLine[], now: number): string {
	return lines
		.map(one => copiedLine(one, lineLabel(one, now)))
		.join('\n')
		.trim();
}

function copiedLine({path, rule, text}: TextLine, label: string | undefined): string {
	if (path) {
		return path.line;
	}

	if (rule) {
		return `\n${text}`;
	}

	if (label?.trim() === '') {
		return `  ${text}`;
	}

	return label === undefined ? text : `${label.trim()}: ${text}`;
}
