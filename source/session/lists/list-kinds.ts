/** The list views: resources and columns. */

import type {RowOrder} from './row-filter.ts';

export type ListName = 'pods' | 'workloads' | 'services' | 'nodes' | 'events';

export type ListColumn = {
	title: string;
	short?: string;
	/**
	Names of columns in the Table of the apiserver, as it writes them: `Internal-IP`. The first that the Table has fills this column.
	If empty, another source fills it (`cellOf`), and no order goes by it.
	*/
	from: readonly string[];
	/** The column with the total of a count: `2/3`. */
	whole?: string;
	/** Used if none of `from` but all of these exist. */
	otherwise?: {from: readonly string[]; words(...cells: readonly string[]): string};
	/**
	Who wants the column: 0 every screen, 1 those from 100 cells (`rankOneFrom`) and the key for more columns, 2 only that key.
	If not all wanted columns fit, `leastName` decides. A screen reader reads only rank 0.
	*/
	rank: 0 | 1 | 2;
	/** Sorted by the leading number. */
	numeric?: true;
	/** An age, which grows after it was read. */
	ages?: true;
	/** Shown only if a row has a value. */
	sparse?: true;
	/** Maximum width on a narrow screen. */
	tight?: number;
	/** This column is dropped if the name column would otherwise get fewer cells than this; the greatest value is dropped first. */
	leastName: number;
};

export type ListResource = {
	/** `null` means all namespaces. */
	path(namespace: string | null): string;
	/** `deploy/`. */
	prefix: string;
	resource: string;
	group: string;
};

export type ListKind = {
	title: string;
	namespaced: boolean;
	resources: readonly ListResource[];
	columns: readonly ListColumn[];
	/** Default: by name. */
	order?: RowOrder;
	/** This column takes the remaining width, and no name is shown. */
	last?: string;
};

export const ageTitle = 'AGE';
export const contextTitle = 'CONTEXT';
export const namespaceTitle = 'NAMESPACE';
export const servicePodsTitle = 'PODS';
export const objectTitle = 'OBJECT';

export const listKinds: Readonly<Record<ListName, ListKind>> = {
	pods: {
		title: 'Pods',
		namespaced: true,
		resources: [resource('/api/v1', 'pods', '')],
		columns: [
			{title: 'READY', from: ['Ready'], rank: 0, leastName: 13},
			{title: 'STATUS', from: ['Status'], rank: 0, leastName: 13, tight: 16},
			{title: 'RESTARTS', short: 'RST', from: ['Restarts'], rank: 0, numeric: true, leastName: 17},
			{title: 'NODE', from: ['Node'], rank: 0, leastName: 24},
			{title: 'IP', from: ['IP'], rank: 1, leastName: 30},
		],
	},
	workloads: {
		title: 'Workloads',
		namespaced: true,
		resources: [
			resource('/apis/apps/v1', 'deployments', 'deploy/'),
			resource('/apis/apps/v1', 'statefulsets', 'sts/'),
			resource('/apis/apps/v1', 'daemonsets', 'ds/'),
			resource('/apis/batch/v1', 'jobs', 'job/'),
			resource('/apis/batch/v1', 'cronjobs', 'cronjob/'),
		],
		columns: [
			{title: 'READY', from: ['Ready', 'Completions'], whole: 'Desired', rank: 0, leastName: 13},
			{title: 'UP-TO-DATE', short: 'UPD', from: ['Up-to-date'], rank: 0, leastName: 24},
			{
				title: 'STATUS',
				from: ['Status'],
				otherwise: {from: ['Suspend', 'Active'], words: cronJobStatus},
				rank: 0,
				leastName: 13,
				tight: 16,
			},
			{title: 'SCHEDULE', from: ['Schedule'], rank: 1, sparse: true, leastName: 24},
			{title: 'LAST SCHEDULE', short: 'LAST', from: ['Last Schedule'], rank: 1, ages: true, sparse: true, leastName: 24},
			{title: 'CONTAINERS', from: ['Containers'], rank: 2, leastName: 24},
			{title: 'IMAGES', from: ['Images'], rank: 2, leastName: 24},
		],
	},
	services: {
		title: 'Services',
		namespaced: true,
		resources: [resource('/api/v1', 'services', '')],
		columns: [
			{title: 'TYPE', from: ['Type'], rank: 0, leastName: 24},
			{title: 'CLUSTER-IP', from: ['Cluster-IP'], rank: 0, leastName: 24},
			{title: 'PORTS', from: ['Port(s)'], rank: 0, leastName: 13},
			{title: servicePodsTitle, from: [], rank: 0, leastName: 18},
			{title: 'SELECTOR', from: ['Selector'], rank: 2, leastName: 24},
		],
	},
	nodes: {
		title: 'Nodes',
		namespaced: false,
		resources: [{...resource('/api/v1', 'nodes', ''), path: () => '/api/v1/nodes'}],
		columns: [
			{title: 'STATUS', from: ['Status'], rank: 0, leastName: 13, tight: 16},
			{title: 'ROLES', from: ['Roles'], rank: 0, leastName: 24},
			{title: 'VERSION', from: ['Version'], rank: 0, leastName: 18},
			{title: 'INTERNAL-IP', from: ['Internal-IP'], rank: 1, leastName: 24},
			{title: 'RUNTIME', from: ['Container-Runtime'], rank: 2, leastName: 24},
		],
	},
	events: {
		title: 'Events',
		namespaced: true,
		resources: [resource('/api/v1', 'events', '')],
		columns: [
			{title: 'SEEN', from: ['Last Seen'], rank: 0, ages: true, leastName: 13},
			{title: 'TYPE', from: ['Type'], rank: 0, leastName: 24},
			{title: 'REASON', from: ['Reason'], rank: 0, leastName: 18},
			{title: objectTitle, from: ['Object'], rank: 0, leastName: 13},
			{title: 'COUNT', short: 'N', from: ['Count'], rank: 0, numeric: true, leastName: 30},
			{title: 'MESSAGE', from: ['Message'], rank: 0, leastName: 13},
		],
		order: {column: 'SEEN', reverse: false},
		last: 'MESSAGE',
	},
};

export const listNames = Object.keys(listKinds) as readonly ListName[];

/** Of a row of that list, the cell in the column of that title. */
export function cellIn(list: ListName, {cells}: {cells: readonly string[]}, title: string): string {
	return cells[listKinds[list].columns.findIndex(column => column.title === title)] ?? '';
}

export function isListName(view: string): view is ListName {
	return Object.hasOwn(listKinds, view);
}

function cronJobStatus(suspend: string, active: string): string {
	if (suspend !== 'True') {
		return `${active} active`;
	}

	return active === '0' ? 'Suspended' : `Suspended, ${active} active`;
}

function resource(api: string, plural: string, prefix: string): ListResource {
	return {
		prefix,
		resource: plural,
		group: api.startsWith('/apis/') ? api.split('/')[2]! : '',
		path: namespace => (namespace === null ? `${api}/${plural}` : `${api}/namespaces/${encodeURIComponent(namespace)}/${plural}`),
	};
}
