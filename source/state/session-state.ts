/** All that the session knows and shows, as one value. */
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

/** A screen that stands over the views; Esc takes the last one away. A why of a `row` has its path as soon as that is read. `left`: it is moved sideways by so many cells. A text that is read has an `id`, by which it is filled wherever it stands; `of` and `on` are what it can be read again from. */
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
A line of a text screen: `label` stands out at the left, behind the age of what was at `since`; `role` colours the text.
`asIs`: each of its blanks counts, and it is cut where the screen ends; `key` is from where to where in it the name of a field stands.
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

/** `hint` is kept whole where the text is cut. */
export type Message = {time: number; text: string; role: 'plain' | 'warn' | 'error'; hint: string};

/** What failed, and on which path where one was met. */
export type Failure = {about: string; error: ErrorObject; path: Path | null};

export type ClusterState = {
	context: string;
	server: string;
	user: string;
	version: string | null;
	sandbox: boolean;
	/** `null` is all namespaces. */
	namespace: string | null;
	/** The one to come back to from all namespaces. */
	lastNamespace: string;
	/** What lies between it and this machine, as configured. */
	proxy: ClusterInfo['proxy'];
	/** What our own socket says of leg 1; `null` before the first answer. */
	legOne: {tls: 'verified' | 'unverified' | 'plain'; route: 'direct' | 'proxy'} | null;
	/** Who answers at the end of leg 1, where that was read. */
	front: Leg['to'] | null;
	/** Apiserver processes known and read, where that is told. */
	replicas: {known: number | null; read: number} | null;
	reachable: 'yes' | 'no' | 'not yet';
	/** When it answered last, where requests have been unanswered since for longer than they take: what is said of leg 1 is as of then. */
	asOf: number | null;
	error: ErrorObject | null;
	retryAt: number | null;
	/** Tries since the last answer, the oldest first; `count` is of all, also those let go. */
	tries: {count: number; last: ReadonlyArray<{time: number; tookMs: number; text: string}>};
};

export type ForwardLogLine = {time: number; text: string; connection: string | null};
/** `since` is a moment as of Date.now(). */
export type ForwardConnectionRow = {connection: string; client: string; since: number; up: number; down: number; congested: boolean};
export type ForwardState = {
	id: string;
	context: string;
	namespace: string;
	target: string;
	/** As asked for. */
	remote: string;
	/** What the pod calls the port that it goes to. */
	portName: string | null;
	local: number | null;
	asked: string;
	address: string;
	phase: 'open' | 'working' | 'stopped' | 'failed';
	note: string;
	/** The pod it goes to, as last told. */
	on: string;
	open: number;
	closed: number;
	failed: number;
	up: number;
	down: number;
	/** Connections that are open, the oldest first. */
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
	/** Of the namespace on the screen; `null` while it is not told. */
	servicePods: ServicePods | null;
	layers: readonly Layer[];
	overlay: Dialog | null;
	/** Which pane the keys move in. */
	pane: 'main' | 'connections';
	dock: ConnectionList;
	dockAt: number;
	zoom: boolean;
	/** Lines of texts end at the edge of the screen, and are not wrapped. */
	textsAreCut: boolean;
	/** Keys of a sequence that has begun, as shown. */
	pending: string | null;
	notice: Message | null;
	messages: readonly Message[];
	/** What failed last, until something else is done: what `why` is about. */
	lastFailure: Failure | null;
	/** The path to what is under the cursor, where it is known; `of` is the row's id: two namespaces may have the same name in them. */
	pathHere: {of: string; path: Path | null} | null;
	/** Details of the row under the cursor, where there is room for them. */
	detailsHere: {of: string; lines: readonly TextLine[]} | null;
	forwards: readonly ForwardState[];
	forwardAt: number;
	/** Saved sets that have forwards of this context. */
	forwardSets: ReadonlyArray<{name: string; count: number}>;
	proxy: ProxyState;
	/** Rows of the audit and sandbox screens, made outside. */
	audit: {rows: readonly ShownAuditRow[]; found: Audit | null; at: number; busy: boolean; note: string};
	sandboxKnobs: ReadonlyArray<{id: string; label: string; values: readonly string[]; at: number; effect: string; fault: boolean}>;
	sandboxAt: number;
	sandboxLog: readonly string[];
	/** Actions that are off by right: id of the action → the reason. */
	refused: ReadonlyMap<string, string>;
	readOnly: boolean;
	/** Nothing moves by itself: no countdown, no curve, and ages in steps of 10 s. */
	isStill: boolean;
	now: number;
	/** Fingerprints of apiserver processes in the order met: letters on the screen. */
	processes: readonly string[];
	/** Rises when a tail's buffer changed, so that the screen is drawn. */
	tailVersion: number;
};

export type ShownAuditRow = Pick<AuditRow, 'id' | 'title' | 'verdict' | 'state' | 'basis'> & {readOn: string; lines: readonly TextLine[]};

export const noAudit: SessionState['audit'] = {rows: [], found: null, at: 0, busy: false, note: ''};

/** Before anything is read: on the pods, with nothing open. */
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
		dock: [],
		dockAt: 0,
		zoom: false,
		textsAreCut: false,
		pending: null,
		notice: null,
		messages: [],
		lastFailure: null,
		pathHere: null,
		detailsHere: null,
		forwards: [],
		forwardAt: 0,
		forwardSets: [],
		proxy: emptyProxy,
		audit: noAudit,
		sandboxKnobs: [],
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

/** The list on the screen; `null` where the view is none. */
export function listHere({view, lists}: Pick<SessionState, 'view' | 'lists'>): ListState | null {
	return isListName(view) ? lists[view] : null;
}

/** Where a thing is that is named without a namespace. */
export function currentNamespace({namespace, lastNamespace}: Pick<ClusterState, 'namespace' | 'lastNamespace'>): string {
	return namespace ?? lastNamespace;
}

/** Whether the apiserver has not answered yet, and that stands where a list would be. A list that was there before stays. */
export function isAwaitingApiserver(state: SessionState): boolean {
	return state.cluster.reachable === 'no' && listHere(state)?.total === 0;
}

/** In which context keys are looked up now. */
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

/** Help and messages are texts like others. */
function layerContext(layer: Layer, {dock}: Pick<SessionState, 'dock'>): string {
	switch (layer.kind) {
		case 'tail': {
			if (layer.line !== null) {
				return 'line';
			}

			return dock.some(({id, phase}) => id === layer.id && phase === 'failed') ? 'failed' : 'tail';
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
