/** The screen as sentences: nothing that ticks, no glyphs, names first. */
import {footerHints} from '../../keymap/describe-keys.ts';
import {matchingItems} from '../dialogs/dialog.ts';
import {truncateToCells} from '../../text/cell-width.ts';
import {clockTime} from '../../text/format-time.ts';
import {escapeControls} from '../../text/sanitize-line.ts';
import type {RenderInput} from '../kit/render-input.ts';
import {spokenSelection} from './spoken-selection.ts';

/** The screen reader reads all lines at each change. */
const mostLines = 6;

export function spokenLines(screen: RenderInput): string[] {
	const {state} = screen;
	const {sandbox, context, namespace, asOf} = state.cluster;
	const location = `${sandbox ? 'Sandbox' : context}, ${namespace ?? 'all namespaces'}.${asOf === null ? '' : ` No response since ${clockTime(asOf)}.`}`;
	const here = spokenSelection(screen);
	const typed = typedLine(screen);
	return [location, ...here.slice(0, mostLines - 2), typed]
		.filter(line => line !== '')
		.map(line => truncateToCells(escapeControls(line), 400));
}

function typedLine(screen: RenderInput): string {
	const {
		state: {overlay},
		hints,
	} = screen;
	switch (overlay?.kind) {
		case 'prompt': {
			return `${overlay.lead}${overlay.typed.text} ${overlay.problem ?? overlay.note}`.trim();
		}

		case 'picker': {
			const items = matchingItems(overlay);
			const item = items[overlay.index];
			const words = item && [...item.cells, item.off === undefined ? '' : `disabled, ${item.off}`].filter(cell => cell !== '').join(', ');
			return `${overlay.title}, ${items.length} choices. ${words === undefined ? 'No match' : `${overlay.index + 1}: ${words}`}.`;
		}

		case 'form': {
			const field = overlay.fields[overlay.at]!;
			const value = field.choices?.find(choice => choice.value === field.value)?.shown ?? field.value;
			return `${overlay.title}. ${field.label}: ${value === '' ? 'empty' : value}. ${overlay.problem ?? field.note}`.trim();
		}

		case 'card': {
			const parts = overlay.parts.map(({text}) => asSentence(text)).join(' ');
			return `${overlay.title}: ${parts} ${answersOf(hints)}`;
		}

		case 'confirm': {
			const details = overlay.details.map(detail => asSentence(detail)).join(' ');
			return `${overlay.question} ${details} ${answersOf(hints)}`;
		}

		default: {
			return footerHints(hints)
				.slice(-2)
				.map(({key, label}) => `${key} ${label}`)
				.join(', ');
		}
	}
}

function answersOf(hints: RenderInput['hints']): string {
	return footerHints(hints)
		.map(({key, label}) => `${key} ${label}`)
		.join(', ');
}

function asSentence(text: string): string {
	return /[.?!:]$/.test(text) ? text : `${text}.`;
}
