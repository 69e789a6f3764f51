/**
 * The least that a Node.js program needs for a one-shot: one file, one client certificate, all requests in one write, first byte out; for
 * port-forward also a local port. It checks nothing. `node floor.cjs NAMESPACE POD logs|exec|port-forward [path]`; with `path` it also
 * sends the requests that spoke sends for the path before it uses a connection.
 */
'use strict';
const {readFileSync} = require('node:fs');
const {createServer} = require('node:net');
const {connect} = require('node:tls');

const [namespace, pod, command, withPath] = process.argv.slice(2);
const text = readFileSync(process.env.KUBECONFIG, 'utf8');
const field = name => new RegExp(`\\b${name}: *"?([^"\\s]+)`).exec(text)[1];
const data = name => Buffer.from(field(`${name}-data`), 'base64');
const {hostname: host, port} = new URL(field('server'));
const path = `/api/v1/namespaces/${namespace}/pods/${pod}`;
const webSocket = protocol =>
	`Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: ${protocol}\r\n`;
const streams = {
	logs: ['/log?tailLines=1', ''],
	exec: ['/exec?command=echo&command=here&stdout=true&stderr=true', webSocket('v5.channel.k8s.io')],
	'port-forward': ['/portforward', webSocket('SPDY/3.1+portforward.k8s.io')],
};
const [stream, headers] = streams[command];
const request = (target, more, method = 'GET', body = '') => `${method} ${target} HTTP/1.1\r\nHost: ${host}:${port}\r\n${more}\r\n${body}`;
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
const earlier = withPath ? pathRequests : [];
const socket = connect({
	host,
	port,
	ca: data('certificate-authority'),
	cert: data('client-certificate'),
	key: data('client-key'),
	ALPNProtocols: ['http/1.1'],
	servername: '',
});
socket.once('secureConnect', () => {
	socket.write([request(path, ''), ...earlier, request(path + stream, headers)].join(''));
	if (command === 'port-forward') {
		createServer().listen(0, '127.0.0.1');
	}
});
let received = '';
socket.on('data', chunk => {
	received += chunk.toString('latin1');
	const response = received.split('HTTP/1.1 ').length - 1 === earlier.length + 2 ? received.lastIndexOf('HTTP/1.1 ') : -1;
	const body = received.indexOf('\r\n\r\n', response) + 4;
	// Port-forward is ready with the head; the others with the first byte of data, which for exec follows a channel.
	if (response > 0 && body > 3 && (command === 'port-forward' || received.length > body + (command === 'exec' ? 10 : 0))) {
		process.stdout.write(command === 'port-forward' ? 'ready\n' : received.slice(body));
		process.exit();
	}
});
