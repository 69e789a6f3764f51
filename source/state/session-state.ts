/** The state of the session, everything that it knows and shows. */
import type {ClusterInfo} from '../cluster/cluster-client.ts';
import type {ErrorObject} from '../errors/spoke-error.ts';
import type {Audit, AuditRow} from '../evidence/audit/audit-object.ts';
import type {Leg, Path} from '../evidence/evidence.ts';
import type {ConnectionList} from './connection-list.ts';
import {emptyList, type ListState} from './list-state.ts';
import {isListName, listNames, type ListName} from './list-kinds.ts';
import type {Dialog} from './dialog.ts';
import {emptyProxy, type ProxyState} from './proxy-state.ts';
import type {ServicePods} from './service-pods.ts';
import type {TextSearch} from './text-search.ts';
import {startHistory, type ViewHistory} from './view-history.ts';

export type ViewName = ListName | 'forwards' | 'proxy' | 'audit' | 'sandbox';

/**
 * A full-size page over the views; Esc closes the last one. `row`: the path of a why screen arrives later. `left`: cells scrolled sideways.
 * `id`: a pending text is filled by it. `of`, `on`: what a text is refreshed from.
 */
export type Layer =
	| {kind: 'tail'; id: string; line: number | null}
	| {
			kind: 'why';
			about: string;
			path: Path | null;
			error: ErrorObject | null;
			entry: string | null;
			row?: string;
			top: number;
			left?: number;
	  }
	| {
			kind: 'text';
			title: string;
			right: string;
			lines: readonly TextLine[];
			top: number;
			left?: number;
			context: 'details' | 'doctor' | 'yaml';
			copy: string;
			command: string | null;
			subject: string;
			busy: boolean;
			on?: string;
			id?: string;
			search?: TextSearch | null;
			of?: {target: string; namespace: string};
	  }
	| {kind: 'help'; context: string; top: number}
	| {kind: 'messages'; top: number; left?: number};

/**
A line of a text screen: `label` is at the left, after the age of `since`; `role` colors the text.
`asIs`: blanks are kept, and it is not wrapped at words; `key` is the range of a field name in it.
*/
export type TextLine = {
	label?: string;
	since?: number;
	text: string;
	role?: string;
	indent?: number;
	rule?: true;
	path?: Path;
	asIs?: true;
	key?: readonly [from: number, to: number];
};

/** `hint` is never cut. */
export type Message = {time: number; text: string; role: 'plain' | 'warn' | 'error'; hint: string};

/** A failure, and its path if one was observed. */
export type Failure = {about: string; error: ErrorObject; path: Path | null};

export type ClusterState = {
	context: string;
	server: string;
	user: string;
	version: string | null;
	sandbox: boolean;
	/** `null` is all namespaces. */
	namespace: string | null;
	/** The namespace to return to from all namespaces. */
	lastNamespace: string;
	/** The configured proxy. */
	proxy: ClusterInfo['proxy'];
	/** Leg 1 from spoke's own socket; `null` before the first response. */
	legOne: {tls: 'verified' | 'unverified' | 'plain'; route: 'direct' | 'proxy'} | null;
	/** The server at the end of leg 1, if identified. */
	front: Leg['to'] | null;
	/** Apiserver processes known and read, if known. */
	replicas: {known: number | null; read: number} | null;
	reachable: 'yes' | 'no' | 'not yet';
	/** The time of the last response, if requests are overdue since: leg 1 is as of then. */
	asOf: number | null;
	error: ErrorObject | null;
	retryAt: number | null;
	/** Attempts since the last response, oldest first; `count` includes dropped ones. */
	tries: {count: number; last: ReadonlyArray<{time: number; tookMs: number; text: string}>};
};

export type ForwardLogLine = {time: number; text: string; connection: string | null};
/** `since` is in Date.now() milliseconds. */
export type ForwardConnectionRow = {connection: string; client: string; since: number; up: number; down: number; congested: boolean};
export type ForwardState = {
	id: string;
	context: string;
	namespace: string;
	target: string;
	/** As the user typed it. */
	remote: string;
	/** The pod's name of that port. */
	portName: string | null;
	local: number | null;
	asked: string;
	address: string;
	phase: 'open' | 'working' | 'stopped' | 'failed';
	note: string;
	/** The current pod. */
	on: string;
	open: number;
	closed: number;
	failed: number;
	up: number;
	down: number;
	/** Open connections, oldest first. */
	live: readonly ForwardConnectionRow[];
	log: readonly ForwardLogLine[];
};

export type SessionState = {
	size: {columns: number; rows: number};
	cluster: ClusterState;
	view: ViewName;
	viewBefore: ViewName;
	history: ViewHistory;
	lists: Readonly<Record<ListName, ListState>>;
	/** Of the current namespace; `null` if unknown. */
	servicePods: ServicePods | null;
	layers: readonly Layer[];
	overlay: Dialog | null;
	/** The pane with the focus. */
	pane: 'main' | 'connections';
	connections: ConnectionList;
	connectionCursor: number;
	zoom: boolean;
	/** Texts are cut at the edge and not wrapped. */
	textsAreCut: boolean;
	/** The keys of an incomplete sequence, as shown. */
	pending: string | null;
	notice: Message | null;
	messages: readonly Message[];
	/** The last failure until another action starts: the subject of `why`. */
	lastFailure: Failure | null;
	/** The path of the selected row, if known; `of` is the id of the row, because names repeat across namespaces. */
	selectedPath: {of: string; path: Path | null} | null;
	/** Details of the selected row, if the screen has space for them. */
	detailsHere: {of: string; lines: readonly TextLine[]} | null;
	forwards: readonly ForwardState[];
	forwardAt: number;
	/** Saved sets with forwards of this context. */
	forwardSets: ReadonlyArray<{name: string; count: number}>;
	proxy: ProxyState;
	/** Rows of the audit and sandbox views. */
	audit: {rows: readonly ShownAuditRow[]; found: Audit | null; at: number; busy: boolean; note: string};
	sandboxSwitches: ReadonlyArray<{id: string; label: string; values: readonly string[]; at: number; effect: string; fault: boolean}>;
	sandboxAt: number;
	sandboxLog: readonly string[];
	/** Actions that are disabled by missing permissions: action id → reason. */
	refused: ReadonlyMap<string, string>;
	readOnly: boolean;
	/** Reduced motion: no countdowns or sparklines, and ages in steps of 10 s. */
	isStill: boolean;
	now: number;
	/** Fingerprints of apiserver processes in the order of first use; shown as letters. */
	processes: readonly string[];
	/** Increases when a tail's buffer changed, so that the screen is drawn. */
	tailVersion: number;
};

export type ShownAuditRow = Pick<AuditRow, 'id' | 'title' | 'verdict' | 'state' | 'basis'> & {readOn: string; lines: readonly TextLine[]};

export const noAudit: SessionState['audit'] = {rows: [], found: null, at: 0, busy: false, note: ''};

/** Pods view, nothing open. */
export function emptySession(
	cluster: ClusterState,
	size: {columns: number; rows: number},
	now: number,
	{readOnly = false, isStill = false}: Partial<Pick<SessionState, 'readOnly' | 'isStill'>> = {},
): SessionState {
	return {
		size,
		cluster,
		view: 'pods',
		viewBefore: 'pods',
		history: startHistory({view: 'pods', namespace: cluster.namespace}),
		lists: Object.fromEntries(listNames.map(name => [name, emptyList(name)])) as Record<ListName, ListState>,
		servicePods: null,
		layers: [],
		overlay: null,
		pane: 'main',
		connections: [],
		connectionCursor: 0,
		zoom: false,
		textsAreCut: false,
		pending: null,
		notice: null,
		messages: [],
		lastFailure: null,
		selectedPath: null,
		detailsHere: null,
		forwards: [],
		forwardAt: 0,
		forwardSets: [],
		proxy: emptyProxy,
		audit: noAudit,
		sandboxSwitches: [],
		sandboxAt: 0,
		sandboxLog: [],
		refused: new Map(),
		readOnly,
		isStill,
		now,
		processes: [],
		tailVersion: 0,
	};
}

/** The current list; `null` if the view is not a list. */
export function currentList({view, lists}: Pick<SessionState, 'view' | 'lists'>): ListState | null {
	return isListName(view) ? lists[view] : null;
}

/** The namespace of a name that has none. */
export function currentNamespace({namespace, lastNamespace}: Pick<ClusterState, 'namespace' | 'lastNamespace'>): string {
	return namespace ?? lastNamespace;
}

/** Whether the list is replaced by the unreachable pane; a list with rows stays. */
export function isAwaitingApiserver(state: SessionState): boolean {
	return state.cluster.reachable === 'no' && currentList(state)?.total === 0;
}

/** The keymap context. */
export function keyContext(state: SessionState): string {
	if (state.overlay) {
		return state.overlay.kind;
	}

	const layer = state.layers.at(-1);
	if (layer) {
		return layerContext(layer, state);
	}

	if (state.pane === 'connections') {
		return 'connections';
	}

	return isAwaitingApiserver(state) ? 'unreachable' : state.view;
}

/** Help and messages use the keys of texts. */
function layerContext(layer: Layer, {connections}: Pick<SessionState, 'connections'>): string {
	switch (layer.kind) {
		case 'tail': {
			if (layer.line !== null) {
				return 'line';
			}

			return connections.some(({id, phase}) => id === layer.id && phase === 'failed') ? 'failed' : 'tail';
		}

		case 'text': {
			return layer.context;
		}

		case 'why': {
			return 'why';
		}

		case 'help':
		case 'messages': {
			return 'text';
		}
	}
}
