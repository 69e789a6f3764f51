/** Steps of the tour: each feature once, with a short result. */
import {once} from 'node:events';
import {createConnection} from 'node:net';
import {text} from 'node:stream/consumers';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import type {ConnectionObserver} from '../../streams/connection-observer.ts';
import {parseListenAddresses} from '../../streams/port-forward/listen-address.ts';
import {parsePortSpec} from '../../streams/port-forward/port-spec.ts';
import {startForward} from '../../streams/port-forward/start-forward.ts';
import {openLog} from '../../streams/logs/open-log.ts';
import {sendProxyRequest} from '../../streams/proxy/proxy-request.ts';
import {resolveProxyTarget} from '../../streams/proxy/resolve-proxy-target.ts';
import {openRemoteCommand} from '../../streams/remote-command/open-remote-command.ts';
import {parseTarget} from '../../targets/parse-target.ts';
import {parseProxyTarget} from '../../targets/proxy-target.ts';
import {resolvePod, type ResolvedPod} from '../../targets/resolve-pod.ts';

export type TourStep = {
	/** The command that does the same. */
	command: string;
	/** Resolves to a short result. */
	run(cluster: ClusterClient, observer: ConnectionObserver): Promise<string>;
};

const podRunningTimeoutMs = 10_000;

export const tourSteps: readonly TourStep[] = [
	{command: 'spoke logs deploy/api --tail=5', run: readLogs},
	{command: 'spoke exec deploy/web -- hostname', run: runHostname},
	{command: 'spoke port-forward sts/db :7000', run: echoThroughForward},
	...['node/n1/healthz', 'pod/http:WEB:8080/', 'pod/https:WEB:8443/', 'svc/web:http/', 'svc/https:web:https/'].map(input => ({
		command: `spoke proxy get ${input}`,
		run: async (cluster: ClusterClient, observer: ConnectionObserver) => get(cluster, observer, input),
	})),
];

async function readLogs(cluster: ClusterClient, observer: ConnectionObserver): Promise<string> {
	const {pod, target} = await find(cluster, 'deploy/api');
	const source = {namespace: target.namespace ?? 'default', pod: pod.metadata.name, uid: target.uid, node: target.node, container: 'api'};
	const log = await openLog(cluster, source, {tailLines: 5}, {target, observer});
	const lines = (await text(log.body)).trimEnd().split('\n');
	log.close();
	return `${lines.length === 1 ? '1 line' : `${lines.length} lines, the last one`}: ${lines.at(-1)!.slice(0, 60)}…`;
}

async function runHostname(cluster: ClusterClient, observer: ConnectionObserver): Promise<string> {
	const {target} = await find(cluster, 'deploy/web');
	const command = await openRemoteCommand(
		cluster,
		{feature: 'exec', target: {...target, container: 'web'}, command: ['hostname'], stdin: false, tty: false},
		{observer},
	);
	command.stderr?.resume();
	const [output, status] = await Promise.all([text(command.stdout), command.outcome]);
	return `printed ${output.trim()} and exited with status ${status}`;
}

async function echoThroughForward(cluster: ClusterClient, observer: ConnectionObserver): Promise<string> {
	const stop = new AbortController();
	const forward = startForward(
		cluster,
		{
			target: parseTarget('sts/db'),
			ports: [{id: 'f1', spec: parsePortSpec(':7000')}],
			addresses: parseListenAddresses(['127.0.0.1']),
			podRunningTimeoutMs,
		},
		{signal: stop.signal, observer},
	);
	try {
		for await (const event of forward.events) {
			if (event.event === 'ready') {
				const {address, port} = event.listen[0]!;
				const echoed = await echo(address, port, 'hello through the tunnel');
				return `127.0.0.1:${port} carried “${echoed}” in both directions by ${event.carrier}`;
			}
		}

		return 'ended before it was ready';
	} finally {
		stop.abort();
	}
}

/** `WEB` stands for a pod of deploy/web, whose name is not known in advance. */
async function get(cluster: ClusterClient, observer: ConnectionObserver, input: string): Promise<string> {
	const named = input.includes('WEB') ? input.split('WEB').join((await find(cluster, 'deploy/web')).pod.metadata.name) : input;
	const target = parseProxyTarget(named);
	const resolved = await resolveProxyTarget(cluster, target, 'default');
	const answer = await sendProxyRequest(cluster, resolved, {method: 'GET', path: target.path, headers: {}, timeoutMs: 35_000}, {observer});
	return `${answer.status}: ${`${answer.bodyStart.toString()}${await text(answer.body)}`.trim()}`;
}

async function find(cluster: ClusterClient, input: string): Promise<ResolvedPod> {
	return resolvePod(cluster, input, {order: 'attach', podRunningTimeoutMs});
}

async function echo(host: string, port: number, words: string): Promise<string> {
	const socket = createConnection({host, port, allowHalfOpen: true});
	await once(socket, 'connect');
	socket.end(words);
	return text(socket);
}
