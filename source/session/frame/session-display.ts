/** Draws the state on the terminal: chooses the theme, scans the current tail before each frame, and shows notices. */
import process from 'node:process';
import {shortErrorFirst} from '../../report/descriptions/describe-error.ts';
import {toSpokeError} from '../../base/errors/spoke-error.ts';
import type {Path} from '../../evidence/evidence.ts';
import {describeKeys, type KeyHint, type Keymap} from '../keymap/keymap.ts';
import type {LoadedThemes} from '../themes/load-themes.ts';
import {disabledReason} from '../keys/perform-action.ts';
import {chooseGlyphs, chooseTheme, makeTheme, plainTheme, readerGlyphs, type Theme} from '../kit/theme.ts';
import {hintedKey, type ScreenInput} from '../kit/screen-input.ts';
import {currentTail} from '../tail/open-tail.ts';
import {fitTail} from '../tail/log-line.ts';
import {InkScreen} from './ink-screen.ts';
import type {MouseHit} from './ink-tree.ts';
import type {Session, SessionOptions} from './session.ts';
import {keyContext, type Message, type SessionState} from './session-state.ts';
import type {SessionTerminal} from './session-terminal.ts';

/** Time per frame for scanning new lines. */
const scanMs = 12;

type Shown = Pick<Session, 'store' | 'keymap' | 'work'>;

/** Faster frames could not be read (`near`, `busy`) or would queue in the slow terminal of an ssh session (`far`). */
const intervalsMs = {near: 80, busy: 160, far: 250} as const;

/** From this rate on, every frame shows only new lines. */
const busyLinesPerSecond = 1000;

export class SessionDisplay {
	readonly #shown: Shown;
	readonly #terminal: SessionTerminal;
	readonly #env: NodeJS.ProcessEnv;
	readonly #wanted: string | undefined;
	readonly #hasMouse: boolean;
	readonly #themes: LoadedThemes;
	#theme: Theme;
	#background: string | null = null;
	#view: InkScreen | null = null;
	#isScanning = false;

	constructor(
		shown: Shown,
		terminal: SessionTerminal,
		{env, theme, themes, mouse}: Pick<SessionOptions, 'env' | 'theme' | 'themes' | 'mouse'>,
	) {
		this.#hasMouse = mouse !== 'off';
		this.#shown = shown;
		this.#terminal = terminal;
		this.#env = env;
		this.#wanted = themes.own?.extends ?? theme;
		this.#themes = themes;
		this.#theme = this.#themeFor(null);
	}

	get theme(): Theme {
		return this.#theme;
	}

	get isTaken(): boolean {
		return this.#view !== null;
	}

	take(): void {
		const {stdout} = this.#terminal;
		const {hasScreenReader} = this.#shown.store.state;
		if (!hasScreenReader && needsBackgroundQuery(this.#env, this.#wanted)) {
			stdout.write(backgroundQuery);
		}

		this.#view = new InkScreen(this.#terminal, {
			hasMouse: this.#hasMouse,
			hasScreenReader,
			onListRows: rows => {
				if (rows !== this.#shown.store.state.listRows) {
					this.#shown.store.dispatchNow({type: 'list-rows', rows});
				}
			},
			onPageRows: rows => {
				if (rows !== this.#shown.store.state.pageRows) {
					this.#shown.store.dispatchNow({type: 'page-rows', rows});
				}
			},
		});
		stdout.on('resize', this.#onResize);
	}

	/** The first report is the background color. */
	takeReport(report: string): void {
		this.#background ??= report;
		this.#theme = this.#themeFor(this.#background);
		this.#shown.store.drawNow();
	}

	/** What the user saw at this cell. */
	mouseHit(cell: {column: number; row: number}): MouseHit | null {
		return this.#view?.mouseHit(cell) ?? null;
	}

	draw(): void {
		this.#show((view, screen) => {
			view.draw(screen);
		});
	}

	repaint(): void {
		this.#show((view, screen) => {
			view.repaint(screen);
		});
	}

	#show(draw: (view: InkScreen, screen: ScreenInput) => void): void {
		const view = this.#view;
		if (!view) {
			return;
		}

		const {store} = this.#shown;
		const screen = createScreenInput(this.#shown, this.#theme);
		const tail = currentTail(this.#shown);
		if (tail) {
			this.#scanOn(tail.scan(scanMs));
			// A page over the tail has other rows.
			if (store.state.layers.at(-1)?.kind === 'tail') {
				store.apply({type: 'tail', view: fitTail(screen, tail.view)});
			}
		}

		draw(view, {...screen, state: store.state});
	}

	frameIntervalMs(): number {
		if (this.#env['SSH_TTY'] !== undefined && this.#terminal.stdout.writableNeedDrain) {
			return intervalsMs.far;
		}

		return (currentTail(this.#shown)?.inflow ?? 0) > busyLinesPerSecond ? intervalsMs.busy : intervalsMs.near;
	}

	async suspended<Result>(work: () => Promise<Result>): Promise<Result> {
		return this.#view!.suspended(work);
	}

	async close(): Promise<void> {
		this.#terminal.stdout.off('resize', this.#onResize);
		await this.#view?.close();
	}

	/** `background` is the response to `backgroundQuery`. */
	#themeFor(background: string | null): Theme {
		if (this.#shown.store.state.hasScreenReader) {
			return {...plainTheme, glyphs: readerGlyphs};
		}

		const choice = chooseTheme(this.#env, this.#wanted, background);
		const {own, shipped} = this.#themes;
		return makeTheme(choice, own?.colors ?? shipped[choice.name], chooseGlyphs(this.#env, process.platform));
	}

	readonly #onResize = () => {
		this.#shown.store.dispatchNow({type: 'resize', ...this.#terminal.size});
	};

	#scanOn(isDone: boolean): void {
		if (!isDone && !this.#isScanning) {
			this.#isScanning = true;
			setImmediate(() => {
				this.#isScanning = false;
				this.#shown.store.drawSoon();
			});
		}
	}
}

/** Sent once; the key decoder drops later reports. */
const backgroundQuery = '\u001B]11;?\u001B\\';

function needsBackgroundQuery(env: NodeJS.ProcessEnv, wanted: string | undefined): boolean {
	return wanted === undefined && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}

/** A `plain` message does not replace a recent warning. */
export function showMessage({store}: Pick<Session, 'store'>, text: string, role: Message['role'] = 'plain'): void {
	store.dispatchNow({type: 'notice', text, role, now: Date.now()});
}

export function showFailure(session: Pick<Session, 'store' | 'keymap'>, about: string, thrown: unknown, path: Path | null = null): void {
	const error = toSpokeError(thrown);
	const words = error.leg === 2 ? shortErrorFirst(error) : error.message;
	session.store.dispatchNow({
		type: 'failed',
		failure: {about, error: error.toJSON(), path},
		text: `${about}: ${words}`,
		hint: whyHint(session),
		now: Date.now(),
	});
}

function whyHint(session: Pick<Session, 'store' | 'keymap'>): string {
	const key = hintedKey({hints: currentKeyHints(session)}, 'why');
	return key === undefined ? '' : `${key} why`;
}

export function isReducedMotion({motion, env}: {motion?: string | undefined; env: NodeJS.ProcessEnv}): boolean {
	return motion === undefined ? (env['NO_MOTION'] ?? '') !== '' : motion === 'off';
}

export function currentKeyHints({store, keymap}: Pick<Session, 'store' | 'keymap'>): readonly KeyHint[] {
	return keyHints(keymap, store.state);
}

function keyHints(keymap: Keymap, state: SessionState): readonly KeyHint[] {
	// The help is about the screen below it.
	const below = {...state, layers: state.layers.filter(({kind}) => kind !== 'help')};
	return describeKeys(keymap, keyContext(state), action => disabledReason(below, action));
}

export function createScreenInput(session: Pick<Session, 'store' | 'keymap'>, theme: Theme): ScreenInput {
	const {keymap} = session;
	const {state} = session.store;
	const viewHints = state.dialog === null ? {} : {viewHints: keyHints(keymap, {...state, dialog: null})};
	return {state, theme, keymap, hints: keyHints(keymap, state), ...viewHints};
}
