/** Paints Ink's tree in the alternate screen, and writes the cells that changed. */
import type {DOMElement} from 'ink';
import {CellGrid} from '../kit/cell-grid.ts';
import type {ScreenInput} from '../kit/screen-input.ts';
import type {PaintedBoxes} from '../kit/rows.tsx';
import type {TreeOutput} from './ink-screen.ts';
import {paintTree} from './paint-tree.ts';
import {shownTail} from './session-state.ts';

const [enterScreen, leaveScreen] = ['\u001B[?1049h\u001B[?25l', '\u001B[?1049l\u001B[?25h'];
/** Buttons and wheel without motion. Terminals select text while Shift is held. */
const [mouseOn, mouseOff] = ['\u001B[?1000h\u001B[?1006h', '\u001B[?1006l\u001B[?1000l'];
const eraseScreen = '\u001B[2J';

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
