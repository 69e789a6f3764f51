/** The features that the tour drives: each once, with the program's own streams, told in a few words. */
import {once} from 'node:events';
import {createConnection} from 'node:net';
import {text} from 'node:stream/consumers';
import type {ClusterAccess} from '../../cluster/cluster-access.ts';
import {refusal} from '../../cluster/refusal.ts';
import type {ConnectionWitness, ProxyRequestFacts, StreamFeature} from '../../sessions/connection-witness.ts';
import {parseListenAddresses} from '../../sessions/forward/listen-address.ts';
import {parsePortSpec} from '../../sessions/forward/port-spec.ts';
import {startForward} from '../../sessions/forward/start-forward.ts';
import {openLog} from '../../sessions/logs/open-log.ts';
import {openRemoteCommand} from '../../sessions/remote-command/open-remote-command.ts';
import {connectWitnessed} from '../../sessions/witnessed-connection.ts';
import {parseTarget} from '../../targets/parse-target.ts';
import {resolvePod, type ResolvedPod} from '../../targets/resolve-pod.ts';

export type TourStep = {
	feature: StreamFeature;
	/** The command that does the same. */
	command: string;
	/** Resolves to what was seen. */
	run(cluster: ClusterAccess, witness: ConnectionWitness): Promise<string>;
};

const podRunningTimeoutMs = 10_000;

export const tourSteps: readonly TourStep[] = [
	{feature: 'logs', command: 'spoke logs deploy/api --tail=5', run: readLogs},
	{feature: 'exec', command: 'spoke exec deploy/web -- hostname', run: runHostname},
	{feature: 'port-forward', command: 'spoke port-forward sts/db :7000', run: echoThroughForward},
	{feature: 'node-proxy', command: 'spoke proxy get node/n1/healthz', run: nodeHealth},
	{feature: 'pod-proxy', command: 'spoke proxy get pod/WEB:8080/', run: async (cluster, witness) => getFromPod(cluster, witness, 'http', 8080)},
	{feature: 'pod-proxy', command: 'spoke proxy get pod/https:WEB:8443/', run: async (cluster, witness) => getFromPod(cluster, witness, 'https', 8443)},
	{feature: 'service-proxy', command: 'spoke proxy get svc/web:http/', run: getFromService},
];

async function readLogs(cluster: ClusterAccess, witness: ConnectionWitness): Promise<string> {
	const {pod, target} = await find(cluster, 'deploy/api');
	const source = {namespace: target.namespace ?? 'default', pod: pod.metadata.name, uid: target.uid, node: target.node, container: 'api'};
	const log = await openLog(cluster, source, {tailLines: 5}, {target, witness});
	const lines = (await text(log.body)).trimEnd().split('\n');
	log.close();
	return `${lines.length} lines, the last one: ${lines.at(-1)!.slice(0, 60)}…`;
}

async function runHostname(cluster: ClusterAccess, witness: ConnectionWitness): Promise<string> {
	const {target} = await find(cluster, 'deploy/web');
	const command = await openRemoteCommand(cluster, {feature: 'exec', target: {...target, container: 'web'}, command: ['hostname'], stdin: false, tty: false}, {witness});
	const [output, status] = await Promise.all([text(command.stdout), command.outcome, command.stderr?.resume()]);
	return `it printed ${output.trim()} and ended with ${status}`;
}

async function echoThroughForward(cluster: ClusterAccess, witness: ConnectionWitness): Promise<string> {
	const stop = new AbortController();
	const forward = startForward(cluster, {
		target: parseTarget('sts/db'), ports: [{id: 'f1', spec: parsePortSpec(':7000')}], addresses: parseListenAddresses(['127.0.0.1']), podRunningTimeoutMs,
	}, {signal: stop.signal, witness});
	try {
		for await (const event of forward.events) {
			if (event.event === 'ready') {
				const {address, port} = event.listen[0]!;
				const echoed = await echo(address, port, 'hello through the tunnel');
				return `127.0.0.1:${port} carried “${echoed}” there and back by ${event.carrier}`;
			}
		}

		return 'it ended before it was ready';
	} finally {
		stop.abort();
	}
}

async function nodeHealth(cluster: ClusterAccess, witness: ConnectionWitness): Promise<string> {
	const target = {asked: 'node/n1', kind: 'Node', namespace: null, name: 'n1', uid: null, node: 'n1', container: null, chosenFrom: 1} as const;
	return get(cluster, witness, '/api/v1/nodes/n1/proxy/healthz', {feature: 'node-proxy', target, request: {scheme: 'https', port: null, portName: null, kubeletPort: true}});
}

async function getFromPod(cluster: ClusterAccess, witness: ConnectionWitness, scheme: ProxyRequestFacts['scheme'], port: number): Promise<string> {
	const {target} = await find(cluster, 'deploy/web');
	return get(cluster, witness, `/api/v1/namespaces/default/pods/${scheme}:${target.name}:${port}/proxy/`, {feature: 'pod-proxy', target, request: {scheme, port, portName: null, kubeletPort: false}});
}

async function getFromService(cluster: ClusterAccess, witness: ConnectionWitness): Promise<string> {
	const target = {asked: 'svc/web', kind: 'Service', namespace: 'default', name: 'web', uid: null, node: null, container: null, chosenFrom: 1} as const;
	return get(cluster, witness, '/api/v1/namespaces/default/services/web:http/proxy/', {feature: 'service-proxy', target, request: {scheme: 'http', port: null, portName: 'http', kubeletPort: false}});
}

async function get(cluster: ClusterAccess, witness: ConnectionWitness, path: string, purpose: Parameters<typeof connectWitnessed>[1]): Promise<string> {
	const connection = await connectWitnessed(cluster, purpose, witness);
	try {
		const answer = await connection.request({path});
		const body = await text(answer.body);
		if (answer.status !== 200) {
			const error = refusal({...answer, body});
			witness.failed?.(connection, purpose, error);
			throw error;
		}

		witness.opened?.(connection, purpose, {carrier: 'http', protocol: null});
		return `${answer.status}: ${body.trim()}`;
	} finally {
		connection.close();
	}
}

async function find(cluster: ClusterAccess, asked: string): Promise<ResolvedPod> {
	return resolvePod(cluster, asked, {order: 'attach', podRunningTimeoutMs});
}

async function echo(host: string, port: number, words: string): Promise<string> {
	const socket = createConnection({host, port, allowHalfOpen: true});
	await once(socket, 'connect');
	socket.end(words);
	return text(socket);
}
