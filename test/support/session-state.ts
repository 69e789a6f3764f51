/**
States of a session. A test names what matters to it, and the rest is an ordinary session: one cluster that responds, in namespace `demo`,
one minute after 1970 began.

```ts
sessionState({pods: ['api  1/1  Running  0  n1', 'web  0/1  CrashLoopBackOff  3  n2'], path: pathTo('kubelet')});
sessionState({columns: 120, rows: 40, tail: {lines: ['one', 'two'], phase: 'following'}});
sessionState({view: 'forwards', forwards: [{local: 8080, target: 'svc/web', phase: 'open'}]});
```
*/
import type {Evidence, Leg, Path} from '../../source/evidence/evidence.ts';
import type {ConfirmDialog, CardDialog, Dialog, FormDialog, PickerDialog, PromptDialog} from '../../source/session/dialogs/dialog.ts';
import {clusterState} from '../../source/session/clusters/open-clusters.ts';
import {
	reduceConnectionList,
	type ConnectionEntry,
	type ConnectionList,
	type OverduePings,
} from '../../source/session/frame/connection-list.ts';
import {
	emptySession,
	type ClusterState,
	type ForwardState,
	type Layer,
	type SessionState,
	type TextLayer,
} from '../../source/session/frame/session-state.ts';
import {plainTheme, unicodeGlyphs} from '../../source/session/kit/theme.ts';
import type {ScreenInput} from '../../source/session/kit/screen-input.ts';
import type {Line} from '../../source/session/kit/styled-line.ts';
import {listKinds, listNames, type ListName} from '../../source/session/lists/list-kinds.ts';
import {reduceList, type ListEvent} from '../../source/session/lists/list-state.ts';
import {rowReader, type Row} from '../../source/session/lists/table-rows.ts';
import {emptyProxy, reduceProxy, type ProxyExchange} from '../../source/session/proxy/proxy-state.ts';
import {LineBuffer} from '../../source/session/tail/line-buffer.ts';
import {emptyTail, goTo, type TailView} from '../../source/session/tail/tail-view.ts';

const legOne = {tls: 'verified', route: 'direct'} as const;

/** When states are drawn. */
export const stateTime = 60_000;

export type GivenState = Partial<Omit<SessionState, 'size' | 'cluster' | 'connections' | 'forwards' | 'proxy' | 'dialog'>> & {
	columns?: number;
	rows?: number;
	cluster?: Partial<ClusterState>;
	/** Rows of lists as the apiserver prints them, cells separated by two blanks. */
	pods?: readonly string[];
	workloads?: readonly string[];
	services?: readonly string[];
	nodes?: readonly string[];
	events?: readonly string[];
	/** After the rows, in the current list. */
	listEvents?: readonly ListEvent[];
	/** That of the selected row. */
	path?: Path;
	/** On top. */
	tail?: GivenTail;
	text?: Partial<TextLayer>;
	why?: Partial<Extract<Layer, {kind: 'why'}>>;
	connections?: readonly GivenConnection[];
	forwards?: ReadonlyArray<Partial<ForwardState>>;
	/** The newest first. */
	exchanges?: ReadonlyArray<Partial<ProxyExchange>>;
	dialog?: GivenDialog;
};

/** `at`: the selected line. `expanded`: whether it is expanded. */
export type GivenTail = Partial<TailView> & {lines?: ReadonlyArray<string | {notice: string}>; at?: number; expanded?: boolean};

export type GivenDialog =
	| ({kind: 'prompt'} & Partial<PromptDialog>)
	| ({kind: 'picker'} & Partial<PickerDialog>)
	| ({kind: 'form'} & Partial<FormDialog>)
	| ConfirmDialog
	| CardDialog;

export type GivenConnection = Partial<Omit<ConnectionEntry, 'paths' | 'overduePings'>> & {path?: Path; overdue?: OverduePings};

export function sessionState({columns = 80, rows = 24, cluster, ...given}: GivenState = {}): SessionState {
	const {pods, workloads, services, nodes, events, listEvents, path, tail, text, why, connections, forwards, exchanges, ...own} = given;
	const {now = stateTime, hasScreenReader = false} = own;
	const shown = {...clusterState(null), context: 'lab', namespace: 'demo', user: 'ada', reachable: 'yes' as const, legOne, ...cluster};
	const empty = emptySession(shown, {columns, rows}, now, {hasScreenReader});
	const lists = listsOf({pods, workloads, services, nodes, events}, own.view ?? 'pods', listEvents ?? [], own.lists ?? empty.lists);
	const selected = (own.view ?? 'pods') in lists ? lists[(own.view ?? 'pods') as ListName] : null;
	const view = tail && tailOf(tail);
	return {
		...empty,
		...own,
		dialog: own.dialog ? dialogOf(own.dialog) : null,
		lists,
		...(path && selected && {selectedPath: {of: selected.visible[selected.cursorIndex]!.id, path}}),
		connections: (connections ?? []).toReversed().reduce<ConnectionList>(withConnection, []),
		forwards: (forwards ?? []).map((forward, index) => ({...someForward, id: `f-${index}`, ...forward})),
		proxy: (exchanges ?? [])
			.toReversed()
			.reduce(
				(proxy, exchange, index) =>
					reduceProxy(proxy, {type: 'exchange', exchange: {...someExchange, id: `request-${index}`, ...exchange}}),
				emptyProxy,
			),
		tails: view ? new Map([[view.id, view]]) : empty.tails,
		layers: [
			...(own.layers ?? []),
			...(view ? [{kind: 'tail', id: view.id, line: tail?.expanded === true ? view.cursor : null} as const] : []),
			...(text ? [{...someText, ...text}] : []),
			...(why ? [{kind: 'why', about: 'pod/web', path: null, error: null, entry: null, top: 0, ...why} as const] : []),
		],
	};
}

/** What a component draws, without keys and colors. */
export function inputOf(state: SessionState, parts: Partial<Omit<ScreenInput, 'state'>> = {}): ScreenInput {
	return {state, theme: {...plainTheme, glyphs: unicodeGlyphs}, keymap: new Map(), hints: [], ...parts};
}

export function textLayer(text: Partial<TextLayer>): TextLayer {
	return {...someText, ...text};
}

export function textOf(lines: readonly Line[]): string[] {
	return lines.map(({spans}) => spans.map(({text}) => text).join(''));
}

/** Of a settled path whose legs are `verified` and direct, proven. `legTwo` replaces verdicts of leg 2. */
export function pathTo(to: Leg['to'], legTwo: {tls?: object; route?: object} = {}, more: object = {}): Path {
	const verdict = {basis: 'proven', evidence: [], need: []};
	const route = {...verdict, state: 'direct', via: null, protocol: null, agent: null};
	const tls = {...verdict, state: 'verified'};
	const leg = {address: null, peer: null, clientAuth: null, tls, route};
	const target = {kind: to === 'service' ? 'Service' : to === 'node' ? 'Node' : 'Pod', name: 'web', node: 'n1', container: null};
	return {
		apiVersion: 'spoke/v1',
		kind: 'Path',
		time: '1970-01-01T00:00:30.000Z',
		feature: 'logs',
		about: 'open-connection',
		phase: 'settled',
		target,
		request: null,
		cluster: {context: 'lab', server: 'https://10.0.0.1', version: 'v1.36.3', sandbox: false},
		process: {id: null, known: null, read: 0, startTime: null},
		legs: [
			{...leg, n: 1, from: 'you', to: 'apiserver'},
			{...leg, n: 2, from: 'apiserver', to, tls: {...tls, ...legTwo.tls}, route: {...route, ...legTwo.route}},
		],
		exposure: {...verdict, state: 'exposed'},
		rttMs: {websocket: null, runtime: null},
		evidence: [] as readonly Evidence[],
		findings: [],
		broken: null,
		unused: null,
		line: '',
		error: null,
		...more,
	} as unknown as Path;
}

/** As the default of the apiserver leaves it: encrypted, not verified, and the route only inferred. */
export const unverifiedPath = pathTo('kubelet', {tls: {state: 'unverified'}, route: {basis: 'inferred'}});

const printed: Readonly<Record<ListName, string>> = {
	pods: 'Name  Ready  Status  Restarts  Node',
	workloads: 'Name  Ready  Up-to-date  Status',
	services: 'Name  Type  Cluster-IP  Port(s)',
	nodes: 'Name  Status  Roles  Version  Internal-IP',
	events: 'Last Seen  Type  Reason  Object  Message  Count  Name',
};

/** @param titles of the Table, as of `kubectl get`; separated by two blanks, as the cells */
export function listRows(name: ListName, rows: readonly string[], titles = printed[name], prefix = ''): Row[] {
	const columns = titles.split('  ').map(title => ({name: title, type: 'string', format: '', priority: 0}));
	const read = rowReader(listKinds[name].columns, prefix, columns, 0);
	return rows.map(row => read({cells: row.split(/ {2,}/), object: null}, 'demo', stateTime));
}

/** Lists of which one has these rows. */
export function listState(name: ListName, rows: readonly Row[]): SessionState['lists'] {
	const {lists} = emptySession(clusterState(null), {columns: 80, rows: 24}, stateTime);
	return {...lists, [name]: [pageOf(name, rows), live].reduce((list, event) => reduceList(list, event), lists[name])};
}

const live: ListEvent = {type: 'phase', phase: {kind: 'live'}};

const pageOf = (name: ListName, rows: readonly Row[]): ListEvent => ({type: 'page', chunk: name, first: true, rows});

function listsOf(
	given: Readonly<Partial<Record<ListName, readonly string[] | undefined>>>,
	view: string,
	events: readonly ListEvent[],
	before: SessionState['lists'],
): SessionState['lists'] {
	const entries = listNames.map(name => {
		const rows = given[name];
		const page = rows ? [pageOf(name, listRows(name, rows)), live] : [];
		return [name, [...page, ...(name === view ? events : [])].reduce((list, event) => reduceList(list, event), before[name])];
	});
	return Object.fromEntries(entries) as SessionState['lists'];
}

function tailOf({lines = [], at, expanded: _, ...own}: GivenTail): TailView {
	const buffer = own.buffer ?? new LineBuffer();
	for (const text of lines) {
		const isLine = typeof text === 'string';
		buffer.append(
			-1,
			stateTime,
			isLine && /^(?:error|fatal)/.test(text) ? 5 : 0,
			isLine ? 'text' : 'notice',
			Buffer.from(isLine ? text : text.notice),
		);
	}

	const view = {...emptyTail('tail-1', 'pod/web', buffer), ...own, buffer};
	return at === undefined ? view : goTo(view, at);
}

export function dialogOf(dialog: GivenDialog): Dialog {
	switch (dialog.kind) {
		case 'prompt': {
			return {
				lead: '/',
				purpose: 'filter',
				typed: {text: '', caret: 0},
				regex: false,
				canUseRegex: false,
				note: '',
				problem: null,
				history: [],
				historyAt: -1,
				candidates: [],
				accept: 'keep',
				...dialog,
			};
		}

		case 'picker': {
			return {
				title: 'Commands',
				purpose: 'palette',
				lead: ':',
				typed: {text: '', caret: 0},
				from: 0,
				heads: [],
				items: [],
				index: 0,
				notes: [],
				free: true,
				keys: 'run',
				toggles: false,
				...dialog,
			};
		}

		case 'form': {
			return {
				title: 'Forward',
				fields: [{name: 'port', label: 'Port', value: '80'}],
				at: 0,
				problem: null,
				notes: [],
				submit: 'start',
				...dialog,
			};
		}

		case 'confirm':
		case 'card': {
			return dialog;
		}
	}
}

function withConnection(connections: ConnectionList, {path, overdue, ...entry}: GivenConnection, index: number): ConnectionList {
	const id = entry.id ?? `c-${index}`;
	const opened = {id, kind: 'forward' as const, what: ':8080 → svc/web:http', context: 'lab', namespace: 'demo', since: 0};
	return reduceConnectionList(connections, {
		type: 'open',
		entry: {
			...opened,
			phase: 'open',
			note: '',
			...entry,
			// A path of its own, by which its connection is found.
			paths: new Map(path ? [[`connection of ${id}`, {...path}]] : []),
			overduePings: new Map(overdue ? [[`connection of ${id}`, overdue]] : []),
		},
	});
}

const someForward: ForwardState = {
	id: 'f-0',
	context: 'lab',
	namespace: 'demo',
	target: 'svc/web',
	remote: '80',
	portName: null,
	local: 8080,
	asked: '8080',
	address: '127.0.0.1',
	host: null,
	port: '8080:80',
	onPodLoss: 'move',
	phase: 'open',
	note: '',
	podText: 'web-1',
	open: 0,
	closed: 0,
	failed: 0,
	bytesUp: 0,
	bytesDown: 0,
	openConnections: [],
	log: [],
	error: null,
	listenerUsers: null,
};

const someExchange: ProxyExchange = {
	id: 'request-0',
	time: 0,
	method: 'GET',
	asked: 'svc/web:80/',
	context: 'lab',
	namespace: 'demo',
	isSent: true,
	status: null,
	tookMs: null,
	bytes: 0,
	note: '',
	headers: [],
	type: '',
	body: '',
	path: null,
	error: null,
};

const someText: TextLayer = {
	kind: 'text',
	title: 'YAML',
	subject: 'pod/web',
	status: '',
	lines: [],
	top: 0,
	keyContext: 'details',
	copy: '',
	command: null,
	busy: false,
};
