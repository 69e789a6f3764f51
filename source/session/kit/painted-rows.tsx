/** Rows that Ink lays out and the row painter writes unchanged. */
import {Box, type DOMElement} from 'ink';
import {createContext, memo, use, useId, useLayoutEffect, useRef, type ReactNode} from 'react';
import type {RowPainter} from './row-painter.ts';
import {paint, type Line} from './styled-line.ts';
import type {Theme} from './theme.ts';

export const PainterContext = createContext<RowPainter | null>(null);

type PaintedRowsProps = {readonly lines: readonly Line[]; readonly width: number; readonly theme: Theme; readonly floats?: boolean};

export const PaintedRows = memo(({lines, width, theme, floats = false}: PaintedRowsProps): ReactNode => {
	const id = useId();
	const box = useRef<DOMElement>(null);
	const painter = use(PainterContext);
	// Ink computes the layout before it runs layout effects.
	useLayoutEffect(() => {
		painter?.set(id, {...placeOf(box.current), rows: lines.map(one => paint(one, width, theme)), floats});
	});
	useLayoutEffect(
		() => () => {
			painter?.delete(id);
		},
		[painter, id],
	);
	return <Box ref={box} flexShrink={0} width={width} height={lines.length} />;
});

function placeOf(node: DOMElement | null): {top: number; left: number} {
	let [top, left] = [0, 0];
	for (let at: DOMElement | undefined = node ?? undefined; at; at = at.parentNode) {
		top += at.yogaNode?.getComputedTop() ?? 0;
		left += at.yogaNode?.getComputedLeft() ?? 0;
	}

	return {top, left};
}
