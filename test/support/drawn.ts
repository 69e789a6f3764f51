/** Components of the session as rows of text, as Ink lays them out. */
import {PassThrough} from 'node:stream';
import xterm from '@xterm/headless';
import {Box, render, type DOMElement} from 'ink';
import {createElement, type ReactNode} from 'react';
import {createStore} from 'zustand/vanilla';
import {paintTree} from '../../source/session/frame/ink-tree.ts';
import {CellGrid} from '../../source/session/kit/cell-grid.ts';
import {ScreenContext, type ScreenInput} from '../../source/session/kit/screen-input.ts';
import {BoxContentsContext, Rows, type BoxContents} from '../../source/session/kit/styled-text.tsx';
import type {Line} from '../../source/session/kit/styled-line.ts';

/** Without trailing blanks and blank rows. */
export async function drawn(screen: ScreenInput, content: ReactNode): Promise<string[]> {
	const {columns, rows} = screen.state.size;
	const emulator = new xterm.Terminal({cols: columns, rows, allowProposedApi: true});
	await new Promise<void>(resolve => {
		emulator.write(drawnBytes(screen, content), resolve);
	});
	const shown = Array.from({length: rows}, (_, row) => emulator.buffer.active.getLine(row)!.translateToString(true));
	return shown.slice(0, shown.findLastIndex(text => text !== '') + 1);
}

/** As `Rows` paints them. */
export async function drawnLines(screen: ScreenInput, lines: readonly Line[]): Promise<string[]> {
	const rows = await drawn(screen, createElement(Rows, {draw: () => lines}));
	return lines.map((_, index) => rows[index] ?? '');
}

export function drawnBytes(screen: ScreenInput, content: ReactNode): string {
	const {columns, rows} = screen.state.size;
	const stdout = Object.assign(new PassThrough(), {columns, rows, isTTY: true}) as unknown as NodeJS.WriteStream;
	const contents: BoxContents = new WeakMap();
	let root: DOMElement | undefined;
	const host = {frames: createStore(() => screen), onListRows() {}, onPageRows() {}};
	const frame = createElement(
		Box,
		{
			width: columns,
			height: rows,
			flexDirection: 'column',
			ref(box: DOMElement | null) {
				root ??= box?.parentNode;
			},
		},
		createElement(BoxContentsContext, {value: contents}, createElement(ScreenContext, {value: host}, content)),
	);
	const ink = render(frame, {stdout, interactive: false, patchConsole: false});
	const grid = new CellGrid(columns, rows);
	paintTree(root!, {grid, theme: screen.theme, contents});
	ink.unmount();
	return grid.takeChanges();
}
