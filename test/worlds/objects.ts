/** Objects and documents of a world's apiservers, as Kubernetes writes them. */
import {balancerAddress, isAtLeast, type Process, type World} from './world.ts';

export const nodeAddress = '10.0.0.11';
const agentName = 'konnectivity-agent-n1';

export function flagsOf(
	{verification, route, hasIdleEgressFile, advertised, bindAddress}: Process,
	{version, trustsHeaders}: Pick<World, 'version' | 'trustsHeaders'>,
): Record<string, string> {
	const [host = '', port = ''] = advertised.split(':');
	return {
		'advertise-address': host,
		'bind-address': bindAddress,
		'secure-port': port,
		'kubelet-certificate-authority': verification === 'off' ? '' : '/etc/kubernetes/pki/ca.crt',
		'egress-selector-config-file': route === 'grpc' || route === 'http-connect' || hasIdleEgressFile ? '/etc/kubernetes/egress.yaml' : '',
		'kubelet-preferred-address-types': '[InternalIP,Hostname]',
		'disabled-metrics': '[]',
		'feature-gates': '',
		'emulated-version': '',
		'requestheader-client-ca-file': trustsHeaders ? '/etc/kubernetes/pki/front-proxy-ca.crt' : '',
		...(!isAtLeast(version, 22) && {'ssh-user': route === 'ssh' ? 'core' : ''}),
	};
}

export function webPod(): object {
	return {
		kind: 'Pod',
		apiVersion: 'v1',
		metadata: {name: 'web', namespace: 'default', uid: 'u1', labels: {app: 'web'}},
		spec: {nodeName: 'n1', containers: [{name: 'main', image: 'x', ports: [{containerPort: 80}]}]},
		status: {
			phase: 'Running',
			podIP: '10.1.0.1',
			conditions: [{type: 'Ready', status: 'True'}],
			containerStatuses: [{name: 'main', ready: true, containerID: 'c://1', state: {running: {startedAt: '2026-11-24T14:00:00Z'}}}],
		},
	};
}

export function nodeObject(name: string, {version, declaresWebSockets, lies}: World): object {
	const declares = lies.declaresWebSockets ?? declaresWebSockets;
	return {
		kind: 'Node',
		apiVersion: 'v1',
		metadata: {name, labels: {}},
		spec: {},
		status: {
			addresses: [{type: 'InternalIP', address: nodeAddress}],
			daemonEndpoints: {kubeletEndpoint: {Port: 10_250}},
			nodeInfo: {kubeletVersion: `v${version}`},
			...(declares && {declaredFeatures: ['ExtendWebSocketsToKubelet']}),
		},
	};
}

/** Mirror pods of the apiservers, and those that somebody has made up. */
export function mirrorPods(world: World): object[] {
	const {processes, hasMirrorPods, hasEnvironmentProxy, lies} = world;
	return [
		...(hasMirrorPods
			? processes.map((process, index) => mirrorPod(`cp${index + 1}`, flagsOf(process, world), hostOf(process, index), hasEnvironmentProxy))
			: []),
		...lies.mirrorPods.map(({node, verification, egress, address, hides}) =>
			mirrorPod(
				node,
				{
					'advertise-address': address,
					'secure-port': '6443',
					'kubelet-certificate-authority': verification === 'good' ? '/ca.crt' : '',
					'egress-selector-config-file': egress ? '/egress.yaml' : '',
					...(hides === 'ssh' && {'ssh-user': 'core'}),
					...(hides === 'metrics' && {'disabled-metrics': '[apiserver_egress_dialer_dial_start_total]'}),
				},
				address,
				hides === 'proxy',
			),
		),
	];
}

/** A balancer's address is on no machine of the control plane. */
function hostOf({advertised}: Process, index: number): string {
	return advertised === balancerAddress ? `10.1.1.${1 + index}` : advertised.split(':')[0]!;
}

function mirrorPod(node: string, flags: Readonly<Record<string, string>>, hostIP: string, hasProxy: boolean): object {
	const name = 'kube-apiserver';
	return {
		metadata: {
			name: `${name}-${node}`,
			namespace: 'kube-system',
			labels: {component: name, tier: 'control-plane'},
			annotations: {'kubernetes.io/config.mirror': 'm', 'kubernetes.io/config.seen': '2026-11-24T13:59:00Z'},
			ownerReferences: [{apiVersion: 'v1', kind: 'Node', name: node, uid: 'n'}],
		},
		spec: {
			nodeName: node,
			containers: [
				{
					name,
					image: 'x',
					...(hasProxy && {env: [{name: 'HTTPS_PROXY', value: 'http://10.0.0.9:3128'}]}),
					command: [
						name,
						...Object.entries(flags).flatMap(([flag, value]) => (value === '' || value === '[]' ? [] : [`--${flag}=${value}`])),
					],
				},
			],
		},
		status: {
			phase: 'Running',
			hostIP,
			containerStatuses: [{name, ready: true, state: {running: {startedAt: '2026-11-24T14:00:00Z'}}}],
		},
	};
}

export function controlPlaneNodes({processes, hasMirrorPods, lies}: World): object[] {
	const names = lies.controlPlaneNodes ?? (hasMirrorPods ? processes.map((_, index) => `cp${index + 1}`) : []);
	return names.map(name => ({metadata: {name, labels: {'node-role.kubernetes.io/control-plane': ''}}}));
}

export function leases({processes, hasLeases, hasPeerAddresses, lies}: World): object[] {
	const isOne = lies.leases === 'one' || lies.leases === 'page';
	const shown = lies.leases === 'hidden' || !hasLeases ? [] : isOne ? processes.slice(0, 1) : processes;
	const renewTime = new Date().toISOString();
	return shown.map(({name, advertised, startTime}) => ({
		metadata: {
			name: `apiserver-${name}`,
			creationTimestamp: startTime,
			...(hasPeerAddresses && {annotations: {'kubernetes.io/peer-advertise-address': advertised}}),
		},
		spec: {renewTime, leaseDurationSeconds: 3600, holderIdentity: name},
	}));
}

export function endpointSlices({processes, lies}: World): object[] {
	const shown = lies.endpoints === 'hidden' ? [] : lies.endpoints === 'one' ? processes.slice(0, 1) : processes;
	const hosts = new Set([
		...shown.map(({advertised}) => advertised.split(':')[0]!),
		...(lies.endpoints === 'more' ? ['10.8.8.8', '10.8.8.9'] : []),
	]);
	return [
		{
			metadata: {name: 'kubernetes'},
			addressType: 'IPv4',
			endpoints: [...hosts].map(host => ({addresses: [host]})),
			ports: [{name: 'https', port: 6443}],
		},
	];
}

export function agentPods({processes, lies}: World): object[] {
	return lies.agents !== 'none' || processes.some(({route}) => route === 'grpc' || route === 'http-connect')
		? [
				{
					metadata: {name: agentName, namespace: 'kube-system', labels: {'k8s-app': 'konnectivity-agent'}},
					spec: {nodeName: 'n1', containers: [{name: 'agent', image: 'x', args: ['--proxy-server-host=10.0.0.5']}]},
					status: {phase: 'Running', conditions: [{type: 'Ready', status: 'True'}]},
				},
			]
		: [];
}

export type Counts = {logs: number; upgrades: number; open: number; dials: number; tlsFailures: number};

export function metricsText({route, transport, startTime}: Process, {logs, upgrades, open, dials, tlsFailures}: Counts): string {
	const tunnel = route === 'grpc' || route === 'http-connect' ? `protocol="${route.replace('-', '_')}",transport="${transport}"` : null;
	return [
		`process_start_time_seconds ${Date.parse(startTime) / 1000}`,
		`apiserver_request_total{code="200",group="",resource="pods",subresource="log",verb="GET"} ${logs}`,
		`apiserver_request_total{code="0",group="",resource="pods",subresource="portforward",verb="CONNECT"} ${upgrades}`,
		`apiserver_longrunning_requests{resource="pods",subresource="portforward",verb="CONNECT"} ${open}`,
		`kube_apiserver_pod_logs_backend_tls_failure_total ${tlsFailures}`,
		...(tunnel !== null && dials > 0 ? [`apiserver_egress_dialer_dial_start_total{${tunnel}} ${dials}`] : []),
		...(route === 'grpc' ? [`konnectivity_network_proxy_client_client_connections{status="ok"} ${open}`] : []),
		...(route === 'ssh' ? ['ssh_tunnel_open_count 2'] : []),
		'',
	].join('\n');
}
