/** Apiserver metrics about connections. */

type Family = {help: string; type: 'counter' | 'gauge'; values: Map<string, number>};

const families = {
	process_start_time_seconds: {help: '[STABLE] Start time of the process since unix epoch in seconds.', type: 'gauge'},
	apiserver_longrunning_requests: {
		help: '[STABLE] Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component. Not all requests are tracked this way.',
		type: 'gauge',
	},
	apiserver_websocket_streaming_requests_total: {help: '[ALPHA] Total number of websocket streaming requests.', type: 'counter'},
	apiserver_egress_dialer_dial_start_total: {
		help: '[ALPHA] Dial starts, labeled by the protocol (http-connect or grpc) and transport (tcp or uds).',
		type: 'counter',
	},
	apiserver_egress_dialer_dial_duration_seconds_count: {
		help: '[ALPHA] Dial latency histogram in seconds, labeled by the protocol and transport.',
		type: 'counter',
	},
	apiserver_egress_dialer_dial_failure_count: {
		help: '[ALPHA] Dial failure count, labeled by the protocol, transport and stage (connect or proxy).',
		type: 'counter',
	},
	konnectivity_network_proxy_client_client_connections: {
		help: '[ALPHA] Number of open client connections, labeled by status.',
		type: 'gauge',
	},
	konnectivity_network_proxy_client_client_dial_failure_total: {
		help: '[ALPHA] Number of dial failures observed, by reason.',
		type: 'counter',
	},
	konnectivity_network_proxy_client_client_stream_packets_total: {
		help: '[ALPHA] Count of packets processed, by segment and packet type.',
		type: 'counter',
	},
	kube_apiserver_pod_logs_insecure_backend_total: {
		help: '[ALPHA] Total number of requests for pods/logs sliced by usage type: enforce_tls, skip_tls_allowed, skip_tls_denied.',
		type: 'counter',
	},
	kube_apiserver_pod_logs_backend_tls_failure_total: {
		help: '[ALPHA] Total number of requests for pods/logs that failed due to kubelet server TLS verification.',
		type: 'counter',
	},
	ssh_tunnel_open_count: {help: '[ALPHA] Counter of SSH tunnel total open attempts.', type: 'counter'},
	ssh_tunnel_open_fail_count: {help: '[ALPHA] Counter of SSH tunnel failed open attempts.', type: 'counter'},
	rest_client_transport_cache_entries: {help: '[ALPHA] Number of transport entries in the internal cache.', type: 'gauge'},
} as const;

export type MetricName = keyof typeof families;

export class Metrics {
	readonly #families = new Map<MetricName, Family>();

	add(name: MetricName, labels: Readonly<Record<string, string>> = {}, by = 1): void {
		const values = this.#values(name);
		const key = labelText(labels);
		values.set(key, (values.get(key) ?? 0) + by);
	}

	set(name: MetricName, value: number, labels: Readonly<Record<string, string>> = {}): void {
		this.#values(name).set(labelText(labels), value);
	}

	/** Prometheus text. As in a real apiserver, a family appears with its first event. */
	toString(): string {
		const blocks = [...this.#families]
			.sort(([a], [b]) => (a < b ? -1 : 1))
			.map(
				([name, {help, type, values}]) =>
					`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${[...values].map(([labels, value]) => `${name}${labels} ${goNumber(value)}\n`).join('')}`,
			);
		return blocks.join('');
	}

	#values(name: MetricName): Map<string, number> {
		const family = this.#families.get(name) ?? {...families[name], values: new Map<string, number>()};
		this.#families.set(name, family);
		return family.values;
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
