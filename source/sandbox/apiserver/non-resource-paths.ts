/** Non-resource paths: discovery, schemas, version, health, metrics, flags. */
import type {JsonObject} from '../../wire/json.ts';
import {apiTime, apiVersionOf, type ResourceSpec, resourceSpecs, storedResources} from '../objects/kube-object.ts';
import type {Apiserver} from './apiserver.ts';
import {type Exchange, sendJson, sendText, ApiFailure} from './exchange.ts';

const families = {
	apiserver_egress_dialer_dial_duration_seconds_count: 'counter',
	apiserver_egress_dialer_dial_failure_count: 'counter',
	apiserver_egress_dialer_dial_start_total: 'counter',
	apiserver_longrunning_requests: 'gauge',
	konnectivity_network_proxy_client_client_connections: 'gauge',
	kube_apiserver_pod_logs_backend_tls_failure_total: 'counter',
	kube_apiserver_pod_logs_insecure_backend_total: 'counter',
	process_start_time_seconds: 'gauge',
	ssh_tunnel_open_count: 'counter',
} as const;

type MetricName = keyof typeof families;

/** @throws ApiFailure 406 for a media type that /flagz and /statusz do not support */
export function serveNonResourcePath(exchange: Exchange, server: Apiserver): void {
	const path = exchange.info.path.replace(/(?<=.)\/$/, '');
	const document = discovery(path) ?? openapi(path);
	if (document) {
		sendJson(exchange, document);
	} else if (path === '/version') {
		sendJson(exchange, versionOf(server.version, server.isModern));
	} else if (['/healthz', '/livez', '/readyz'].includes(path)) {
		sendHealth(exchange, server, path.slice(1));
	} else if (path === '/metrics') {
		sendText(exchange, server.metrics.toString(), 200, 'text/plain; version=0.0.4; charset=utf-8');
	} else if ((path === '/flagz' || path === '/statusz') && server.isModern) {
		sendZpage(exchange, server, path === '/flagz' ? 'Flagz' : 'Statusz');
	} else {
		sendText(exchange, '404 page not found\n', 404);
	}
}

const apiGroups = [...new Set(resourceSpecs.map(({group}) => group))].slice(1).map(name => {
	const version = {groupVersion: `${name}/v1`, version: 'v1'};
	return {name, versions: [version], preferredVersion: version};
});

/** Not aggregated: clients then read each group. */
function discovery(path: string): JsonObject | undefined {
	if (path === '/api') {
		return {kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{clientCIDR: '0.0.0.0/0', serverAddress: ''}]};
	}

	if (path === '/apis') {
		return {kind: 'APIGroupList', apiVersion: 'v1', groups: apiGroups};
	}

	const rows = resourceSpecs.filter(row => path === `/${rootOf(row)}`);
	return rows.length === 0 ? undefined : resourceList(rows);
}

function resourceList(rows: readonly ResourceSpec[]): JsonObject {
	return {
		kind: 'APIResourceList',
		apiVersion: 'v1',
		groupVersion: apiVersionOf(rows[0]!),
		resources: rows.flatMap(({name, singular, namespaced, kind, verbs, shortNames, categories, subresources}) => [
			{name, singularName: singular, namespaced, kind, verbs, ...(shortNames && {shortNames}), ...(categories && {categories})},
			...subresources.map(({name: own, ...subresource}) => ({name: `${name}/${own}`, singularName: '', namespaced, ...subresource})),
		]),
	};
}

/** `api/v1`, `apis/apps/v1`. */
function rootOf(resourceSpec: ResourceSpec): string {
	return `${resourceSpec.group === '' ? 'api' : 'apis'}/${apiVersionOf(resourceSpec)}`;
}

const documents = Map.groupBy(storedResources, row => rootOf(row));

/** What `kubectl apply` reads. @see k8s.io/cli-runtime/pkg/resource/query_param_verifier_v3.go */
function openapi(path: string): JsonObject | undefined {
	if (path === '/openapi/v3') {
		return {paths: Object.fromEntries([...documents.keys()].map(root => [root, {serverRelativeURL: `/openapi/v3/${root}`}]))};
	}

	const rows = documents.get(path.replace('/openapi/v3/', ''));
	return (
		rows && {
			openapi: '3.0.0',
			info: {title: 'spoke sandbox', version: 'v1'},
			paths: Object.fromEntries(rows.map(row => [objectPath(row), {patch: patchOperation(row)}])),
		}
	);
}

function objectPath(row: ResourceSpec): string {
	return `/${rootOf(row)}/${row.namespaced ? 'namespaces/{namespace}/' : ''}${row.name}/{name}`;
}

function patchOperation({group, version, kind}: ResourceSpec): JsonObject {
	return {
		'x-kubernetes-action': 'patch',
		'x-kubernetes-group-version-kind': {group, version, kind},
		parameters: ['dryRun', 'fieldManager', 'fieldValidation'].map(name => ({name, in: 'query', schema: {type: 'string'}})),
		responses: {200: {description: 'OK'}},
	};
}

function versionOf(gitVersion: string, isModern: boolean): JsonObject {
	const [, major, minor] = /^v(\d+)\.(\d+)/.exec(gitVersion) as unknown as [string, string, string];
	const emulation = {emulationMajor: major, emulationMinor: minor};
	const compatible = {...emulation, minCompatibilityMajor: major, minCompatibilityMinor: String(Number(minor) - 1)};
	return {
		major,
		minor,
		...(isModern && compatible),
		gitVersion,
		gitCommit: '',
		gitTreeState: 'clean',
		buildDate: '1970-01-01T00:00:00Z',
		goVersion: 'go1.26.8',
		compiler: 'gc',
		platform: 'linux/amd64',
	};
}

function sendHealth(exchange: Exchange, server: Apiserver, name: string): void {
	const checks = ['ping', 'log', 'etcd', ...(server.posture.route === 'ssh' ? ['SSH Tunnel Check'] : [])];
	const hasFailed = (check: string) => check === 'SSH Tunnel Check' && !server.config.tunnels.healthy;
	const lines = checks.map(check => (hasFailed(check) ? `[-]${check} failed: reason withheld\n` : `[+]${check} ok\n`)).join('');
	if (checks.some(check => hasFailed(check))) {
		sendText(exchange, `${lines}${name} check failed\n`, 500);
	} else {
		sendText(exchange, exchange.info.query.has('verbose') ? `${lines}${name} check passed\n` : 'ok');
	}
}

/** Only for clients that request a group, version and kind; the text form is missing. */
function sendZpage(exchange: Exchange, {startedAt, version, flags}: Apiserver, kind: 'Flagz' | 'Statusz'): void {
	if (!exchange.request.headers.accept?.includes(`v=v1beta1;g=config.k8s.io;as=${kind}`)) {
		const accepted = 'application/json, application/yaml, text/plain';
		throw new ApiFailure(406, 'NotAcceptable', `only the following media types are accepted: ${accepted}`);
	}

	const statusz = {
		startTime: apiTime(startedAt),
		uptimeSeconds: Math.floor((Date.now() - startedAt.getTime()) / 1000),
		goVersion: 'go1.26.8',
		binaryVersion: version.slice(1),
		emulationVersion: version.slice(1).replace(/\.\d+$/, ''),
		paths: ['/flagz', '/healthz', '/livez', '/metrics', '/readyz', '/statusz', '/version'],
	};
	const about = {kind, apiVersion: 'config.k8s.io/v1beta1', metadata: {name: 'apiserver'}};
	sendJson(exchange, {...about, ...(kind === 'Flagz' ? {flags} : statusz)}, 200, `application/json;g=config.k8s.io;v=v1beta1;as=${kind}`);
}

export class Metrics {
	readonly #families = new Map<MetricName, Map<string, number>>();

	add(name: MetricName, labels: Readonly<Record<string, string>> = {}, by = 1): void {
		const values = this.#families.get(name) ?? new Map<string, number>();
		const key = labelText(labels);
		this.#families.set(name, values.set(key, (values.get(key) ?? 0) + by));
	}

	/** Prometheus text. As in a real apiserver, a family appears with its first event. */
	toString(): string {
		const samples = (name: string, values: ReadonlyMap<string, number>) =>
			[...values].map(([labels, value]) => `${name}${labels} ${goNumber(value)}\n`).join('');
		return [...this.#families]
			.sort(([a], [b]) => (a < b ? -1 : 1))
			.map(([name, values]) => `# TYPE ${name} ${families[name]}\n${samples(name, values)}`)
			.join('');
	}
}

function labelText(labels: Readonly<Record<string, string>>): string {
	const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
	return pairs.length === 0 ? '' : `{${pairs.map(([key, value]) => `${key}="${value}"`).join(',')}}`;
}

/** Go's format: `1.79553626899e+09`. */
function goNumber(value: number): string {
	return value < 1e6 ? String(value) : value.toExponential().replace(/e\+(?=\d$)/, 'e+0');
}
