/** Dialogs as lines with a position. */
import {cellWidth, truncateToCells, truncateStartToCells, fitToCells} from '../../text/cell-width.ts';
import {
	isFieldVisible,
	equivalentCommand,
	matchingItems,
	type ConfirmDialog,
	type FormField,
	type FormDialog,
	type Dialog,
	type PickerDialog,
	type PickerItem,
	type PromptDialog,
	type TextInput,
} from './dialog.ts';
import {describeHiddenRows, wrapToWidth} from '../kit/titled-rule.ts';
import type {Glyphs} from '../kit/glyphs.ts';
import {firstKey, hintedKey, type RenderInput} from '../kit/render-input.ts';
import {line, lineWidth, styled, spread, type Line, type Span} from '../kit/styled-line.ts';

export type Floating = {lines: readonly Line[]; left: number; top: number; width: number};

/** `null` for a prompt, which is the last row. */
export function dialogBox(screen: RenderInput, overlay: Dialog): Floating | null {
	switch (overlay.kind) {
		case 'prompt': {
			return null;
		}

		case 'picker': {
			return picker(screen, overlay);
		}

		case 'form': {
			return form(screen, overlay);
		}

		case 'confirm': {
			return confirm(screen, overlay);
		}
	}
}

/** `/timeout▏             17 matches   Enter accept   Esc cancel` */
export function promptLine(screen: RenderInput, prompt: PromptDialog): Line {
	const {
		theme,
		state: {size},
	} = screen;
	const key = (action: string, label: string) => {
		const at = firstKey(screen, action);
		return at === null ? [] : [styled('key', at), {text: ` ${label}  `}];
	};

	const right: Span[] = [
		styled('text.dim', prompt.note === '' || prompt.note === prompt.problem ? '' : `${prompt.note}   `),
		...key('prompt.accept', prompt.accept),
		...(prompt.candidates.length > 0 ? key('prompt.complete', 'complete') : []),
		...(prompt.canUseRegex ? key('prompt.regex', prompt.regex ? 'plain' : 'regex') : []),
		...key('prompt.cancel', 'cancel'),
	];
	const role = prompt.problem === null ? ('key' as const) : ('notice.error' as const);
	const sign = `${prompt.lead}${prompt.regex ? '~' : ''}`;
	// Cut the problem so that the input stays visible.
	const beside = prompt.problem === null ? 0 : Math.min(cellWidth(prompt.problem) + 3, Math.floor(size.columns / 2));
	const typed = typedSpans(prompt.typed, theme.glyphs.caret, size.columns - cellWidth(sign) - 2 - beside);
	const lead = [
		{text: ' '},
		styled(role, sign),
		...typed,
		...(prompt.problem === null ? [] : [styled('notice.error', `   ${prompt.problem}`)]),
	];
	if (lineWidth(lead) + lineWidth(right) + 2 <= size.columns) {
		return spread(lead, right, size.columns);
	}

	const hasNames = prompt.note !== '' && prompt.problem === null && lineWidth(lead) + 12 < size.columns;
	return hasNames ? line(...lead, '  ', styled('text.dim', `${prompt.note} `)) : line(...lead);
}

function typedSpans({text, caret}: TextInput, sign: string, room: number): Span[] {
	const [before, after] = [text.slice(0, caret), text.slice(caret)];
	const left = room - cellWidth(sign);
	const shown = truncateStartToCells(before, left - Math.min(cellWidth(after), Math.floor(left / 3)));
	return [{text: shown}, styled('focus', sign), {text: truncateToCells(after, left - cellWidth(shown))}];
}

function picker(screen: RenderInput, overlay: PickerDialog): Floating {
	const {
		theme: {glyphs},
		state: {size},
	} = screen;
	const width = Math.min(76, size.columns - 4);
	const items = matchingItems(overlay);
	const most = Math.max(3, Math.min(14, size.rows - 10 - overlay.notes.length));
	// Matching items are in another order, without headings.
	const rows = items.flatMap<PickerItem | string>(item =>
		items === overlay.items && item.heading !== undefined ? [item.heading, item] : [item],
	);
	const at = rows.indexOf(items[overlay.index]!);
	const from = Math.max(0, Math.min(at - Math.floor(most / 2), rows.length - most));
	const shown = rows.slice(from, from + most);
	const columns = Math.max(1, ...overlay.items.map(item => item.cells.length));
	const widths = Array.from({length: columns - 1}, (_, column) => columnWidth(overlay, column));
	const textOf = (cells: readonly string[]) =>
		cells.map((cell, column) => (column === columns - 1 ? cell : fitToCells(cell, widths[column]!))).join('  ');
	const lines: Line[] = [line(' ', overlay.lead, ...typedSpans(overlay.typed, glyphs.caret, width - 4 - cellWidth(overlay.lead)))];
	if (overlay.heads.length > 0) {
		lines.push(line(styled('text.dim', `   ${textOf(overlay.heads)}`)));
	}

	for (const [index, item] of shown.entries()) {
		if (typeof item === 'string') {
			lines.push(line(styled('title', ` ${item}`)));
			continue;
		}

		const isAt = from + index === at;
		lines.push({
			spans: [
				{text: ' '},
				isAt ? styled('focus', glyphs.cursor) : {text: ' '},
				{text: ' '},
				styled(item.off === undefined ? undefined : 'text.dim', textOf(item.cells)),
				styled('text.dim', item.off === undefined ? '' : `   ${item.off}`),
			],
			...(isAt && {ground: 'selection' as const}),
		});
	}

	if (items.length === 0) {
		lines.push(line(styled('text.dim', `   ${emptyText(overlay)}`)));
	} else if (rows.length > most) {
		const countItems = (some: typeof rows) => some.filter(row => typeof row !== 'string').length;
		lines.push(line(styled('text.dim', `   ${describeHiddenRows(countItems(rows.slice(0, from)), countItems(rows.slice(from + most)))}`)));
	}

	lines.push(line(''), ...overlay.notes.flatMap(note => wrapToWidth(note, width - 4)).map(note => line(' ', styled('text.dim', note))));
	const keys = keysOf(screen, [
		['picker.up', ''],
		['picker.accept', overlay.keys || 'choose'],
		['picker.complete', 'complete'],
		['picker.cancel', 'back'],
	]);
	return framed(screen, overlay.title, lines, keys, width);
}

function columnWidth({heads, items}: PickerDialog, column: number): number {
	return Math.min(34, Math.max(cellWidth(heads[column] ?? ''), ...items.slice(0, 200).map(item => cellWidth(item.cells[column] ?? ''))));
}

function emptyText({free, none, from, typed: {text}}: PickerDialog): string {
	if (!free || text === '') {
		return 'no match';
	}

	return none === null || from > 0 ? `${text} as typed` : `${none} ${text.trim().split(' ')[0]!}`;
}

function form(screen: RenderInput, overlay: FormDialog): Floating {
	const {
		theme: {glyphs},
		state: {size},
	} = screen;
	const width = Math.min(76, size.columns - 4);
	const label = Math.max(...overlay.fields.map(field => cellWidth(field.label))) + 2;
	// A low screen may need the rows for a problem.
	const blank = size.rows < 20 ? [] : [line('')];
	const lines: Line[] = [...blank];
	for (const [index, field] of overlay.fields.entries()) {
		if (!isFieldVisible(overlay, field)) {
			continue;
		}

		const isAt = index === overlay.at;
		lines.push({
			spans: [
				{text: isAt ? ` ${glyphs.cursor} ` : '   '},
				{text: fitToCells(field.label, label)},
				...valueSpans(field, isAt, glyphs, width - 6 - label),
				styled('text.dim', field.note === '' ? '' : `   ${field.note}`),
			],
			...(isAt && {ground: 'selection' as const}),
		});
	}

	lines.push(...blank);
	if (overlay.problem !== null) {
		lines.push(...wrapToWidth(overlay.problem, width - 8).map(text => line('   ', styled('notice.error', text))), ...blank);
	}

	const notes = overlay.notes.flatMap(note => (note.startsWith(' ') ? wrapCommand(note.trim(), width - 12) : wrapToWidth(note, width - 8)));
	lines.push(...notes.map(note => line('   ', styled('text.dim', note))), line(''));
	return framed(
		screen,
		overlay.title,
		lines,
		keysOf(screen, [
			['form.submit', overlay.submit],
			['form.next', 'next field'],
			...(equivalentCommand(overlay) === null ? [] : [['form.copy-script', 'copy command'] as const]),
			['form.cancel', 'back'],
		]),
		width,
	);
}

function valueSpans({value, choices, untouched}: FormField, isAt: boolean, {caret, chooseLeft, chooseRight}: Glyphs, room: number): Span[] {
	if (choices !== null) {
		return [
			styled('focus', isAt ? `${chooseLeft} ` : ''),
			{text: choices.find(choice => choice.value === value)?.shown ?? value},
			styled('focus', isAt && choices.length > 1 ? ` ${chooseRight}` : ''),
		];
	}

	if (!isAt) {
		return [{text: `${value} `}];
	}

	const [before, ...rest] = typedSpans({text: value, caret: value.length}, caret, room);
	return untouched ? [{...before!, role: 'selection'}, ...rest] : [before!, ...rest];
}

function confirm(screen: RenderInput, overlay: ConfirmDialog): Floating {
	const width = Math.min(72, screen.state.size.columns - 4);
	const lines = [
		line(''),
		...wrapToWidth(overlay.question, width - 6).map(text => line('  ', styled('danger', text))),
		...overlay.details.flatMap(detail => wrapToWidth(detail, width - 6)).map(text => line('  ', styled('text.dim', text))),
		line(''),
	];
	return framed(
		screen,
		'Confirm',
		lines,
		keysOf(screen, [
			['confirm.yes', 'yes'],
			['confirm.no', 'no'],
		]),
		width,
	);
}

/** Continues a command as a shell reads it, so that it can be copied. */
function wrapCommand(command: string, width: number): string[] {
	// Only a continued command needs two cells for the backslash.
	if (cellWidth(command) <= width + 4) {
		return [`  ${command}`];
	}

	const rows = commandRows(command, width);
	return rows.flatMap((row, index) => {
		const [first, ...rest] = piecesOf(`${row}${index === rows.length - 1 ? '' : ' \\'}`, width + 2);
		return [`${index === 0 ? '  ' : '    '}${first}`, ...rest.map(piece => `    ${piece}`)];
	});
}

function piecesOf(row: string, width: number): string[] {
	if (cellWidth(row) <= width) {
		return [row];
	}

	const head = truncateToCells(row, width, '') || [...row][0]!;
	return [head, ...piecesOf(row.slice(head.length), width)];
}

/** Breaks only between shell words, because a backslash in quotes would be part of the word. */
function commandRows(command: string, width: number): string[] {
	const rows: string[] = [];
	for (const word of command.match(/(?:'[^']*'|\\.|[^\s'\\])+/g) ?? []) {
		const row = `${rows.at(-1) ?? ''} ${word}`;
		if (rows.length > 0 && cellWidth(row) <= width) {
			rows[rows.length - 1] = row;
		} else {
			rows.push(word);
		}
	}

	return rows;
}

function keysOf(screen: RenderInput, actions: ReadonlyArray<readonly [string, string]>): KeyHint[] {
	return actions.flatMap(([action, label]): KeyHint[] => {
		const key = action === 'picker.up' ? [hintedKey(screen, action), hintedKey(screen, 'picker.down')].join('') : hintedKey(screen, action);
		return key === undefined ? [] : [{action, spans: [styled('key', key), {text: label === '' ? ' choose' : ` ${label}`}]}];
	});
}

type KeyHint = {action: string; spans: readonly Span[]};

const leftOut = ['picker.complete', 'form.next', 'form.copy-script', 'picker.up'];

function keysWithin(hints: readonly KeyHint[], room: number, dot: string): Span[] {
	let left = hints;
	const spans = () => left.flatMap((hint, index): Span[] => [...(index === 0 ? [] : [styled('text.dim', ` ${dot} `)]), ...hint.spans]);
	while (left.length > 0 && lineWidth(spans()) > room) {
		const out = leftOut.find(id => left.some(({action}) => action === id)) ?? left.at(-1)!.action;
		left = left.filter(({action}) => action !== out);
	}

	return spans();
}

function framed(screen: RenderInput, title: string, lines: readonly Line[], hints: readonly KeyHint[], width: number): Floating {
	const {
		theme: {
			glyphs: {frame, dot, more},
		},
		state: {size},
	} = screen;
	const inner = width - 2;
	const head = truncateToCells(title, inner - 3, more);
	const keys = keysWithin(hints, inner - 3, dot);
	const edge = styled('rule', frame.side);
	const body = lines
		.slice(0, Math.max(3, size.rows - 6))
		.map(({spans, ground}): Line => ({spans: [edge, ...spread(spans, [], inner).spans, edge], ...(ground && {ground})}));
	const along = (beside: number) => frame.along.repeat(Math.max(0, inner - beside - 3));
	const top: Line = {
		spans: [
			styled('rule', `${frame.topLeft}${frame.along} `),
			styled('title', head),
			styled('rule', ` ${along(cellWidth(head))}${frame.topRight}`),
		],
	};
	const bottom: Line = {
		spans: [
			styled('rule', `${frame.bottomLeft}${along(lineWidth(keys))} `),
			...keys,
			styled('rule', ` ${frame.along}${frame.bottomRight}`),
		],
	};
	const all = [top, ...body, bottom];
	return {
		lines: all,
		width,
		left: Math.max(0, Math.floor((size.columns - width) / 2)),
		top: Math.max(1, Math.min(4, size.rows - all.length - 1)),
	};
}
