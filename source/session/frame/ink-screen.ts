/** Ink's tree on the terminal: painted as cells, or read by a screen reader. */
import type {DOMElement, Instance} from 'ink';
import {createElement} from 'react';
import {createStore} from 'zustand/vanilla';
import type {Frames, LayoutCallbacks, ScreenInput} from '../kit/screen-input.ts';
import {BoxContentsContext, type BoxContents} from '../kit/styled-text.tsx';
import {CellGrid} from '../kit/cell-grid.ts';
import {mouseHit, paintTree, spokenTree, takeOverOutput, type MouseHit, type PaintedBox} from './ink-tree.ts';
import type {TerminalStreams} from './session-terminal.ts';
import {SessionScreen} from './session-screen.tsx';
import {truncateToCells} from '../../base/text/cell-width.ts';
import {escapeControls} from '../../base/text/sanitize.ts';
import {shownTail, type Message} from './session-state.ts';
import wrapAnsi from 'wrap-ansi';

/** What the terminal shows of Ink's tree. All return what is written. */
export type TreeOutput = {
	/** Takes the terminal; the next `show` writes all. */
	enter(): string;
	leave(): string;
	/** The next `show` writes all. */
	erase(): string;
	/** What changed; empty if nothing did. */
	show(root: DOMElement, screen: ScreenInput): string;
};

/** Shown at once, so that it is read once. */
const [beginFrame, endFrame] = ['\u001B[?2026h', '\u001B[?2026l'];

const [enterScreen, leaveScreen] = ['\u001B[?1049h\u001B[?25l', '\u001B[?1049l\u001B[?25h'];
/** Buttons and wheel without motion. Terminals select text while Shift is held. */
const [mouseOn, mouseOff] = ['\u001B[?1000h\u001B[?1006h', '\u001B[?1006l\u001B[?1000l'];
const eraseScreen = '\u001B[2J';

const apartMs = 1000;

export class InkScreen {
	readonly #stdout: NodeJS.WriteStream;
	readonly #ink: Instance;
	readonly #root: DOMElement;
	/** Rejects when a component throws, which ends the session with a crash report. */
	readonly #ended: Promise<unknown>;
	readonly #contents: BoxContents = new WeakMap();
	readonly #output: TreeOutput;
	readonly #layout: LayoutCallbacks;
	#frames: Frames | null = null;
	#isDrawing = false;
	#isSuspended = false;
	#isShowDue = false;

	constructor(
		streams: TerminalStreams,
		{hasMouse, hasScreenReader, ...layout}: LayoutCallbacks & {hasMouse: boolean; hasScreenReader: boolean},
	) {
		const {stdout} = streams;
		this.#stdout = stdout;
		this.#layout = layout;
		this.#output = hasScreenReader ? new ReaderOutput(stdout) : new CellOutput(this.#contents, hasMouse);
		stdout.write(this.#output.enter());
		({ink: this.#ink, root: this.#root} = takeOverOutput(streams, hasScreenReader, () => {
			this.#showSoon();
		}));
		this.#ended = this.#ink.waitUntilExit();
	}

	/** `null` for a screen reader. */
	mouseHit(cell: {column: number; row: number}): MouseHit | null {
		return this.#output instanceof CellOutput ? this.#output.mouseHit(cell) : null;
	}

	draw(screen: ScreenInput): void {
		this.#frames?.setState(screen, true);
		this.#frames ??= createStore(() => screen);
		// A layout effect can change the state, which draws within this drawing.
		if (this.#isDrawing) {
			return;
		}

		this.#isDrawing = true;
		this.#ink.rerender(
			createElement(BoxContentsContext, {value: this.#contents}, createElement(SessionScreen, {frames: this.#frames, ...this.#layout})),
		);
		this.#isDrawing = false;
		this.#show();
	}

	/** Writes all of the screen. */
	repaint(screen: ScreenInput): void {
		this.#stdout.write(this.#output.erase());
		this.draw(screen);
	}

	/** Lends the terminal to `work`. The next `draw` writes all of the screen. */
	async suspended<Result>(work: () => Promise<Result>): Promise<Result> {
		this.#isSuspended = true;
		this.#stdout.write(this.#output.leave());
		try {
			return await work();
		} finally {
			// The caller draws next: rows that were rendered before `work` would read lines that have moved since.
			this.#isSuspended = false;
			this.#stdout.write(this.#output.enter());
		}
	}

	async close(): Promise<void> {
		this.#isSuspended = true;
		this.#ink.rerender(null);
		this.#ink.unmount();
		await this.#ended;
		this.#stdout.write(this.#output.leave());
	}

	#showSoon(): void {
		if (!this.#isShowDue) {
			this.#isShowDue = true;
			queueMicrotask(() => {
				if (this.#isShowDue) {
					this.#show();
				}
			});
		}
	}

	#show(): void {
		this.#isShowDue = false;
		if (this.#isSuspended || this.#frames === null) {
			return;
		}

		const bytes = this.#output.show(this.#root, this.#frames.getState());
		if (bytes !== '') {
			this.#stdout.write(bytes);
		}
	}
}

/** Paints Ink's tree in the alternate screen, and writes the cells that changed. */
class CellOutput implements TreeOutput {
	readonly #contents: BoxContents;
	readonly #hasMouse: boolean;
	#grid = new CellGrid(0, 0);
	#painted: readonly PaintedBox[] = [];
	#isMouseOn = false;

	constructor(contents: BoxContents, hasMouse: boolean) {
		this.#contents = contents;
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

		this.#painted = paintTree(root, {grid: this.#grid, theme, contents: this.#contents});
		return bytes + this.#grid.takeChanges();
	}

	mouseHit(cell: {column: number; row: number}): MouseHit {
		return mouseHit(this.#painted, cell);
	}

	#switchMouse(isOn: boolean): string {
		if (isOn === this.#isMouseOn) {
			return '';
		}

		this.#isMouseOn = isOn;
		return isOn ? mouseOn : mouseOff;
	}
}

class ReaderOutput implements TreeOutput {
	readonly #stdout: NodeJS.WriteStream;
	readonly #announcements = new Announcements();
	#shown: readonly string[] = [];
	#columns = 0;

	constructor(stdout: NodeJS.WriteStream) {
		this.#stdout = stdout;
	}

	enter(): string {
		return '';
	}

	leave(): string {
		this.#shown = [];
		return '\r\n';
	}

	erase(): string {
		const erase = `${this.#toRow(0)}\u001B[J`;
		this.#shown = [];
		return erase;
	}

	/** Writes the changed rows only, because a screen reader reads all that is written. */
	show(root: DOMElement, {state: {messages, size}}: ScreenInput): string {
		const columns = this.#stdout.columns || 80;
		const rows = this.#stdout.rows || 24;
		const lines = spokenTree(root).split('\n');
		const wrapped = lines.flatMap(text =>
			wrapAnsi(truncateToCells(escapeControls(text), size.columns), columns, {trim: false, hard: true}).split('\n'),
		);
		// Rows above the screen could not be erased.
		const shown = wrapped.slice(0, rows - 1);
		if (columns !== this.#columns) {
			this.#columns = columns;
			this.#shown = [];
		}

		const said = this.#announcements.take(messages, performance.now());
		const bytes = said === null ? this.#changesTo(shown) : `${this.erase()}${said}\r\n${shown.join('\r\n')}`;
		this.#shown = shown;
		return bytes === '' ? '' : `${beginFrame}${bytes}${endFrame}`;
	}

	#changesTo(shown: readonly string[]): string {
		const before = this.#shown;
		const isChanged = (row: string, index: number) => row !== before[index];
		const first = shown.findIndex(isChanged);
		if (shown.length !== before.length) {
			const from = first < 0 ? shown.length - 1 : first;
			return `${this.#toRow(from)}\u001B[J${shown.slice(from).join('\r\n')}`;
		}

		const last = shown.findLastIndex(isChanged);
		const rows = shown.slice(first, last + 1).map(row => `\u001B[K${row}`);
		const down = shown.length - 1 - last;
		return first < 0 ? '' : `${this.#toRow(first)}${rows.join('\r\n')}${down === 0 ? '' : `\u001B[${down}B`}`;
	}

	/** From the last row to the start of this one, which may be the row after it. */
	#toRow(row: number): string {
		const up = this.#shown.length - 1 - row;
		return up < 0 && row > 0 ? '\r\n' : `\r${up > 0 ? `\u001B[${up}A` : ''}`;
	}
}

export class Announcements {
	#last: Message | null = null;
	#saidAt = -apartMs;

	/** At most one text per second, about the worst new message; the rest are counted in it. `now` is monotonic, in ms. */
	take(messages: readonly Message[], now: number): string | null {
		const fresh = messages.slice(this.#last === null ? 0 : messages.indexOf(this.#last) + 1);
		if (fresh.length === 0 || now - this.#saidAt < apartMs) {
			return null;
		}

		this.#last = fresh.at(-1)!;
		this.#saidAt = now;
		const worst = fresh.findLast(({role}) => role === 'error') ?? fresh.findLast(({role}) => role === 'warn') ?? fresh.at(-1)!;
		const hint = worst.hint === '' ? '' : `, ${worst.hint}`;
		const more = fresh.length > 1 ? `; ${fresh.length - 1} more in the messages` : '';
		return `${escapeControls(worst.text)}${hint}${more}`;
	}
}
