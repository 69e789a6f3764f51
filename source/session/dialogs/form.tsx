/** Fields to fill in. */
import {Box} from 'ink';
import type {ReactNode} from 'react';
import {cellWidth, truncateToCells} from '../../text/cell-width.ts';
import type {Glyphs} from '../kit/glyphs.ts';
import {MouseBox, Row, useReading, Words} from '../kit/styled-text.tsx';
import {useScreen} from '../kit/screen-input.ts';
import {line, spokenLines, styled, type Span} from '../kit/styled-line.ts';
import {equivalentCommand, isFieldVisible, type FormDialog, type FormField} from './dialog.ts';
import {DialogFrame, frameWidth} from './dialog-frame.tsx';
import {typedSpans} from './prompt.tsx';

export function Form({form}: {readonly form: FormDialog}): ReactNode {
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
						<Command key={index} rows={wrapCommand(note.trim(), frameWidth(columns) - 12)} />
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

type FieldProps = {
	readonly field: FormField;
	readonly index: number;
	readonly labelWidth: number;
	readonly isAt: boolean;
	readonly columns: number;
};

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
	{value, choices, untouched}: FormField,
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

	if (!isAt) {
		return [{text: `${value} `}];
	}

	const [before, ...rest] = typedSpans({text: value, caret: value.length}, caret, width);
	return untouched ? [{...before!, role: 'selection'}, ...rest] : [before!, ...rest];
}

function Command({rows}: {readonly rows: readonly string[]}): ReactNode {
	return rows.map((row, index) => <Row key={index} spans={[styled('text.dim', row)]} />);
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
