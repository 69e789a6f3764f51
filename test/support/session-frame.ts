/** Whole frames of a session, from its state. */
import xterm from '@xterm/headless';
import {createElement} from 'react';
import {createStore} from 'zustand/vanilla';
import {loadKeymap} from '../../source/session/keymap/load-keymap.ts';
import {createScreenInput} from '../../source/session/frame/session-display.ts';
import {SessionScreen} from '../../source/session/frame/session-screen.tsx';
import {shownTail, type SessionState} from '../../source/session/frame/session-state.ts';
import {Store} from '../../source/session/frame/store.ts';
import {plainTheme, unicodeGlyphs, type Theme} from '../../source/session/kit/theme.ts';
import type {ScreenInput} from '../../source/session/kit/screen-input.ts';
import {roles} from '../../source/session/themes/theme-roles.ts';
import {fitTail} from '../../source/session/tail/log-line.ts';
import {drawn, drawnBytes} from './drawn.ts';
import {readAloud} from './read-aloud.ts';

const {keymap} = await loadKeymap({});

/** Rows of a terminal, without trailing blanks and blank rows, with the default keymap and no colors. */
export async function sessionFrame(state: SessionState): Promise<string[]> {
	const store = storeOf(state);
	// The layout tells the state how many rows a list or a page has, and the second frame has them.
	drawnBytes(screenOf(store), createElement(SessionScreen, hostOf(store)));
	return drawn(screenOf(store), createElement(SessionScreen, hostOf(store)));
}

/** The styled texts of each row with their roles, as `row: role "text" · role "text"`. Blanks have none. */
export async function frameRoles(state: SessionState): Promise<string[]> {
	const {columns, rows} = state.size;
	const emulator = new xterm.Terminal({cols: columns, rows, allowProposedApi: true});
	// Each role has a color of its own, above those of the terminal.
	const sgr = Object.fromEntries(roles.map((role, index) => [role, `38;5;${index + 16}`])) as Theme['sgr'];
	const store = storeOf(state);
	const bytes = drawnBytes({...screenOf(store), theme: {sgr, glyphs: unicodeGlyphs}}, createElement(SessionScreen, hostOf(store, sgr)));
	await new Promise<void>(resolve => {
		emulator.write(bytes, resolve);
	});
	const roleAt = (row: number, column: number) => {
		const cell = emulator.buffer.active.getLine(row)!.getCell(column)!;
		return cell.getChars().trim() === '' || !cell.isFgPalette() ? null : roles[cell.getFgColor() - 16]!;
	};

	return Array.from({length: rows}, (_, row) => {
		const line = emulator.buffer.active.getLine(row)!;
		const runs: Array<{role: string | null; from: number; to: number}> = [];
		for (let column = 0; column < columns; column++) {
			const role = roleAt(row, column);
			const last = runs.at(-1);
			if (role === null) {
				continue;
			}

			// A blank between two words of one role is part of it.
			if (last?.role === role && column - last.to <= 1) {
				last.to = column + 1;
			} else {
				runs.push({role, from: column, to: column + 1});
			}
		}

		const told = runs.map(({role, from, to}) => `${role} "${line.translateToString(false, from, to)}"`);
		return told.length === 0 ? '' : `${row + 1}: ${told.join(' · ')}`;
	}).filter(text => text !== '');
}

/** As a screen reader reads the state. */
export function spokenFrame(state: SessionState): string[] {
	const store = {state: {...state, hasScreenReader: true, isReducedMotion: true}} as Store;
	const {state: _, ...parts} = createScreenInput({store, keymap}, plainTheme);
	return readAloud(store.state, {hints: parts.hints, keymap});
}

function screenOf(store: Store): ScreenInput {
	const theme = {...plainTheme, glyphs: unicodeGlyphs};
	const screen = createScreenInput({store, keymap}, theme);
	const tail = shownTail(store.state);
	if (tail) {
		store.apply({type: 'tail', view: fitTail(screen, tail)});
	}

	return {...screen, state: store.state};
}

function storeOf(state: SessionState): Store {
	return new Store(
		state,
		() => {},
		() => 0,
	);
}

function hostOf(store: Store, sgr = plainTheme.sgr) {
	return {
		frames: createStore(() => ({...screenOf(store), theme: {sgr, glyphs: unicodeGlyphs}})),
		onListRows(rows: number) {
			store.apply({type: 'list-rows', rows});
		},
		onPageRows(rows: number) {
			store.apply({type: 'page-rows', rows});
		},
	};
}
