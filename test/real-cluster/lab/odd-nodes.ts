/** Nodes whose kubelet is a fake: wrong certificate, no TLS, no response, or its own text. */
import {readFile} from 'node:fs/promises';
import {createServer, type AddressInfo, type Server, type Socket} from 'node:net';
import {createServer as createTlsServer} from 'node:tls';
import {signed, type Authority} from './certificates.ts';
import {apply, mustKubectl} from './kubectl.ts';
import {controlPlaneAddress, type Lab} from './lab.ts';
import {base} from './postures.ts';
import {kubeconfigOf} from './start.ts';
import {namespace} from './users.ts';

export type OddNode =
	/** TLS with a certificate from `by` for `names`; a request, as bytes, gets `answer`, a whole HTTP response. */
	| {kind: 'tls'; by: Authority; names?: readonly string[]; answer: string | ((request: string) => string)}
	/** TCP only: `answer` to anything, no response, or an immediate end. */
	| {kind: 'tcp'; does: 'answer-http' | 'stay-silent' | 'hang-up'}
	| {kind: 'address'; type: 'InternalIP' | 'Hostname'; address: string; port: number}
	| {kind: 'none'};

export type OddNodes = {close(): Promise<void>};

/** Makes each node, and in `demo` a pod of the same name with the container `c`, Running by its status. */
export async function startOddNodes(lab: Lab, nodes: Readonly<Record<string, OddNode>>): Promise<OddNodes> {
	const admin = await kubeconfigOf(lab, base, 'admin');
	const servers: Server[] = [];
	const sockets = new Set<Socket>();
	const names = Object.keys(nodes);
	await apply(
		admin,
		names.flatMap(name => [{apiVersion: 'v1', kind: 'Node', metadata: {name}}, podOn(name)]),
	);
	for (const [name, node] of Object.entries(nodes)) {
		const status = await standing(lab, name, node, {servers, sockets});
		await patchStatus(admin, ['node', name], status);
		await patchStatus(admin, ['pod', name, '-n', namespace], {
			phase: 'Running',
			podIP: controlPlaneAddress(lab),
			conditions: [{type: 'Ready', status: 'True'}],
			containerStatuses: [
				{name: 'c', image: 'odd', imageID: '', ready: true, restartCount: 0, state: {running: {startedAt: '2026-01-01T00:00:00Z'}}},
			],
		});
	}

	return {
		async close() {
			for (const server of servers) {
				server.close();
			}

			// An apiserver keeps a connection without a response.
			for (const socket of sockets) {
				socket.destroy();
			}

			await mustKubectl(admin, ['delete', ...names.map(name => `node/${name}`), '--wait=false']);
			await mustKubectl(admin, [
				'delete',
				'-n',
				namespace,
				...names.map(name => `pod/${name}`),
				'--force',
				'--grace-period=0',
				'--wait=false',
			]);
		},
	};
}

async function standing(
	lab: Lab,
	name: string,
	node: OddNode,
	{servers, sockets}: {servers: Server[]; sockets: Set<Socket>},
): Promise<object> {
	if (node.kind === 'none') {
		return {addresses: []};
	}

	if (node.kind === 'address') {
		return {addresses: [{type: node.type, address: node.address}], daemonEndpoints: {kubeletEndpoint: {Port: node.port}}};
	}

	const host = controlPlaneAddress(lab);
	const server =
		node.kind === 'tls'
			? await tlsServer(lab, name, node)
			: createServer(socket => {
					quiet(socket);
					tcpDoings[node.does](socket);
				});
	servers.push(server);
	server.on('connection', socket => {
		sockets.add(socket);
	});
	await new Promise<void>(resolve => {
		server.listen(0, host, resolve);
	});
	return {
		addresses: [{type: 'InternalIP', address: host}],
		daemonEndpoints: {kubeletEndpoint: {Port: (server.address() as AddressInfo).port}},
	};
}

const tcpDoings: Readonly<Record<Extract<OddNode, {kind: 'tcp'}>['does'], (socket: Socket) => void>> = {
	'answer-http'(socket) {
		socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'));
	},
	'stay-silent'(socket) {
		socket.resume();
	},
	'hang-up'(socket) {
		socket.end();
	},
};

async function tlsServer(
	lab: Lab,
	name: string,
	{by, names = [controlPlaneAddress(lab)], answer}: Extract<OddNode, {kind: 'tls'}>,
): Promise<Server> {
	const pair = await signed(lab, `odd-${name}`, by, {commonName: `system:node:${name}`, groups: ['system:nodes'], names});
	const server = createTlsServer({cert: await readFile(pair.cert), key: await readFile(pair.key), ALPNProtocols: ['http/1.1']}, socket => {
		quiet(socket);
		socket.once('data', data => socket.end(typeof answer === 'string' ? answer : answer(data.toString('latin1'))));
	});
	return server.on('tlsClientError', () => undefined);
}

/** A whole response with a plain text body, as a kubelet makes it. */
export function kubeletAnswer(status: string, text: string): string {
	return `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`;
}

function quiet(socket: Socket): void {
	socket.on('error', () => undefined);
}

const podOn = (name: string) => ({
	apiVersion: 'v1',
	kind: 'Pod',
	metadata: {name, namespace},
	spec: {
		nodeName: name,
		automountServiceAccountToken: false,
		tolerations: [{operator: 'Exists'}],
		containers: [{name: 'c', image: 'odd', imagePullPolicy: 'Never'}],
	},
});

async function patchStatus(admin: string, what: string[], status: object): Promise<void> {
	await mustKubectl(admin, ['patch', ...what, '--subresource=status', '--type=merge', '-p', JSON.stringify({status})]);
}
