/** A gateway like those of fleet managers: own TLS, tokens or client certificates, and impersonation. `node gateway.ts SETTINGS.json` */
import {createHash} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {createServer, request as httpsRequest} from 'node:https';
import type {IncomingHttpHeaders, IncomingMessage} from 'node:http';
import process from 'node:process';
import type {Duplex} from 'node:stream';
import type {TLSSocket} from 'node:tls';

export type GatewaySettings = {
	host: string;
	port: number;
	/** Path before the apiserver's own, for example /k8s/clusters/lab. */
	prefix: string;
	upstream: {host: string; port: number};
	/** For upgrades, logs and proxy requests. */
	streams?: {host: string; port: number};
	/** Paths of PEM files. */
	serving: {cert: string; key: string};
	client: {cert: string; key: string; ca: string};
	/** The CA of users' certificates, which then identify them. */
	userCa?: string;
	/** Identities by token or common name. `closed`: paths that the gateway refuses to the user. */
	users: Record<string, {user: string; groups: string[]; closed?: string[]}>;
	/** Answered with 403. */
	refused?: string[];
	/** Sends the user by the headers of an authenticating proxy, with the id of the certificate, instead of impersonation. */
	asFrontProxy?: boolean;
};

const settings = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')) as GatewaySettings;
const {prefix, upstream, streams = upstream, users, refused = []} = settings;
const [ca, cert, key] = await Promise.all(
	[settings.client.ca, settings.client.cert, settings.client.key].map(async file => readFile(file)),
);

const byCertificate = settings.userCa === undefined ? {} : {requestCert: true, ca: await readFile(settings.userCa)};

const server = createServer(
	{cert: await readFile(settings.serving.cert), key: await readFile(settings.serving.key), ...byCertificate},
	(incoming, answer) => {
		if (refused.includes(pathOf(incoming))) {
			answer.writeHead(403, {'content-type': 'application/json'}).end('{"kind":"Status","apiVersion":"v1","status":"Failure","code":403}');
			return;
		}

		const outgoing = forwarded(incoming);
		if (!outgoing) {
			answer.writeHead(401, {'content-type': 'text/plain'}).end('gateway: unknown user or path\n');
			return;
		}

		outgoing.on('response', response => {
			answer.writeHead(response.statusCode ?? 502, response.headers);
			response.pipe(answer);
		});
		outgoing.on('error', error => {
			answer.writeHead(502, {'content-type': 'text/plain'}).end(`gateway: ${error.message}\n`);
		});
		answer.on('close', () => outgoing.destroy());
		incoming.pipe(outgoing);
	},
);

server.on('upgrade', (incoming, client: Duplex, head) => {
	const outgoing = forwarded(incoming);
	if (!outgoing) {
		client.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n');
		return;
	}

	outgoing.on('upgrade', (response, socket, rest) => {
		client.write(statusLine(response));
		client.write(rest);
		socket.write(head);
		socket.pipe(client).pipe(socket);
		socket.on('error', () => client.destroy());
		client.on('error', () => socket.destroy());
	});
	outgoing.on('response', response => {
		client.write(statusLine(response));
		response.pipe(client);
	});
	outgoing.on('error', () => client.destroy());
	outgoing.end();
});
server.listen(settings.port, settings.host);

function forwarded(incoming: IncomingMessage) {
	const identity =
		users[
			settings.userCa === undefined
				? (incoming.headers.authorization?.replace(/^Bearer /, '') ?? '')
				: commonName(incoming.socket as TLSSocket)
		];
	if (!identity || !incoming.url?.startsWith(prefix) || identity.closed?.includes(incoming.url.slice(prefix.length))) {
		return undefined;
	}

	const {authorization, host, ...headers} = incoming.headers;
	const user = settings.asFrontProxy
		? {
				'x-remote-user': identity.user,
				'x-remote-group': identity.groups,
				'x-remote-extra-authentication.kubernetes.io%2fcredential-id': credentialId(incoming.socket as TLSSocket),
			}
		: {'impersonate-user': identity.user, 'impersonate-group': identity.groups};
	return httpsRequest({
		...(incoming.headers.upgrade !== undefined || /\/(?:log|proxy)(?:\/|$)/.test(pathOf(incoming)) ? streams : upstream),
		ca,
		cert,
		key,
		agent: false,
		method: incoming.method ?? 'GET',
		path: incoming.url.slice(prefix.length) || '/',
		headers: {...headers, ...user} satisfies IncomingHttpHeaders as Record<string, string | string[]>,
	});
}

/** Without the prefix and the query. */
function pathOf({url = ''}: IncomingMessage): string {
	return url.slice(prefix.length).split('?', 1)[0]!;
}

function commonName(socket: TLSSocket): string {
	return socket.authorized ? String(socket.getPeerCertificate().subject.CN) : '';
}

/** As an apiserver names it (k8s.io/apiserver pkg/authentication/request/x509/x509.go). */
function credentialId(socket: TLSSocket): string {
	return `X509SHA256=${createHash('sha256').update(socket.getPeerCertificate().raw).digest('hex')}`;
}

function statusLine(response: IncomingMessage): string {
	const headers = response.rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${response.rawHeaders[index + 1]}\r\n`] : []));
	return `HTTP/1.1 ${response.statusCode} ${response.statusMessage}\r\n${headers.join('')}\r\n`;
}
