/** The rows of the connections pane. */
import test from 'ava';
import type {Path} from '../../../source/evidence/evidence.ts';
import {
	reduceConnectionList,
	type ConnectionList,
	type ConnectionEntry,
	type ConnectionListEvent,
	type OverduePings,
} from '../../../source/session/frame/connection-list.ts';
import {connectionLines} from '../../../source/session/frame/connections-pane.tsx';
import {unicodeGlyphs} from '../../../source/session/kit/glyphs.ts';
import type {ScreenInput} from '../../../source/session/kit/screen-input.ts';

const path = {
	phase: 'settled',
	legs: [{}, {route: {state: 'konnectivity', basis: 'inferred'}, tls: {state: 'unverified', basis: 'proven'}}],
	rttMs: {websocket: null, runtime: null},
} as unknown as Path;

function rows(figures: readonly string[], contexts: readonly string[] = ['here']): string[] {
	let connections: ConnectionList = [];
	for (const [at, figure] of figures.entries()) {
		const id = `f${at}`;
		const events: readonly ConnectionListEvent[] = [
			{type: 'open', entry: {id, kind: 'forward', what: ':8080 → svc/web:http', context: contexts[at % contexts.length]!, since: 0}},
			{type: 'connected', id, connection: id},
			{type: 'label', connection: id, path},
			{type: 'change', id, to: {phase: 'open', note: '', figures: figure}},
		];
		for (const event of events) {
			connections = reduceConnectionList(connections, event);
		}
	}

	const screen = {
		state: {
			connections,
			connectionCursor: 0,
			size: {columns: 80, rows: 24},
			pane: 'main',
			now: 600_000,
			cluster: {context: 'here'},
			others: [],
		},
		theme: {glyphs: unicodeGlyphs},
	} as unknown as ScreenInput;
	return connectionLines(screen, figures.length).map(({spans}) => spans.map(({text}) => text).join(''));
}

test('a narrow row shortens its route and keeps its figures', t => {
	t.deepEqual(
		rows(['0 open · 0 B', '12 open · 1.2 kB']).map(row => row.slice(35).trim().replaceAll(/ +/g, ' ')),
		['╍konn ━unverified 12 open · 1.2 kB 10m', '╍konnectivity ━unverified 0 open · 0 B 10m'],
	);
});

test('an ended connection shows path and round-trip time as past', t => {
	const of = (about: Path['about']) => ({...path, about, rttMs: {websocket: 1.6, runtime: 9}});
	const shown = (about: Path['about'], to: Partial<ConnectionEntry>, columns = 120) => {
		const connections = (
			[
				{type: 'open', entry: {id: 'f', kind: 'forward', what: ':1 → pod/x:80', context: 'here', since: 0}},
				{type: 'connected', id: 'f', connection: 'c'},
				{type: 'label', connection: 'c', path: of(about)},
				{type: 'change', id: 'f', to},
			] as const
		).reduce<ConnectionList>((before, event) => reduceConnectionList(before, event), []);
		const screen = {
			state: {
				connections,
				connectionCursor: 0,
				size: {columns, rows: 24},
				pane: 'main',
				now: 600_000,
				cluster: {context: 'here', namespace: null},
				others: [],
			},
			theme: {glyphs: unicodeGlyphs},
		} as unknown as ScreenInput;
		return connectionLines(screen, 1)[0]!
			.spans.map(({text}) => text)
			.join('')
			.replaceAll(/ +/g, ' ')
			.trim();
	};

	t.is(shown('open-connection', {phase: 'open', note: ''}), '● forward :1 → pod/x:80 ╍konnectivity ━unverified rtt 1.6/9 ms 10m');
	t.is(shown('ended-connection', {phase: 'open', note: ''}), '● forward :1 → pod/x:80 was ╍konnectivity ━unverified rtt was 1.6/9 ms 10m');
	t.is(
		shown('ended-connection', {phase: 'working', note: 'connection refused'}),
		'◐ forward :1 → pod/x:80 connection refused rtt was 1.6/9 ms 10m',
	);
	t.regex(
		shown('ended-connection', {phase: 'working', note: 'TLS handshake timeout after 10 s · try 12 in 12 s, and more'}),
		/and more 10m$/,
	);
	t.is(shown('open-connection', {phase: 'open', note: ''}, 40), '● :1 → pod/x:80 ━unverified');
	t.is(shown('ended-connection', {phase: 'open', note: ''}, 40), '● :1 → pod/x:80 was ━unverified');
	t.true(
		shown('ended-connection', {phase: 'open', note: '', what: ':30080 → pod/api-7c9f8d6b5c-x2xkq:8080'}, 40).endsWith('was ━unverified'),
	);
});

test('an overdue response replaces the round-trip time until it arrives', t => {
	const measured = {...path, about: 'open-connection', rttMs: {websocket: 1.6, runtime: 9}} as Path;
	const overdue = (to: Partial<OverduePings>) => ({type: 'overdue-pings', connection: 'c', to}) as const;
	const open: readonly ConnectionListEvent[] = [
		{type: 'open', entry: {id: 'f', kind: 'forward', what: ':1 → pod/x:80', context: 'here', since: 0}},
		{type: 'connected', id: 'f', connection: 'c'},
		{type: 'label', connection: 'c', path: measured},
		{type: 'change', id: 'f', to: {phase: 'open', note: ''}},
	];
	const shown = (now: number, ...events: readonly ConnectionListEvent[]) => shownAt(120, now, ...events);
	const shownAt = (columns: number, now: number, ...events: readonly ConnectionListEvent[]) => {
		const connections = [...open, ...events].reduce<ConnectionList>((before, event) => reduceConnectionList(before, event), []);
		const screen = {
			state: {
				connections,
				connectionCursor: 0,
				size: {columns, rows: 24},
				pane: 'main',
				now,
				cluster: {context: 'here', namespace: null},
				others: [],
			},
			theme: {glyphs: unicodeGlyphs},
		} as unknown as ScreenInput;
		return /unverified (.*) \d+s$/.exec(
			connectionLines(screen, 1)[0]!
				.spans.map(({text}) => text)
				.join('')
				.replaceAll(/ +/g, ' ')
				.trim(),
		)?.[1];
	};

	const late = overdue({websocket: 20_000, runtime: 20_000});
	t.is(shown(28_000, late), 'no response for 8 s');
	t.is(shown(31_000, late), 'no response for 11 s');
	t.is(shown(22_000, late), 'no response for 5 s', 'the clock of a still screen lags');
	const busy = {type: 'change', id: 'f', to: {figures: '2 open · 1.2 MB'}} as const;
	t.is(shownAt(80, 28_000, busy), '2 open · 1.2 MB');
	t.is(shownAt(80, 28_000, busy, late), 'no response for 8 s', 'figures do not hide that nothing comes');
	t.is(shown(31_000, late, overdue({websocket: null})), 'rtt 1.6 ms/over 11 s');
	t.is(shown(31_000, late, overdue({websocket: null, runtime: null})), 'rtt 1.6/9 ms');
	t.is(shown(31_000, late, {type: 'label', connection: 'c', path: {...measured, about: 'ended-connection'}}), 'rtt was 1.6/9 ms');
});

test('a response in time, or of an unlisted connection, changes nothing', t => {
	const connections = (
		[
			{type: 'open', entry: {id: 'f', kind: 'forward', what: '', context: 'here', since: 0}},
			{type: 'connected', id: 'f', connection: 'c'},
		] as const
	).reduce<ConnectionList>((before, event) => reduceConnectionList(before, event), []);
	t.is(reduceConnectionList(connections, {type: 'overdue-pings', connection: 'c', to: {websocket: null}}), connections);
	t.is(reduceConnectionList(connections, {type: 'overdue-pings', connection: 'd', to: {websocket: 1}}), connections);
	const late = reduceConnectionList(connections, {type: 'overdue-pings', connection: 'c', to: {websocket: 1}});
	t.is(reduceConnectionList(late, {type: 'disconnected', id: 'f', connection: 'c'})[0]!.overduePings.size, 0);
});

test('the badges of all contexts are aligned', t => {
	const starts = rows(['0 open', '0 open'], ['here', 'elsewhere']).map(row => row.indexOf('╍'));
	t.is(starts[0], starts[1]);
});

test('an entry of another namespace shows it', t => {
	const entry = (id: string, kind: 'logs' | 'forward', what: string, namespace: string) =>
		({type: 'open', entry: {id, kind, what, context: 'here', namespace, since: 0}}) as const;
	const connections = [
		entry('t1', 'logs', 'pod/victim', 'demo'),
		entry('t2', 'logs', 'pod/victim', 'other'),
		entry('t3', 'logs', '-l app=web', 'other'),
		entry('f1', 'forward', ':8080 → pod/victim:80', 'other'),
	].reduce<ConnectionList>((before, event) => reduceConnectionList(before, event), []);
	const screen = {
		state: {
			connections,
			connectionCursor: 0,
			size: {columns: 110, rows: 24},
			pane: 'main',
			now: 600_000,
			cluster: {context: 'here', namespace: 'demo'},
			others: [],
		},
		theme: {glyphs: unicodeGlyphs},
	} as unknown as ScreenInput;
	t.deepEqual(
		connectionLines(screen, 4).map(({spans}) =>
			spans
				.map(({text}) => text)
				.join('')
				.slice(2, 46)
				.replaceAll(/ +/g, ' ')
				.trim(),
		),
		['forward :8080 → other/pod/victim:80', 'logs -l app=web in other', 'logs other/pod/victim', 'logs pod/victim'],
	);
});

test('hidden entries are counted, and the selected one is always visible', t => {
	const connections = Array.from({length: 9}, (_, at) => at).reduce<ConnectionList>(
		(before, at) =>
			reduceConnectionList(before, {type: 'open', entry: {id: `f${at}`, kind: 'logs', what: `pod/p${at}`, context: 'here', since: 0}}),
		[],
	);
	const shown = (connectionCursor: number, rows: number) => {
		const screen = {
			state: {
				connections,
				connectionCursor,
				size: {columns: 80, rows: 24},
				pane: 'connections',
				now: 600_000,
				cluster: {context: 'here', namespace: null},
				others: [],
			},
			theme: {glyphs: unicodeGlyphs},
		} as unknown as ScreenInput;
		return connectionLines(screen, rows).map(({spans}) =>
			spans
				.map(({text}) => text)
				.join('')
				.trim(),
		);
	};

	const selected = (connectionCursor: number, rows: number) =>
		shown(connectionCursor, rows).findIndex(row => row.includes(unicodeGlyphs.cursor));
	t.is(shown(0, 4).at(-1), '6 more');
	t.is(shown(4, 4).at(-1), '2 above · 4 below');
	t.is(shown(8, 4).at(-1), '6 above');
	for (const [at, rows] of [
		[0, 4],
		[2, 4],
		[3, 4],
		[8, 4],
		[5, 1],
		[5, 2],
	] as const) {
		t.true(selected(at, rows) >= 0, `${at} in ${rows} rows: ${shown(at, rows).join('|')}`);
	}

	t.is(shown(8, 9).length, 9);
	t.false(
		shown(8, 9).some(row => /more|above/.test(row)),
		'where all fit nothing is counted',
	);
});

test('a narrow row of a stream that has ended without a connection does not say checking', t => {
	const shown = (to: Partial<ConnectionEntry>) => {
		const connections = (
			[
				{type: 'open', entry: {id: 'l', kind: 'logs', what: 'web', context: 'here', since: 0}},
				{type: 'change', id: 'l', to},
			] as const
		).reduce<ConnectionList>((before, event) => reduceConnectionList(before, event), []);
		const state = {
			connections,
			connectionCursor: 0,
			size: {columns: 40, rows: 24},
			pane: 'main',
			now: 0,
			cluster: {context: 'here'},
			others: [],
		};
		const screen = {state, theme: {glyphs: unicodeGlyphs}} as unknown as ScreenInput;
		return connectionLines(screen, 1)[0]!
			.spans.map(({text}) => text)
			.join('');
	};

	t.regex(shown({phase: 'open', note: ''}), /checking/);
	t.notRegex(shown({phase: 'stopped', note: ''}), /checking/);
});
