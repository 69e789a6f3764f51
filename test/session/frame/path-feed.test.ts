/** The connection whose path a row shows. */
import test from 'ava';
import {defaultPurpose} from '../../../source/session/frame/path-feed.ts';
import {listKinds} from '../../../source/session/lists/list-kinds.ts';
import type {Row} from '../../../source/session/lists/table-rows.ts';

const row = (cells: readonly string[]): Row => ({id: 'u', namespace: 'demo', name: 'web', cells, created: null, gone: null});
const podOn = (node: string) => row(listKinds.pods.columns.map(({title}) => (title === 'NODE' ? node : '')));

test('the default purpose is logs for pods and workloads, a proxy request for the others', t => {
	t.deepEqual(
		['pods', 'workloads', 'services', 'nodes'].map(list => {
			const {feature, target} = defaultPurpose(list as 'pods', podOn('n1'));
			return `${feature} ${target.kind} ${target.node}`;
		}),
		['logs Pod n1', 'logs Pod null', 'service-proxy Service null', 'node-proxy Node web'],
	);
});

test('an unscheduled pod has no node', t => {
	t.is(defaultPurpose('pods', podOn('<none>')).target.node, null);
	t.is(defaultPurpose('pods', podOn('')).target.node, null);
	t.is(defaultPurpose('pods', row([])).target.node, null);
	t.true(defaultPurpose('pods', podOn('<none>')).isUnscheduled);
	t.is(defaultPurpose('pods', podOn('n1')).isUnscheduled, undefined);
	t.is(defaultPurpose('workloads', podOn('<none>')).isUnscheduled, undefined, 'a workload has pods that may be on nodes');
});
