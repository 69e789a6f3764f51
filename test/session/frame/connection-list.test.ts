/** The connection list. */
import test from 'ava';
import type {Path, TlsState} from '../../../source/evidence/evidence.ts';
import {
	reduceConnectionList,
	describeOpenConnections,
	worstPath,
	type ConnectionList,
	type ConnectionListEvent,
} from '../../../source/session/frame/connection-list.ts';

const path = (tls: TlsState, about: Path['about'] = 'open-connection') =>
	({about, legs: [{tls: {state: 'verified'}}, {tls: {state: tls}}]}) as unknown as Path;
const run = (...events: ConnectionListEvent[]): ConnectionList => {
	let connections: ConnectionList = [];
	for (const event of events) {
		connections = reduceConnectionList(connections, event);
	}

	return connections;
};

const open: ConnectionListEvent = {type: 'open', entry: {id: 'tail-1', kind: 'logs', what: 'x', context: 'c', since: 0}};
const worst = (connections: ConnectionList) => worstPath(connections[0]!.paths.values())?.legs[1]?.tls.state;

test('several streams show the worst TLS state: plain, unverified, unknown, verified', t => {
	const states = (['verified', 'unknown', 'unverified', 'plain'] as const).map((tls, index): ConnectionListEvent[] => [
		{type: 'connected', id: 'tail-1', connection: `c${index}`},
		{type: 'label', connection: `c${index}`, path: path(tls)},
	]);
	for (const [index, expected] of (['verified', 'unknown', 'unverified', 'plain'] as const).entries()) {
		t.is(worst(run(open, ...states.slice(0, index + 1).flat())), expected);
	}
});

test('several streams with the same TLS state show the weakest basis', t => {
	const of = (basis: 'proven' | 'inferred') =>
		({about: 'open-connection', legs: [{tls: {state: 'verified', basis: 'proven'}}, {tls: {state: 'verified', basis}}]}) as unknown as Path;
	for (const bases of [
		['proven', 'inferred'],
		['inferred', 'proven'],
	] as const) {
		t.is(worstPath(bases.map(basis => of(basis)))?.legs[1]?.tls.basis, 'inferred');
	}
});

test('an ended connection shows its label only until another one is known', t => {
	const first: ConnectionListEvent[] = [
		open,
		{type: 'connected', id: 'tail-1', connection: 'c1'},
		{type: 'label', connection: 'c1', path: path('unverified')},
		{type: 'label', connection: 'c1', path: path('unverified', 'ended-connection')},
		{type: 'disconnected', id: 'tail-1', connection: 'c1'},
	];
	t.is(worst(run(...first)), 'unverified');
	const second: ConnectionListEvent[] = [...first, {type: 'connected', id: 'tail-1', connection: 'c2'}];
	t.is(worst(run(...second)), undefined);
	t.is(worst(run(...second, {type: 'label', connection: 'c2', path: path('verified')})), 'verified');
});

test('a connection that ends before its label settles keeps the previous label', t => {
	const checking = (about: Path['about']) => ({...path('unknown', about), phase: 'checking'}) as unknown as Path;
	const before: ConnectionListEvent[] = [
		open,
		{type: 'connected', id: 'tail-1', connection: 'c1'},
		{type: 'label', connection: 'c1', path: path('unverified', 'ended-connection')},
		{type: 'disconnected', id: 'tail-1', connection: 'c1'},
	];
	const tried: ConnectionListEvent[] = [
		...before,
		{type: 'connected', id: 'tail-1', connection: 'c2'},
		{type: 'label', connection: 'c2', path: checking('open-connection')},
	];
	t.is(worst(run(...tried)), 'unknown');
	t.is(
		worst(
			run(
				...tried,
				{type: 'label', connection: 'c2', path: checking('ended-connection')},
				{type: 'disconnected', id: 'tail-1', connection: 'c2'},
			),
		),
		'unverified',
	);
});

test('of several ended connections, the settled label stays', t => {
	const silent = {...path('unknown', 'ended-connection'), phase: 'checking'} as unknown as Path;
	const ended = {...path('unverified', 'ended-connection'), phase: 'failed'} as unknown as Path;
	const both: ConnectionListEvent[] = [
		open,
		{type: 'connected', id: 'tail-1', connection: 'c1'},
		{type: 'connected', id: 'tail-1', connection: 'c2'},
	];
	const over = (connection: string, of: Path): ConnectionListEvent[] => [
		{type: 'label', connection, path: of},
		{type: 'disconnected', id: 'tail-1', connection},
	];
	t.is(worst(run(...both, ...over('c2', silent), ...over('c1', ended))), 'unverified');
	t.is(worst(run(...both, ...over('c1', ended), ...over('c2', silent))), 'unverified');
	t.is(
		worst(
			run(
				...both,
				{type: 'label', connection: 'c2', path: silent},
				{type: 'label', connection: 'c1', path: ended},
				{type: 'disconnected', id: 'tail-1', connection: 'c2'},
				{type: 'disconnected', id: 'tail-1', connection: 'c1'},
			),
		),
		'unverified',
	);
	t.is(
		worst(
			run(
				...both,
				{type: 'label', connection: 'c1', path: ended},
				{type: 'label', connection: 'c2', path: silent},
				{type: 'disconnected', id: 'tail-1', connection: 'c1'},
				{type: 'disconnected', id: 'tail-1', connection: 'c2'},
			),
		),
		'unverified',
	);
});

test('the confirmation names what leaving disconnects, without tails', t => {
	t.is(describeOpenConnections(run(open)), null);
	t.is(
		describeOpenConnections(
			run(
				open,
				{type: 'open', entry: {id: 'f1', kind: 'forward', what: '', context: '', since: 0}},
				{type: 'open', entry: {id: 'f2', kind: 'forward', what: '', context: '', since: 0}},
				{type: 'open', entry: {id: 'p', kind: 'proxy', what: '', context: '', since: 0}},
			),
		),
		'2 forwards and 1 local API proxy',
	);
});
