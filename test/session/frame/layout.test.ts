/** The history of views. */
import test from 'ava';
import {reduceSession, type SessionEvent} from '../../../source/session/frame/session-reducer.ts';
import {emptySession, type ClusterState} from '../../../source/session/frame/session-state.ts';

const cluster = (context: string, namespace: string | null): ClusterState => ({
	context,
	server: '',
	user: '',
	version: null,
	sandbox: false,
	namespace,
	lastNamespace: 'default',
	missingNamespace: null,
	proxy: null,
	legOne: null,
	required: [],
	missingPermissions: new Map(),
	reachable: 'yes',
	asOf: null,
	error: null,
	retryAt: null,
	attempts: {count: 0, last: []},
	legOneEnd: null,
});

function after(...events: readonly SessionEvent[]) {
	let state = emptySession(cluster('prod', 'default'), {columns: 80, rows: 24}, 0);
	for (const event of events) {
		state = reduceSession(state, event);
	}

	return {
		view: state.view,
		places: state.history.entries.map(({view, namespace}) => `${view} ${namespace ?? '*'}`),
		at: state.history.position,
	};
}

const back = {type: 'go', by: -1} as const;
const on = {type: 'go', by: 1} as const;

test('the history goes back and forward view by view, and stops at its ends', t => {
	const steps = [
		{type: 'view', view: 'services'},
		{type: 'view', view: 'audit'},
	] as const;
	t.is(after(...steps, back).view, 'services');
	t.is(after(...steps, back, back, back).view, 'pods');
	t.is(after(...steps, back, back, on).view, 'services');
	t.is(after(...steps, on).view, 'audit');
});

test('a namespace is a separate place, and a repeated place is one', t => {
	const {places, at} = after(
		{type: 'view', view: 'services'},
		{type: 'view', view: 'services'},
		{type: 'switch', cluster: cluster('prod', null)},
	);
	t.deepEqual(places, ['pods default', 'services default', 'services *']);
	t.is(at, 2);
});

test('a new step drops the places after the current one', t => {
	t.deepEqual(after({type: 'view', view: 'services'}, {type: 'view', view: 'audit'}, back, {type: 'view', view: 'nodes'}).places, [
		'pods default',
		'services default',
		'nodes default',
	]);
});

test('another context starts a new history', t => {
	t.deepEqual(after({type: 'view', view: 'services'}, {type: 'switch', cluster: cluster('lab', 'kube-system')}), {
		view: 'services',
		places: ['services kube-system'],
		at: 0,
	});
});

test('opening the namespace of a previous place keeps the history', t => {
	const {places, at} = after({type: 'view', view: 'nodes'}, {type: 'switch', cluster: cluster('prod', 'web')}, back, {
		type: 'switch',
		cluster: cluster('prod', 'default'),
	});
	t.deepEqual(places, ['pods default', 'nodes default', 'nodes web']);
	t.is(at, 1);
});
