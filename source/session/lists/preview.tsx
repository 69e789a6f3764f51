/** The details of the selected row, below its list. */
import {Box} from 'ink';
import type {ReactNode} from 'react';
import {previewRows} from '../frame/layout.ts';
import {currentList} from '../frame/session-state.ts';
import {firstKey, useScreenWith, type ScreenWith} from '../kit/screen-input.ts';
import {Rows} from '../kit/rows.tsx';
import {Rule} from '../kit/rule.tsx';
import {errorLines} from '../why/why.tsx';
import {line, styled, type Line} from '../kit/styled-line.ts';
import {textLines, textParts, type TextPart} from '../kit/text-rows.ts';
import {selectedRow} from './list-state.ts';
import type {Row as ListRow} from './table-rows.ts';

export function Preview(): ReactNode {
	const screen = useScreenWith(...textParts, 'selectedDetails', 'lists', 'view', 'zoom');
	const {state} = screen;
	const rows = previewRows(state);
	const list = currentList(state);
	const row = list && selectedRow(list);
	if (rows === 0 || row === null) {
		return null;
	}

	const key = firstKey(screen, 'list.details');
	return (
		<Box flexDirection="column" flexShrink={0} height={rows}>
			<Rule title={row.name} right={key === null ? '' : `${key} more`} />
			<Rows draw={() => previewLines(screen, row)} />
		</Box>
	);
}

function previewLines(screen: ScreenWith<TextPart | 'selectedDetails'>, row: ListRow): readonly Line[] {
	const {selectedDetails} = screen.state;
	if (row.unread !== undefined) {
		return textLines(screen, errorLines(row.unread, ['where', 'code']));
	}

	if (selectedDetails?.of !== row.id) {
		return [line(' ', styled('text.dim', 'reading …'))];
	}

	// The title line already shows the name.
	return textLines(
		screen,
		selectedDetails.lines.slice(1).filter(({rule}) => rule !== true),
	);
}
