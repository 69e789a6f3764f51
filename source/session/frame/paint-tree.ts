/** Paints Ink's tree, as Ink laid it out, into cells, writes the cells that changed, and finds what lies under a cell. */
import type {DOMElement} from 'ink';
import wrapAnsi from 'wrap-ansi';
import type {ActionId} from '../../actions/action-table.ts';
import {cellWidth} from '../../text/cell-width.ts';
import {CellGrid} from '../kit/cell-grid.ts';
import {asciiGlyphs, toAscii, type Role, type Theme} from '../kit/theme.ts';
import type {PaintedBoxes} from '../kit/rows.tsx';
import type {ScreenInput} from '../kit/screen-input.ts';
import {clipSpans, lineWidth, sgrSpans, type Line} from '../kit/styled-line.ts';
import type {MousePane, MouseTargets} from '../kit/styled-text.tsx';
import type {TreeOutput} from './ink-screen.ts';
import {shownTail} from './session-state.ts';

type Painting = {grid: CellGrid; theme: Theme; boxes: PaintedBoxes};

type Area = {left: number; top: number; right: number; bottom: number};

const [enterScreen, leaveScreen] = ['\u001B[?1049h\u001B[?25l', '\u001B[?1049l\u001B[?25h'];
/** Buttons and wheel without motion. Terminals select text while Shift is held. */
const [mouseOn, mouseOff] = ['\u001B[?1000h\u001B[?1006h', '\u001B[?1006l\u001B[?1000l'];
const eraseScreen = '\u001B[2J';

/** `pane`: the innermost pane. `item`: the item of the pane that the row shows. `action`: what the text at this cell stands for. */
export type MouseHit = {pane: MousePane | null; item: number | null; action: ActionId | null};

type Cell = {column: number; row: number};

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

/** Paints Ink's tree in the alternate screen, and writes the cells that changed. */
export class CellOutput implements TreeOutput {
	readonly #boxes: PaintedBoxes;
	readonly #hasMouse: boolean;
	#grid = new CellGrid(0, 0);
	#isMouseOn = false;

	constructor(boxes: PaintedBoxes, hasMouse: boolean) {
		this.#boxes = boxes;
		this.#hasMouse = hasMouse;
	}

	enter(): string {
		this.#grid.forget();
		return enterScreen;
	}

	leave(): string {
		return `${this.#switchMouse(false)}${leaveScreen}`;
	}

	erase(): string {
		this.#grid.forget();
		return eraseScreen;
	}

	show(root: DOMElement, {state, theme}: ScreenInput): string {
		const {columns, rows} = state.size;
		// A plain tail is for selecting text with the mouse.
		let bytes = this.#switchMouse(this.#hasMouse && shownTail(state)?.plain !== true);
		if (this.#grid.columns !== columns || this.#grid.rows !== rows) {
			this.#grid = new CellGrid(columns, rows);
			bytes += eraseScreen;
		}

		paintTree(root, {grid: this.#grid, theme, boxes: this.#boxes});
		return bytes + this.#grid.takeChanges();
	}

	#switchMouse(isOn: boolean): string {
		if (isOn === this.#isMouseOn) {
			return '';
		}

		this.#isMouseOn = isOn;
		return isOn ? mouseOn : mouseOff;
	}
}

/** Finds what lies under a cell, in the order in which `paintTree` paints. */
export function mouseHit(root: DOMElement, cell: Cell, {targets, boxes}: {targets: MouseTargets; boxes: PaintedBoxes}): MouseHit {
	let hit: MouseHit = {pane: null, item: null, action: null};
	const visit = (node: DOMElement, origin: Cell, isClipped: boolean) => {
		const {yogaNode} = node;
		if (!yogaNode || node.style.display === 'none') {
			return;
		}

		const column = origin.column + yogaNode.getComputedLeft();
		const row = origin.row + yogaNode.getComputedTop();
		const [left, top] = [cell.column - column, cell.row - row];
		const isInside = !isClipped && left >= 0 && top >= 0 && left < yogaNode.getComputedWidth() && top < yogaNode.getComputedHeight();
		if (isInside) {
			const {pane, line} = targets.get(node) ?? {};
			const draw = boxes.get(node);
			// An absolute box covers what lies below it.
			const below = node.style.position === 'absolute' ? {pane: null, item: null, action: null} : hit;
			const shown = line ?? draw?.({columns: yogaNode.getComputedWidth(), rows: yogaNode.getComputedHeight()})[top];
			const inPane = pane ? {pane, item: null, action: null} : below;
			hit = shown ? {...inPane, item: shown.item ?? inPane.item, action: actionAt(shown, left)} : inPane;
		}

		for (const child of node.childNodes) {
			if (child.nodeName !== '#text') {
				visit(child, {column, row}, isClipped || (node.style.overflow === 'hidden' && !isInside));
			}
		}
	};

	visit(root, {column: 0, row: 0}, false);
	return hit;
}

function actionAt({spans}: Line, column: number): ActionId | null {
	let end = 0;
	for (const {text, action} of spans) {
		end += cellWidth(text);
		if (column < end) {
			return action ?? null;
		}
	}

	return null;
}
