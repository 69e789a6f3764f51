/** A scripted TLS server and its cluster. */
import type {IncomingMessage, ServerResponse} from 'node:http';
import {createSecureServer, type Http2SecureServer, type SecureServerOptions, type ServerHttp2Session} from 'node:http2';
import {createServer, type Server} from 'node:https';
import type {Socket} from 'node:net';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {TlsOptions} from 'node:tls';
import {connectionFlags} from '../../source/command-line/connection-flags.ts';
import {parseCommandLine} from '../../source/command-line/parse-command-line.ts';
import type {ClusterClient} from '../../source/cluster/cluster-client.ts';
import {createClusterClient} from '../../source/cluster/create-cluster-client.ts';
import {authority, issue, type Issued} from './certificates.ts';
import {kubeconfigText} from './kubeconfig-text.ts';
import {listenOnLoopback} from './listen-on-loopback.ts';

export type ScriptedServer = {
	url: string;
	port: number;
	ca: string;
	sockets: ReadonlySet<Socket>;
	connections(): number;
	/** `user`: JSON of a kubeconfig user. */
	cluster(options?: {
		user?: Record<string, unknown>;
		cluster?: Record<string, unknown>;
		flags?: readonly string[];
		environment?: NodeJS.ProcessEnv;
	}): Promise<ClusterClient>;
	folder: string;
	close(): Promise<void>;
};

export type Scripted = {
	request?: (request: IncomingMessage, response: ServerResponse) => void;
	upgrade?: (request: IncomingMessage, socket: Socket, head: Buffer) => void;
};

export async function startServer({request, upgrade}: Scripted, tls: TlsOptions = {}): Promise<ScriptedServer> {
	return serve(({key, certificate}) => {
		const server = createServer({key, cert: certificate, keepAliveTimeout: 60_000, ...tls}, request);
		if (upgrade) {
			server.on('upgrade', upgrade);
		}

		return server;
	});
}

/** Speaks HTTP/2, and HTTP/1.1 with clients that do not offer it. */
export async function startHttp2Server(
	{request, session}: {request?: Scripted['request']; session?: (session: ServerHttp2Session) => void},
	options: SecureServerOptions = {},
): Promise<ScriptedServer> {
	return serve(({key, certificate}) => {
		const server = createSecureServer({key, cert: certificate, allowHTTP1: true, ...options}, request as never);
		server.on('session', one => {
			one.on('error', () => {});
			session?.(one);
		});
		return server;
	});
}

async function serve(create: (leaf: Issued) => Server | Http2SecureServer): Promise<ScriptedServer> {
	const ca = await authority('scripted-ca');
	const leaf = await issue({commonName: 'scripted', ip: ['127.0.0.1'], dns: ['localhost', 'api.example.test']}, ca);
	const folder = await mkdtemp(join(tmpdir(), 'spoke-server-'));
	const server = create(leaf);
	const sockets = new Set<Socket>();
	let made = 0;
	server.on('secureConnection', socket => {
		made++;
		sockets.add(socket);
		socket.on('error', () => {}).once('close', () => sockets.delete(socket));
	});
	server.on('tlsClientError', () => {});

	const port = await listenOnLoopback(server);
	const url = `https://127.0.0.1:${port}`;
	const opened: ClusterClient[] = [];
	let files = 0;
	return {
		url,
		port,
		ca: ca.certificate,
		sockets,
		folder,
		connections: () => made,
		async cluster({user = {token: 'secret-token'}, cluster = {}, flags = [], environment = {}} = {}) {
			files++;
			const file = join(folder, `config-${files}`);
			await writeFile(file, kubeconfigText({server: url, ca: ca.certificate, user, cluster}));
			const access = await createClusterClient(parseCommandLine(connectionFlags, ['--kubeconfig', file, ...flags]).flags, environment);
			opened.push(access);
			return access;
		},
		async close() {
			for (const access of opened) {
				access.close();
			}

			for (const socket of sockets) {
				socket.destroy();
			}

			await new Promise(resolve => server.close(resolve));
			await rm(folder, {recursive: true, force: true});
		},
	};
}

/** The flags with which the built program connects to `server` without a kubeconfig. */
export async function connectionArguments({url, ca, folder}: ScriptedServer): Promise<readonly string[]> {
	const file = join(folder, 'ca.crt');
	await writeFile(file, ca);
	return ['--server', url, '--certificate-authority', file, '--token', 'x'];
}
