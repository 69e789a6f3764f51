/** What a filter typed over a list means: text, `!text` without, `~regex`, `-l app=web` labels, `!-l app=web` without them. */
import {invertSelector, labelSelectorError} from '../targets/label-selector.ts';
import {matchWithin} from '../text/bounded-match.ts';
import {escapeRegExp} from '../text/escape-regexp.ts';
import {describeRegexError} from '../text/describe-regex-error.ts';
import type {Row} from './table-rows.ts';

export type RowFilter =
	| {kind: 'none'}
	| {kind: 'text'; text: string; inverse: boolean}
	| {kind: 'regex'; pattern: RegExp; inverse: boolean}
	/** Asked of the apiserver, not of the rows. */
	| {kind: 'labels'; selector: string}
	| {kind: 'invalid'; why: string};

/** `-l SELECTOR` is asked of the apiserver, `~REGEX` and text are looked for here, `!` before either leaves out what fits. */
export function parseRowFilter(typed: string): RowFilter {
	const labels = /^(!?)-l\s*(.*)$/.exec(typed);
	if (labels) {
		return labelFilter(labels[2]!.trim(), labels[1] === '!');
	}

	const inverse = typed.startsWith('!');
	const rest = inverse ? typed.slice(1) : typed;
	if (rest === '' || rest === '~') {
		return {kind: 'none'};
	}

	if (!rest.startsWith('~')) {
		return {kind: 'text', text: rest.toLowerCase(), inverse};
	}

	try {
		// Every cell is a line of its own: an anchor is the edge of a name or of a cell.
		return {kind: 'regex', pattern: new RegExp(rest.slice(1), 'imsu'), inverse};
	} catch (error) {
		return {kind: 'invalid', why: describeRegexError(error)};
	}
}

function labelFilter(selector: string, inverse: boolean): RowFilter {
	if (selector === '') {
		return {kind: 'none'};
	}

	const why = rowSelectorError(selector);
	if (why !== null) {
		return {kind: 'invalid', why};
	}

	const asked = inverse ? invertSelector(selector) : selector;
	return asked === null
		? {kind: 'invalid', why: 'only one KEY, !KEY, =, !=, in or notin has an inverse selector'}
		: {kind: 'labels', selector: asked};
}

/** A regular expression may take this long over a whole list. */
const regexLimitMs = 200;

/** The rows that pass, or why they cannot be told. */
export function filterRows(rows: readonly Row[], filter: RowFilter): {rows: readonly Row[]; problem: string | null} {
	switch (filter.kind) {
		case 'text': {
			// A pattern compares without a copy in small letters of every cell.
			const pattern = new RegExp(escapeRegExp(filter.text), 'i');
			return {rows: rows.filter(row => holds(row, pattern) !== filter.inverse), problem: null};
		}

		case 'regex': {
			const found = matchWithin(
				filter.pattern,
				rows.map(row => `${row.namespace}/${row.name}\n${row.name}\n${row.cells.join('\n')}`),
				regexLimitMs,
			);
			return found === null
				? {rows, problem: `this regex takes longer than ${regexLimitMs} ms: not used`}
				: {rows: rows.filter((_, index) => found[index] !== filter.inverse), problem: null};
		}

		case 'invalid': {
			return {rows, problem: filter.why};
		}

		default: {
			return {rows, problem: null};
		}
	}
}

function holds(row: Row, pattern: RegExp): boolean {
	return pattern.test(row.name) || pattern.test(row.namespace) || row.cells.some(cell => pattern.test(cell));
}

/** Why this is no label selector; `null` when it is one. */
export function rowSelectorError(selector: string): string | null {
	const fault = labelSelectorError(selector);
	return fault === null ? null : `no label selector: ${fault}`;
}
