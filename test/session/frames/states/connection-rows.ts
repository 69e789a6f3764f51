/** Rows of the connections pane, and the path of the selected one. */
import {pathTo, type GivenConnection} from '../../../support/session-state.ts';
import type {NamedStates} from '../frames.test.ts';

const konnectivity = {tls: {state: 'unverified'}, route: {state: 'konnectivity', basis: 'inferred'}};
const open = pathTo('kubelet', konnectivity, {rttMs: {websocket: 1.6, runtime: 9}});
const ended = {...open, about: 'ended-connection' as const};
const forward: GivenConnection = {what: ':1 → pod/x:80', path: open};
const many = Array.from({length: 9}, (_, at): GivenConnection => ({kind: 'logs', what: `pod/p${at}`, path: open}));
/** High enough for all rows of the pane. */
const sizes = [
	[120, 50],
	[80, 50],
	[40, 50],
] as const;
/** Eleven seconds after the last response. */
const now = 31_000;

export const connectionStates: NamedStates = {
	'open connections, whose narrow rows shorten their route and keep their figures': {
		sizes,
		now: 600_000,
		connections: [
			{...forward, figures: '12 open · 1.2 kB', path: pathTo('kubelet', konnectivity)},
			{...forward, figures: '0 open · 0 B', path: pathTo('kubelet', konnectivity), context: 'elsewhere'},
			{...forward, what: ':30080 → pod/api-7c9f8d6b5c-x2xkq:8080'},
			forward,
		],
	},
	'ended connections, with path and round-trip time as past': {
		sizes,
		now: 600_000,
		spoken: true,
		pane: 'connections',
		connections: [
			{...forward, path: ended},
			{...forward, path: ended, phase: 'working', note: 'connection refused'},
			{...forward, path: ended, phase: 'working', note: 'TLS handshake timeout after 10 s · try 12 in 12 s, and more'},
			{...forward, path: ended, what: ':30080 → pod/api-7c9f8d6b5c-x2xkq:8080'},
		],
	},
	'overdue responses instead of round-trip times': {
		roles: true,
		sizes,
		now,
		connections: [
			{...forward, overdue: {websocket: 20_000, runtime: 20_000}},
			{...forward, overdue: {websocket: 20_000, runtime: 20_000}, figures: '2 open · 1.2 MB'},
			{...forward, overdue: {websocket: null, runtime: 20_000}},
			forward,
			{...forward, path: ended, overdue: {websocket: 20_000, runtime: 20_000}},
			{...forward, overdue: {websocket: 30_000, runtime: 30_000}},
		],
	},
	'connections of other namespaces, which name them': {
		connections: [
			{kind: 'logs', what: 'pod/victim', namespace: 'demo'},
			{kind: 'logs', what: 'pod/victim', namespace: 'other'},
			{kind: 'logs', what: '-l app=web', namespace: 'other'},
			{what: ':8080 → pod/victim:80', namespace: 'other'},
		],
	},
	'the figures of a stream': {sizes: [[120, 40]], connections: [{kind: 'logs', what: 'pod/web', path: open, figures: '16 lines/s'}]},
	'connections of a small screen': {sizes: [[40, 12]], connections: [{kind: 'logs', what: 'pod/api-7c9f8d6b5c-x2xkq', path: open}]},
	'streams without a connection, of which those that have ended are not checking': {
		sizes: [[40, 24]],
		connections: [
			{kind: 'logs', what: 'web'},
			{kind: 'logs', what: 'web', phase: 'stopped'},
		],
	},
	'more connections than rows, the first one selected': {pane: 'connections', connections: many},
	'more connections than rows, one in the middle selected': {pane: 'connections', connections: many, connectionCursor: 4},
	'more connections than rows, the last one selected': {pane: 'connections', connections: many, connectionCursor: 8},
	'more connections than rows of a low screen': {sizes: [[80, 14]], pane: 'connections', connections: many, connectionCursor: 5},
};
