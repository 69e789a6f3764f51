/** The body of a list, a tail or a text, painted at the place that Ink's layout gives it, and a page of one such body. */
import {Box, measureElement, useIsScreenReaderEnabled, type DOMElement} from 'ink';
import {createContext, use, useLayoutEffect, type ReactNode} from 'react';
import {formatNumber} from '../../text/formats.ts';
import {Rule, useMouseTarget, useReading, type MousePane} from './styled-text.tsx';
import {useScreen, useScreenHost} from './screen-input.ts';
import {spokenLines, type Line} from './styled-line.ts';

type RowsSize = {columns: number; rows: number};

/** Returns at most `rows` lines; a longer line is cut. */
type DrawRows = (size: RowsSize) => readonly Line[];

/** What is painted into which box. */
export type PaintedBoxes = WeakMap<DOMElement, DrawRows>;

export const PaintedBoxesContext = createContext<PaintedBoxes>(new WeakMap());

type RowsProps = {
	readonly draw: DrawRows;
	/** Its share of the rows that other boxes leave. */
	readonly grow?: number;
	readonly minHeight?: number;
	readonly maxHeight?: number;
	readonly pane?: MousePane;
	readonly onSize?: (size: RowsSize) => void;
	/** What a screen reader reads instead of the first rows. */
	readonly read?: (size: RowsSize) => string;
};

type PageProps = {
	readonly title: string;
	readonly after?: string;
	readonly right: string;
	readonly body: readonly Line[];
	/** The first row, unless fewer than a page would follow. */
	readonly top: number;
};

/** The items of a view, with a cursor: as many rows as there are lines, or the rows around the cursor if fewer fit. */
export function CursorRows({lines, cursor, grow = 1, minHeight = 1}: CursorRowsProps): ReactNode {
	return (
		<Rows
			pane="view"
			grow={grow}
			minHeight={Math.min(minHeight, lines.length)}
			maxHeight={lines.length}
			draw={({rows}) => {
				const top = Math.max(0, Math.min(cursor - rows + 1, lines.length - rows));
				return lines.slice(top, top + rows);
			}}
			read={() => spokenItem(cursor, lines)}
		/>
	);
}

/** `2 of 3: …`, which counts the lines that are items. */
export function spokenItem(cursor: number, lines: readonly Line[]): string {
	const items = lines.filter(({item}) => item !== undefined);
	const line = lines[cursor];
	return line === undefined ? '' : `${items.indexOf(line) + 1} of ${items.length}: ${spokenLines([line])}`;
}

type CursorRowsProps = {readonly lines: readonly Line[]; readonly cursor: number; readonly grow?: number; readonly minHeight?: number};

/** Ink splits each text into cells three times per frame, which a flood of log lines cannot afford: 0.19 of a core, and 0.025 here. */
export function Rows(props: RowsProps): ReactNode {
	return useIsScreenReaderEnabled() ? <ReadRows {...props} /> : <PaintedRows {...props} />;
}

function PaintedRows({draw, grow = 1, minHeight = 0, maxHeight, pane, onSize}: RowsProps): ReactNode {
	const box = useMouseTarget(pane ? {pane} : {});
	const boxes = use(PaintedBoxesContext);
	// Ink computes the layout before it runs layout effects, and paints after them.
	useLayoutEffect(() => {
		boxes.set(box.current!, draw);
		const {width: columns, height: rows} = measureElement(box.current!);
		onSize?.({columns, rows});
	});
	return (
		<Box ref={box} flexGrow={grow} flexBasis={0} minHeight={minHeight} {...(maxHeight !== undefined && {maxHeight})} overflow="hidden" />
	);
}

function ReadRows({draw, read}: RowsProps): ReactNode {
	const columns = useScreen(({state}) => state.size.columns);
	const rows = useScreen(({state}) => state.pageRows);
	const text = read ?? ((size: RowsSize) => spokenLines(draw(size).slice(0, size.rows)));
	return <Box {...useReading(() => text({columns, rows}))} />;
}

/** `4 more` at the top of a list, else `2 above · 4 below`. */
export function describeHiddenRows(above: number, below: number): string {
	if (above === 0) {
		return `${below} more`;
	}

	return below === 0 ? `${above} above` : `${above} above · ${below} below`;
}

/** A full-size page of text: a titled rule, and the rows that fit below it. */
export function Page({title, after = '', right, body, top}: PageProps): ReactNode {
	const rows = useScreen(({state}) => state.pageRows);
	const {dot} = useScreen(({theme}) => theme.glyphs);
	const {onPageRows} = useScreenHost();
	const above = Math.max(0, Math.min(top, body.length - rows));
	const below = body.length - above - rows;
	const hidden = [above > 0 ? `${formatNumber(above)} above` : '', below > 0 ? `${formatNumber(below)} below` : ''];
	const note = [right, hidden.filter(part => part !== '').join('  ')].filter(part => part !== '').join(` ${dot} `);
	return (
		<>
			<Rule focus title={title} after={after} right={note} />
			<Rows
				pane="text"
				draw={size => body.slice(above, above + size.rows)}
				onSize={size => {
					onPageRows(size.rows);
				}}
			/>
		</>
	);
}
