/** OpenAPI v3 for `kubectl apply`, `create` and `explain`, with schemas that accept any field. */
import {createHash} from 'node:crypto';
import type {Json} from '../objects/kube-object.ts';
import {apiVersionOf, storedResources, type ResourceSpec} from '../objects/resource-specs.ts';

/** `undefined` for other paths. @see kubectl: k8s.io/cli-runtime/pkg/resource/query_param_verifier_v3.go, k8s.io/kubectl/pkg/explain/v2 */
export function openapi(path: string): Json | undefined {
	if (path === '/openapi/v3') {
		return {
			paths: Object.fromEntries([...documents.keys()].map(root => [root, {serverRelativeURL: `/openapi/v3/${root}?hash=${hashOf(root)}`}])),
		};
	}

	const rows = documents.get(path.replace('/openapi/v3/', ''));
	return rows && documentOf(rows);
}

/** By `api/v1`, `apis/apps/v1`. */
const documents = Map.groupBy(storedResources, row => rootOf(row));

function rootOf(resourceSpec: ResourceSpec): string {
	return `${resourceSpec.group === '' ? 'api' : 'apis'}/${apiVersionOf(resourceSpec)}`;
}

/** Clients cache a document until its hash changes. */
function hashOf(root: string): string {
	return createHash('sha256')
		.update(JSON.stringify(documents.get(root)))
		.digest('hex')
		.slice(0, 32)
		.toUpperCase();
}

function documentOf(rows: readonly ResourceSpec[]): Json {
	return {
		openapi: '3.0.0',
		info: {title: 'spoke sandbox', version: rows[0]!.version},
		paths: Object.fromEntries(rows.flatMap(row => pathsOf(row))),
		components: {schemas: Object.fromEntries(rows.map(row => [schemaName(row), schemaOf(row)]))},
	};
}

function pathsOf(resourceSpec: ResourceSpec): Array<[string, Json]> {
	const collection = `/${rootOf(resourceSpec)}/${resourceSpec.namespaced ? 'namespaces/{namespace}/' : ''}${resourceSpec.name}`;
	return [
		[collection, {get: operation(resourceSpec, 'list'), post: operation(resourceSpec, 'post')}],
		[
			`${collection}/{name}`,
			{
				get: operation(resourceSpec, 'get'),
				put: operation(resourceSpec, 'put'),
				patch: operation(resourceSpec, 'patch'),
				delete: operation(resourceSpec, 'delete'),
			},
		],
	];
}

function operation(resourceSpec: ResourceSpec, action: string): Json {
	const writes = ['post', 'put', 'patch'].includes(action);
	return {
		'x-kubernetes-action': action,
		'x-kubernetes-group-version-kind': kindOf(resourceSpec),
		parameters: writes
			? ['dryRun', 'fieldManager', 'fieldValidation'].map(name => ({name, in: 'query', schema: {type: 'string', uniqueItems: true}}))
			: [],
		responses: {
			200: {description: 'OK', content: {'application/json': {schema: {$ref: `#/components/schemas/${schemaName(resourceSpec)}`}}}},
		},
	};
}

function schemaOf(resourceSpec: ResourceSpec): Json {
	const any = {type: 'object', 'x-kubernetes-preserve-unknown-fields': true};
	return {
		type: 'object',
		description: `${resourceSpec.kind} in the sandbox, which accepts any fields; run \`kubectl explain\` against a real cluster.`,
		properties: {apiVersion: {type: 'string'}, kind: {type: 'string'}, metadata: any, spec: any, status: any},
		'x-kubernetes-group-version-kind': [kindOf(resourceSpec)],
		'x-kubernetes-preserve-unknown-fields': true,
	};
}

function schemaName(resourceSpec: ResourceSpec): string {
	return `sandbox.${resourceSpec.group === '' ? 'core' : resourceSpec.group}.${resourceSpec.version}.${resourceSpec.kind}`;
}

function kindOf({group, version, kind}: ResourceSpec): Json {
	return {group, version, kind};
}
