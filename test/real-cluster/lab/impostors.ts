/** Servers of adversaries: an impostor of the apiserver, and an extension apiserver that nobody verifies. */
import {readFile} from 'node:fs/promises';
import type {IncomingMessage} from 'node:http';
import {createServer, type Server} from 'node:https';
import {createServer as createTcpServer, connect, type AddressInfo} from 'node:net';
import {createServer as createTlsServer} from 'node:tls';
import type {ExecutionContext} from 'ava';
import {webSocketAccept} from '../../../source/wire/response-head.ts';
import {signed} from './certificates.ts';
import {apply, kubectl} from './kubectl.ts';
import {addAddress, type Lab} from './lab.ts';
import {namespace} from './users.ts';

/** TLS 1.2 under an unknown CA. Counts the records that follow each ClientHello, other than alerts. */
export async function startImpostor(t: ExecutionContext, lab: Lab) {
	const pair = await signed(lab, 'impostor', 'gateway', {commonName: 'kube-apiserver', names: ['127.0.0.1']});
	const tls = createTlsServer({
		cert: await readFile(pair.cert),
		key: await readFile(pair.key),
		requestCert: true,
		rejectUnauthorized: false,
		maxVersion: 'TLSv1.2',
	});
	tls.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
	const after: number[] = [];
	let connections = 0;
	const alert = 21;
	const front = createTcpServer(client => {
		connections++;
		const server = connect((tls.address() as AddressInfo).port, '127.0.0.1');
		let isFirst = true;
		client.on('data', (chunk: Buffer) => {
			if (!isFirst && chunk[0] !== alert) {
				after.push(chunk.length);
			}

			isFirst = false;
			server.write(chunk);
		});
		server.pipe(client);
		client.on('close', () => server.destroy()).on('error', () => undefined);
		server.on('close', () => client.destroy()).on('error', () => undefined);
	});
	await new Promise<void>(resolve => {
		front.listen(0, '127.0.0.1', resolve);
	});
	t.teardown(() => {
		front.close();
		tls.close();
	});
	return {
		url: `https://127.0.0.1:${(front.address() as AddressInfo).port}`,
		connections: () => connections,
		afterHello: () => after,
	};
}

/** An extension apiserver with a certificate that its APIService does not check. */
export async function startExtension(t: ExecutionContext, lab: Lab, kubeconfig: string) {
	const host = `10.99.${lab.number}.33`;
	const port = 8449;
	await addAddress(host);
	const pair = await signed(lab, 'extension', 'gateway', {commonName: 'extension', names: [host]});
	const requests: IncomingMessage[] = [];
	const server: Server = createServer({cert: await readFile(pair.cert), key: await readFile(pair.key)}, (request, response) => {
		requests.push(request);
		response.setHeader('content-type', 'application/json');
		response.end(JSON.stringify({kind: 'APIResourceList', apiVersion: 'v1', groupVersion: 'lab.example/v1', resources: []}));
	});
	server.on('upgrade', (request, socket) => {
		requests.push(request);
		const accept = webSocketAccept(String(request.headers['sec-websocket-key']));
		socket.on('error', () => undefined);
		socket.write(
			`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
		);
	});
	await new Promise<void>(resolve => {
		server.listen(port, host, resolve);
	});
	await apply(kubeconfig, [
		{apiVersion: 'v1', kind: 'Service', metadata: {name: 'extension', namespace}, spec: {ports: [{port: 443, targetPort: port}]}},
		{
			apiVersion: 'discovery.k8s.io/v1',
			kind: 'EndpointSlice',
			metadata: {name: 'extension', namespace, labels: {'kubernetes.io/service-name': 'extension'}},
			addressType: 'IPv4',
			ports: [{port, protocol: 'TCP'}],
			endpoints: [{addresses: [host], conditions: {ready: true}}],
		},
		{
			apiVersion: 'apiregistration.k8s.io/v1',
			kind: 'APIService',
			metadata: {name: 'v1.lab.example'},
			spec: {
				group: 'lab.example',
				version: 'v1',
				insecureSkipTLSVerify: true,
				groupPriorityMinimum: 100,
				versionPriority: 100,
				service: {name: 'extension', namespace},
			},
		},
	]);
	t.teardown(async () => {
		await kubectl(kubeconfig, 'delete apiservice v1.lab.example');
		server.close();
	});
	return {path: '/apis/lab.example/v1', requests};
}
