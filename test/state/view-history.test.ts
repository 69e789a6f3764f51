/** The history of views: back, on again, and what a new step forgets. */
import test from 'ava';
import {reduceSession, type SessionEvent} from '../../source/state/session-reducer.ts';
import {emptySession, type ClusterState} from '../../source/state/session-state.ts';

const cluster = (context: string, namespace: string | null): ClusterState => ({
	context,
	server: '',
	user: '',
	version: null,
	sandbox: false,
	namespace,
	lastNamespace: 'default',
	proxy: null,
	legOne: null,
	replicas: null,
	reachable: 'yes',
	asOf: null,
	error: null,
	retryAt: null,
	tries: {count: 0, last: []},
	front: null,
});

function after(...events: readonly SessionEvent[]) {
	let state = emptySession(cluster('prod', 'default'), {columns: 80, rows: 24}, 0);
	for (const event of events) {
		state = reduceSession(state, event);
	}

	return {view: state.view, places: state.history.places.map(({view, namespace}) => `${view} ${namespace ?? '*'}`), at: state.history.at};
}

const back = {type: 'go', by: -1} as const;
const on = {type: 'go', by: 1} as const;

test('one goes back view by view, on again, and no further than the ends', t => {
	const steps = [
		{type: 'view', view: 'services'},
		{type: 'view', view: 'audit'},
	] as const;
	t.is(after(...steps, back).view, 'services');
	t.is(after(...steps, back, back, back).view, 'pods');
	t.is(after(...steps, back, back, on).view, 'services');
	t.is(after(...steps, on).view, 'audit');
});

test('a namespace is a place of its own, and the same place twice is one', t => {
	const {places, at} = after(
		{type: 'view', view: 'services'},
		{type: 'view', view: 'services'},
		{type: 'switch', cluster: cluster('prod', null)},
	);
	t.deepEqual(places, ['pods default', 'services default', 'services *']);
	t.is(at, 2);
});

test('a new step from the middle forgets what was gone back from', t => {
	t.deepEqual(after({type: 'view', view: 'services'}, {type: 'view', view: 'audit'}, back, {type: 'view', view: 'nodes'}).places, [
		'pods default',
		'services default',
		'nodes default',
	]);
});

test('another context begins anew: its namespaces are not those of the one that was left', t => {
	t.deepEqual(after({type: 'view', view: 'services'}, {type: 'switch', cluster: cluster('lab', 'kube-system')}), {
		view: 'services',
		places: ['services kube-system'],
		at: 0,
	});
});

test('a place that is gone back to is still one when its namespace is opened', t => {
	const {places, at} = after({type: 'view', view: 'nodes'}, {type: 'switch', cluster: cluster('prod', 'web')}, back, {
		type: 'switch',
		cluster: cluster('prod', 'default'),
	});
	t.deepEqual(places, ['pods default', 'nodes default', 'nodes web']);
	t.is(at, 1);
});
