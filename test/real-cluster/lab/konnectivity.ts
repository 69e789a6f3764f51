/** Konnectivity servers, and agents as real pods on the nodes. */
import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {authority, signed, type Authority} from './certificates.ts';
import {startDaemon, stopDaemon} from './daemon.ts';
import {controlPlaneAddress, type Lab} from './lab.ts';
import type {Egress} from './postures.ts';
import {konnectivityPath} from './programs.ts';
import {waitForPort} from './wait.ts';

/** `http-connect-tcp`: the frontend listens on TCP and requires a client certificate; all its certificates are from its own CA. */
export type TunnelMode = 'grpc' | 'http-connect' | 'http-connect-tcp';

const ports = {
	grpc: {agents: 8132, admin: 8133, health: 8134, agentAdmin: 8093, agentHealth: 8094},
	'http-connect': {agents: 8142, admin: 8143, health: 8144, agentAdmin: 8095, agentHealth: 8096},
	'http-connect-tcp': {agents: 8152, admin: 8153, health: 8154, agentAdmin: 8097, agentHealth: 8098},
} satisfies Record<TunnelMode, Record<string, number>>;

export const tunnelModes = Object.keys(ports) as TunnelMode[];

export const tunnelSocket = (lab: Lab, mode: TunnelMode) => join(lab.folder, 'konnectivity', `${mode}.sock`);

/** Of the frontend over TCP. */
export const tunnelPort = 8150;

/** The port of the server that the agents of a mode dial. */
export const agentPort = (mode: TunnelMode): number => ports[mode].agents;

/** Of the server that an egress reaches. */
export function tunnelModeOf(egress: Egress): TunnelMode | undefined {
	const mode = egress === 'refused-proxy' ? 'http-connect-tcp' : egress;
	return tunnelModes.find(one => one === mode);
}

const authorityOf = (mode: TunnelMode): Authority => (mode === 'http-connect-tcp' ? 'egress' : 'cluster');

/** Agents connect by mutual TLS. `strategies`: which agent carries a dial, by default any. */
export async function startTunnelServer(lab: Lab, mode: TunnelMode, {strategies = 'default'}: {strategies?: string} = {}): Promise<void> {
	await mkdir(join(lab.folder, 'konnectivity'), {recursive: true});
	const address = controlPlaneAddress(lab);
	const by = authorityOf(mode);
	const {cert: ca} = await authority(lab, by);
	const serving = await signed(lab, `konnectivity-server-${by}`, by, {commonName: 'konnectivity-server', names: [address, '127.0.0.1']});
	const frontend =
		mode === 'http-connect-tcp'
			? [
					`--server-bind-address=${address}`,
					`--server-port=${tunnelPort}`,
					`--server-cert=${serving.cert}`,
					`--server-key=${serving.key}`,
					`--server-ca-cert=${ca}`,
				]
			: [`--uds-name=${tunnelSocket(lab, mode)}`, '--delete-existing-uds-file', '--server-port=0'];
	await startDaemon(lab, `konnectivity-server-${mode}`, [
		await konnectivityPath('konnectivity-server'),
		`--mode=${mode === 'grpc' ? 'grpc' : 'http-connect'}`,
		...frontend,
		`--cluster-cert=${serving.cert}`,
		`--cluster-key=${serving.key}`,
		`--cluster-ca-cert=${ca}`,
		`--agent-bind-address=${address}`,
		`--agent-port=${ports[mode].agents}`,
		`--admin-bind-address=${address}`,
		`--admin-port=${ports[mode].admin}`,
		`--health-bind-address=${address}`,
		`--health-port=${ports[mode].health}`,
		`--proxy-strategies=${strategies}`,
	]);
	await waitForPort(`konnectivity-server ${mode}`, address, ports[mode].agents);
}

export const stopTunnelServer = async (lab: Lab, mode: TunnelMode): Promise<void> =>
	stopDaemon(lab, `konnectivity-server-${mode}`, {signal: 'SIGKILL'});

/** All have the label of the usual installation. */
export const agentName = (mode: TunnelMode): string =>
	({grpc: 'konnectivity-agent', 'http-connect': 'konnectivity-agent-http', 'http-connect-tcp': 'konnectivity-agent-tcp'})[mode];

/** On each node a host-network pod that dials the server and serves its metrics at the node's address. */
export async function agentObjects(lab: Lab, mode: TunnelMode): Promise<object> {
	const program = await konnectivityPath('konnectivity-agent');
	const by = authorityOf(mode);
	const {cert: ca} = await authority(lab, by);
	const client = await signed(lab, `konnectivity-agent-${by}`, by, {commonName: 'konnectivity-agent'});
	const name = agentName(mode);
	return {
		apiVersion: 'apps/v1',
		kind: 'DaemonSet',
		metadata: {name, namespace: 'kube-system', labels: {'k8s-app': 'konnectivity-agent'}},
		spec: {
			selector: {matchLabels: {'k8s-app': 'konnectivity-agent', mode}},
			template: {
				metadata: {labels: {'k8s-app': 'konnectivity-agent', mode}},
				spec: {
					hostNetwork: true,
					automountServiceAccountToken: false,
					priorityClassName: 'system-node-critical',
					// A draining agent carries new dials, so keep the drain short.
					terminationGracePeriodSeconds: 1,
					tolerations: [{operator: 'Exists'}],
					// Only real kubelets have the label.
					affinity: {
						nodeAffinity: {
							requiredDuringSchedulingIgnoredDuringExecution: {
								nodeSelectorTerms: [{matchExpressions: [{key: 'spoke.test/serving', operator: 'Exists'}]}],
							},
						},
					},
					containers: [
						{
							name: 'konnectivity-agent',
							image: 'spoke.test/lab:1',
							imagePullPolicy: 'Never',
							command: ['/konnectivity/konnectivity-agent'],
							args: [
								'--logtostderr=true',
								`--ca-cert=${ca}`,
								`--agent-cert=${client.cert}`,
								`--agent-key=${client.key}`,
								`--proxy-server-host=${controlPlaneAddress(lab)}`,
								`--proxy-server-port=${ports[mode].agents}`,
								// By the node's address, `destHost` finds the agent of a dial.
								'--agent-identifiers=host=$(NODE_NAME)&ipv4=$(HOST_IP)',
								'--admin-bind-address=$(HOST_IP)',
								`--admin-server-port=${ports[mode].agentAdmin}`,
								'--health-server-host=$(HOST_IP)',
								`--health-server-port=${ports[mode].agentHealth}`,
								'--sync-interval=1s',
								'--sync-interval-cap=2s',
							],
							env: [
								{name: 'NODE_NAME', valueFrom: {fieldRef: {fieldPath: 'spec.nodeName'}}},
								{name: 'HOST_IP', valueFrom: {fieldRef: {fieldPath: 'status.hostIP'}}},
							],
							// /metrics is on the health port; the admin port redirects to it.
							ports: [{name: 'health', containerPort: ports[mode].agentHealth}],
							readinessProbe: {httpGet: {port: ports[mode].agentHealth, path: '/readyz'}, periodSeconds: 1},
							livenessProbe: {
								httpGet: {port: ports[mode].agentHealth, path: '/healthz'},
								initialDelaySeconds: 15,
								periodSeconds: 30,
								timeoutSeconds: 15,
							},
							volumeMounts: [
								{name: 'program', mountPath: '/konnectivity', readOnly: true},
								{name: 'pki', mountPath: join(lab.folder, 'pki'), readOnly: true},
							],
						},
					],
					volumes: [
						{name: 'program', hostPath: {path: join(program, '..')}},
						{name: 'pki', hostPath: {path: join(lab.folder, 'pki')}},
					],
				},
			},
		},
	};
}
