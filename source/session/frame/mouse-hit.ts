/** Finds what lies under a cell, in the order in which `paintTree` paints. */
import type {DOMElement} from 'ink';
import type {ActionId} from '../../actions/action-table.ts';
import {cellWidth} from '../../text/cell-width.ts';
import type {MousePane, MouseTargets} from '../kit/styled-text.tsx';
import type {PaintedBoxes} from '../kit/rows.tsx';
import type {Line} from '../kit/styled-line.ts';

/** `pane`: the innermost pane. `item`: the item of the pane that the row shows. `action`: what the text at this cell stands for. */
export type MouseHit = {pane: MousePane | null; item: number | null; action: ActionId | null};

type Cell = {column: number; row: number};

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
