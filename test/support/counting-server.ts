/** A TLS server that counts what reaches it after the ClientHello, and shows whose certificate and which requests it was sent. */
import {writeFile} from 'node:fs/promises';
import {createServer as createTcpServer, connect, type Socket} from 'node:net';
import {join} from 'node:path';
import {createServer, type SecureVersion, type TlsOptions} from 'node:tls';
import type {ExecutionContext} from 'ava';
import type {ClusterClient} from '../../source/cluster/cluster-client.ts';
import type {Issued} from './certificates.ts';
import {kubeconfigText} from './kubeconfig-text.ts';
import {listenOnLoopback} from './listen-on-loopback.ts';
import {clientForTest} from './client-for-test.ts';
import {temporaryDirectory} from './temporary-directory.ts';

export type CountedConnection = {
	/** Bytes after the ClientHello. */
	after: number;
	/** Common name of the client certificate. */
	client: string | null;
	/** Decrypted. */
	received: string;
};

export type CountingServer = {
	port: number;
	connections: CountedConnection[];
	/** A kubeconfig of the server. */
	config(parts: Omit<Parameters<typeof kubeconfigText>[0], 'server'>): Promise<string>;
	client(parts: Omit<Parameters<typeof kubeconfigText>[0], 'server'>): Promise<ClusterClient>;
};

export async function startCountingServer(
	t: Pick<ExecutionContext, 'teardown'>,
	{certificate, key}: Pick<Issued, 'certificate' | 'key'>,
	protocol: SecureVersion,
	{second, ...options}: TlsOptions & {/** The certificate of every second connection. */ second?: Pick<Issued, 'certificate' | 'key'>} = {},
): Promise<CountingServer> {
	const connections: CountedConnection[] = [];
	const byPort = new Map<number, CountedConnection>();
	const server = createServer(
		{cert: certificate, key, minVersion: protocol, maxVersion: protocol, requestCert: true, rejectUnauthorized: false, ...options},
		socket => {
			const seen = byPort.get(socket.remotePort!)!;
			seen.client = socket.getPeerX509Certificate()?.subject.replace(/^.*CN=/s, '') ?? null;
			socket
				.on('error', () => {})
				.on('data', (chunk: Buffer) => {
					seen.received += chunk.toString('latin1');
					socket.end('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}');
				});
		},
	);
	server.on('tlsClientError', () => {});
	if (second) {
		let turn = 0;
		server.on('connection', () => {
			turn++;
			const next = turn % 2 === 0 ? {certificate, key} : second;
			server.setSecureContext({cert: next.certificate, key: next.key, minVersion: protocol, maxVersion: protocol});
		});
	}

	const port = await listenOnLoopback(server);
	const sockets = new Set<Socket>();
	const front = createTcpServer(socket => {
		const seen: CountedConnection = {after: 0, client: null, received: ''};
		connections.push(seen);
		let head = Buffer.alloc(0);
		const behind = connect(port, '127.0.0.1', () => {
			byPort.set(behind.localPort!, seen);
			socket.on('data', (chunk: Buffer) => {
				head = Buffer.concat([head, chunk]);
				// RFC 8446 section 5.1: type, version, length.
				seen.after = Math.max(0, head.length - (head.length < 5 ? 0 : head.readUInt16BE(3)) - 5);
				behind.write(chunk);
			});
		});
		for (const [one, other] of [
			[socket, behind],
			[behind, socket],
		] as const) {
			sockets.add(one);
			one.on('error', () => {}).once('close', () => other.destroy());
		}

		behind.pipe(socket);
	});
	t.teardown(() => {
		for (const socket of sockets) {
			socket.destroy();
		}

		front.close();
		server.close();
	});
	const frontPort = await listenOnLoopback(front);
	const config: CountingServer['config'] = async parts => {
		const file = join(await temporaryDirectory(t), 'config');
		await writeFile(file, kubeconfigText({server: `https://127.0.0.1:${frontPort}`, ...parts}));
		return file;
	};
	return {
		port: frontPort,
		connections,
		config,
		client: async parts => clientForTest(t, ['--kubeconfig', await config(parts)], {}),
	};
}
