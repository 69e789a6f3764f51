/** Ink's tree, whose undocumented members only this file reads: painted into cells as Ink laid it out, or read aloud. */
import {Box, render, type DOMElement, type Instance} from 'ink';
import {createElement} from 'react';
import wrapAnsi from 'wrap-ansi';
import type {ActionId} from '../actions/action-table.ts';
import {cellWidth} from '../../base/text/cell-width.ts';
import {CellGrid} from '../kit/cell-grid.ts';
import {asciiGlyphs, toAscii, type Role, type Theme} from '../kit/theme.ts';
import type {BoxContents, MousePane} from '../kit/styled-text.tsx';
import type {TerminalStreams} from './session-terminal.ts';
import {clipSpans, lineWidth, sgrSpans, type Line} from '../kit/styled-line.ts';

type Painting = {grid: CellGrid; theme: Theme; contents: BoxContents};

type Area = {left: number; top: number; right: number; bottom: number};

/** `pane`: the innermost pane. `item`: the item of the pane that the row shows. `action`: what the text at this cell stands for. */
export type MouseHit = {pane: MousePane | null; item: number | null; action: ActionId | null};

const nothing: MouseHit = {pane: null, item: null, action: null};

/** What a click finds in a box. `isCover`: nothing below it is found. */
export type PaintedBox = Area & {pane: MousePane | null; lines: readonly Line[]; isCover: boolean};

/**
Renders with Ink, but leaves it to `onCommit` to show the tree. Ink has no option for another output, so its root's `onRender` is replaced.
Upstream, this would be an option of `render`.
*/
export function takeOverOutput(
	{stdout, stdin}: TerminalStreams,
	isScreenReaderEnabled: boolean,
	onCommit: () => void,
): {ink: Instance; root: DOMElement} {
	let root: DOMElement | undefined;
	const ink = render(
		createElement(Box, {
			ref(box: DOMElement | null) {
				root ??= box?.parentNode;
			},
		}),
		// Not interactive: Ink writes no frames, and leaves screen, cursor and size to the caller.
		{stdout, stdin, exitOnCtrlC: false, patchConsole: false, interactive: false, isScreenReaderEnabled},
	);
	root!.onRender = onCommit;
	root!.onImmediateRender = onCommit;
	return {ink, root: root!};
}

/**
The names of borders' and backgrounds' colors are roles. A background covers what lies below it. Returns the boxes as they were painted, in
order: a click is on these lines, and the buffer of a tail moves on before the next frame.
*/
export function paintTree(root: DOMElement, painting: Painting): readonly PaintedBox[] {
	const {grid} = painting;
	const painted: PaintedBox[] = [];
	grid.clear();
	paintNode(root, {left: 0, top: 0}, {left: 0, top: 0, right: grid.columns, bottom: grid.rows}, {...painting, painted});
	return painted;
}

function paintNode(node: DOMElement, origin: {left: number; top: number}, clip: Area, painting: Painting & {painted: PaintedBox[]}): void {
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
	const {pane = null, line, draw} = painting.contents.get(node) ?? {};
	const [columns, rows] = [area.right - area.left, area.bottom - area.top];
	const lines = draw?.({columns, rows}) ?? [];
	paintLines(lines, area, painting);
	painting.painted.push({
		...area,
		pane,
		lines: line ? Array.from({length: rows}, () => line) : lines,
		isCover: node.style.position === 'absolute',
	});

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

function textOf(node: DOMElement): string {
	return node.childNodes.map(child => (child.nodeName === '#text' ? child.nodeValue : textOf(child))).join('');
}

/** The labels, roles and states of the boxes, one line per box of a column: what Ink's own reader mode writes, and does not export. */
export function spokenTree(node: DOMElement, parentRole?: string): string {
	const {role, state = {}} = node.internal_accessibility ?? {};
	const parts = node.childNodes.map(child => (child.nodeName === '#text' ? '' : spokenTree(child, role)));
	const text =
		node.nodeName === 'ink-text' ? textOf(node) : parts.filter(part => part !== '').join(node.style.flexDirection === 'row' ? ' ' : '\n');
	const states = Object.entries(state).flatMap(([name, isSo]) => (isSo ? [name] : []));
	return `${role === undefined || role === parentRole ? '' : `${role}: `}${states.length === 0 ? '' : `(${states.join(', ')}) `}${text}`;
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

/** Finds what was painted last under a cell. */
export function mouseHit(painted: readonly PaintedBox[], {column, row}: {column: number; row: number}): MouseHit {
	let hit: MouseHit = nothing;
	for (const {left, top, right, bottom, pane, lines, isCover} of painted) {
		if (column >= left && column < right && row >= top && row < bottom) {
			const below = pane ? {...nothing, pane} : isCover ? nothing : hit;
			const line = lines[row - top];
			hit = line ? {...below, item: line.item ?? below.item, action: actionAt(line, column - left)} : below;
		}
	}

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
