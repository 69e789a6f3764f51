/** Non-resource paths. */
import {createHash} from 'node:crypto';
import type {JsonObject} from '../../wire/json.ts';
import {apiVersionOf, type ResourceSpec, storedResources} from '../objects/resource-specs.ts';
import type {ApiserverProcess} from './apiserver-process.ts';
import {discovery} from './discovery.ts';
import {type Exchange, sendJson, sendText} from './exchange.ts';
import {ApiFailure} from './status.ts';

/** @throws ApiFailure 406 for a media type that /flagz and /statusz do not support */
export function serveNonResourcePath(exchange: Exchange, server: ApiserverProcess): void {
	const {
		info: {path, query},
		request: {
			headers: {accept = '*/*'},
		},
	} = exchange;
	const found = discovery(path, server.isModern ? accept : 'application/json');
	const schemas = openapi(path);
	const [, first = ''] = path.split('/', 2);
	if (found) {
		sendJson(exchange, found.body, {contentType: found.contentType});
	} else if (schemas) {
		sendJson(exchange, schemas);
	} else if (first === 'version') {
		sendJson(exchange, versionOf(server.version));
	} else if (['healthz', 'livez', 'readyz'].includes(first)) {
		sendHealth(exchange, server, first, query.has('verbose'));
	} else if (path === '/metrics') {
		sendText(exchange, server.metrics.toString(), 200, 'text/plain; version=0.0.4; charset=utf-8');
	} else if ((path === '/flagz' || path === '/statusz') && server.isModern) {
		sendZpage(exchange, server, path === '/flagz' ? 'Flagz' : 'Statusz', accept);
	} else if (path === '/') {
		sendJson(exchange, {paths: ['/api', '/api/v1', '/apis', '/apis/apps/v1', '/healthz', '/livez', '/metrics', '/readyz', '/version']});
	} else {
		sendText(exchange, '404 page not found\n', 404);
	}
}

function versionOf(gitVersion: string) {
	const [, major, minor] = /^v(\d+)\.(\d+)/.exec(gitVersion)!;
	return {
		major,
		minor,
		...(Number(minor) >= 33 && {
			emulationMajor: major,
			emulationMinor: minor,
			minCompatibilityMajor: major,
			minCompatibilityMinor: String(Number(minor) - 1),
		}),
		gitVersion,
		gitCommit: '',
		gitTreeState: 'clean',
		buildDate: '1970-01-01T00:00:00Z',
		goVersion: 'go1.26.8',
		compiler: 'gc',
		platform: 'linux/amd64',
	};
}

function sendHealth(exchange: Exchange, server: ApiserverProcess, name: string, verbose: boolean): void {
	const checks = [
		'ping',
		'log',
		'etcd',
		...(name === 'readyz' ? ['etcd-readiness', 'informer-sync', 'shutdown'] : []),
		...(server.posture.route === 'ssh' ? ['SSH Tunnel Check'] : []),
	];
	const failed = checks.filter(check => check === 'SSH Tunnel Check' && !server.tunnelHealthy());
	const only = exchange.info.path.split('/', 3)[2];
	if (only && !checks.map(check => encodeURIComponent(check)).includes(only)) {
		sendText(exchange, '404 page not found\n', 404);
		return;
	}

	const lines = checks.map(check => (failed.includes(check) ? `[-]${check} failed: reason withheld\n` : `[+]${check} ok\n`));
	if (failed.length > 0) {
		sendText(exchange, `${lines.join('')}${name} check failed\n`, 500);
	} else {
		sendText(exchange, verbose ? `${lines.join('')}${name} check passed\n` : 'ok');
	}
}

/** Sends JSON only to clients that request a group, version and kind. The separator of the text differs between processes (measured). */
function sendZpage(exchange: Exchange, server: ApiserverProcess, kind: 'Flagz' | 'Statusz', accept: string): void {
	const requestsStructured = (part: string) => part.includes('g=config.k8s.io') && part.includes(`as=${kind}`);
	const structured = accept
		.split(',')
		.map(part => (requestsStructured(part) ? /v=(v1beta1|v1alpha1)/.exec(part)?.[1] : undefined))
		.find(version => version !== undefined);
	const {startedAt} = server;
	const statusz = {
		startTime: `${startedAt.toISOString().slice(0, 19)}Z`,
		uptimeSeconds: Math.floor((Date.now() - startedAt.getTime()) / 1000),
		goVersion: 'go1.26.8',
		binaryVersion: server.version.slice(1),
		emulationVersion: server.version.slice(1).replace(/\.\d+$/, ''),
		paths: ['/flagz', '/healthz', '/livez', '/metrics', '/readyz', '/statusz', '/version'],
	};
	if (structured) {
		if (structured === 'v1alpha1') {
			exchange.response.setHeader(
				'warning',
				`299 - "This version of the ${kind.toLowerCase()} endpoint is deprecated. Please use a newer version."`,
			);
		}

		const body = {
			kind,
			apiVersion: `config.k8s.io/${structured}`,
			metadata: {name: 'apiserver'},
			...(kind === 'Flagz' ? {flags: server.flags} : statusz),
		};
		sendJson(exchange, body, {contentType: `application/json;g=config.k8s.io;v=${structured};as=${kind}`});
	} else if (/\*\/\*|text\/plain|text\/\*/.test(accept)) {
		const rows =
			kind === 'Flagz'
				? Object.entries(server.flags)
				: Object.entries({Started: startedAt.toUTCString(), Up: `${statusz.uptimeSeconds} s`, 'Binary version': statusz.binaryVersion});
		sendText(
			exchange,
			`\napiserver ${kind.toLowerCase()}\nWarning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.\n${rows.map(([name, value]) => `${name}${server.textSeparator}${value}\n`).join('')}`,
		);
	} else {
		throw new ApiFailure(
			406,
			'NotAcceptable',
			'only the following media types are accepted: application/json, application/yaml, text/plain',
		);
	}
}

/** `undefined` for other paths. @see kubectl: k8s.io/cli-runtime/pkg/resource/query_param_verifier_v3.go, k8s.io/kubectl/pkg/explain/v2 */
function openapi(path: string): JsonObject | undefined {
	if (path === '/openapi/v3') {
		return {
			paths: Object.fromEntries([...documents.keys()].map(root => [root, {serverRelativeURL: `/openapi/v3/${root}?hash=${hashOf(root)}`}])),
		};
	}

	const rows = documents.get(path.replace('/openapi/v3/', ''));
	return rows && documentOf(rows);
}

/** OpenAPI documents by path: `api/v1`, `apis/apps/v1`. */
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

function documentOf(rows: readonly ResourceSpec[]): JsonObject {
	return {
		openapi: '3.0.0',
		info: {title: 'spoke sandbox', version: rows[0]!.version},
		paths: Object.fromEntries(rows.flatMap(row => pathsOf(row))),
		components: {schemas: Object.fromEntries(rows.map(row => [schemaName(row), schemaOf(row)]))},
	};
}

function pathsOf(resourceSpec: ResourceSpec): Array<[string, JsonObject]> {
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

function operation(resourceSpec: ResourceSpec, action: string): JsonObject {
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

function schemaOf(resourceSpec: ResourceSpec): JsonObject {
	const anyObject = {type: 'object', 'x-kubernetes-preserve-unknown-fields': true};
	return {
		type: 'object',
		description: `${resourceSpec.kind} in the sandbox, which accepts any fields; run \`kubectl explain\` against a real cluster.`,
		properties: {apiVersion: {type: 'string'}, kind: {type: 'string'}, metadata: anyObject, spec: anyObject, status: anyObject},
		'x-kubernetes-group-version-kind': [kindOf(resourceSpec)],
		'x-kubernetes-preserve-unknown-fields': true,
	};
}

function schemaName(resourceSpec: ResourceSpec): string {
	return `sandbox.${resourceSpec.group === '' ? 'core' : resourceSpec.group}.${resourceSpec.version}.${resourceSpec.kind}`;
}

function kindOf({group, version, kind}: ResourceSpec): JsonObject {
	return {group, version, kind};
}
