/** Servers that record requests: apiservers and proxies. */
import {createServer as createHttpServer, type IncomingMessage, type ServerResponse} from 'node:http';
import {createServer as createHttpsServer} from 'node:https';
import {connect, createServer as createTcpServer, type AddressInfo, type Server, type Socket} from 'node:net';
import {createServer as createTlsServer, type TLSSocket} from 'node:tls';
import {authority, issue, type Issued} from './certificates.ts';

/** Ports are omitted, because they change. */
export type Seen = {
	at: 'https' | 'http' | 'http-proxy' | 'https-proxy' | 'socks5-proxy';
	/** Of the handshake; `null` for an address. */
	sni?: string | null;
	client?: string | null;
	path?: string;
	host?: string;
	authorization?: string | null;
	/** `impersonate-*`, sorted. */
	impersonate?: readonly string[];
	/** Destination and user of a proxy. */
	target?: string;
	login?: string | null;
};

export type RecordingServers = {
	seen: Seen[];
	ports: Readonly<Record<Seen['at'], number>>;
	ca: Issued;
	otherCa: Issued;
	/** Signed by `ca`, for `CN=ada`. */
	client: Issued;
	otherClient: Issued;
	close(): Promise<void>;
};

/** In the certificate beside localhost, 127.0.0.1 and ::1. Proxies resolve it to this machine. */
export const serverName = 'api.example.test';

export async function startRecordingServers(): Promise<RecordingServers> {
	const [ca, otherCa] = await Promise.all([authority('cluster-ca'), authority('other-ca')]);
	const [server, client, otherClient] = await Promise.all([
		issue({commonName: 'kube-apiserver', dns: ['localhost', serverName], ip: ['127.0.0.1', '::1']}, ca),
		issue({commonName: 'ada', organization: 'dev', usage: 'client'}, ca),
		issue({commonName: 'bob', usage: 'client'}, ca),
	]);
	const seen: Seen[] = [];
	const sockets = new Set<Socket>();
	const tls = {key: server.key, cert: server.certificate};
	const answer = (at: 'https' | 'http') => (request: IncomingMessage, response: ServerResponse) => {
		seen.push(requestSeen(at, request));
		response.setHeader('content-type', 'application/json');
		response.end('{"kind":"APIVersions","versions":["v1"]}');
	};

	const servers: ReadonlyArray<readonly [Seen['at'], Server]> = [
		['https', createHttpsServer({...tls, requestCert: true, rejectUnauthorized: false}, answer('https'))],
		['http', createHttpServer(answer('http'))],
		['http-proxy', createTcpServer(socket => void connectProxy('http-proxy', socket, seen))],
		['https-proxy', createTlsServer(tls, socket => void connectProxy('https-proxy', socket, seen))],
		['socks5-proxy', createTcpServer(socket => void socksProxy(socket, seen))],
	];
	for (const [, one] of servers) {
		one.on('connection', (socket: Socket) => {
			sockets.add(socket);
			socket.on('error', () => {}).once('close', () => sockets.delete(socket));
		});
		one.on('tlsClientError', () => {});
	}

	const ports = Object.fromEntries(await Promise.all(servers.map(async ([at, one]) => [at, await listen(one)] as const))) as Record<
		Seen['at'],
		number
	>;
	return {
		seen,
		ports,
		ca,
		otherCa,
		client,
		otherClient,
		async close() {
			for (const socket of sockets) {
				socket.destroy();
			}

			await Promise.all(servers.map(async ([, one]) => new Promise(resolve => one.close(resolve))));
		},
	};
}

async function listen(server: Server): Promise<number> {
	// Both families, because rows use [::1] and 127.0.0.1.
	await new Promise<void>(resolve => server.listen({port: 0, host: '::', ipv6Only: false}, resolve));
	return (server.address() as AddressInfo).port;
}

function requestSeen(at: 'https' | 'http', {headers, rawHeaders, url, socket}: IncomingMessage): Seen {
	const pairs = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [[name.toLowerCase(), rawHeaders[index + 1]!] as const] : []));
	const secure = socket as TLSSocket;
	return {
		at,
		...(at === 'https' && {sni: typeof secure.servername === 'string' ? secure.servername : null, client: clientName(secure)}),
		path: url!.replace(/^http:\/\/([^/:]+):\d+/, 'http://$1'),
		host: headers.host!.replace(/:\d+$/, ''),
		authorization: headers.authorization ?? null,
		impersonate: pairs
			.filter(([name]) => name.startsWith('impersonate-'))
			.map(([name, value]) => `${name}: ${Buffer.from(value, 'latin1').toString('utf8')}`)
			.sort(),
	};
}

function clientName(socket: TLSSocket): string | null {
	const {subject} = socket.getPeerCertificate();
	return subject ? String(subject.CN) : null;
}

async function connectProxy(at: 'http-proxy' | 'https-proxy', socket: Socket, seen: Seen[]): Promise<void> {
	socket.on('error', () => {});
	const head = await until(socket, '\r\n\r\n');
	const [method, target] = head.split(' ', 2);
	const login = /^proxy-authorization: (.*)$/im.exec(head)?.[1] ?? null;
	if (method === 'CONNECT') {
		seen.push({at, target: target!.replace(/:\d+$/, ''), login});
		pipeTo(socket, Number(/:(\d+)$/.exec(target!)![1]), 'HTTP/1.1 200 Connection established\r\n\r\n');
		return;
	}

	seen.push({at, target: target!.replace(/:\d+/, ''), login});
	socket.end('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}');
}

async function socksProxy(socket: Socket, seen: Seen[]): Promise<void> {
	socket.on('error', () => {});
	const read = async (length: number) => readBytes(socket, length);
	const [, count] = await read(2);
	const methods = await read(count!);
	let login: string | null = null;
	if (methods.includes(2)) {
		socket.write(Buffer.from([5, 2]));
		const [, userLength] = await read(2);
		const user = await read(userLength!);
		const [passwordLength] = await read(1);
		login = `${user.toString()}:${(await read(passwordLength!)).toString()}`;
		socket.write(Buffer.from([1, 0]));
	} else {
		socket.write(Buffer.from([5, 0]));
	}

	const kind = (await read(4))[3];
	const host = kind === 3 ? (await read((await read(1))[0]!)).toString() : [...(await read(kind === 1 ? 4 : 16))].join('.');
	const port = (await read(2)).readUInt16BE();
	seen.push({at: 'socks5-proxy', target: host, login});
	pipeTo(socket, port, Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
}

function pipeTo(socket: Socket, port: number, first: string | Buffer): void {
	const onward = connect({port, host: '127.0.0.1'}, () => {
		socket.write(first);
		socket.pipe(onward).pipe(socket);
	});
	onward.on('error', () => socket.destroy());
	socket.once('close', () => onward.destroy());
}

async function readBytes(socket: Socket, length: number): Promise<Buffer> {
	for (;;) {
		const chunk = socket.read(length) as Buffer | null;
		if (chunk) {
			return chunk;
		}

		await new Promise(resolve => socket.once('readable', resolve));
	}
}

async function until(socket: Socket, end: string): Promise<string> {
	let text = '';
	while (!text.endsWith(end)) {
		text += (await readBytes(socket, 1)).toString('latin1');
	}

	return text;
}
