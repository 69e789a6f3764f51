/** What a screen reader reads, screen by screen. */
import test from 'ava';
import {SpokeError} from '../../../source/errors/spoke-error.ts';
import type {Path} from '../../../source/evidence/evidence.ts';
import {describeKeys} from '../../../source/keymap/describe-keys.ts';
import {loadKeymap} from '../../../source/keymap/load-keymap.ts';
import type {Dialog} from '../../../source/session/dialogs/dialog.ts';
import {reduceConnectionList} from '../../../source/session/frame/connection-list.ts';
import {noAudit, type ForwardState, type SessionState, type ShownAuditRow} from '../../../source/session/frame/session-state.ts';
import {listKinds} from '../../../source/session/lists/list-kinds.ts';
import {reduceList} from '../../../source/session/lists/list-state.ts';
import {rowReader} from '../../../source/session/lists/table-rows.ts';
import {emptyProxy, reduceProxy} from '../../../source/session/proxy/proxy-state.ts';
import {LineBuffer} from '../../../source/session/tail/line-buffer.ts';
import {emptyTail, goTo, type TailView} from '../../../source/session/tail/tail-view.ts';
import {searchText} from '../../../source/session/text/text-search.ts';
import {readAloud, readSession} from '../../support/read-aloud.ts';

const {keymap} = await loadKeymap({});
const keysOf = (context: string) => ({keymap, hints: describeKeys(keymap, context)});

/** Without the first line, which names the cluster. */
const readBelowCluster = (...given: Parameters<typeof readAloud>) => readAloud(...given).slice(1);

const columns = ['Name', 'Ready', 'Status', 'Restarts', 'Node'].map(name => ({name, type: 'string', format: '', priority: 0}));

function podsOf(...cells: ReadonlyArray<readonly string[]>) {
	const read = rowReader(listKinds.pods.columns, '', columns, 0);
	return reduceList(readSession.lists.pods, {
		type: 'page',
		chunk: 'pods',
		first: true,
		rows: cells.map(one => read({cells: [...one], object: null}, 'demo', 60_000)),
	});
}

const cited = {evidence: [], need: []};
const path = {
	about: 'open-connection',
	phase: 'settled',
	process: {id: null},
	target: {node: 'n1'},
	evidence: [],
	findings: [],
	broken: null,
	unused: null,
	error: null,
	crossing: {...cited, state: 'exposed', basis: 'proven'},
	rttMs: {websocket: null, runtime: null},
	legs: [
		{
			n: 2,
			from: 'apiserver',
			to: 'kubelet',
			tls: {...cited, state: 'unverified', basis: 'proven'},
			route: {...cited, state: 'direct', basis: 'inferred', via: null, agent: null},
			peer: null,
		},
	],
} as unknown as Path;
const legTwo = 'Leg 2, apiserver to kubelet n1: unverified, proven; directly, inferred.';

test('a list is read as its selected row with its place, its cells in words and its path', t => {
	const pods = podsOf(['api', '1/1', 'Running', '0', 'n2'], ['web', '0/1', 'CrashLoopBackOff', '3', 'n1']);
	const lists = {...readSession.lists, pods};
	t.deepEqual(readBelowCluster({lists}, keysOf('pods')), ['tab: Pods', '1 of 2: api, 1 of 1 ready, running, node n2', ': more, ? help']);
	const moved = {...lists, pods: reduceList(pods, {type: 'move', by: 1})};
	t.deepEqual(readBelowCluster({lists: moved, selectedPath: {of: moved.pods.visible[1]!.id, path}}), [
		'tab: Pods',
		'2 of 2: web, 0 of 1 ready, CrashLoopBackOff, 3 restarts, node n1',
		legTwo,
	]);
});

for (const [restarts, said] of [
	['0', 'web'],
	['1', 'web, 1 restart'],
	['3', 'web, 3 restarts'],
	['1 (5m ago)', 'web, 1 restart (5m ago)'],
	['8 (3h ago)', 'web, 8 restarts (3h ago)'],
] as const) {
	test(`with more columns, RESTARTS ${restarts} is read as “${said}”`, t => {
		const pods = {...podsOf(['web', '', '', restarts, '']), wide: true};
		t.is(readBelowCluster({lists: {...readSession.lists, pods}})[1], `1 of 1: ${said}`);
	});
}

test('an age beside RESTARTS is not read without more columns, because it grows', t => {
	t.is(readBelowCluster({lists: {...readSession.lists, pods: podsOf(['web', '', '', '8 (3h ago)', ''])}})[1], '1 of 1: web, 8 restarts');
});

test('an empty list is read as its text', t => {
	const pods = reduceList(readSession.lists.pods, {type: 'phase', phase: {kind: 'live'}});
	t.is(readBelowCluster({lists: {...readSession.lists, pods}}, keysOf('pods'))[1], 'No pods in demo. n another namespace 0 all namespaces');
});

test('an apiserver that does not respond is read without what changes at each attempt', t => {
	const error = new SpokeError('ERR_APISERVER_UNREACHABLE', 'connection refused').toJSON();
	const read = (count: number, now: number) =>
		readBelowCluster({
			now,
			cluster: {
				...readSession.cluster,
				context: 'lab',
				server: 'https://10.0.0.1',
				reachable: 'no',
				error,
				retryAt: 90_000,
				attempts: {count, last: []},
			},
		});
	t.deepEqual(read(1, 60_000), [
		'tab: Pods',
		'The apiserver of lab does not respond. Retrying.',
		'means No connection to the apiserver could be established.',
	]);
	t.deepEqual(read(2, 80_000), read(1, 60_000));
});

const entry = reduceConnectionList([], {
	type: 'open',
	entry: {
		id: 'f-1',
		kind: 'forward',
		what: ':1 → pod/x:80',
		context: '',
		namespace: 'demo',
		since: 0,
		phase: 'working',
		note: 'connection refused',
		paths: new Map([['one', {...path, about: 'ended-connection', time: '2026-11-26T13:48:31Z'}]]),
	},
})[0]!;

test('the focused connections are read instead of the view, and an ended connection as past', t => {
	const [tab, connection, ended, leg] = readBelowCluster({connections: [entry], pane: 'connections'});
	t.is(tab, 'tab: Pods');
	t.is(connection, 'Connections, 1 of 1: forward :1 → pod/x:80, working, connection refused.');
	t.regex(ended!, /^The connection ended \d\d:\d\d:\d\d\. Its path was:$/);
	t.is(leg, legTwo);
});

function tailOf(...texts: readonly string[]) {
	const buffer = new LineBuffer();
	for (const text of texts) {
		buffer.append(-1, 0, text.startsWith('fatal') ? 5 : 0, 'text', Buffer.from(text));
	}

	return {...emptyTail('tail-1', 'pod/web', buffer), times: 'none', phase: 'following'} as const;
}

function onTop(tail: TailView, line: number | null = null): Pick<SessionState, 'layers' | 'tails'> {
	return {layers: [{kind: 'tail', id: tail.id, line}], tails: new Map([[tail.id, tail]])};
}

test('a following tail is read as its state, its path and its counters', t => {
	const tail = {...tailOf('one', 'two'), counters: {reconnects: 1, possibleGaps: 1, restarts: 0, json: 0}};
	const connections = [{...entry, id: 'tail-1', paths: new Map([['one', path]])}];
	t.deepEqual(readBelowCluster({connections, ...onTop(tail)}, keysOf('tail')), [
		'Tail pod/web, following',
		legTwo,
		'1 reconnect, 1 possible gap',
		': more, ? help',
	]);
});

test('a tail that does not follow is read from the selected line on', t => {
	const tail = {...goTo(tailOf('one', 'two', 'fatal', 'four', 'five'), 1), marked: new Set([3])};
	t.deepEqual(readBelowCluster(onTop(tail)), [
		'Tail pod/web, not following',
		'Line 2: two',
		'Line 3, error: fatal',
		'Line 4, marked: four',
		'1 error 0 warnings',
	]);
});

test('an expanded line is read from its selected field on', t => {
	const tail = {...goTo(tailOf('{"level":"info","msg":"hello","port":80}'), 0), lineField: 1};
	t.deepEqual(readBelowCluster(onTop(tail, 0)).slice(-3), ['Line 1: all fields', 'msg: hello', 'port: 80']);
});

test('a searched text is read as the match, then the lines from the top row on', t => {
	const lines = ['kind: Pod', `annotation: ${'x'.repeat(250)}`, 'image: web', 'image: db'].map(text => ({text, asIs: true}) as const);
	const layer = {
		kind: 'text',
		title: 'YAML',
		subject: 'pod/web',
		status: '',
		lines,
		top: 1,
		keyContext: 'details',
		copy: '',
		command: null,
		busy: false,
		search: searchText(lines, {text: 'image', regex: false}, 3),
	} as const;
	t.deepEqual(readBelowCluster({layers: [layer]}), [
		'YAML: pod/web, match 2 of 2, image: db, 1 above',
		`annotation: ${'x'.repeat(250)}`,
		'image: web',
		'image: db',
	]);
});

test('the help is read key by key', t => {
	const help = {kind: 'help', keyContext: 'pods', top: 0} as const;
	const read = (top: number) => readBelowCluster({layers: [{...help, top}]}, keysOf('pods'));
	t.deepEqual(read(0).slice(1, 4), ['CURRENT VIEW', 'l follow logs', 's shell']);
	t.deepEqual(read(3).slice(1, 4), ['a attach', 'f forward a port', 'p proxy a request']);
	t.is(read(1000).at(3), 'keymap.yaml sets them');
});

test('why is read as the sentences of its path, then its evidence', t => {
	const layer = {kind: 'why', about: 'logs pod/web', path, error: null, entry: null, top: 0} as const;
	t.deepEqual(readBelowCluster({layers: [layer]}).slice(1, 4), [legTwo, 'Leg 2: TLS', 'unverified, proven']);
});

test('why without a connection says so', t => {
	const layer = {kind: 'why', about: 'logs pod/web', path: null, error: null, entry: 'tail-1', top: 0} as const;
	const connections = [{...entry, id: 'tail-1', note: 'ImagePullBackOff', paths: new Map()}];
	t.deepEqual(readBelowCluster({connections, layers: [layer]}).slice(0, 2), ['Why: logs pod/web', 'No open connection: ImagePullBackOff.']);
});

test('a forward is read with its ends, state and clients', t => {
	const forward = {
		id: 'f-1',
		context: '',
		namespace: 'demo',
		target: 'svc/web',
		remote: '80',
		local: 8080,
		asked: '8080',
		phase: 'open',
		note: 'carried by web-1',
		open: 2,
		bytesUp: 0,
		bytesDown: 0,
		openConnections: [],
		log: [],
	} as unknown as ForwardState;
	const connections = [{...entry, paths: new Map([['one', path]])}];
	t.deepEqual(readBelowCluster({view: 'forwards', forwards: [forward], connections}), [
		'tab: Forwards',
		'1 of 1: :8080 to svc/web:80, open, carried by web-1, 2 open',
		legTwo,
	]);
	t.regex(
		readBelowCluster({view: 'forwards', forwardSets: [{name: 'mine', count: 2}]}).join('\n'),
		/Saved sets for this context: mine \(2 forwards\)\./,
	);
});

test('an audit row is read with its verdict, then its evidence', t => {
	const row = {
		id: 'C1',
		title: 'logs',
		verdict: 'fail',
		state: 'unverified',
		leg: {tls: {state: 'unverified', basis: 'proven'}, route: {state: 'direct', basis: 'proven'}},
		basis: 'proven',
		heading: '1 flag, 2 rows',
		provenOn: {short: '', long: ''},
		lines: [{text: 'certificate not verified'}],
	} as unknown as ShownAuditRow;
	t.deepEqual(
		readBelowCluster({
			view: 'audit',
			audit: {...noAudit, rows: [row, {...row, id: 'C2'}], cursor: 1, note: '2 fail'},
		}),
		['tab: Audit', '2 of 2: logs, fail, direct, unverified, proven', 'C2, 2 fail', 'certificate not verified'],
	);
});

test('a switch of the sandbox is read with its value and effect', t => {
	const sandboxSwitches = [
		{id: 'a', label: 'certificate check', values: ['off', 'on'], valueIndex: 1, effect: 'kubelets are verified', fault: false},
		{id: 'b', label: 'fault', values: ['none'], valueIndex: 0, effect: 'none', fault: true},
	];
	t.deepEqual(readBelowCluster({view: 'sandbox', sandboxSwitches, sandboxLog: ['restarted']}), [
		'tab: Sandbox',
		'1 of 2: certificate check: on, 2 of 2. Effect: kubelets are verified.',
		'Events',
		'restarted',
	]);
});

test('a proxy request is read with its response', t => {
	const exchange = {
		id: 'request-1',
		time: 0,
		method: 'GET',
		asked: 'svc/web:80/',
		context: 'main',
		namespace: 'demo',
		isSent: true,
		status: 200,
		tookMs: 3,
		bytes: 5,
		note: '',
		headers: [],
		type: 'text/plain',
		body: 'hello',
		path: null,
		error: null,
	} as const;
	const proxy = reduceProxy(emptyProxy, {type: 'exchange', exchange});
	t.deepEqual(readBelowCluster({view: 'proxy', proxy}), [
		'tab: Proxy',
		'1 of 1: GET svc/web:80/, 200',
		'200, text/plain, 5 B, headers',
		'hello',
	]);
});

const dialogs: ReadonlyArray<readonly [title: string, dialog: Dialog, lines: readonly string[]]> = [
	[
		'a picker is read as its selected choice, and why that is disabled',
		{
			kind: 'picker',
			title: 'Saved forwards',
			purpose: 'sets',
			lead: '',
			typed: {text: '', caret: 0},
			from: 0,
			heads: ['NAME', 'FORWARDS'],
			items: [
				{id: 'a', cells: ['mine', '2']},
				{id: 'b', cells: ['far', '0 of 1'], off: 'for prod-eu'},
			],
			index: 1,
			notes: [],
			free: false,
			none: null,
			keys: 'start',
			toggles: false,
		},
		['Saved forwards', 'option: (disabled) 2 of 2: far, 0 of 1, for prod-eu', '↑↓ choose, Enter start, Tab complete, Esc back'],
	],
	[
		'a form is read as its current field, its problem and its notes',
		{
			kind: 'form',
			title: 'Forward from pod/web',
			fields: [
				{name: 'port', label: 'Port', value: '80'},
				{name: 'local', label: 'Local port', value: '', note: 'any free port'},
			],
			at: 1,
			problem: 'port 80 is in use',
			notes: ['Every user of this machine can use it.'],
			submit: 'start',
		},
		[
			'Forward from pod/web',
			'textbox: Local port: empty, any free port',
			'port 80 is in use',
			'Every user of this machine can use it.',
			'Enter start, Tab next field, Esc back',
		],
	],
	[
		'a question is read with its details and its answers',
		{kind: 'confirm', question: 'Stop 2 forwards?', details: [':80 → svc/web:80'], leaves: false},
		['Confirm', 'Stop 2 forwards?', ':80 → svc/web:80', 'y yes, n no'],
	],
	[
		'a failure card is read with its parts and its keys',
		{
			kind: 'card',
			title: 'Forward failed',
			parts: [
				{role: 'message', text: 'connection refused'},
				{role: 'fix', text: 'start the server'},
			],
		},
		['Forward failed', 'connection refused', 'fix: start the server', 'd doctor, r retry, y copy, w why, Esc close'],
	],
];

for (const [title, dialog, lines] of dialogs) {
	test(title, t => {
		t.deepEqual(readBelowCluster({dialog}, keysOf(dialog.kind)), lines);
	});
}

test('a prompt is read with its note, below the view that it narrows', t => {
	const dialog: Dialog = {
		kind: 'prompt',
		lead: '/',
		purpose: 'filter',
		typed: {text: 'we', caret: 2},
		regex: false,
		canUseRegex: true,
		note: '1 of 2',
		problem: null,
		history: [],
		historyAt: -1,
		candidates: [],
		accept: 'filter',
	};
	const pods = podsOf(['web', '1/1', 'Running', '0', 'n1']);
	t.deepEqual(readBelowCluster({dialog, lists: {...readSession.lists, pods}}, keysOf('prompt')), [
		'tab: Pods',
		'1 of 1: web, 1 of 1 ready, running, node n1',
		'/we 1 of 2',
	]);
});
