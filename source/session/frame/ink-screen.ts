/** Ink rendering in the alternate screen. */
import {render, useApp, type Instance} from 'ink';
import {createElement, Fragment, type ReactNode} from 'react';
import {RowPainter} from '../kit/row-painter.ts';
import type {TailView} from '../tail/tail-view.ts';
import type {RenderInput} from '../kit/render-input.ts';
import {PainterContext} from '../kit/painted-rows.tsx';
import {spokenLines} from './spoken-screen.ts';
import {spokenPage} from '../kit/spoken-path.ts';
import {Spoken, SpokenEvents} from './spoken-events.ts';
import {SessionScreen} from './session-screen.tsx';
import {fitTail} from '../tail/tail-fit.ts';

type Suspend = (work: () => Promise<void>) => Promise<void>;

export class InkScreen {
	readonly #stdout: NodeJS.WriteStream;
	readonly #stdin: NodeJS.ReadStream;
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
				// Ink's own frames are empty but cost a fifth of drawing.
				maxFps: this.#isSpoken ? 60 : 1,
				// Ignore CI variables: a session has a terminal.
				interactive: true,
			});
		}
	}

	repaint(screen: RenderInput): void {
		if (this.#isSpoken) {
			this.#ink?.clear();
			this.#spoken = '';
			this.draw(screen);
			return;
		}

		// Do not move the cursor: Ink relies on its position.
		this.#stdout.write('\u001B[2J');
		this.#painter.forget();
		this.draw(screen);
		this.#painter.flush();
	}

	/** Repaints after Ink's own output. */
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

	async suspended<Result>(work: () => Promise<Result>): Promise<Result> {
		this.#painter.suspend();
		const {promise, resolve, reject} = Promise.withResolvers<Result>();
		// The caller receives the rejection later.
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
			this.#stdout.write('\n');
		}
	}
}

function Suspender({onSuspend}: {readonly onSuspend: (suspend: Suspend) => void}): ReactNode {
	const {suspendTerminal} = useApp();
	onSuspend(suspendTerminal);
	return null;
}
