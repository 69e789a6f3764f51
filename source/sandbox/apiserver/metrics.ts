/** Apiserver metrics that are evidence of leg 2. */

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

export type MetricName = keyof typeof families;

export class Metrics {
	readonly #families = new Map<MetricName, Map<string, number>>();

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
		const samples = (name: string, values: ReadonlyMap<string, number>) =>
			[...values].map(([labels, value]) => `${name}${labels} ${goNumber(value)}\n`).join('');
		return [...this.#families]
			.sort(([a], [b]) => (a < b ? -1 : 1))
			.map(([name, values]) => `# TYPE ${name} ${families[name]}\n${samples(name, values)}`)
			.join('');
	}

	#values(name: MetricName): Map<string, number> {
		const values = this.#families.get(name) ?? new Map<string, number>();
		this.#families.set(name, values);
		return values;
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
