/** `/configz`, `/flagz` and `/metrics` of a kubelet. As in real kubelets, configz omits zero values. */
import type {Json} from '../objects/kube-object.ts';

export type KubeletFacts = {
	node: string;
	address: string;
	port: number;
	servingBootstrap: boolean;
	startedAt: Date;
	inflight: Readonly<Record<string, number>>;
};

export function configz({address, port, servingBootstrap}: KubeletFacts): Json {
	return {
		kubeletconfig: {
			enableServer: true,
			address,
			port,
			tlsCertFile: '/var/lib/kubelet/pki/kubelet.crt',
			tlsPrivateKeyFile: '/var/lib/kubelet/pki/kubelet.key',
			...(servingBootstrap && {serverTLSBootstrap: true}),
			rotateCertificates: true,
			authentication: {
				x509: {clientCAFile: '/etc/kubernetes/pki/ca.crt'},
				webhook: {enabled: true, cacheTTL: '2m0s'},
				anonymous: {enabled: false},
			},
			authorization: {mode: 'Webhook', webhook: {cacheAuthorizedTTL: '5m0s', cacheUnauthorizedTTL: '30s'}},
			enableDebuggingHandlers: true,
			streamingConnectionIdleTimeout: '4h0m0s',
			containerLogMaxSize: '2Mi',
			containerRuntimeEndpoint: 'sandbox://',
		},
	};
}

/** As in real kubelets with a configuration file, /flagz shows defaults that are not in effect. */
export function kubeletFlags({node}: KubeletFacts): Record<string, string> {
	return {
		'anonymous-auth': 'true',
		'authorization-mode': 'AlwaysAllow',
		'read-only-port': '10255',
		'client-ca-file': '',
		address: '0.0.0.0',
		config: '/var/lib/kubelet/config.yaml',
		kubeconfig: '/etc/kubernetes/kubelet.conf',
		'cert-dir': '/var/lib/kubelet/pki',
		'hostname-override': node,
	};
}

export function kubeletMetrics({startedAt, inflight}: KubeletFacts): string {
	return [
		'# HELP kubelet_http_inflight_requests [ALPHA] Number of the inflight http requests',
		'# TYPE kubelet_http_inflight_requests gauge',
		...Object.entries(inflight).map(
			([path, count]) =>
				`kubelet_http_inflight_requests{long_running="${path === 'containerLogs'}",method="GET",path="${path}",server_type="readwrite"} ${count}`,
		),
		'# HELP process_start_time_seconds [STABLE] Start time of the process since unix epoch in seconds.',
		'# TYPE process_start_time_seconds gauge',
		`process_start_time_seconds ${startedAt.getTime() / 1000}`,
		'',
	].join('\n');
}
