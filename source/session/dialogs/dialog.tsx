/** The open dialog, over the screen: a question, a card, a form or a picker. A prompt is the last row instead. */
import {Box} from 'ink';
import type {ReactNode} from 'react';
import {cellWidth, fitToCells, truncateToCells, wrapCommand} from '../../base/text/cell-width.ts';
import type {Glyphs} from '../kit/theme.ts';
import {describeHiddenRows, MouseBox, Row, useReading, Words} from '../kit/styled-text.tsx';
import {useScreen} from '../kit/screen-input.ts';
import {line, spokenLines, styled, type Span} from '../kit/styled-line.ts';
import {DialogFrame, frameWidth, typedSpans} from './prompt.tsx';
import {
	atEnd,
	equivalentCommand,
	isFieldVisible,
	matchingItems,
	type CardDialog,
	type ConfirmDialog,
	type FormDialog,
	type FormField,
	type PickerDialog,
	type PickerItem,
} from './dialog.ts';

type FieldProps = {
	readonly field: FormField;
	readonly index: number;
	readonly labelWidth: number;
	readonly isAt: boolean;
	readonly columns: number;
};

type ItemProps = {readonly item: PickerItem; readonly index: number; readonly of: number; readonly text: string; readonly isAt: boolean};

type ShownItems = {items: readonly PickerItem[]; shown: ReadonlyArray<PickerItem | string>; above: number; below: number};

/** The borders of the frame, and what is left of a row's text. */
const frameAndCursor = 5;
const minColumn = 12;
/** Shown whole; a longer text in the last column is cut at the frame. */
const maxLastColumn = 20;

export function Dialog(): ReactNode {
	const dialog = useScreen(({state}) => state.dialog);
	switch (dialog?.kind) {
		case 'picker': {
			return <Picker picker={dialog} />;
		}

		case 'form': {
			return <Form form={dialog} />;
		}

		case 'confirm': {
			return <Confirm confirm={dialog} />;
		}

		case 'card': {
			return <FailureCard card={dialog} />;
		}

		default: {
			return null;
		}
	}
}

function Confirm({confirm: {question, details}}: {readonly confirm: ConfirmDialog}): ReactNode {
	return (
		<DialogFrame
			title="Confirm"
			keys={[
				['confirm.yes', 'yes'],
				['confirm.no', 'no'],
			]}
		>
			<Box flexDirection="column" paddingX={2} paddingY={1}>
				<Words role="title">{question}</Words>
				{details.map((detail, index) => (
					<Words key={index} role="text.dim">
						{detail}
					</Words>
				))}
			</Box>
		</DialogFrame>
	);
}

function FailureCard({card: {title, parts}}: {readonly card: CardDialog}): ReactNode {
	return (
		<DialogFrame
			title={title}
			keys={[
				['doctor', 'doctor'],
				['retry', 'retry'],
				['copy', 'copy'],
				['why', 'why'],
				['cancel', 'close'],
			]}
		>
			<Box flexDirection="column" paddingX={2} paddingY={1}>
				{parts.map(({role, text}, index) => (
					<Words key={index} {...(cardRoles[role] && {role: cardRoles[role]})}>
						{role === 'fix' ? `fix: ${text}` : text}
					</Words>
				))}
			</Box>
		</DialogFrame>
	);
}

const cardRoles = {where: 'title', message: 'notice.error', server: undefined, error: undefined, fix: 'focus'} as const;

/** Fields to fill in. */
function Form({form}: {readonly form: FormDialog}): ReactNode {
	const {columns, rows} = useScreen(({state}) => state.size);
	const labelWidth = Math.max(...form.fields.map(field => cellWidth(field.label))) + 2;
	// A low screen may need the rows for a problem.
	const gap = rows < 20 ? 0 : 1;
	return (
		<DialogFrame
			title={form.title}
			keys={[
				['accept', form.submit],
				['move.down', 'next field'],
				...(equivalentCommand(form) === null ? [] : [['copy', 'copy command'] as const]),
				['cancel', 'back'],
			]}
		>
			<Box flexDirection="column" paddingY={gap}>
				{form.fields.map(
					(field, index) =>
						isFieldVisible(form, field) && (
							<Field key={field.name} field={field} index={index} labelWidth={labelWidth} isAt={index === form.at} columns={columns} />
						),
				)}
			</Box>
			<Box flexDirection="column" paddingLeft={3} paddingRight={1} paddingBottom={1}>
				{form.problem !== null && (
					<Box paddingBottom={gap}>
						<Words role="notice.error">{form.problem}</Words>
					</Box>
				)}
				{form.notes.map((note, index) =>
					note.startsWith(' ') ? (
						<Command key={index} rows={commandLines(note.trim(), frameWidth(columns) - 12)} />
					) : (
						<Words key={index} role="text.dim">
							{note}
						</Words>
					),
				)}
			</Box>
		</DialogFrame>
	);
}

function Field({field, index, labelWidth, isAt, columns}: FieldProps): ReactNode {
	const {glyphs} = useScreen(({theme}) => theme);
	const reading = useReading(() => (isAt ? spokenField(field) : ''));
	return (
		<MouseBox
			line={{spans: [], item: index}}
			backgroundColor={isAt ? 'selection' : ''}
			aria-role={field.choices === undefined ? 'textbox' : 'combobox'}
			{...reading}
		>
			<Box width={labelWidth + 3} flexShrink={0}>
				<Row spans={[{text: isAt ? ` ${glyphs.cursor} ` : '   '}, {text: field.label}]} />
			</Box>
			<Row
				spans={[
					...valueSpans(field, isAt, glyphs, frameWidth(columns) - 6 - labelWidth),
					styled('text.dim', field.note ? `   ${field.note}` : ''),
				]}
			/>
		</MouseBox>
	);
}

function spokenField({label, value, choices, note = ''}: FormField): string {
	const shown = choices?.find(choice => choice.value === value)?.shown ?? value;
	return spokenLines([line(`${label}: ${shown === '' ? 'empty' : shown}${note === '' ? '' : `, ${note}`}`)]);
}

function valueSpans(
	{value, choices, untouched = false}: FormField,
	isAt: boolean,
	{caret, chooseLeft, chooseRight}: Glyphs,
	width: number,
): Span[] {
	if (choices !== undefined) {
		return [
			styled('focus', isAt ? `${chooseLeft} ` : ''),
			{text: choices.find(choice => choice.value === value)?.shown ?? value},
			styled('focus', isAt && choices.length > 1 ? ` ${chooseRight}` : ''),
		];
	}

	return isAt ? typedSpans({...atEnd(value), untouched}, caret, width) : [{text: `${value} `}];
}

function Command({rows}: {readonly rows: readonly string[]}): ReactNode {
	return rows.map((row, index) => <Row key={index} spans={[styled('text.dim', row)]} />);
}

/** A shell word that is longer than the frame is cut. A backslash in quotes would be part of the word. */
function commandLines(command: string, width: number): string[] {
	const words = command.match(/(?:'[^']*'|\\.|[^\s'\\])+/g) ?? [];
	return wrapCommand(command, width + 4, words).flatMap((row, index) => {
		const [first, ...rest] = piecesOf(row.trimStart(), cellWidth(command) <= width + 4 ? width + 4 : width + 2);
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

/** A list to choose from, narrowed by typing. */
function Picker({picker}: {readonly picker: PickerDialog}): ReactNode {
	const {title, lead = '', heads = [], keys = '', notes = []} = picker;
	const {columns, rows} = useScreen(({state}) => state.size);
	const {glyphs} = useScreen(({theme}) => theme);
	const {items, shown, above, below} = shownItems(picker, Math.max(3, Math.min(14, rows - 10 - notes.length)));
	const text = rowText(picker, frameWidth(columns) - frameAndCursor);
	const typed = typedSpans(picker.typed, glyphs.caret, frameWidth(columns) - 4 - cellWidth(lead));
	const end = items.length === 0 ? emptyText(picker) : above + below > 0 ? describeHiddenRows(above, below) : '';
	return (
		<DialogFrame
			title={title}
			keys={[
				['move.up', 'choose'],
				['accept', keys || 'choose'],
				['complete', 'complete'],
				['cancel', 'back'],
			]}
		>
			<Row spans={[{text: ` ${lead}`}, ...typed]} />
			{heads.length > 0 && <Row spans={[styled('text.dim', `   ${text(heads)}`)]} label="" />}
			{shown.map((row, index) =>
				typeof row === 'string' ? (
					<Row key={index} spans={[styled('title', ` ${row}`)]} label="" />
				) : (
					<Item
						key={index}
						index={items.indexOf(row)}
						of={items.length}
						item={row}
						text={text(row.cells)}
						isAt={row === items[picker.index]}
					/>
				),
			)}
			{end !== '' && <Row spans={[styled('text.dim', `   ${end}`)]} {...(items.length > 0 && {label: ''})} />}
			<Box flexDirection="column" paddingX={1} paddingTop={1}>
				{notes.map((note, index) => (
					<Words key={index} role="text.dim">
						{note}
					</Words>
				))}
			</Box>
		</DialogFrame>
	);
}

/** A screen reader reads the selected one. */
function Item({item, index, of, text, isAt}: ItemProps): ReactNode {
	const {cursor} = useScreen(({theme}) => theme.glyphs);
	const {off} = item;
	return (
		<MouseBox
			line={{spans: [], item: index}}
			backgroundColor={isAt ? 'selection' : ''}
			aria-role="option"
			aria-state={{disabled: off !== undefined}}
			aria-hidden={!isAt}
		>
			<Row
				spans={[
					{text: ' '},
					isAt ? styled('focus', cursor) : {text: ' '},
					{text: ' '},
					styled(off === undefined ? undefined : 'text.dim', text),
					styled('text.dim', off === undefined ? '' : `   ${off}`),
				]}
				label={`${index + 1} of ${of}: ${[...item.cells, off ?? ''].filter(cell => cell !== '').join(', ')}`}
			/>
		</MouseBox>
	);
}

/** The rows around the selected item. Matching items are in another order, without headings. */
function shownItems(picker: PickerDialog, most: number): ShownItems {
	const items = matchingItems(picker);
	const rows = items.flatMap<PickerItem | string>(item =>
		items === picker.items && item.heading !== undefined ? [item.heading, item] : [item],
	);
	const at = rows.indexOf(items[picker.index]!);
	const from = Math.max(0, Math.min(at - Math.floor(most / 2), rows.length - most));
	const countItems = (some: typeof rows) => some.filter(row => typeof row !== 'string').length;
	return {
		items,
		shown: rows.slice(from, from + most),
		above: countItems(rows.slice(0, from)),
		below: countItems(rows.slice(from + most)),
	};
}

/** The cells of a row in columns. The last one is as long as its text, and the widest ones before it leave its width free. */
function rowText({heads = [], items}: PickerDialog, maxWidth: number): (cells: readonly string[]) => string {
	const count = Math.max(1, ...items.map(item => item.cells.length));
	const widths = Array.from({length: count}, (_, column) =>
		Math.min(34, Math.max(cellWidth(heads[column] ?? ''), ...items.slice(0, 200).map(item => cellWidth(item.cells[column] ?? '')))),
	);
	const last = Math.min(maxLastColumn, widths.pop()!);
	const taken = () => widths.reduce((sum, width) => sum + width + 2, last);
	while (taken() > maxWidth && Math.max(...widths) > minColumn) {
		widths[widths.indexOf(Math.max(...widths))]!--;
	}

	return cells => cells.map((cell, column) => (column === count - 1 ? cell : fitToCells(cell, widths[column]!))).join('  ');
}

function emptyText({free, none, from, typed: {text}}: PickerDialog): string {
	if (!free || text === '') {
		return 'no match';
	}

	return none === undefined || from > 0 ? `${text} as typed` : `${none} ${text.trim().split(' ')[0]!}`;
}
