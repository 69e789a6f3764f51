/** Opens the why screen of a stream, failure, connection or row. */
import {qualifyWithContext, worstPath, noOverdueTimes, overdueTimes} from '../frame/connection-list.ts';
import {selectedRow} from '../lists/list-state.ts';
import {formatCopiedLines} from '../kit/text-rows.ts';
import {selectedExchange, selectedListener} from '../proxy/proxy-state.ts';
import {currentList, shownTail, type SessionState, type TextLine} from '../frame/session-state.ts';
import {whyPath, type WhyLayer, whyLines} from './why.ts';
import {unicodeGlyphs} from '../kit/theme.ts';
import {describeEnd} from '../../report/descriptions/describe-path.ts';
import type {Handlers, Session} from '../frame/session.ts';
import {targetOf} from '../lists/selection.ts';
import {hasContexts, selectedContext} from '../tail/tail-sources.ts';

export const whyHandlers = {
	'why/copy'(session) {
		const layer = whyLayer(session);
		if (layer) {
			session.copy(formatCopiedLines(linesOf(session, layer), Date.now()), 'the evidence');
		}
	},
	'why/copy.fix'(session) {
		const layer = whyLayer(session);
		const fixes = layer
			? linesOf(session, layer)
					.filter(({label}) => label?.trim() === 'fix')
					.map(({text}) => text)
			: [];
		if (fixes.length > 0) {
			session.copy(fixes.join('\n'), 'the fix');
		} else {
			session.showMessage('nothing to fix');
		}
	},
	'why/retry'(session) {
		session.store.dispatchNow({type: 'pop'});
		session.paths.follow();
	},
} satisfies Handlers;

export function openWhy(session: Session): void {
	const subject = subjectOf(session);
	if (subject === null) {
		session.showMessage('nothing is selected');
	} else {
		session.store.dispatchNow({type: 'push', layer: {kind: 'why', top: 0, ...subject}});
	}
}

function whyLayer({store}: Session): WhyLayer | null {
	const layer = store.state.layers.at(-1);
	return layer?.kind === 'why' ? layer : null;
}

type Subject = Pick<WhyLayer, 'about' | 'path' | 'error' | 'entry' | 'context' | 'row'>;

function subjectOf(session: Session): Subject | null {
	const {store} = session;
	const {state} = store;
	const failure = state.lastFailure;
	if (failure) {
		return {about: failure.about, path: failure.path, error: failure.error, entry: null};
	}

	const tail = shownTail(state);
	const streamId = tail?.id ?? selectedStream(state);
	const entry = state.connections.find(({id}) => id === streamId);
	if (entry) {
		const path = worstPath(entry.paths.values(), tail ? selectedContext(tail) : null);
		const context = tail && hasContexts(tail) ? (path?.cluster.context ?? null) : null;
		const what = context === null ? qualifyWithContext(entry, state.cluster) : `${entry.what} on ${context}`;
		return {
			about: `${entry.kind} ${what}`,
			path,
			context,
			error: entry.error,
			entry: entry.id,
		};
	}

	if (state.view === 'proxy') {
		const exchange = selectedExchange(state.proxy);
		return {
			about: exchange ? `${exchange.method} ${exchange.asked}` : 'proxy',
			path: exchange?.path ?? null,
			error: exchange?.error ?? null,
			entry: null,
		};
	}

	const list = currentList(session.store.state);
	const unread = list && selectedRow(list)?.unread;
	if (list && unread) {
		return {about: `list of ${list.name} on ${selectedRow(list)!.name}`, path: null, error: unread, entry: null};
	}

	if (list?.phase.kind === 'failed') {
		return {about: `list of ${list.name}`, path: null, error: list.phase.error, entry: null};
	}

	if (state.cluster.error) {
		return {about: 'the apiserver', path: null, error: state.cluster.error, entry: null};
	}

	const shown = state.view === 'sandbox' ? state.lists.pods : list;
	const row = shown && selectedRow(shown);
	if (!row) {
		return null;
	}

	// The path may still belong to the previously selected row.
	return {
		about: `${state.view === 'sandbox' ? row.name : targetOf(shown.name, row)}${row.context === undefined ? '' : ` on ${row.context}`}`,
		path: state.selectedPath?.of === row.id ? state.selectedPath.path : null,
		error: null,
		entry: null,
		row: row.id,
	};
}

function selectedStream({pane, view, connections, connectionCursor, forwards, forwardCursor, proxy}: SessionState): string | undefined {
	if (pane === 'connections') {
		return connections[connectionCursor]?.id;
	}

	if (view === 'forwards') {
		return forwards[forwardCursor]?.id;
	}

	return view === 'proxy' ? selectedListener(proxy)?.id : undefined;
}

function linesOf({store}: Session, layer: WhyLayer): readonly TextLine[] {
	const path = whyPath(store.state, layer);
	return [
		...(path ? [{text: [path.line, describeEnd(path)].filter(part => part !== '').join(', ')}] : []),
		...whyLines(path, layer.error, unicodeGlyphs.strokes, [], path ? overdueTimes(store.state, path) : noOverdueTimes),
	];
}
