/** Discovery responses, without which kubectl knows no pods. */

export const discovery: Readonly<Record<string, object>> = {
	'/api': {kind: 'APIVersions', versions: ['v1']},
	'/apis': {kind: 'APIGroupList', apiVersion: 'v1', groups: []},
	'/api/v1': {
		kind: 'APIResourceList',
		apiVersion: 'v1',
		groupVersion: 'v1',
		resources: [{name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod', shortNames: ['po'], verbs: ['get', 'list', 'watch']}],
	},
};
