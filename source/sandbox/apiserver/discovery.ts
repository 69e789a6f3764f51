/** API discovery; aggregated (v2) if requested. */
import type {V1APIGroup, V1APIResourceList} from '@kubernetes/client-node';
import type {Json, JsonObject} from '../../wire/json.ts';
import {apiVersionOf, resourceSpecs, type ResourceSpec} from '../objects/resource-specs.ts';

export function discovery(path: string, accept: string): {body: object; contentType: string} | undefined {
	const clean = path.replace(/\/$/, '');
	if ((clean === '/api' || clean === '/apis') && accept.includes('as=APIGroupDiscoveryList') && accept.includes('v=v2')) {
		const rows = resourceSpecs.filter(row => (row.group === '') === (clean === '/api'));
		return {
			contentType: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
			body: {
				kind: 'APIGroupDiscoveryList',
				apiVersion: 'apidiscovery.k8s.io/v2',
				metadata: {},
				items: groupsOf(rows).map(group => aggregated(group, rows)),
			},
		};
	}

	const body = plainDiscovery(clean);
	return body && {body, contentType: 'application/json'};
}

function plainDiscovery(path: string): object | undefined {
	const groups = groupsOf(resourceSpecs).filter(group => group !== '');
	const [, root, group, version] = path.split('/', 4);
	if (path === '/api') {
		return {kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{clientCIDR: '0.0.0.0/0', serverAddress: ''}]};
	}

	if (path === '/apis') {
		return {kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(name => apiGroup(name))};
	}

	if (root === 'api' && group === 'v1' && version === undefined) {
		return resourceList('', 'v1');
	}

	if (root !== 'apis' || group === undefined || !groups.includes(group)) {
		return undefined;
	}

	if (version === undefined) {
		return {kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(group)};
	}

	return path.split('/').length === 4 ? resourceList(group, version) : undefined;
}

function resourceList(group: string, version: string): Json<V1APIResourceList> | undefined {
	const rows = resourceSpecs.filter(row => row.group === group && row.version === version);
	return rows.length === 0
		? undefined
		: {
				kind: 'APIResourceList',
				...(group !== '' && {apiVersion: 'v1'}),
				groupVersion: apiVersionOf(rows[0]!),
				resources: rows.flatMap(row => [
					{name: row.name, singularName: row.singular, namespaced: row.namespaced, kind: row.kind, verbs: [...row.verbs], ...names(row)},
					...row.subresources.map(({name, kind, verbs}) => ({
						name: `${row.name}/${name}`,
						singularName: '',
						namespaced: row.namespaced,
						kind,
						verbs: [...verbs],
					})),
				]),
			};
}

function aggregated(group: string, rows: readonly ResourceSpec[]): JsonObject {
	const own = rows.filter(row => row.group === group);
	return {
		metadata: group === '' ? {} : {name: group},
		versions: [
			{
				version: 'v1',
				freshness: 'Current',
				resources: own.map(row => ({
					resource: row.name,
					responseKind: {group: '', version: '', kind: row.kind},
					scope: row.namespaced ? 'Namespaced' : 'Cluster',
					singularResource: row.singular,
					verbs: row.verbs,
					...names(row),
					...(row.subresources.length > 0 && {
						subresources: row.subresources.map(({name, kind, verbs}) => ({
							subresource: name,
							responseKind: {group: '', version: '', kind},
							verbs,
						})),
					}),
				})),
			},
		],
	};
}

function names({shortNames, categories}: ResourceSpec) {
	return {...(shortNames && {shortNames: [...shortNames]}), ...(categories && {categories: [...categories]})};
}

function apiGroup(name: string): Json<V1APIGroup> {
	const version = {groupVersion: `${name}/v1`, version: 'v1'};
	return {name, versions: [version], preferredVersion: version};
}

function groupsOf(rows: readonly ResourceSpec[]): string[] {
	return [...new Set(rows.map(row => row.group))];
}
