/** The families of an apiserver's `/metrics` that are evidence of leg 2. */
import type {ApiResponse} from '../../cluster/cluster-client.ts';
import type {MetricFacts, ProbeResult, UnavailableSource} from '../evidence.ts';
import {needMetrics} from '../rules/needs.ts';
import {makeObservation, responseLimits, type Requester} from './probe-request.ts';

/** The response is megabytes on a large cluster: stream it and keep only these families. */
const wanted = [
	'process_start_time_seconds',
	'apiserver_egress_dialer_dial_start_total',
	'apiserver_egress_dialer_dial_duration_seconds_count',
	'apiserver_egress_dialer_dial_failure_count',
	'konnectivity_network_proxy_client_client_connections',
	'apiserver_request_total',
	'apiserver_longrunning_requests',
	'kube_apiserver_pod_logs_backend_tls_failure_total',
	'ssh_tunnel_open_count',
	'disabled_metrics_total',
];
const maxBytes = 256 * 1024 * 1024;
const metricsTimeoutMs = 20_000;

/** Kubernetes' lines have a few hundred characters. An endless line would be copied again with each chunk. */
const maxLineLength = 1024 * 1024;

/** `process`: `null` if unknown. A response that may be truncated counts as none. Never throws. */
export async function readApiserverMetrics(
	connection: Requester & {id: string | null},
	process: string | null,
	{signal}: {signal?: AbortSignal} = {},
): Promise<ProbeResult<MetricFacts>> {
	const where = 'GET /metrics';
	const unavailable = (reason: UnavailableSource['reason']) =>
		({unavailable: {source: 'metrics', where, reason, need: needMetrics}}) as const;
	try {
		const response = await connection.request({
			path: '/metrics',
			headers: {Accept: 'text/plain; version=0.0.4'},
			...responseLimits(metricsTimeoutMs),
			...(signal && {signal}),
		});
		const samples = await readSamples(response, wanted, maxBytes);
		if (response.status !== 200) {
			return unavailable(response.status === 403 || response.status === 401 ? 'forbidden' : 'not-served');
		}

		// A missing family may have been truncated.
		if (response.endsByClose) {
			return unavailable('no-response');
		}

		return {observation: makeObservation('metrics', where, metricFacts(samples), {process, connection: connection.id})};
	} catch {
		return unavailable('no-response');
	}
}

/** Of these families. @throws Error for a response that is not lines, or larger than `maxBytes` */
export async function readSamples({body}: ApiResponse, families: readonly string[], maxBytes: number): Promise<readonly Sample[]> {
	const samples: Sample[] = [];
	const decoder = new TextDecoder();
	let rest = '';
	let size = 0;
	for await (const chunk of body as AsyncIterable<Buffer>) {
		const lines = (rest + decoder.decode(chunk, {stream: true})).split('\n');
		rest = lines.pop()!;
		size += chunk.length;
		if (size > maxBytes || rest.length > maxLineLength) {
			throw new Error('an endless response');
		}

		samples.push(...lines.flatMap(line => (families.some(family => line.startsWith(family)) ? (parseSample(line) ?? []) : [])));
	}

	return samples;
}

function metricFacts(samples: readonly Sample[]): MetricFacts {
	const of = (name: string) => samples.filter(sample => sample.name === name);
	const sumOrNull = (list: readonly Sample[]) => (list.length === 0 ? null : sumOf(list));
	const done = of('apiserver_request_total').filter(({labels}) => isDone(labels) && labels['group'] === '');
	return {
		startSeconds: of('process_start_time_seconds')[0]?.value ?? null,
		egressDials: egressDials(of),
		tunnelsOpen: sumOrNull(of('konnectivity_network_proxy_client_client_connections').filter(({labels}) => labels['status'] === 'ok')),
		kubeletRequestsDone: sumOf(
			done.filter(({labels}) => ['log', 'exec', 'attach', 'portforward', 'proxy'].includes(labels['subresource'] ?? '')),
		),
		portForwardsOpen: sumOf(of('apiserver_longrunning_requests').filter(({labels}) => labels['subresource'] === 'portforward')),
		logTlsFailures: sumOrNull(of('kube_apiserver_pod_logs_backend_tls_failure_total')),
		sshTunnels: sumOrNull(of('ssh_tunnel_open_count')),
		familiesLeftOut: sumOrNull(of('disabled_metrics_total')),
	};
}

export function sumOf(samples: readonly Sample[]): number {
	return samples.reduce((sum, {value}) => sum + value, 0);
}

/**
An apiserver that does not count starts still counts successful and failed dials. Without those, its tunnel would be missed.
@see https://github.com/kubernetes/kubernetes/pull/113520 (starts), https://github.com/kubernetes/kubernetes/pull/88549 (the others)
*/
function egressDials(of: (name: string) => readonly Sample[]): MetricFacts['egressDials'] {
	const starts = of('apiserver_egress_dialer_dial_start_total');
	const ends = [...of('apiserver_egress_dialer_dial_duration_seconds_count'), ...of('apiserver_egress_dialer_dial_failure_count')];
	const counts = new Map<string, number>();
	for (const {labels, value} of starts.length > 0 ? starts : ends) {
		const key = `${labels['protocol']} ${labels['transport'] ?? ''}`;
		counts.set(key, (counts.get(key) ?? 0) + value);
	}

	return [...counts].flatMap(([key, count]) => {
		const [protocol, transport = ''] = key.split(' ');
		return protocol === 'grpc' || protocol === 'http_connect'
			? [{protocol: protocol === 'grpc' ? ('grpc' as const) : ('http-connect' as const), transport, count}]
			: [];
	});
}

/** The far end answered. A hijacked upgrade is counted with code 0, a refused one with its own. */
function isDone({code, subresource}: Sample['labels']): boolean {
	return code === '200' || code === '101' || (code === '0' && subresource !== 'log' && subresource !== 'proxy');
}

type Sample = {name: string; labels: Readonly<Record<string, string>>; value: number};

/** `undefined` for comments. @see https://prometheus.io/docs/instrumenting/exposition_formats/ */
export function parseSample(line: string): Sample | undefined {
	const [, name, block, number] = /^([a-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/i.exec(line) ?? [];
	const value = Number(number === '+Inf' ? Infinity : number);
	if (name === undefined || number === undefined || Number.isNaN(value)) {
		return undefined;
	}

	const labels: Record<string, string> = Object.create(null) as Record<string, string>;
	for (const [, label, text] of (block ?? '').matchAll(/([a-z_]\w*)="((?:[^"\\]|\\.)*)"/gi)) {
		labels[label!] = text!.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
	}

	return {name, labels, value};
}
