/** Ink's tree on the terminal: painted as cells, or read by a screen reader. */
import {Box, render, type DOMElement, type Instance} from 'ink';
import {createElement} from 'react';
import {createStore} from 'zustand/vanilla';
import type {Frames, LayoutCallbacks, ScreenInput} from '../kit/screen-input.ts';
import {MouseTargetsContext, type MouseTargets} from '../kit/styled-text.tsx';
import {PaintedBoxesContext, type PaintedBoxes} from '../kit/rows.tsx';
import {CellOutput, mouseHit, type MouseHit} from './paint-tree.ts';
import {ReaderOutput} from './reader-output.ts';
import type {TerminalStreams} from './session-terminal.ts';
import {SessionScreen} from './session-screen.tsx';

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

export class InkScreen {
	readonly #stdout: NodeJS.WriteStream;
	readonly #ink: Instance;
	readonly #root: DOMElement;
	/** Rejects when a component throws, which ends the session with a crash report. */
	readonly #ended: Promise<unknown>;
	readonly #boxes: PaintedBoxes = new WeakMap();
	readonly #targets: MouseTargets = new WeakMap();
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
		this.#output = hasScreenReader ? new ReaderOutput(stdout) : new CellOutput(this.#boxes, hasMouse);
		stdout.write(this.#output.enter());
		({ink: this.#ink, root: this.#root} = takeOverOutput(streams, hasScreenReader, () => {
			this.#showSoon();
		}));
		this.#ended = this.#ink.waitUntilExit();
	}

	mouseHit(cell: {column: number; row: number}): MouseHit {
		return mouseHit(this.#root, cell, {targets: this.#targets, boxes: this.#boxes});
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
			createElement(
				PaintedBoxesContext,
				{value: this.#boxes},
				createElement(MouseTargetsContext, {value: this.#targets}, createElement(SessionScreen, {frames: this.#frames, ...this.#layout})),
			),
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

/**
Renders with Ink, but leaves it to `onCommit` to show the tree. Ink writes whole rows at most 30 times a second and has no option for
another output, so its root's `onRender` is replaced. Upstream, this would be an option of `render`.
*/
function takeOverOutput(
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
