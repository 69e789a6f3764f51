/** Resolves keys and mouse reports to actions, selections and scrolling. All that the mouse does can be done with keys. */
import {afterTurns, systemClock} from '../../base/async/clock.ts';
import {createKeyDecoder, type KeyInput, type MouseReport} from '../keymap/decode-keys.ts';
import {splitAltChord, isCtrlChord, formatKeys, typedText, effectiveBindings, resolveKey, type KeyResolution} from '../keymap/keymap.ts';
import {keyContext} from '../frame/session-state.ts';
import {performAction, type ActionContext} from './perform-action.ts';
import {backKeys} from '../dialogs/type-ahead.ts';
import {actionIn, type ActionId} from '../actions/action-table.ts';
import type {MouseHit} from '../frame/ink-tree.ts';
import type {Session} from '../frame/session.ts';
import type {MousePane} from '../kit/styled-text.tsx';
import {scrollRows, selectItem} from '../lists/list-handlers.ts';
import {scrollTailRows, selectTailLine} from '../tail/tail-handlers.ts';
import {matchingItems} from '../dialogs/dialog.ts';

/** A lone escape byte may start a key for this time. */
const escapeMs = 30;

type KeyDispatcherCallbacks = {
	onReport(report: string): void;
	onMouse(report: MouseReport): void;
	/** Before what the keys changed is drawn, so that a selected row and its path appear in one frame. */
	onKeys(): void;
};

/** Rows per step of the wheel. */
const wheelRows = 3;
const doubleClickMs = 400;

const [leftButton, wheelUp, wheelDown] = [0, 64, 65];

type PaneMouse = {
	select?(session: Session, item: number): void;
	/** For a double click. */
	open?(session: Session): void;
	scroll(session: Session, by: 1 | -1): void;
};

const panes: Readonly<Record<MousePane, PaneMouse>> = {
	view: {
		select(session, item) {
			focus(session, 'main');
			selectItem(session, item);
		},
		open,
		scroll(session, by) {
			scrollRows(session, by * wheelRows);
		},
	},
	connections: {
		select(session, item) {
			focus(session, 'connections');
			session.store.dispatchNow({type: 'cursor', of: 'connections', to: item});
		},
		open,
		scroll({store}, by) {
			store.dispatchNow({type: 'cursor', of: 'connections', to: store.state.connectionCursor + by});
		},
	},
	tail: {
		select: selectTailLine,
		open,
		scroll(session, by) {
			scrollTailRows(session, by * wheelRows);
		},
	},
	text: {
		scroll(session, by) {
			for (let row = 0; row < wheelRows; row++) {
				session.perform(by > 0 ? 'move.down' : 'move.up');
			}
		},
	},
	dialog: {
		select({store}, item) {
			const {dialog} = store.state;
			if (dialog?.kind === 'picker') {
				store.dispatchNow({type: 'dialog', event: {type: 'move', by: item - dialog.index}});
			} else if (dialog?.kind === 'form') {
				store.dispatchNow({type: 'dialog', event: {type: 'set', dialog: {...dialog, at: item}}});
			}
		},
		open(session) {
			if (session.store.state.dialog?.kind === 'picker') {
				session.perform('accept');
			}
		},
		scroll({store}, by) {
			const {dialog} = store.state;
			if (dialog?.kind === 'picker' && matchingItems(dialog).length > 0) {
				store.dispatchNow({type: 'dialog', event: {type: 'move', by}});
			}
		},
	},
};

type LastClick = {pane: MousePane; column: number; row: number; at: number};

export class KeyDispatcher {
	readonly #context: ActionContext;
	readonly #callbacks: KeyDispatcherCallbacks;
	readonly #decoder = createKeyDecoder();
	#cancelEscape = () => {};

	constructor(context: ActionContext, callbacks: KeyDispatcherCallbacks) {
		this.#context = context;
		this.#callbacks = callbacks;
	}

	bytes(chunk: Buffer): void {
		this.#cancelEscape();
		this.pass(this.#decoder.decode(chunk));
		if (this.#decoder.isWaiting) {
			this.#cancelEscape = afterTurns(systemClock, escapeMs, () => {
				this.pass(this.#decoder.flush());
			});
		}
	}

	pass(all: readonly KeyInput[]): void {
		const {store, typeAhead} = this.#context.session;
		const saysCancel = store.state.notice?.canCancel === true;
		const inputs = all.filter(input => !('mouse' in input && input.mouse.isRelease));
		if (inputs.length === 0) {
			return;
		}

		store.drawOnce(() => {
			store.dispatch({type: 'notice-read'});
			for (const input of inputs) {
				if ('report' in input) {
					this.#callbacks.onReport(input.report);
				} else if ('mouse' in input) {
					this.#takeMouse(input.mouse);
				} else if (!this.#isLeaving(input, saysCancel) && !typeAhead.hold(input)) {
					this.#take(input);
				}
			}

			this.#callbacks.onKeys();
		});
	}

	/** A click is not for what is still prepared: it is dropped, not held. */
	#takeMouse(report: MouseReport): void {
		if (!this.#context.session.typeAhead.isHolding) {
			this.#setPending([]);
			this.#answering(() => {
				this.#callbacks.onMouse(report);
			});
		}
	}

	/** Keys that lead away are never held. Back only cancels what was requested, and what holds no keys only where the footer says so. */
	#isLeaving(input: KeyInput, saysCancel: boolean): boolean {
		const {store, keymap, typeAhead} = this.#context.session;
		const isBack = 'key' in input && backKeys(keymap).includes(input.key);
		const leaves = isBack || ('key' in input && isCtrlChord(input.key) && this.#isQuit(input.key));
		const takesBack = isBack && store.state.dialog === null;
		const {layers, pane} = store.state;
		const canStop = takesBack && saysCancel && layers.length === 0 && pane === 'main';
		return leaves && typeAhead.cancel() ? takesBack : canStop && typeAhead.stopWaiting();
	}

	#take(input: {key: string} | {paste: string}): void {
		const {session} = this.#context;
		this.#answering(() => {
			if ('key' in input) {
				this.#press(input.key);
			} else if (session.store.state.dialog) {
				this.#typeIn(input.paste);
			} else {
				session.showMessage('pasting is not available here');
			}
		});
	}

	#answering(take: () => void): void {
		const {session} = this.#context;
		const {store} = session;
		const before = store.state.dialog;
		take();
		if (before !== null && store.state.dialog === null) {
			session.typeAhead.afterAnswer();
		}
	}

	#press(key: string): void {
		const {store} = this.#context.session;
		const begun = store.state.pending;
		const resolved = this.#resolve(key);
		const closesHelp = this.#closesHelp(resolved);
		this.#setPending(resolved.kind === 'pending' ? resolved.keys : []);
		if (closesHelp) {
			store.dispatchNow({type: 'pop'});
		} else if (resolved.kind === 'matched') {
			performAction(this.#context, resolved.action);
		} else if (resolved.kind === 'none') {
			this.#pressUnbound(key, begun);
		}
	}

	#resolve(key: string): KeyResolution {
		const {store, keymap} = this.#context.session;
		const context = keyContext(store.state);
		const resolved = resolveKey(keymap, context, store.state.pending, key);
		if (resolved.kind !== 'none' || context !== 'connections') {
			return resolved;
		}

		const ofRows = resolveKey(keymap, 'rows', store.state.pending, key);
		return ofRows.kind === 'pending' || (ofRows.kind === 'matched' && ofRows.action.startsWith('view.')) ? ofRows : resolved;
	}

	/** The help has columns and does not wrap. */
	#closesHelp(resolved: KeyResolution): boolean {
		const {layers, dialog} = this.#context.session.store.state;
		const moves =
			resolved.kind === 'matched' && resolved.action.startsWith('move.') && !['move.left', 'move.right'].includes(resolved.action);
		return layers.at(-1)?.kind === 'help' && dialog === null && resolved.kind !== 'pending' && !moves;
	}

	#pressUnbound(key: string, begun: readonly string[]): void {
		const {dialog} = this.#context.session.store.state;
		const both = begun.length === 0 ? splitAltChord(key) : null;
		const text = typedText(key);
		if (both) {
			for (const one of both) {
				this.#press(one);
			}
		} else if (dialog === null) {
			this.#showUnbound([...begun, key], text === undefined && isCtrlChord(key));
		} else if (text === ' ' && dialog.kind === 'picker' && dialog.toggles && dialog.typed.text === '') {
			this.#context.dialogs.accept();
		} else if (text !== undefined) {
			this.#typeIn(text);
		} else if (this.#isQuit(key)) {
			// Quit means no, except in the quit confirmation: a second press quits.
			if (dialog.kind === 'confirm' && dialog.leaves) {
				this.#context.dialogs.accept();
			} else {
				this.#context.dialogs.cancel();
			}
		}
	}

	#showUnbound(keys: readonly string[], isCommandElsewhere: boolean): void {
		const {store, keymap} = this.#context.session;
		const help = effectiveBindings(keymap, keyContext(store.state)).find(({action}) => action === 'help.open')?.sequences[0];
		const nothing = isCommandElsewhere ? '; no key deletes or kills anything' : '';
		store.dispatchNow({
			type: 'notice',
			text: `${formatKeys(keys)} is not bound here${nothing}`,
			hint: help === undefined ? '' : `${formatKeys(help)} help`,
			isPassing: true,
			now: Date.now(),
		});
	}

	#typeIn(text: string): void {
		this.#context.session.store.dispatchNow({type: 'dialog', event: {type: 'type', text}});
		this.#context.dialogs.changed();
	}

	#isQuit(key: string): boolean {
		const resolved = resolveKey(this.#context.session.keymap, 'global', [], key);
		return resolved.kind === 'matched' && resolved.action === 'app.quit';
	}

	#setPending(keys: readonly string[]): void {
		this.#context.session.store.dispatchNow({type: 'pending', keys});
	}
}

function open(session: Session): void {
	session.perform('open');
}

/** Resolves mouse reports to actions, selections and scrolling. Everything that it does can be done with keys. */
export class MouseDispatcher {
	readonly #session: Session;
	readonly #hit: (report: MouseReport) => MouseHit | null;
	#last: LastClick | null = null;

	constructor(session: Session, hit: (report: MouseReport) => MouseHit | null) {
		this.#session = session;
		this.#hit = hit;
	}

	/** Other buttons, and buttons with a modifier, do nothing. */
	take(report: MouseReport, now = performance.now()): void {
		const hit = this.#hit(report);
		const pane = hit === null || !this.#isReachable(hit) ? null : hit.pane;
		if (report.code === leftButton && hit !== null) {
			this.#click(hit, pane, {...report, at: now});
		} else if (pane !== null && (report.code === wheelUp || report.code === wheelDown)) {
			panes[pane].scroll(this.#session, report.code === wheelDown ? 1 : -1);
		}
	}

	/** A double click opens what its first click selected, also if the rows have moved since. */
	#click({action, item}: MouseHit, pane: MousePane | null, {column, row, at}: Omit<LastClick, 'pane'>): void {
		const last = this.#last;
		this.#last = null;
		if (action !== null) {
			this.#perform(action);
		} else if (pane !== null && last?.pane === pane && last.column === column && last.row === row && at - last.at <= doubleClickMs) {
			panes[pane].open?.(this.#session);
		} else if (pane !== null && item !== null) {
			panes[pane].select?.(this.#session, item);
			this.#last = {pane, column, row, at};
		}
	}

	/** A dialog takes only its own actions. */
	#perform(action: ActionId): void {
		const {dialog} = this.#session.store.state;
		if (dialog === null || actionIn(dialog.kind, action) !== undefined) {
			this.#session.perform(action);
		}
	}

	/** Outside of an open dialog, the mouse does nothing. */
	#isReachable({pane}: MouseHit): boolean {
		return (this.#session.store.state.dialog !== null) === (pane === 'dialog');
	}
}

function focus({store}: Session, pane: 'main' | 'connections'): void {
	if (store.state.pane !== pane) {
		store.dispatchNow({type: 'pane'});
	}
}
