/** The connection whose path a row shows before one is opened. */
import type {ConnectionPurpose} from '../../evidence/evidence.ts';
import {cellIn, type ListName} from '../lists/list-kinds.ts';
import type {Row} from '../lists/table-rows.ts';

type Asked = Pick<ConnectionPurpose, 'feature' | 'request'> & {kind: ConnectionPurpose['target']['kind']; node(row: Row): string | null};

const noNode = () => null;

const askedOf: Readonly<Record<Exclude<ListName, 'events'>, Asked>> = {
	pods: {feature: 'logs', kind: 'Pod', request: null, node: nodeOfPod},
	workloads: {feature: 'logs', kind: 'Pod', request: null, node: noNode},
	services: {
		feature: 'service-proxy',
		kind: 'Service',
		request: {scheme: 'http', port: null, portName: null, kubeletPort: false},
		node: noNode,
	},
	nodes: {
		feature: 'node-proxy',
		kind: 'Node',
		request: {scheme: 'https', port: null, portName: null, kubeletPort: true},
		node: ({name}) => name,
	},
};

export function defaultPurpose(list: Exclude<ListName, 'events'>, row: Row): ConnectionPurpose {
	const {feature, kind, request, node} = askedOf[list];
	const target = {
		asked: row.name,
		kind,
		namespace: row.namespace,
		name: row.name,
		uid: null,
		node: node(row),
		container: null,
		chosenFrom: 1,
	};
	return {feature, request, target, ...(list === 'pods' && cellIn(list, row, 'NODE') === '<none>' && {isUnscheduled: true})};
}

function nodeOfPod(row: Row): string | null {
	const node = cellIn('pods', row, 'NODE');
	return node === '' || node === '<none>' ? null : node;
}
