/** List movement, filter, sort and view selection. */
import {countPresent, selectedRow, selectionFor, type ListEvent, type ListSelection} from './list-state.ts';
import {nextSortColumn} from './list-columns.ts';
import {isListName} from './list-kinds.ts';
import {parseRowFilter} from './row-filter.ts';
import {cursorOf, entryAt} from '../frame/layout.ts';
import {currentList, sharedNamespace, type ViewName} from '../frame/session-state.ts';
import {formatNumber} from '../../base/text/formats.ts';
import {readAuditOnce} from '../audit/audit-handlers.ts';
import {loadForwardSets} from '../forwards/forward-sets.ts';
import type {Handlers, Session} from '../frame/session.ts';

function dispatchList(session: Session, event: ListEvent): void {
	const list = currentList(session.store.state);
	if (list) {
		session.store.dispatchNow({type: 'list', list: list.name, event});
	}
}

function move(session: Session, by: number): void {
	const {state} = session.store;
	if (isListName(state.view)) {
		dispatchList(session, {type: 'move', by, now: Date.now()});
	} else {
		session.store.dispatchNow({type: 'cursor', of: state.view, to: cursorOf(state, state.view) + by});
	}
}

/** For the wheel: a list scrolls, and in the other views the cursor moves. */
export function scrollRows(session: Session, by: number): void {
	if (currentList(session.store.state)) {
		dispatchList(session, {type: 'scroll', by, now: Date.now()});
	} else {
		move(session, by);
	}
}

export function selectItem(session: Session, item: number): void {
	const {state} = session.store;
	move(session, item - (isListName(state.view) ? state.lists[state.view].cursorIndex : cursorOf(state, state.view)));
}

const page = (session: Session) => currentList(session.store.state)?.windowRows ?? 10;
const far = 1_000_000_000;

const moveBy = (by: (session: Session) => number) => (session: Session) => {
	move(session, by(session));
};

export const listHandlers = {
	'rows/move.down': moveBy(() => 1),
	'rows/move.up': moveBy(() => -1),
	'rows/move.page-down': moveBy(page),
	'rows/move.page-up': moveBy(session => -page(session)),
	'rows/move.half-down': moveBy(session => Math.ceil(page(session) / 2)),
	'rows/move.half-up': moveBy(session => -Math.ceil(page(session) / 2)),
	'rows/move.start': moveBy(() => -far),
	'rows/move.end': moveBy(() => far),
	'view.toggle-last': showBefore,
	'view.history-back'(session) {
		goInHistory(session, -1);
	},
	'view.history-forward'(session) {
		goInHistory(session, 1);
	},
	'list/filter': filterList,
	'list/mark'(session) {
		dispatchList(session, {type: 'mark'});
	},
	'list.problems'(session) {
		dispatchList(session, {type: 'problems'});
		// The problems of nodes need another read.
		session.refreshFeeds();
	},
	'list.sort'(session) {
		const {state} = session.store;
		const list = currentList(state);
		if (list) {
			const column = nextSortColumn(state, list);
			dispatchList(session, {type: 'sort', column});
			session.showMessage(`sorted by ${column}`);
		}
	},
	'list.reverse'(session) {
		dispatchList(session, {type: 'reverse'});
	},
	'list.columns'(session) {
		dispatchList(session, {type: 'wide'});
	},
	'list/copy'(session) {
		const list = currentList(session.store.state);
		const row = list && selectedRow(list);
		if (row) {
			session.copy(row.name, row.name);
		}
	},
	'view.pods': show('pods'),
	'view.workloads': show('workloads'),
	'view.services': show('services'),
	'view.nodes': show('nodes'),
	'view.events': show('events'),
	'view.forwards': show('forwards'),
	'view.proxy': show('proxy'),
	'view.audit': show('audit'),
	'view.sandbox': show('sandbox'),
} satisfies Handlers;

function show(view: ViewName): (session: Session) => void {
	return session => {
		showView(session, view);
	};
}

function showBefore(session: Session): void {
	const {view, previousView} = session.store.state;
	if (previousView !== view) {
		showView(session, previousView);
	}
}

function goInHistory(session: Session, by: 1 | -1): void {
	const {store} = session;
	const entry = entryAt(store.state.history, by);
	if (entry === null) {
		session.showMessage(by < 0 ? 'no previous view' : 'no next view');
		return;
	}

	store.dispatchNow({type: 'go', by});
	if (entry.view === 'audit') {
		void readAuditOnce(session);
	}

	const {cluster, others} = store.state;
	// Of several contexts with their own namespaces, the selected one is in the history.
	if (entry.namespace === cluster.namespace || sharedNamespace({cluster, others}) === undefined) {
		session.refreshFeeds();
	} else {
		session.openNamespace(entry.namespace);
	}
}

/** A whole list, not the pods of one object. */
export function showView(session: Session, view: ViewName): void {
	if (view === 'sandbox' && !session.store.state.cluster.sandbox) {
		session.showMessage('this is a real cluster: only `spoke demo` has a sandbox view', 'warn');
		return;
	}

	if (isListName(view) && session.store.state.lists[view].scope !== null) {
		session.store.dispatchNow({type: 'list', list: view, event: {type: 'narrow', scope: null}});
	}

	session.store.dispatchNow({type: 'view', view});
	session.refreshFeeds();
	if (view === 'forwards') {
		loadForwardSets(session);
	} else if (view === 'audit') {
		void readAuditOnce(session);
	}
}

async function filterList(session: Session): Promise<void> {
	const list = currentList(session.store.state);
	if (!list) {
		return;
	}

	const before = list.filter;
	const from = selectionFor(list);
	const set = (text: string, selection: ListSelection = from) => {
		session.store.dispatchNow({type: 'list', list: list.name, event: {type: 'filter', text, from: selection}});
	};

	const answer = await session.promptForText({
		lead: '/',
		purpose: 'filter',
		accept: 'apply',
		text: before,
		note(text) {
			const filter = parseRowFilter(text);
			if (filter.kind === 'labels') {
				return text.startsWith('!') ? `filtered by the apiserver: ${filter.selector}` : 'the apiserver filters by labels';
			}

			const now = session.store.state.lists[list.name];
			return now.filterProblem ?? `${formatNumber(countPresent(now.visible))} of ${formatNumber(now.total)}`;
		},
		onChange(text) {
			set(text);
		},
		check(text) {
			const filter = parseRowFilter(text);
			return filter.kind === 'invalid' ? filter.why : null;
		},
	});
	if (answer === null) {
		const {cursorId, moved, cursorIndex, top} = list;
		set(before, {cursorId, moved, cursorIndex, top});
	} else {
		set(answer.text);
	}

	const labels = (text: string) => {
		const filter = parseRowFilter(text);
		return filter.kind === 'labels' ? filter.selector : null;
	};

	if (answer && labels(answer.text) !== labels(before)) {
		// The apiserver filters by labels.
		session.refreshFeeds();
	}
}
