/** Paints Ink's tree, as Ink laid it out, into cells. */
import type {DOMElement} from 'ink';
import wrapAnsi from 'wrap-ansi';
import type {CellGrid} from '../kit/cell-grid.ts';
import {asciiGlyphs, toAscii} from '../kit/glyphs.ts';
import type {PaintedBoxes} from '../kit/rows.tsx';
import {clipSpans, lineWidth, sgrSpans, type Line} from '../kit/styled-line.ts';
import type {Role, Theme} from '../kit/theme.ts';

type Painting = {grid: CellGrid; theme: Theme; boxes: PaintedBoxes};

type Area = {left: number; top: number; right: number; bottom: number};

/** The names of borders' and backgrounds' colors are roles. A background covers what lies below it. */
export function paintTree(root: DOMElement, painting: Painting): void {
	const {grid} = painting;
	grid.clear();
	paintNode(root, {left: 0, top: 0}, {left: 0, top: 0, right: grid.columns, bottom: grid.rows}, painting);
}

function paintNode(node: DOMElement, origin: {left: number; top: number}, clip: Area, painting: Painting): void {
	const {yogaNode} = node;
	if (!yogaNode || node.style.display === 'none') {
		return;
	}

	const left = origin.left + yogaNode.getComputedLeft();
	const top = origin.top + yogaNode.getComputedTop();
	const area = intersect(clip, {left, top, right: left + yogaNode.getComputedWidth(), bottom: top + yogaNode.getComputedHeight()});
	if (node.nodeName === 'ink-text') {
		paintLines(textLines(node, yogaNode.getComputedWidth()), area, painting);
		return;
	}

	const {backgroundColor} = node.style;
	if (backgroundColor) {
		coverArea(area, painting.grid);
	}

	paintBorder(node, area, painting);
	const draw = painting.boxes.get(node);
	if (draw) {
		paintLines(draw({columns: area.right - area.left, rows: area.bottom - area.top}), area, painting);
	}

	const inner = node.style.overflow === 'hidden' ? area : clip;
	for (const child of node.childNodes) {
		if (child.nodeName !== '#text') {
			paintNode(child, {left, top}, inner, painting);
		}
	}

	if (backgroundColor) {
		shadeArea(area, painting.theme.sgr[backgroundColor as Role] ?? '', painting.grid);
	}
}

/** A box with `borderTop` alone is a rule. */
function paintBorder({style}: DOMElement, {left, top, right, bottom}: Area, {grid, theme}: Painting): void {
	const {borderStyle: glyphs} = style;
	if (typeof glyphs !== 'object' || right === left || bottom === top) {
		return;
	}

	const sgr = theme.sgr[style.borderColor as Role] ?? '';
	const [isLeft, isRight] = [style.borderLeft !== false, style.borderRight !== false];
	const edge = (row: number, first: string, along: string, last: string) => {
		const inner = along.repeat(right - left - (isLeft ? 1 : 0) - (isRight ? 1 : 0));
		grid.write(row, left, right, `${isLeft ? first : ''}${inner}${isRight ? last : ''}`, sgr);
	};

	for (let row = top; row < bottom && (isLeft || isRight); row++) {
		grid.write(row, left, right, isLeft ? glyphs.left : '', sgr);
		grid.write(row, right - 1, right, isRight ? glyphs.right : '', sgr);
	}

	if (style.borderTop !== false) {
		edge(top, glyphs.topLeft, glyphs.top, glyphs.topRight);
	}

	if (style.borderBottom !== false) {
		edge(bottom - 1, glyphs.bottomLeft, glyphs.bottom, glyphs.bottomRight);
	}
}

/** Wraps as Ink measured it. */
function textLines(node: DOMElement, width: number): Line[] {
	const text = textOf(node);
	const wrapped = (node.style.textWrap ?? 'wrap') === 'wrap' ? wrapAnsi(text, width, {trim: false, hard: true}) : text;
	return wrapped.split('\n').map(row => ({spans: sgrSpans(row)}));
}

/** The text of a text element, as its components transform it. */
export function textOf(node: DOMElement): string {
	return node.childNodes
		.map(child => {
			if (child.nodeName === '#text') {
				return child.nodeValue;
			}

			const text = textOf(child);
			return child.internal_transform && text !== '' ? child.internal_transform(text, 0) : text;
		})
		.join('');
}

function paintLines(lines: readonly Line[], {left, top, right, bottom}: Area, {grid, theme}: Painting): void {
	const isAscii = theme.glyphs === asciiGlyphs;
	for (const [index, {spans, ground}] of lines.slice(0, bottom - top).entries()) {
		const row = top + index;
		const shown = lineWidth(spans) > right - left ? clipSpans(spans, right - left, theme.glyphs.more) : spans;
		let column = left;
		for (const {text, role, sgr} of shown) {
			column = grid.write(row, column, right, isAscii ? toAscii(text) : text, sgr ?? (role === undefined ? '' : theme.sgr[role]));
		}

		if (ground !== undefined) {
			grid.shade(row, left, right, theme.sgr[ground]);
		}
	}
}

function coverArea({left, top, right, bottom}: Area, grid: CellGrid): void {
	for (let row = top; row < bottom; row++) {
		grid.write(row, left, right, ' '.repeat(right - left), '');
	}
}

function shadeArea({left, top, right, bottom}: Area, sgr: string, grid: CellGrid): void {
	for (let row = top; row < bottom && sgr !== ''; row++) {
		grid.shade(row, left, right, sgr);
	}
}

function intersect(one: Area, other: Area): Area {
	const left = Math.max(one.left, other.left);
	const top = Math.max(one.top, other.top);
	return {left, top, right: Math.max(left, Math.min(one.right, other.right)), bottom: Math.max(top, Math.min(one.bottom, other.bottom))};
}
