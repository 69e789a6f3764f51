/**
 * The least work that a Node.js program needs for a task: no library, one client certificate. It verifies the apiserver's
 * certificate, and checks nothing else.
 *
 * - `node floor.cjs NAMESPACE POD logs|exec|port-forward [path] [relay=PORT]` runs until its first byte. It sends all requests in one write.
 *   For `exec`, it sends the exec request when the response for the pod begins, because kubectl and spoke run no command in a pod that they
 *   cannot read.
 *   `port-forward` also opens a local port. With `path`, it also sends the requests that spoke sends for a label before it uses a
 *   connection. With `relay`, it connects to this local port.
 * - `node floor.cjs NAMESPACE SELECTOR follow` prints the last line and all new lines of each selected pod, after the name of the pod. It
 *   follows all of them over one HTTP/2 connection.
 * - `node floor.cjs NAMESPACE POD forward PORT…` forwards free local ports over one tunnel, and prints what kubectl prints.
 */
'use strict';
const {readFileSync} = require('node:fs');
const {createServer} = require('node:net');
const {checkServerIdentity, connect, createSecureContext} = require('node:tls');

const [namespace, podOrSelector, command, ...options] = process.argv.slice(2);
const relay = options.find(option => option.startsWith('relay='))?.slice('relay='.length);
const text = readFileSync(process.env.KUBECONFIG, 'utf8');
const field = name => new RegExp(`\\b${name}: *"?([^"\\s]+)`).exec(text)[1];
const data = name => Buffer.from(field(`${name}-data`), 'base64');
const {hostname: host, port} = new URL(field('server'));
const secureContext = createSecureContext({ca: data('certificate-authority'), cert: data('client-certificate'), key: data('client-key')});
const pods = `/api/v1/namespaces/${namespace}/pods`;
const request = (target, more, method = 'GET', body = '') => `${method} ${target} HTTP/1.1\r\nHost: ${host}:${port}\r\n${more}\r\n${body}`;

const webSocket = protocol =>
	`Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: ${protocol}\r\n`;
const spdyProtocol = 'SPDY/3.1+portforward.k8s.io';

if (command === 'follow') {
	followAll(require('node:http2').connect);
} else if (command === 'forward') {
	require('./floor-forward.cjs').forwardPorts(
		connectAndSend([request(`${pods}/${podOrSelector}/portforward`, webSocket(spdyProtocol))]),
		options,
	);
} else {
	runOneShot();
}

function connectAndSend(requests) {
	const socket = connectTls('http/1.1');
	return socket.once('secureConnect', () => socket.write(requests.join('')));
}

function connectTls(protocol) {
	return connect({
		...(relay === undefined ? {host, port} : {host: '127.0.0.1', port: relay}),
		secureContext,
		ALPNProtocols: [protocol],
		servername: '',
		checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
	}).setNoDelay(true);
}

function runOneShot() {
	const path = `${pods}/${podOrSelector}`;
	const streams = {
		logs: ['/log?tailLines=1', ''],
		exec: ['/exec?command=echo&command=here&stdout=true&stderr=true', webSocket('v5.channel.k8s.io')],
		'port-forward': ['/portforward', webSocket(spdyProtocol)],
	};
	const [stream, headers] = streams[command];
	const acceptPage = kind =>
		`Accept: application/json;v=v1beta1;g=config.k8s.io;as=${kind},application/json;v=v1alpha1;g=config.k8s.io;as=${kind};q=0.9\r\n`;
	const review = '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}';
	const pathRequests = [
		request('/flagz', acceptPage('Flagz')),
		request('/statusz', acceptPage('Statusz')),
		request(
			'/apis/authentication.k8s.io/v1/selfsubjectreviews',
			`Content-Type: application/json\r\nContent-Length: ${review.length}\r\n`,
			'POST',
			review,
		),
		request(`/api/v1/namespaces/${namespace}/configmaps/kube-root-ca.crt`, ''),
	];
	const reads = [request(path, ''), ...(options.includes('path') ? pathRequests : [])];
	const own = request(path + stream, headers);
	const socket = connectAndSend(command === 'exec' ? reads : [...reads, own]);
	if (command === 'exec') {
		socket.once('data', () => socket.write(own));
	}

	if (command === 'port-forward') {
		socket.once('secureConnect', () => createServer().listen(0, '127.0.0.1'));
	}

	let received = '';
	socket.on('data', chunk => {
		received += chunk.toString('latin1');
		const response = received.split('HTTP/1.1 ').length - 1 === reads.length + 1 ? received.lastIndexOf('HTTP/1.1 ') : -1;
		const body = received.indexOf('\r\n\r\n', response) + 4;
		// Port-forward is ready with the head; the others with the first byte of data, which for exec follows a channel.
		if (response > 0 && body > 3 && (command === 'port-forward' || received.length > body + (command === 'exec' ? 10 : 0))) {
			process.stdout.write(command === 'port-forward' ? 'ready\n' : received.slice(body));
			process.exit();
		}
	});
}

function followAll(connectHttp2) {
	const session = connectHttp2(`https://${host}:${port}`, {createConnection: () => connectTls('h2')});
	const open = path => session.request({':path': path}).setEncoding('latin1');
	let list = '';
	open(`${pods}?labelSelector=${encodeURIComponent(podOrSelector)}`)
		.on('data', chunk => {
			list += chunk;
		})
		.once('end', () => {
			for (const [, name] of list.matchAll(/"metadata":\{"name":"([^"]+)"/g)) {
				follow(name, open(`${pods}/${name}/log?follow=true&tailLines=1`));
			}
		});
}

/** Assumes that no read splits a line. */
function follow(name, log) {
	log.on('data', chunk => {
		const lines = chunk.split('\n').filter(line => line !== '');
		process.stdout.write(lines.map(line => `[pod/${name}] ${line}\n`).join(''));
	});
}
