/** The lines of a screen as text for copying. */
import {formatAge} from '../../text/formats.ts';
import type {TextLine} from '../frame/session-state.ts';

export function formatCopiedLines(lines: readonly TextLine[], now: number): string {
	return lines
		.map(one => copiedLine({...one, text: lineText(one, now)}, lineLabel(one, now)))
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

/** Stands for an age in a text. Sanitized text never contains it. */
export const agoMark = '\0';

/** The text with its times as ages: `exited 3 (Error) 4m ago`. */
export function lineText({text, times = []}: Pick<TextLine, 'text' | 'times'>, now: number): string {
	return times.reduce((shown, time) => shown.replace(agoMark, `${formatAge(now - time)} ago`), text);
}

export function lineLabel({label, since}: TextLine, now: number): string | undefined {
	return since === undefined ? label : `${formatAge(now - since).padEnd(5)} ${label ?? ''}`;
}
