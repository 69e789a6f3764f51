/** Resolves mouse reports to actions, selections and scrolling. Everything that it does can be done with keys. */
import {actionIn, type ActionId} from '../../actions/action-table.ts';
import type {MouseReport} from '../../keymap/decode-keys.ts';
import type {MouseHit} from '../frame/paint-tree.ts';
import type {Session} from '../frame/session.ts';
import type {MousePane} from '../kit/styled-text.tsx';
import {scrollRows, selectItem} from '../lists/list-handlers.ts';
import {scrollTailRows, selectTailLine} from '../tail/tail-handlers.ts';
import {matchingItems} from '../dialogs/dialog.ts';

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
			session.store.dispatchNow({type: 'connection-cursor', by: item - session.store.state.connectionCursor});
		},
		open,
		scroll({store}, by) {
			store.dispatchNow({type: 'connection-cursor', by});
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

function open(session: Session): void {
	session.perform('open');
}

type LastClick = {pane: MousePane; column: number; row: number; at: number};

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
