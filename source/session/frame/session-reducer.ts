/** The reducer of the session. */
import type {Path} from '../../evidence/evidence.ts';
import {connectionChanges, reduceConnectionList, withoutEnded, type ConnectionList, type ConnectionListEvent} from './connection-list.ts';
import {reduceList, selectedRow, type ListEvent} from '../lists/list-state.ts';
import {listNames, type ListName} from '../lists/list-kinds.ts';
import {reduceDialog, type Dialog, type DialogEvent} from '../dialogs/dialog.ts';
import {reduceProxy, type ProxyEvent} from '../proxy/proxy-state.ts';
import {
	currentList,
	noAudit,
	shownClusters,
	type ApiserverProcess,
	type ClusterState,
	type Failure,
	type ForwardState,
	type Layer,
	type Message,
	type SessionState,
	type TextLayer,
	type TextLine,
	type ViewName,
} from './session-state.ts';
import type {LineRemap} from '../tail/insert-lines.ts';
import {connectionOfTail} from '../tail/describe-tail.ts';
import {remapTail, type TailDisplay, type TailView} from '../tail/tail-view.ts';
import {withContext} from '../lists/row-filter.ts';
import {servicesWithoutPods, type ServicePods} from '../lists/problems.ts';
import {searchText, toggleWrap} from '../kit/text-rows.ts';
import {estimatedRows, rowsWithCursor, type CursorRows, entryAt, startHistory, visit} from './layout.ts';
import {withRowPath, type WhyLayer} from '../why/why.ts';
import {forwardRow} from '../forwards/reduce-forward.ts';

export type SessionEvent =
	| {type: 'list'; list: ListName; event: ListEvent}
	| {type: 'connections'; event: ConnectionListEvent}
	| {type: 'dialog'; event: DialogEvent}
	| {type: 'open-dialog'; dialog: Dialog}
	| {type: 'close-dialog'}
	| {type: 'resize'; columns: number; rows: number}
	| {type: 'list-rows'; rows: number}
	| {type: 'page-rows'; rows: number}
	/** Without a context, of the current cluster. */
	| {type: 'cluster'; context?: string; to: Partial<ClusterState>}
	| {type: 'view'; view: ViewName}
	| {type: 'go'; by: 1 | -1}
	| {type: 'push'; layer: Layer}
	| {type: 'layer'; to: Partial<Layer>}
	| {type: 'lines-moved'; id: string; moved: LineRemap}
	| {type: 'fill-text'; id: string; to: Partial<TextLayer>}
	| {type: 'pop'}
	/** To the other pane. */
	| {type: 'pane'}
	| {type: 'cursor'; of: CursorRows; to: number}
	| {type: 'zoom'}
	| {type: 'wrap'}
	| {type: 'pending'; keys: readonly string[]}
	/** `isPassing`: about a key in this view, so it is not kept in the messages, nor in another view. */
	| {type: 'notice'; text: string; role?: Message['role']; hint?: string; isPassing?: boolean; canCancel?: boolean; now: number}
	| {type: 'notice-read'}
	| {type: 'failed'; failure: Failure; text: string; hint: string; now: number}
	| {type: 'failure-over'}
	| {type: 'first-hints'; isDefaultKeymap: boolean}
	| {type: 'first-hints-over'}
	| {type: 'tick'; now: number}
	| {type: 'selected-path'; of: string; path: Path | null}
	| {type: 'selected-details'; of: string; lines: readonly TextLine[]}
	/** Also again, by its id. */
	| {type: 'forward-started'; forward: ForwardState; since: number}
	| {type: 'forward'; forward: ForwardState}
	| {type: 'forward-gone'; id: string}
	| {type: 'forward-sets'; sets: SessionState['forwardSets']}
	| {type: 'proxy'; event: ProxyEvent}
	| {type: 'audit'; to: Partial<SessionState['audit']>}
	| {type: 'sandbox'; switches?: SessionState['sandboxSwitches']; log?: readonly string[]}
	/** `pods`: `null` if they became unknown. */
	| {type: 'service-pods'; context: string; pods: ServicePods | null}
	| {type: 'recording'; recording: SessionState['recording']}
	| {type: 'switch'; cluster: ClusterState; others?: readonly ClusterState[]}
	| {type: 'tail-opened'; view: TailView}
	/** Ignored after the tail was closed. */
	| {type: 'tail'; view: TailView}
	| {type: 'tail-display'; display: TailDisplay};

const noticeMs = 5000;
const maxMessages = 500;
/** Step of the screen clock under reduced motion. */
const stillMs = 10_000;

/** Returns the same state if nothing changed, as far as that is cheap to detect; then nothing is drawn. */
export function reduceSession(state: SessionState, event: SessionEvent): SessionState {
	const reduce = reducers[event.type] as (state: SessionState, event: SessionEvent) => SessionState;
	return focusRows(followRow(reduce(state, event)));
}

/** An empty pane has no row for the keys. */
function focusRows(state: SessionState): SessionState {
	return state.pane === 'connections' && state.connections.length === 0 ? {...state, pane: 'main'} : state;
}

/** The current cluster is that of the selected row, which is open. */
function followRow(state: SessionState): SessionState {
	const list = state.others.length === 0 ? null : currentList(state);
	const row = list && selectedRow(list);
	const next = row?.unread === undefined ? state.others.find(one => one.context === row?.context) : undefined;
	return next === undefined ? state : {...state, cluster: next, others: [state.cluster, ...state.others.filter(one => one !== next)]};
}

type Event<Type extends SessionEvent['type']> = Extract<SessionEvent, {type: Type}>;

const reducers: {readonly [Type in SessionEvent['type']]: (state: SessionState, event: Event<Type>) => SessionState} = {
	list(state, {list: name, event}) {
		const list = reduceList(state.lists[name], event);
		return list === state.lists[name] ? state : {...state, lists: {...state.lists, [name]: list}};
	},
	connections: (state, {event}) => reduceConnections(state, event),
	dialog: (state, {event}) => (state.dialog ? {...state, dialog: reduceDialog(state.dialog, event)} : state),
	'open-dialog': (state, {dialog}) => ({...state, dialog}),
	'close-dialog': state => ({...state, dialog: null}),
	resize: (state, {columns, rows}) => ({...state, ...estimatedRows({columns, rows}, state.hasScreenReader)}),
	'list-rows': (state, {rows}) => (state.listRows === rows ? state : {...state, listRows: rows}),
	'page-rows': (state, {rows}) => (state.pageRows === rows ? state : {...state, pageRows: rows}),
	cluster: (state, {context = state.cluster.context, to}) =>
		context === state.cluster.context
			? {...state, cluster: {...state.cluster, ...to}}
			: {...state, others: state.others.map(one => (one.context === context ? {...one, ...to} : one))},
	view: (state, {view}) => showView({...state, history: visit(state.history, {view, namespace: state.cluster.namespace})}, view),
	go(state, {by}) {
		const entry = entryAt(state.history, by);
		return entry === null ? state : showView({...state, history: {...state.history, position: state.history.position + by}}, entry.view);
	},
	push: (state, {layer}) => ({...state, layers: [...state.layers.filter(({kind}) => kind !== layer.kind || kind === 'text'), layer]}),
	layer: (state, {to}) => ({
		...state,
		layers: state.layers.map((layer, index) => (index === state.layers.length - 1 ? ({...layer, ...to} as Layer) : layer)),
	}),
	'lines-moved': (state, {id, moved}) => ({
		...withTail(state, id, view => remapTail(view, moved)),
		layers: state.layers.map(layer =>
			layer.kind === 'tail' && layer.id === id && layer.line !== null ? {...layer, line: moved(layer.line)} : layer,
		),
	}),
	'fill-text': (state, {id, to}) => ({
		...state,
		layers: state.layers.map(layer => (layer.kind === 'text' && layer.id === id ? fillText(layer, to) : layer)),
	}),
	pop: state => ({...state, layers: state.layers.slice(0, -1)}),
	pane: state => ({...state, pane: state.pane === 'main' ? 'connections' : 'main'}),
	cursor(state, {of, to}) {
		const {count, moved} = rowsWithCursor[of];
		return moved(state, clamp(to, count(state)));
	},
	zoom: state => ({...state, zoom: !state.zoom}),
	wrap: state => toggleWrap(state),
	pending: (state, {keys}) => (state.pending.length === 0 && keys.length === 0 ? state : {...state, pending: keys}),
	notice: (state, notice) => withNotice(state, notice),
	'notice-read': state => (state.notice === null ? state : {...state, notice: null}),
	failed: (state, {failure, text, hint, now}) => ({
		...withNotice(state, {type: 'notice', text, role: 'error', hint, now}),
		lastFailure: failure,
	}),
	'failure-over': state => (state.lastFailure === null ? state : {...state, lastFailure: null}),
	'first-hints': (state, {isDefaultKeymap}) => ({...state, firstHints: {isDefaultKeymap}}),
	'first-hints-over': state => (state.firstHints === null ? state : {...state, firstHints: null}),
	tick: (state, event) => tick([...state.tails.values()].reduce(withTailRow, state), event),
	'selected-path': (state, {of, path}) => ({
		...state,
		selectedPath: {of, path},
		layers: withSelectedPath(state.layers, {of, path}),
		processes: withProcess(state.processes, path),
	}),
	'selected-details': (state, {of, lines}) => ({...state, selectedDetails: {of, lines}}),
	'forward-started'(state, {forward, since}) {
		const {id, context, namespace} = forward;
		return reduceConnections(withForward(state, forward), {
			type: 'open',
			entry: {id, kind: 'forward', context, namespace, since, ...forwardRow(forward)},
		});
	},
	forward: (state, {forward}) => reduceConnections(withForward(state, forward), {type: 'change', id: forward.id, to: forwardRow(forward)}),
	'forward-gone'(state, {id}) {
		const forwards = state.forwards.filter(forward => forward.id !== id);
		return reduceConnections({...state, forwards, forwardCursor: clamp(state.forwardCursor, forwards.length)}, {type: 'close', id});
	},
	'forward-sets': (state, {sets}) => ({...state, forwardSets: sets}),
	proxy: (state, {event}) => ({...state, proxy: reduceProxy(state.proxy, event)}),
	audit: (state, {to}) => ({...state, audit: {...state.audit, ...to}}),
	sandbox: (state, {switches = state.sandboxSwitches, log = state.sandboxLog}) => ({
		...state,
		sandboxSwitches: switches,
		sandboxLog: log,
	}),
	'service-pods'(state, {context, pods}) {
		if ((state.servicePods.get(context) ?? null) === pods) {
			return state;
		}

		const services = reduceList(state.lists.services, {type: 'known-problems', context, known: pods && servicesWithoutPods(pods)});
		return {...state, servicePods: withContext(state.servicePods, context, pods), lists: {...state.lists, services}};
	},
	recording: (state, {recording}) => ({...state, recording}),
	switch: (state, {cluster, others = []}) => switchClusters(state, cluster, others),
	'tail-opened': (state, {view}) => ({...state, tails: new Map([...state.tails, [view.id, view]])}),
	tail(state, {view}) {
		const wasFailed = state.tails.get(view.id)?.phase === 'failed';
		const next = withTail(state, view.id, () => view);
		// A failure changes the available keys.
		return wasFailed === (view.phase === 'failed') ? next : withTailRow(next, view);
	},
	'tail-display': (state, {display}) => ({...state, tailDisplay: display}),
};

function withSelectedPath(layers: readonly Layer[], {of, path}: {of: string; path: Path | null}): readonly Layer[] {
	const why = layers.find(layer => layer.kind === 'why' && layer.row === of) as WhyLayer | undefined;
	const next = why && withRowPath(why, path);
	return next === why ? layers : layers.map(layer => (layer === why ? next! : layer));
}

/** Repeats the search from its position. */
function fillText(layer: TextLayer, to: Partial<TextLayer>): Layer {
	return {...layer, ...to, ...(to.lines && layer.search && {search: searchText(to.lines, layer.search, layer.search.at ?? 0)})};
}

function showView(state: SessionState, view: ViewName): SessionState {
	const notice = state.notice?.isPassing ? null : state.notice;
	return {...state, view, notice, previousView: view === state.view ? state.previousView : state.view, pane: 'main', layers: []};
}

function withNotice(
	state: SessionState,
	{text, role = 'plain', hint = '', isPassing = false, canCancel = false, now}: Event<'notice'>,
): SessionState {
	const message: Message = {time: now, text, role, hint, ...(isPassing && {isPassing}), ...(canCancel && {canCancel})};
	// An ordinary notice does not replace a warning before it could be read.
	const isKept = role === 'plain' && state.notice !== null && state.notice.role !== 'plain' && now - state.notice.time <= noticeMs;
	return {
		...state,
		notice: isKept ? state.notice : message,
		messages: isPassing ? state.messages : [...state.messages.slice(-maxMessages + 1), message],
	};
}

function withTail(state: SessionState, id: string, change: (view: TailView) => TailView): SessionState {
	const known = state.tails.get(id);
	const view = known && change(known);
	return view === undefined || view === known ? state : {...state, tails: new Map([...state.tails, [id, view]])};
}

function withTailRow(state: SessionState, view: TailView): SessionState {
	return reduceConnections(state, {type: 'change', id: view.id, to: connectionOfTail(view)});
}

function withForward(state: SessionState, forward: ForwardState): SessionState {
	const at = state.forwards.findIndex(({id}) => id === forward.id);
	return {...state, forwards: at < 0 ? [...state.forwards, forward] : state.forwards.with(at, forward)};
}

function switchClusters(state: SessionState, cluster: ClusterState, others: readonly ClusterState[]): SessionState {
	const lists = {...state.lists};
	for (const name of listNames) {
		const emptied = reduceList(lists[name], lists[name].scope === null ? {type: 'reset'} : {type: 'narrow', scope: null});
		lists[name] = {...emptied, knownProblems: new Map()};
	}

	const here = {view: state.view, namespace: cluster.namespace};
	const isSame = contextsKey({cluster, others}) === contextsKey(state);
	const history = isSame ? visit(state.history, here) : startHistory(here);
	return {
		...state,
		cluster,
		others,
		history,
		lists,
		notice: null,
		layers: [],
		selectedPath: null,
		selectedDetails: null,
		servicePods: new Map(),
		proxy: isSame ? state.proxy : {...state.proxy, exchanges: [], cursor: 0},
		audit: isSame ? state.audit : noAudit,
	};
}

function contextsKey(state: Pick<SessionState, 'cluster' | 'others'>): string {
	return JSON.stringify(
		shownClusters(state)
			.map(({context}) => context)
			.sort(),
	);
}

function reduceConnections(state: SessionState, event: ConnectionListEvent): SessionState {
	const next = reduceConnectionList(state.connections, event);
	if (next === state.connections) {
		return state;
	}

	const {connections, messages} = connectionChanges(state.connections, next, state.now, state.cluster);
	const processes = event.type === 'label' ? withProcess(state.processes, event.path) : state.processes;
	const bad = messages.findLast(({role}) => role === 'warn');
	const top = state.layers.at(-1);
	// A tail shows it among its own lines.
	const isReported = top?.kind === 'tail' && 'id' in event && event.id === top.id;
	return {
		...state,
		processes,
		...withConnections(state, connections),
		messages: messages.length === 0 ? state.messages : [...state.messages, ...messages].slice(-maxMessages),
		notice: bad === undefined || isReported ? state.notice : bad,
	};
}

/** The cursor stays on its row, and on the newest one until the user moves it. A tail is dropped with its row. */
function withConnections(
	{connections: before, connectionCursor, pane, tails}: SessionState,
	connections: ConnectionList,
): Pick<SessionState, 'connections' | 'connectionCursor' | 'tails'> {
	const isNewest = pane === 'main' && connectionCursor === 0;
	const same = isNewest ? 0 : connections.findIndex(({id}) => id === before[connectionCursor]?.id);
	const isListed = (id: string) => connections.some(one => one.id === id);
	return {
		connections,
		connectionCursor: clamp(same < 0 ? connectionCursor : same, connections.length),
		tails: tails.keys().every(isListed) ? tails : new Map([...tails].filter(([id]) => isListed(id))),
	};
}

function tick(state: SessionState, {now}: Event<'tick'>): SessionState {
	const notice = state.notice !== null && now - state.notice.time > noticeMs ? null : state.notice;
	const list = currentList(state);
	const lists = list ? {...state.lists, [list.name]: reduceList(list, {type: 'expire', now})} : state.lists;
	const selected = state.pane === 'connections' ? state.connections[state.connectionCursor] : undefined;
	// Their lines cannot be read again.
	const unreadable = [...state.tails.values()].flatMap(({id, sources}) => (sources.some(({isGone}) => isGone === true) ? [id] : []));
	const shown = state.layers.flatMap(layer => (layer.kind === 'tail' ? [layer.id] : []));
	const connections = withoutEnded(state.connections, now, new Set([...unreadable, ...shown, selected?.id ?? '']));
	const kept = connections === state.connections ? {} : withConnections(state, connections);
	return {
		...state,
		...kept,
		now: state.isReducedMotion && now - state.now < stillMs ? state.now : now,
		notice,
		lists,
	};
}

function withProcess(processes: readonly ApiserverProcess[], path: Path | null): readonly ApiserverProcess[] {
	if (path === null || path.process.id === null) {
		return processes;
	}

	const {context} = path.cluster;
	const {id} = path.process;
	return processes.some(one => one.context === context && one.id === id) ? processes : [...processes, {context, id}];
}

function clamp(index: number, length: number): number {
	return Math.max(0, Math.min(index, length - 1));
}
