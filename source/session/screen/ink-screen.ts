/** The screen as Ink draws it: in the alternate screen, at full height, and out of the way while somebody else has the terminal. */
import {render, useApp, type Instance} from 'ink';
import {createElement, Fragment, type ReactNode} from 'react';
import {RowPainter} from '../../terminal/row-painter.ts';
import type {TailView} from '../../state/tail/tail-view.ts';
import type {RenderInput} from '../../ui/render-input.ts';
import {PainterContext} from '../../ui/painted-rows.tsx';
import {spokenLines} from '../../ui/spoken-screen.ts';
import {spokenPage} from '../../ui/spoken-path.ts';
import {Spoken} from '../../ui/spoken.ts';
import {SpokenEvents} from '../../ui/spoken-events.ts';
import {SessionScreen} from '../../ui/session-screen.tsx';
import {fitTail} from '../../ui/tail-fit.ts';

type Suspend = (work: () => Promise<void>) => Promise<void>;

export class InkScreen {
	readonly #stdout: NodeJS.WriteStream;
	readonly #stdin: NodeJS.ReadStream;
	/** Sentences in place of a picture; drawn only when they changed. */
	readonly #isSpoken: boolean;
	#spoken = '';
	readonly #events = new SpokenEvents();
	#ink: Instance | null = null;
	#suspend: Suspend | null = null;
	readonly #painter: RowPainter;

	constructor(stdout: NodeJS.WriteStream, stdin: NodeJS.ReadStream, {isSpoken}: {isSpoken: boolean}) {
		this.#isSpoken = isSpoken;
		this.#stdout = stdout;
		this.#stdin = stdin;
		this.#painter = new RowPainter(text => {
			stdout.write(text);
		});
	}

	fitTail(screen: RenderInput, view: TailView): TailView {
		return this.#isSpoken ? {...view, windowRows: spokenPage} : fitTail(screen, view, screen.state.size.rows - 2);
	}

	draw(screen: RenderInput): void {
		const spoken = this.#isSpoken ? spokenLines(screen).join('\n') : '';
		if (this.#isSpoken && !this.#events.take(screen.state.messages, performance.now()) && spoken === this.#spoken) {
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
			this.#isSpoken
				? createElement(Spoken, {said: this.#events.said, text: spoken})
				: createElement(PainterContext, {value: this.#painter}, createElement(SessionScreen, {screen})),
		);
		if (this.#ink) {
			this.#ink.rerender(tree);
		} else {
			this.#ink = render(tree, {
				stdout: this.#isSpoken ? this.#stdout : this.#watched(),
				stdin: this.#stdin,
				exitOnCtrlC: false,
				patchConsole: false,
				incrementalRendering: true,
				alternateScreen: !this.#isSpoken,
				isScreenReaderEnabled: this.#isSpoken,
				// Its layout is at once. A frame of its own has nothing in it, and to make one costs a fifth of drawing.
				maxFps: this.#isSpoken ? 60 : 1,
				// CI variables decide nothing here: whoever started the session has a terminal.
				interactive: true,
			});
		}
	}

	/** Somebody else wrote over it: all of it is drawn again. */
	repaint(screen: RenderInput): void {
		if (this.#isSpoken) {
			this.#ink?.clear();
			this.#spoken = '';
			this.draw(screen);
			return;
		}

		// The cursor stays: Ink counts on it.
		this.#stdout.write('\u001B[2J');
		this.#painter.forget();
		this.draw(screen);
		this.#painter.flush();
	}

	/** What Ink itself writes, at the start, after a resize or a suspension, is painted over again. */
	#watched(): NodeJS.WriteStream {
		const write = (...given: Parameters<NodeJS.WriteStream['write']>) => {
			this.#painter.forget();
			queueMicrotask(() => {
				this.#painter.flush();
			});
			return this.#stdout.write(...given);
		};

		return new Proxy(this.#stdout, {
			get(stdout, name) {
				const value: unknown = name === 'write' ? write : Reflect.get(stdout, name, stdout);
				return typeof value === 'function' && name !== 'write' ? (value.bind(stdout) as unknown) : value;
			},
		});
	}

	/** Leaves the alternate screen for as long as `work` runs. */
	async suspended<Result>(work: () => Promise<Result>): Promise<Result> {
		this.#painter.suspend();
		const {promise, resolve, reject} = Promise.withResolvers<Result>();
		// How it ended is for whoever waits here, once the screen is back.
		promise.catch(() => {});
		await this.#suspend!(async () => work().then(resolve, reject));
		this.#painter.resume();
		this.#painter.flush();
		return promise;
	}

	async close(): Promise<void> {
		this.#painter.suspend();
		this.#ink?.unmount();
		await this.#ink?.waitUntilExit().catch(() => {});
		if (this.#isSpoken) {
			// What the shell says next stands on a line of its own.
			this.#stdout.write('\n');
		}
	}
}

/** Hands out what only a component may use. */
function Suspender({onSuspend}: {readonly onSuspend: (suspend: Suspend) => void}): ReactNode {
	const {suspendTerminal} = useApp();
	onSuspend(suspendTerminal);
	return null;
}
