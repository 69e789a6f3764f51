/** A list to choose from, narrowed by typing. */
import {Box} from 'ink';
import type {ReactNode} from 'react';
import {cellWidth, fitToCells} from '../../text/cell-width.ts';
import {MouseBox, Row, Words} from '../kit/styled-text.tsx';
import {useScreen} from '../kit/screen-input.ts';
import {styled} from '../kit/styled-line.ts';
import {describeHiddenRows} from '../kit/rows.tsx';
import {matchingItems, type PickerDialog, type PickerItem} from './dialog.ts';
import {DialogFrame, frameWidth} from './dialog-frame.tsx';
import {typedSpans} from './prompt.tsx';

export function Picker({picker}: {readonly picker: PickerDialog}): ReactNode {
	const {columns, rows} = useScreen(({state}) => state.size);
	const {glyphs} = useScreen(({theme}) => theme);
	const {items, shown, above, below} = shownItems(picker, Math.max(3, Math.min(14, rows - 10 - picker.notes.length)));
	const text = rowText(picker, frameWidth(columns) - frameAndCursor);
	const typed = typedSpans(picker.typed, glyphs.caret, frameWidth(columns) - 4 - cellWidth(picker.lead));
	const end = items.length === 0 ? emptyText(picker) : above + below > 0 ? describeHiddenRows(above, below) : '';
	return (
		<DialogFrame
			title={picker.title}
			keys={[
				['move.up', 'choose'],
				['accept', picker.keys || 'choose'],
				['complete', 'complete'],
				['cancel', 'back'],
			]}
		>
			<Row spans={[{text: ` ${picker.lead}`}, ...typed]} />
			{picker.heads.length > 0 && <Row spans={[styled('text.dim', `   ${text(picker.heads)}`)]} label="" />}
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
				{picker.notes.map((note, index) => (
					<Words key={index} role="text.dim">
						{note}
					</Words>
				))}
			</Box>
		</DialogFrame>
	);
}

type ItemProps = {readonly item: PickerItem; readonly index: number; readonly of: number; readonly text: string; readonly isAt: boolean};

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

type ShownItems = {items: readonly PickerItem[]; shown: ReadonlyArray<PickerItem | string>; above: number; below: number};

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

/** The borders of the frame, and what is left of a row's text. */
const frameAndCursor = 5;
const minColumn = 12;
/** Shown whole; a longer text in the last column is cut at the frame. */
const maxLastColumn = 20;

/** The cells of a row in columns. The last one is as long as its text, and the widest ones before it leave its width free. */
function rowText({heads, items}: PickerDialog, maxWidth: number): (cells: readonly string[]) => string {
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

	return none === null || from > 0 ? `${text} as typed` : `${none} ${text.trim().split(' ')[0]!}`;
}
