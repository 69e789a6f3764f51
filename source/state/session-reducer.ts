/** From one state of the session to the next. Pure: whatever happens comes in as an event. */
import type {Path} from '../posture/evidence.ts';
import {reduceDock, type DockEvent} from './connections.ts';
import {dockNews} from './dock-news.ts';
import {reduceList, type ListEvent} from './list-state.ts';
import {listNames, type ListName} from './list-kinds.ts';
import {reduceOverlay, type Overlay, type OverlayEvent} from './overlay.ts';
import {reduceProxy, type ProxyEvent} from './proxy-state.ts';
import {listHere, type ClusterState, type Failure, type ForwardState, type Layer, type Message, type SessionState, type TextLine, type ViewName} from './session-state.ts';
import type {Moved} from './tail/insert-lines.ts';
import {toggleWrap} from './text-look.ts';
import {searchText} from './text-search.ts';
import {placeAt, startHistory, visit} from './view-history.ts';

export type SessionEvent =
	| {type: 'list'; list: ListName; event: ListEvent}
	| {type: 'dock'; event: DockEvent}
	| {type: 'overlay'; event: OverlayEvent}
	| {type: 'open-overlay'; overlay: Overlay}
	| {type: 'close-overlay'}
	| {type: 'resize'; columns: number; rows: number}
	| {type: 'cluster'; to: Partial<ClusterState>}
	| {type: 'view'; view: ViewName}
	/** To a view of the history; its namespace is opened by whoever goes there. */
	| {type: 'go'; by: 1 | -1}
	| {type: 'push'; layer: Layer}
	| {type: 'layer'; to: Partial<Layer>}
	/** Lines of a tail stand elsewhere, whatever stands over it: the one that is opened is the same. */
	| {type: 'lines-moved'; id: string; moved: Moved}
	/** What a text waited for has come; nothing where it was closed meanwhile. */
	| {type: 'fill-text'; id: string; to: Partial<Extract<Layer, {kind: 'text'}>>}
	| {type: 'pop'}
	| {type: 'pane'; by: 1 | -1}
	| {type: 'dock-move'; by: number}
	| {type: 'zoom'}
	/** Lines of texts are wrapped, or not any more. */
	| {type: 'wrap'}
	| {type: 'pending'; keys: string | null}
	/** `isPassing`: nobody looks for it later. */
	| {type: 'notice'; text: string; role?: Message['role']; hint?: string; isPassing?: boolean; now: number}
	/** A key came: the notice was read, and stays in the messages. */
	| {type: 'notice-read'}
	/** Told like a notice, and kept for `why`. */
	| {type: 'failed'; failure: Failure; text: string; hint: string; now: number}
	/** Something else is done: `why` is about that from now on. */
	| {type: 'failure-over'}
	| {type: 'tick'; now: number}
	| {type: 'path-here'; of: string; path: Path | null}
	| {type: 'details-here'; of: string; lines: readonly TextLine[]}
	| {type: 'forward'; forward: ForwardState}
	| {type: 'forward-gone'; id: string}
	| {type: 'forward-move'; by: number}
	| {type: 'forward-sets'; sets: SessionState['forwardSets']}
	| {type: 'proxy'; event: ProxyEvent}
	| {type: 'audit'; to: Partial<SessionState['audit']>}
	| {type: 'sandbox'; knobs?: SessionState['sandboxKnobs']; at?: number; log?: readonly string[]}
	| {type: 'service-pods'; pods: SessionState['servicePods']}
	| {type: 'refused'; refused: ReadonlyMap<string, string>}
	| {type: 'switch'; cluster: ClusterState}
	| {type: 'tail-changed'};

/** Notices leave the last line after this long. */
const noticeMs = 5000;
const mostMessages = 500;
/** Without motion the clock of the screen goes on this often. */
const stillMs = 10_000;

/** The very same state where it is cheap to see that nothing changed: then nothing is drawn. */
export function reduceSession(state: SessionState, event: SessionEvent): SessionState {
	switch (event.type) {
		case 'list': {
			const list = reduceList(state.lists[event.list], event.event);
			return list === state.lists[event.list] ? state : {...state, lists: {...state.lists, [event.list]: list}};
		}

		case 'dock': {
			return reduceConnections(state, event.event);
		}

		case 'overlay': {
			return state.overlay ? {...state, overlay: reduceOverlay(state.overlay, event.event)} : state;
		}

		case 'open-overlay': {
			return {...state, overlay: event.overlay};
		}

		case 'close-overlay': {
			return {...state, overlay: null};
		}

		case 'resize': {
			return {...state, size: {columns: event.columns, rows: event.rows}};
		}

		case 'cluster': {
			return {...state, cluster: {...state.cluster, ...event.to}};
		}

		case 'view': {
			return showView({...state, history: visit(state.history, {view: event.view, namespace: state.cluster.namespace})}, event.view);
		}

		case 'go': {
			const place = placeAt(state.history, event.by);
			return place === null ? state : showView({...state, history: {...state.history, at: state.history.at + event.by}}, place.view);
		}

		case 'push': {
			return {...state, layers: [...state.layers.filter(layer => layer.kind !== event.layer.kind || layer.kind === 'text'), event.layer]};
		}

		case 'layer': {
			const layer = state.layers.at(-1);
			return layer ? {...state, layers: [...state.layers.slice(0, -1), {...layer, ...event.to} as Layer]} : state;
		}

		case 'lines-moved': {
			return {...state, layers: state.layers.map(layer => layer.kind === 'tail' && layer.id === event.id && layer.line !== null ? {...layer, line: event.moved(layer.line)} : layer)};
		}

		case 'fill-text': {
			return {...state, layers: state.layers.map(layer => layer.kind === 'text' && layer.id === event.id ? filled(layer, event.to) : layer)};
		}

		case 'pop': {
			return {...state, layers: state.layers.slice(0, -1)};
		}

		case 'pane': {
			return {...state, pane: state.pane === 'main' && state.dock.length > 0 ? 'connections' : 'main'};
		}

		case 'dock-move': {
			return {...state, dockAt: clamp(state.dockAt + event.by, state.dock.length)};
		}

		case 'zoom': {
			return {...state, zoom: !state.zoom};
		}

		case 'wrap': {
			return toggleWrap(state);
		}

		case 'pending': {
			return state.pending === event.keys ? state : {...state, pending: event.keys};
		}

		case 'notice': {
			return noticed(state, event);
		}

		case 'notice-read': {
			return state.notice === null ? state : {...state, notice: null};
		}

		case 'failed': {
			return {...noticed(state, {type: 'notice', text: event.text, role: 'error', hint: event.hint, now: event.now}), lastFailure: event.failure};
		}

		case 'failure-over': {
			return state.lastFailure === null ? state : {...state, lastFailure: null};
		}

		case 'tick': {
			return tick(state, event.now);
		}

		case 'path-here': {
			return {...state, pathHere: {of: event.of, path: event.path}, processes: withProcess(state.processes, event.path)};
		}

		case 'details-here': {
			return {...state, detailsHere: {of: event.of, lines: event.lines}};
		}

		case 'forward': {
			return {...state, forwards: withForward(state.forwards, event.forward)};
		}

		case 'forward-gone': {
			const forwards = state.forwards.filter(({id}) => id !== event.id);
			return {...state, forwards, forwardAt: clamp(state.forwardAt, forwards.length)};
		}

		case 'forward-move': {
			return {...state, forwardAt: clamp(state.forwardAt + event.by, state.forwards.length)};
		}

		case 'forward-sets': {
			return {...state, forwardSets: event.sets};
		}

		case 'proxy': {
			return {...state, proxy: reduceProxy(state.proxy, event.event)};
		}

		case 'audit': {
			return {...state, audit: {...state.audit, ...event.to}};
		}

		case 'sandbox': {
			return {...state, sandboxKnobs: event.knobs ?? state.sandboxKnobs, sandboxAt: event.at ?? state.sandboxAt, sandboxLog: event.log ?? state.sandboxLog};
		}

		case 'service-pods': {
			return state.servicePods === event.pods ? state : {...state, servicePods: event.pods};
		}

		case 'refused': {
			return {...state, refused: event.refused};
		}

		case 'switch': {
			return switched(state, event.cluster);
		}

		case 'tail-changed': {
			return {...state, tailVersion: state.tailVersion + 1};
		}
	}
}

/** What is searched for is looked for in the new lines, from where it stood. */
function filled(layer: Extract<Layer, {kind: 'text'}>, to: Partial<Extract<Layer, {kind: 'text'}>>): Layer {
	return {...layer, ...to, ...to.lines && layer.search && {search: searchText(to.lines, layer.search, layer.search.at ?? 0)}};
}

function showView(state: SessionState, view: ViewName): SessionState {
	return {...state, view, viewBefore: view === state.view ? state.viewBefore : state.view, pane: 'main', layers: []};
}

function noticed(state: SessionState, {text, role = 'plain', hint = '', isPassing = false, now}: Extract<SessionEvent, {type: 'notice'}>): SessionState {
	const message: Message = {time: now, text, role, hint};
	// What went wrong is not pushed away by news before it was there to be read.
	const isKept = role === 'plain' && state.notice !== null && state.notice.role !== 'plain' && now - state.notice.time <= noticeMs;
	return {...state, notice: isKept ? state.notice : message, messages: isPassing ? state.messages : [...state.messages.slice(-mostMessages + 1), message]};
}

/** In the row that it has, or in a new one. */
function withForward(forwards: readonly ForwardState[], forward: ForwardState): readonly ForwardState[] {
	const isKnown = forwards.some(({id}) => id === forward.id);
	return isKnown ? forwards.map(one => one.id === forward.id ? forward : one) : [...forwards, forward];
}

/** Another cluster, or another namespace of the same. What was asked elsewhere is not asked again here. */
function switched(state: SessionState, cluster: ClusterState): SessionState {
	const lists = {...state.lists};
	for (const name of listNames) {
		lists[name] = reduceList(lists[name], {type: 'reset'});
	}

	const here = {view: state.view, namespace: cluster.namespace};
	const isSame = cluster.context === state.cluster.context;
	const history = isSame ? visit(state.history, here) : startHistory(here);
	return {...state, notice: null, cluster, history, lists, proxy: {...state.proxy, exchanges: [], at: 0}, layers: [], pathHere: null, detailsHere: null, servicePods: null, refused: new Map(), audit: isSame ? state.audit : {rows: [], found: null, at: 0, busy: false, note: ''}};
}

function reduceConnections(state: SessionState, event: DockEvent): SessionState {
	const next = reduceDock(state.dock, event);
	if (next === state.dock) {
		return state;
	}

	const {dock, messages} = dockNews(state.dock, next, state.now, state.cluster);
	const processes = event.type === 'label' ? withProcess(state.processes, event.path) : state.processes;
	const bad = messages.findLast(({role}) => role === 'warn');
	const top = state.layers.at(-1);
	// A tail says it in its own stream.
	const isTold = top?.kind === 'tail' && 'id' in event && event.id === top.id;
	return {
		...state, processes, dock, dockAt: Math.min(state.dockAt, Math.max(0, dock.length - 1)),
		messages: messages.length === 0 ? state.messages : [...state.messages, ...messages].slice(-mostMessages), notice: bad === undefined || isTold ? state.notice : bad,
	};
}

function tick(state: SessionState, now: number): SessionState {
	const notice = state.notice !== null && now - state.notice.time > noticeMs ? null : state.notice;
	const list = listHere(state);
	const lists = list ? {...state.lists, [list.name]: reduceList(list, {type: 'expire', now})} : state.lists;
	// In steps: what is shown of ages moves with it.
	return {...state, now: state.isStill && now - state.now < stillMs ? state.now : now, notice, lists};
}

function withProcess(processes: readonly string[], path: Path | null): readonly string[] {
	const id = path?.process.id ?? null;
	return id === null || processes.includes(id) ? processes : [...processes, id];
}

function clamp(index: number, length: number): number {
	return Math.max(0, Math.min(index, length - 1));
}
