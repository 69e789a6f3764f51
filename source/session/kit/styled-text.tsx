/** Styled lines as Ink text, the titled rule above a pane or page, and the boxes that take clicks. */
import {Box, Text, useIsScreenReaderEnabled, type DOMElement, measureElement} from 'ink';
import {createContext, memo, use, useLayoutEffect, useRef, type ComponentProps, type ReactNode, type RefObject} from 'react';
import {cellWidth} from '../../base/text/cell-width.ts';
import {useScreen} from './screen-input.ts';
import {line, lineWidth, spokenLines, styled, type Line} from './styled-line.ts';
import type {Role, Theme} from './theme.ts';

/** A pane that takes the wheel and the clicks on its items. `view`: the rows of the current view. */
export type MousePane = 'view' | 'connections' | 'tail' | 'text' | 'dialog';

/** `line`: what the texts in a box of one row show. `draw`: what is painted into an empty box. */
type BoxContent = {pane?: MousePane | undefined; line?: Line | undefined; draw?: DrawRows};

export type BoxContents = WeakMap<DOMElement, BoxContent>;

export const BoxContentsContext = createContext<BoxContents>(new WeakMap());

type MouseBoxProps = Omit<BoxContent, 'draw'> & ComponentProps<typeof Box> & {readonly children: ReactNode};

type RuleProps = {
	readonly title: string;
	readonly focus?: boolean;
	readonly after?: string;
	readonly right?: string;
	/** Replaces a `right` that does not fit. */
	readonly short?: string;
	/** Replace both texts if they do not fit, the first that does; otherwise the last one is cut. */
	readonly shorter?: ReadonlyArray<{after: string; right: string}>;
	readonly warn?: boolean;
};

type RowsSize = {columns: number; rows: number};

/** Returns at most `rows` lines; a longer line is cut. */
type DrawRows = (size: RowsSize) => readonly Line[];

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

type CursorRowsProps = {readonly lines: readonly Line[]; readonly cursor: number; readonly grow?: number; readonly minHeight?: number};

/**
One row; what does not fit is cut at the end. One text for all spans: an Ink element for each would cost as much as the rest of a frame.
Ink's own color properties do not know the theme, NO_COLOR or a terminal of 16 colors.
*/
export function Row(line: Line): ReactNode {
	const theme = useScreen(screen => screen.theme);
	const text = useIsScreenReaderEnabled() ? spokenLines([line]) : coloredText(line, theme);
	const shown = <ColoredText text={text} wrap="truncate-end" />;
	const isClickable = line.item !== undefined || line.spans.some(({action}) => action !== undefined);
	return isClickable ? <MouseBox line={line}>{shown}</MouseBox> : shown;
}

/** The properties of a box that a screen reader reads as this text; an empty text hides the box from it. */
export function useReading(text: () => string): {'aria-label'?: string; 'aria-hidden'?: boolean} {
	const label = useIsScreenReaderEnabled() ? text() : null;
	return label === null ? {} : {'aria-label': label, 'aria-hidden': label === ''};
}

/** Text of one role, wrapped at words. */
export function Words({role, children}: {readonly role?: Role; readonly children: string}): ReactNode {
	return (
		<ColoredText
			text={coloredText(
				{spans: [{text: children, role}]},
				useScreen(({theme}) => theme),
			)}
			wrap="wrap"
		/>
	);
}

function coloredText({spans, ground}: Line, {sgr}: Theme): string {
	return spans
		.map(({text, role, sgr: ofText}) => {
			const own = ofText ?? (role === undefined ? '' : sgr[role]);
			const codes = [ground === undefined ? '' : sgr[ground], own].filter(code => code !== '').join(';');
			return codes === '' || text === '' ? text : `\u001B[${codes}m${text}\u001B[0m`;
		})
		.join('');
}

const ColoredText = memo(({text, wrap}: {readonly text: string; readonly wrap: 'wrap' | 'truncate-end'}): ReactNode => (
	<Text wrap={wrap}>{text}</Text>
));

export function MouseBox({pane, line, children, ...style}: MouseBoxProps): ReactNode {
	const box = useBoxContent({pane, line});
	return (
		<Box ref={box} {...style}>
			{children}
		</Box>
	);
}

/** Returns the ref of the box. */
function useBoxContent(content: BoxContent): RefObject<DOMElement | null> {
	const box = useRef<DOMElement>(null);
	const contents = use(BoxContentsContext);
	useLayoutEffect(() => {
		// A box that is hidden from a screen reader is not there.
		if (box.current !== null) {
			contents.set(box.current, content);
		}
	});
	return box;
}

/** The titled rule above a pane or page. */
export const Rule = memo(
	({title, focus = false, after: whole = '', right = '', short = right, shorter = [], warn = false}: RuleProps): ReactNode => {
		const columns = useScreen(({state}) => state.size.columns);
		const {rule, tabLeft, tabRight} = useScreen(({theme}) => theme.glyphs);
		const leftOf = (after: string) =>
			focus
				? [styled('rule', rule), styled('focus', `${tabLeft}${title}${tabRight}`), {text: after === '' ? '' : ` ${after} `}]
				: [styled('rule', rule + rule), {text: ` ${title} `}, {text: after === '' ? '' : `${after} `}];
		const texts = [{after: whole, right}, {after: whole, right: short}, ...shorter];
		const {after, right: note} = texts.find(one => cellWidth(one.right) <= columns - lineWidth(leftOf(one.after)) - 4) ?? texts.at(-1)!;
		const left = leftOf(after);
		const reading = useReading(() => spokenLines([line(title, after === '' ? '' : `: ${after}`, note === '' ? '' : `, ${note}`)]));
		return (
			<Box flexShrink={0} {...reading}>
				<Box flexShrink={0}>
					<Row spans={left} />
				</Box>
				<Dashes grows />
				{note !== '' && (
					<>
						<Box paddingX={1}>
							<Row spans={[styled(warn ? 'notice.warn' : 'text.dim', note)]} />
						</Box>
						<Dashes />
					</>
				)}
			</Box>
		);
	},
);

function Dashes({grows = false}: {readonly grows?: boolean}): ReactNode {
	const {rule} = useScreen(({theme}) => theme.glyphs);
	const [borderBottom, borderLeft, borderRight] = [false, false, false];
	const borderStyle = {top: rule, topLeft: '', topRight: '', left: '', right: '', bottom: '', bottomLeft: '', bottomRight: ''};
	const size = grows ? {flexGrow: 1, flexBasis: 0, minWidth: 1} : {width: 1, flexShrink: 0};
	return <Box {...{borderStyle, borderBottom, borderLeft, borderRight}} borderColor="rule" {...size} />;
}

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

/** Painted as lines, not rendered as Ink's texts, which take five times as long in a tail. @see docs/dependencies.md */
export function Rows(props: RowsProps): ReactNode {
	return useIsScreenReaderEnabled() ? <ReadRows {...props} /> : <PaintedRows {...props} />;
}

function PaintedRows({draw, grow = 1, minHeight = 0, maxHeight, pane, onSize}: RowsProps): ReactNode {
	const box = useBoxContent({pane, draw});
	// Ink computes the layout before it runs layout effects, and paints after them.
	useLayoutEffect(() => {
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
