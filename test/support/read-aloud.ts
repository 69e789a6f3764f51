/** What a screen reader reads of the session's components. */
import {PassThrough} from 'node:stream';
import {Box, render, type DOMElement} from 'ink';
import {createElement} from 'react';
import {createStore} from 'zustand/vanilla';
import {clusterState} from '../../source/session/clusters/open-clusters.ts';
import {spokenTree} from '../../source/session/frame/ink-tree.ts';
import {SessionScreen} from '../../source/session/frame/session-screen.tsx';
import {emptySession, type SessionState} from '../../source/session/frame/session-state.ts';
import {plainTheme, readerGlyphs} from '../../source/session/kit/theme.ts';
import type {ScreenInput} from '../../source/session/kit/screen-input.ts';

/** A session at one minute after 1970 began. */
export const readSession = emptySession({...clusterState(null), namespace: 'demo', reachable: 'yes'}, {columns: 80, rows: 24}, 60_000, {
	hasScreenReader: true,
});

/** The lines of the session's screen. */
export function readAloud(state: Partial<SessionState>, parts: Partial<Omit<ScreenInput, 'state'>> = {}): string[] {
	const screen: ScreenInput = {
		state: {...readSession, ...state},
		theme: {...plainTheme, glyphs: readerGlyphs},
		keymap: new Map(),
		hints: [],
		...parts,
	};
	const stdout = Object.assign(new PassThrough(), {columns: 80, rows: 24, isTTY: true}) as unknown as NodeJS.WriteStream;
	let root: DOMElement | undefined;
	const frame = createElement(
		Box,
		{
			ref(box: DOMElement | null) {
				root ??= box?.parentNode;
			},
		},
		createElement(SessionScreen, {frames: createStore(() => screen), onListRows() {}, onPageRows() {}}),
	);
	const ink = render(frame, {stdout, interactive: false, patchConsole: false, isScreenReaderEnabled: true});
	const lines = spokenTree(root!).split('\n');
	ink.unmount();
	return lines;
}
