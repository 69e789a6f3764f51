/** The state of the session. */
import type {PathRequirement} from '../../evidence/require-path.ts';
import type {ActionSpec} from '../actions/action-table.ts';
import type {ClusterInfo} from '../../cluster/cluster-client.ts';
import type {ErrorObject} from '../../base/errors/spoke-error.ts';
import type {Audit, AuditRow} from '../../evidence/audit/audit-object.ts';
import type {Leg, Path} from '../../evidence/evidence.ts';
import type {OnPodLoss} from '../../streams/port-forward/forward-request.ts';
import type {ConnectionList, ConnectionPhase} from './connection-list.ts';
import {emptyList, type ListState} from '../lists/list-state.ts';
import {isListName, listNames, type ListName} from '../lists/list-kinds.ts';
import type {Dialog} from '../dialogs/dialog.ts';
import {emptyProxy, type ProxyState} from '../proxy/proxy-state.ts';
import type {ServicePods} from '../lists/problems.ts';
import type {TextSearch} from '../kit/text-rows.ts';
import {estimatedRows, startHistory, type ViewHistory} from './layout.ts';
import type {TailDisplay, TailView} from '../tail/tail-view.ts';

/** `id`: its fingerprint. */
export type ApiserverProcess = {context: string | null; id: string};

export type ViewName = ListName | 'forwards' | 'proxy' | 'audit' | 'sandbox';

/**
Esc closes the top one. `row`: a why screen follows its path. `left`: cells scrolled sideways. `id`: fills a pending text. `object`,
`context`: what a text is refreshed from.
*/
export type Layer =
	| {kind: 'tail'; id: string; line: number | null}
	| {
			kind: 'why';
			about: string;
			path: Path | null;
			error: ErrorObject | null;
			entry: string | null;
			/** Of several contexts of the entry. */
			context?: string | null;
			row?: string;
			top: number;
			left?: number;
	  }
	| {
			kind: 'text';
			title: string;
			status: string;
			lines: readonly TextLine[];
			top: number;
			left?: number;
			keyContext: 'details' | 'doctor' | 'yaml' | 'node-check' | 'audit-row';
			copy: string;
			command: string | null;
			subject: string;
			busy: boolean;
			context?: string;
			id?: string;
			search?: TextSearch | null;
			object?: {target: string; namespace: string};
	  }
	| {kind: 'help'; keyContext: string; top: number}
	| {kind: 'messages'; top: number; left?: number};

export type TextLayer = Extract<Layer, {kind: 'text'}>;

/** `asIs`: keeps blanks, and is not wrapped at words. `key`: the range of a field name. `since`: shown as an age. */
export type TextLine = {
	label?: string;
	since?: number;
	text: string;
	/** The times that its marks stand for, shown as ages. */
	times?: readonly number[];
	role?: string;
	indent?: number;
	rule?: true;
	path?: Path;
	asIs?: true;
	/** Not in the preview of a row, whose columns or details have it. */
	quiet?: boolean;
	key?: readonly [from: number, to: number];
};

/** `hint` is never cut. */
export type Message = {time: number; text: string; role: 'plain' | 'warn' | 'error'; hint: string; isPassing?: true; canCancel?: true};

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
	/** A typed namespace that was not found, and when. */
	missingNamespace: {name: string; at: number} | null;
	proxy: ClusterInfo['proxy'];
	/** What spoke's own socket shows; `null` before the first response. */
	legOne: {tls: 'verified' | 'unverified' | 'plain'; route: 'direct' | 'proxy'} | null;
	/** The server at the end of leg 1, if identified. */
	legOneEnd: Leg['to'] | null;
	reachable: 'yes' | 'no' | 'not yet';
	/** What each stream must meet: by policy and by `:require`. */
	required: readonly PathRequirement[];
	/** The missing permission of each disabled action. */
	missingPermissions: ReadonlyMap<ActionSpec, string>;
	/** Time of the last response, if requests are overdue since. */
	asOf: number | null;
	error: ErrorObject | null;
	retryAt: number | null;
	/** Oldest first; `count` includes dropped ones. */
	attempts: {count: number; last: ReadonlyArray<{time: number; tookMs: number; text: string}>};
};

/** Where each shell is recorded. `input`: with what is typed. */
export type RecordingSettings = {directory: string; input: boolean};

type ForwardLogLine = {time: number; text: string};
/** `since` is in milliseconds since 1970. */
type ForwardConnectionRow = {
	connection: string;
	client: string;
	since: number;
	up: number;
	down: number;
	congested: boolean;
};

export type ForwardState = {
	id: string;
	context: string;
	namespace: string;
	target: string;
	/** As typed. */
	remote: string;
	portName: string | null;
	local: number | null;
	asked: string;
	address: string;
	/** Name of the local port, which then has an address of its own. */
	host: string | null;
	/** The local and the remote port, as typed. */
	port: string;
	onPodLoss: OnPodLoss;
	phase: ConnectionPhase;
	note: string;
	error: ErrorObject | null;
	podText: string;
	open: number;
	closed: number;
	failed: number;
	bytesUp: number;
	bytesDown: number;
	openConnections: readonly ForwardConnectionRow[];
	/** @see ConnectionEntry */
	listenerUsers: string | null;
	log: readonly ForwardLogLine[];
};

export type SandboxSwitch = {id: string; label: string; values: readonly string[]; valueIndex: number; effect: string; fault: boolean};

export type SessionState = {
	size: {columns: number; rows: number};
	/** Rows of the current list, as laid out. */
	listRows: number;
	/** Rows of the body of the top layer, as laid out. */
	pageRows: number;
	/** Of several clusters, that of the selected row. */
	cluster: ClusterState;
	/** The other clusters whose rows the lists show. */
	others: readonly ClusterState[];
	view: ViewName;
	previousView: ViewName;
	history: ViewHistory;
	lists: Readonly<Record<ListName, ListState>>;
	/** By `rowContext`; unknown of one that is left out. */
	servicePods: ReadonlyMap<string, ServicePods>;
	layers: readonly Layer[];
	dialog: Dialog | null;
	pane: 'main' | 'connections';
	connections: ConnectionList;
	connectionCursor: number;
	zoom: boolean;
	isTextCut: boolean;
	/** Keys of a sequence that has begun. */
	pending: readonly string[];
	notice: Message | null;
	messages: readonly Message[];
	/** The subject of `why`, until another action starts. */
	lastFailure: Failure | null;
	/** `of` is the id of the row: names repeat across namespaces. */
	selectedPath: {of: string; path: Path | null} | null;
	/** In the first session, until its first action. */
	firstHints: {isDefaultKeymap: boolean} | null;
	selectedDetails: {of: string; lines: readonly TextLine[]} | null;
	forwards: readonly ForwardState[];
	forwardCursor: number;
	forwardSets: ReadonlyArray<{name: string; count: number}>;
	proxy: ProxyState;
	audit: {
		rows: readonly ShownAuditRow[];
		found: Audit | null;
		cursor: number;
		/** The latest read; results of earlier ones are ignored. */
		reading: symbol | null;
		note: string;
		/** Read before its apiserver started; shown while it is read again. */
		isOutdated: boolean;
		/** Apiserver processes whose start outdated an audit. */
		outdatedBy: readonly string[];
	};
	sandboxSwitches: readonly SandboxSwitch[];
	sandboxCursor: number;
	sandboxLog: readonly string[];
	readOnly: boolean;
	/** `null`: shells are not recorded. */
	recording: RecordingSettings | null;
	/** Reduced motion. */
	isReducedMotion: boolean;
	hasScreenReader: boolean;
	now: number;
	/** In the order of first use; shown as letters. */
	processes: readonly ApiserverProcess[];
	/** By id. A view refers to the buffer of its lines, and is a new object when they changed. */
	tails: ReadonlyMap<string, TailView>;
	/** The last choice, for the next tail. */
	tailDisplay: TailDisplay | null;
};

export type ShownAuditRow = Pick<AuditRow, 'id' | 'title' | 'verdict' | 'state' | 'leg' | 'basis'> & {
	/** Above the first of several rows with one cause. */
	heading: string | null;
	/** As `inferred, proven for 1 of 2 apiservers`. */
	howKnown: string;
	lines: readonly TextLine[];
};

export const noAudit: SessionState['audit'] = {
	rows: [],
	found: null,
	cursor: 0,
	reading: null,
	note: '',
	isOutdated: false,
	outdatedBy: [],
};

export function emptySession(
	cluster: ClusterState,
	size: {columns: number; rows: number},
	now: number,
	{
		readOnly = false,
		isReducedMotion = false,
		hasScreenReader = false,
	}: Partial<Pick<SessionState, 'readOnly' | 'isReducedMotion' | 'hasScreenReader'>> = {},
): SessionState {
	return {
		...estimatedRows(size, hasScreenReader),
		cluster,
		others: [],
		view: 'pods',
		previousView: 'pods',
		history: startHistory({view: 'pods', namespace: cluster.namespace}),
		lists: Object.fromEntries(listNames.map(name => [name, emptyList(name)])) as Record<ListName, ListState>,
		servicePods: new Map(),
		layers: [],
		dialog: null,
		pane: 'main',
		connections: [],
		connectionCursor: 0,
		zoom: false,
		isTextCut: false,
		pending: [],
		notice: null,
		messages: [],
		lastFailure: null,
		selectedPath: null,
		firstHints: null,
		selectedDetails: null,
		forwards: [],
		forwardCursor: 0,
		forwardSets: [],
		proxy: emptyProxy,
		audit: noAudit,
		sandboxSwitches: [],
		sandboxCursor: 0,
		sandboxLog: [],
		readOnly,
		recording: null,
		// What ticks would be read again and again.
		isReducedMotion: isReducedMotion || hasScreenReader,
		hasScreenReader,
		now,
		processes: [],
		tails: new Map(),
		tailDisplay: null,
	};
}

export function currentList({view, lists}: Pick<SessionState, 'view' | 'lists'>): ListState | null {
	return isListName(view) ? lists[view] : null;
}

/** The view of the top tail. */
export function shownTail({layers, tails}: Pick<SessionState, 'layers' | 'tails'>): TailView | null {
	const layer = layers.findLast(({kind}) => kind === 'tail');
	return layer?.kind === 'tail' ? (tails.get(layer.id) ?? null) : null;
}

export function shownClusters({cluster, others}: Pick<SessionState, 'cluster' | 'others'>): readonly ClusterState[] {
	return [cluster, ...others];
}

/** That of all clusters: `null` for all namespaces, `undefined` if each shows another one. */
export function sharedNamespace({cluster, others}: Pick<SessionState, 'cluster' | 'others'>): string | null | undefined {
	return others.every(({namespace}) => namespace === cluster.namespace) ? cluster.namespace : undefined;
}

/** As `listNamespace`, of all clusters; `undefined` if they differ. */
export function shownNamespace(
	state: Pick<SessionState, 'cluster' | 'others'>,
	{scope}: Pick<ListState, 'scope'>,
): string | null | undefined {
	return scope === null ? sharedNamespace(state) : scope.namespace;
}

/** Whether the rows are of several clusters. */
export function hasContexts({others}: Pick<SessionState, 'others'>, {scope}: Pick<ListState, 'scope'>): boolean {
	return others.length > 0 && scope?.context === undefined;
}

export function currentNamespace({namespace, lastNamespace}: Pick<ClusterState, 'namespace' | 'lastNamespace'>): string {
	return namespace ?? lastNamespace;
}

/** Whether the unreachable pane replaces the list or the audit. What has rows stays; of several clusters, each has a row. */
export function isAwaitingApiserver(state: SessionState): boolean {
	const isEmpty = state.view === 'audit' ? state.audit.rows.length === 0 : currentList(state)?.total === 0;
	return state.others.length === 0 && state.cluster.reachable === 'no' && isEmpty;
}

export function keyContext(state: SessionState): string {
	if (state.dialog) {
		return state.dialog.kind;
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
			return layer.keyContext;
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
