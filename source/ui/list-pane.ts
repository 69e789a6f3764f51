/** A list, or the text of an empty list. */
import type {ListName} from '../state/list-kinds.ts';
import type {ListState} from '../state/list-state.ts';
import {isAwaitingApiserver} from '../state/session-state.ts';
import type {Row} from '../state/table-rows.ts';
import {wrapToWidth} from './chrome.ts';
import {describeEmptyList} from './empty-list.ts';
import {chooseColumns, fillCell, gap, headText, rangeOf, spaceBeside, type ColumnLayout} from './list-columns.ts';
import type {RenderInput} from './render-input.ts';
import {padLines, line, styled, type Line, type Span} from './styled-line.ts';
import {unreachablePane} from './unreachable-pane.ts';

export function listPane(screen: RenderInput, name: ListName, rows: number, width: number): Line[] {
	const list = screen.state.lists[name];
	if (isAwaitingApiserver(screen.state)) {
		return padLines(unreachablePane(screen, rows + 1, width), rows + 1);
	}

	const shown = list.visible.slice(list.top, list.top + rows);
	const columns = chooseColumns(screen, list, shown, width);
	const lines =
		shown.length === 0
			? describeEmptyList(screen, list)
					.flatMap(words => wrapToWidth(words, width - 2))
					.map(words => line(' ', styled('text.dim', words)))
			: shown.map((row, index) => rowLine(screen, list, row, list.top + index === list.cursorIndex, columns));
	const range = list.visible.length === 0 ? '' : rangeOf(list, rows);
	return padLines([headLine(headText(list, columns), range, width), ...lines], rows + 1);
}

function headLine(text: string, range: string, width: number): Line {
	const space = spaceBeside(text, range, width);
	return line(styled('text.dim', space > 0 ? `${text}${' '.repeat(space)}${range}` : text));
}

function rowLine(screen: RenderInput, list: ListState, row: Row, isCursor: boolean, columns: readonly ColumnLayout[]): Line {
	const {glyphs} = screen.theme;
	const hasFocus = screen.state.pane === 'main';
	const mark = list.marked.has(row.id) ? styled('mark', glyphs.marked) : {text: ' '};
	const cursor = isCursor ? styled('focus', hasFocus ? glyphs.cursor : glyphs.cursorElsewhere) : {text: ' '};
	const cells = columns.flatMap((column, index): Span[] => [
		{text: index === 0 ? '' : ' '.repeat(gap)},
		styled(row.gone !== null ? 'gone' : column.role?.(row), fillCell(column.cell(row), column.width)),
	]);
	return {spans: [mark, cursor, {text: ' '}, ...cells], ...(isCursor && hasFocus && {ground: 'selection' as const})};
}
