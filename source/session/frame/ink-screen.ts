/** Ink in the alternate screen, with frames written cell by cell. */
import {Box, render, useApp, type DOMElement, type Instance} from 'ink';
import {createElement, Fragment, type ReactNode} from 'react';
import {createStore} from 'zustand/vanilla';
import type {TailView} from '../tail/tail-view.ts';
import type {RenderInput} from '../kit/render-input.ts';
import {spokenLines} from './spoken-screen.ts';
import {spokenPage} from '../kit/spoken-path.ts';
import {Spoken, SpokenEvents} from './spoken-events.ts';
import {fitTail} from '../tail/tail-fit.ts';
import {CellGrid} from '../kit/cell-grid.ts';
import {MouseTargetsContext, type MouseTargets} from '../kit/mouse.tsx';
import {PaintedBoxesContext, type PaintedBoxes} from '../kit/rows.tsx';
import type {Frames, LayoutCallbacks} from '../kit/screen-context.ts';
import {mouseHit, type MouseHit} from './mouse-hit.ts';
import {paintTree} from './paint-tree.ts';
import type {TerminalStreams} from './session-terminal.ts';
import {SessionScreen} from './session-screen.tsx';

const [enterScreen, leaveScreen] = ['\u001B[?1049h\u001B[?25l', '\u001B[?1049l\u001B[?25h'];
/** Buttons and wheel without motion. Terminals select text while Shift is held. */
const [mouseOn, mouseOff] = ['\u001B[?1000h\u001B[?1006h', '\u001B[?1006l\u001B[?1000l'];
const eraseScreen = '\u001B[2J';

/** Output of the session: painted frames, or Ink's own output for a screen reader. */
export type ScreenOutput = {
	draw(screen: RenderInput): void;
	/** Draws every cell. */
	repaint(screen: RenderInput): void;
	/** Lends the terminal to `work`. The next `draw` writes every cell. */
	suspended<Result>(work: () => Promise<Result>): Promise<Result>;
	fitTail(screen: RenderInput, view: TailView): TailView;
	mouseHit(cell: {column: number; row: number}): MouseHit | null;
	close(): Promise<void>;
};

export class InkScreen implements ScreenOutput {
	readonly #stdout: NodeJS.WriteStream;
	readonly #ink: Instance;
	readonly #root: DOMElement;
	/** Rejects when a component throws, which ends the session with a crash report. */
	readonly #ended: Promise<unknown>;
	readonly #boxes: PaintedBoxes = new WeakMap();
	#grid = new CellGrid(0, 0);
	readonly #layout: LayoutCallbacks;
	#frames: Frames | null = null;
	#isDrawing = false;
	#isSuspended = false;
	#isPaintDue = false;
	readonly #targets: MouseTargets = new WeakMap();
	readonly #hasMouse: boolean;
	#isMouseOn = false;

	constructor({stdout, stdin}: TerminalStreams, {hasMouse, ...layout}: LayoutCallbacks & {hasMouse: boolean}) {
		this.#stdout = stdout;
		this.#hasMouse = hasMouse;
		this.#layout = layout;
		stdout.write(enterScreen);
		({ink: this.#ink, root: this.#root} = takeOverOutput(stdout, stdin, () => {
			this.#paintSoon();
		}));
		this.#ended = this.#ink.waitUntilExit();
	}

	fitTail(screen: RenderInput, view: TailView): TailView {
		// A page over the tail has other rows.
		return screen.state.layers.at(-1)?.kind === 'tail' ? fitTail(screen, view) : view;
	}

	mouseHit(cell: {column: number; row: number}): MouseHit {
		return mouseHit(this.#root, cell, {targets: this.#targets, boxes: this.#boxes});
	}

	draw(screen: RenderInput): void {
		this.#frames?.setState(screen, true);
		this.#frames ??= createStore(() => screen);
		// A layout effect can change the state, which draws within this drawing.
		if (this.#isDrawing) {
			return;
		}

		this.#isDrawing = true;
		this.#ink.rerender(
			createElement(
				PaintedBoxesContext,
				{value: this.#boxes},
				createElement(MouseTargetsContext, {value: this.#targets}, createElement(SessionScreen, {frames: this.#frames, ...this.#layout})),
			),
		);
		this.#isDrawing = false;
		this.#paint();
	}

	repaint(screen: RenderInput): void {
		this.#stdout.write(eraseScreen);
		this.#grid.forget();
		this.draw(screen);
	}

	async suspended<Result>(work: () => Promise<Result>): Promise<Result> {
		this.#isSuspended = true;
		this.#switchMouse(false);
		this.#stdout.write(leaveScreen);
		try {
			return await work();
		} finally {
			// The caller draws next: rows that were rendered before `work` would read lines that have moved since.
			this.#isSuspended = false;
			this.#stdout.write(enterScreen);
			this.#grid.forget();
		}
	}

	async close(): Promise<void> {
		this.#isSuspended = true;
		this.#ink.rerender(null);
		this.#ink.unmount();
		await this.#ended;
		this.#switchMouse(false);
		this.#stdout.write(leaveScreen);
	}

	#paintSoon(): void {
		if (!this.#isPaintDue) {
			this.#isPaintDue = true;
			queueMicrotask(() => {
				if (this.#isPaintDue) {
					this.#paint();
				}
			});
		}
	}

	#switchMouse(isOn: boolean): void {
		if (isOn !== this.#isMouseOn) {
			this.#isMouseOn = isOn;
			this.#stdout.write(isOn ? mouseOn : mouseOff);
		}
	}

	#paint(): void {
		this.#isPaintDue = false;
		if (this.#isSuspended || this.#frames === null) {
			return;
		}

		const {
			state: {
				size: {columns, rows},
			},
			theme,
			tail,
		} = this.#frames.getState();
		// A plain tail is for selecting text with the mouse.
		this.#switchMouse(this.#hasMouse && tail?.plain !== true);
		if (this.#grid.columns !== columns || this.#grid.rows !== rows) {
			this.#grid = new CellGrid(columns, rows);
			this.#stdout.write(eraseScreen);
		}

		paintTree(this.#root, {grid: this.#grid, theme, boxes: this.#boxes});
		const changes = this.#grid.takeChanges();
		if (changes !== '') {
			this.#stdout.write(changes);
		}
	}
}

/**
Renders with Ink, but leaves it to `onCommit` to show the tree. Ink writes whole rows at most 30 times a second and has no option for
another output, so its root's `onRender` is replaced. Upstream, this would be an option of `render`.
*/
function takeOverOutput(stdout: NodeJS.WriteStream, stdin: NodeJS.ReadStream, onCommit: () => void): {ink: Instance; root: DOMElement} {
	let root: DOMElement | undefined;
	const ink = render(
		createElement(Box, {
			ref(box: DOMElement | null) {
				root ??= box?.parentNode;
			},
		}),
		// Not interactive: Ink writes no frames, and leaves screen, cursor and size to the caller.
		{stdout, stdin, exitOnCtrlC: false, patchConsole: false, interactive: false, isScreenReaderEnabled: false},
	);
	root!.onRender = onCommit;
	root!.onImmediateRender = onCommit;
	return {ink, root: root!};
}

type Suspend = (work: () => Promise<void>) => Promise<void>;

/** Ink's output for screen readers: a few sentences, which are read again as a whole when they change. */
export class SpokenScreen implements ScreenOutput {
	readonly #stdout: NodeJS.WriteStream;
	readonly #stdin: NodeJS.ReadStream;
	readonly #events = new SpokenEvents();
	#spoken = '';
	#ink: Instance | null = null;
	#suspend: Suspend | null = null;

	constructor(stdout: NodeJS.WriteStream, stdin: NodeJS.ReadStream) {
		this.#stdout = stdout;
		this.#stdin = stdin;
	}

	fitTail(_screen: RenderInput, view: TailView): TailView {
		return {...view, windowRows: spokenPage};
	}

	mouseHit(): null {
		return null;
	}

	draw(screen: RenderInput): void {
		const spoken = spokenLines(screen).join('\n');
		if (!this.#events.take(screen.state.messages, performance.now()) && spoken === this.#spoken) {
			return;
		}

		this.#spoken = spoken;
		const tree = createElement(
			Fragment,
			null,
			createElement(Suspender, {
				onSuspend: suspend => {
					this.#suspend = suspend;
				},
			}),
			createElement(Spoken, {said: this.#events.said, text: spoken}),
		);
		if (this.#ink) {
			this.#ink.rerender(tree);
			return;
		}

		this.#ink = render(tree, {
			stdout: this.#stdout,
			stdin: this.#stdin,
			exitOnCtrlC: false,
			patchConsole: false,
			isScreenReaderEnabled: true,
			// Ignore CI variables: a session has a terminal.
			interactive: true,
		});
	}

	repaint(screen: RenderInput): void {
		this.#ink?.clear();
		this.#spoken = '';
		this.draw(screen);
	}

	async suspended<Result>(work: () => Promise<Result>): Promise<Result> {
		const {promise, resolve, reject} = Promise.withResolvers<Result>();
		// The caller receives the rejection later.
		promise.catch(() => {});
		await this.#suspend!(async () => work().then(resolve, reject));
		return promise;
	}

	async close(): Promise<void> {
		this.#ink?.unmount();
		await this.#ink?.waitUntilExit().catch(() => {});
		this.#stdout.write('\n');
	}
}

function Suspender({onSuspend}: {readonly onSuspend: (suspend: Suspend) => void}): ReactNode {
	const {suspendTerminal} = useApp();
	onSuspend(suspendTerminal);
	return null;
}
