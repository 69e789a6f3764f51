/** The scripted server of the tests: answers by path, faults, upgrades, over TLS with HTTP/1.1 or HTTP/2. */
import {createServer as createPlainServer, type IncomingMessage, type ServerResponse} from 'node:http';
import {createSecureServer, type SecureServerOptions, type ServerHttp2Session} from 'node:http2';
import {createServer} from 'node:https';
import {createServer as createTcpServer, type Server, type Socket} from 'node:net';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createServer as createTlsServer} from 'node:tls';
import type {ExecutionContext} from 'ava';
import {connectionFlags} from '../../source/base/command-line/connection-flags.ts';
import {parseCommandLine} from '../../source/base/command-line/parse-command-line.ts';
import type {ClusterClient, Connection} from '../../source/cluster/cluster-client.ts';
import {createClusterClient} from '../../source/cluster/create-cluster-client.ts';
import {authority, issue} from './certificates.ts';
import {kubeconfigText} from './kubeconfig-text.ts';
import {listenOnLoopback} from './listen-on-loopback.ts';

export type ByHand = (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => unknown;
/** Text and objects, as JSON, are answers of status 200. */
export type Answer = string | object | ByHand;
/** By `METHOD path`, by path, or `*` for all others, which otherwise get a 404. */
export type Answers = ByHand | Readonly<Record<string, Answer>>;

export type ClusterOptions = {
	user?: Record<string, unknown>;
	cluster?: Record<string, unknown>;
	flags?: readonly string[];
	environment?: NodeJS.ProcessEnv;
};

export type ScriptedServer = {
	url: string;
	port: number;
	ca: string;
	sockets: ReadonlySet<Socket>;
	connections(): number;
	/** `user`: JSON of a kubeconfig user. */
	cluster(options?: ClusterOptions): Promise<ClusterClient>;
	/** The flag that names the kubeconfig of a cluster as `cluster` returns it. */
	config(options?: ClusterOptions): Promise<readonly string[]>;
	folder: string;
	/** Resets all connections. */
	cut(): void;
	close(): Promise<void>;
};

export type Scripted = {
	request?: ByHand | undefined;
	upgrade?: ((request: IncomingMessage, socket: Socket, head: Buffer) => unknown) | undefined;
	/** Of HTTP/2. */
	session?: ((session: ServerHttp2Session) => unknown) | undefined;
};

/** `http2`: beside HTTP/1.1, for clients that offer it. `plain`: without TLS and credentials. */
export type Carrier = SecureServerOptions & {http2?: boolean; plain?: boolean; onConnection?: (socket: Socket) => void};

/** Without an answer, it is silent. */
export async function serve(
	t: Pick<ExecutionContext, 'teardown'>,
	answers: Answers = silence,
	{upgrade, session, ...carrier}: Omit<Scripted, 'request'> & Carrier = {},
): Promise<ScriptedServer> {
	const server = await startServer({request: answerFrom(answers), upgrade, session}, carrier);
	t.teardown(async () => server.close());
	return server;
}

/** As `serve`, where only the cluster is of interest. */
export async function clusterThat(...[t, answers, options]: Parameters<typeof serve>): Promise<ClusterClient> {
	return (await serve(t, answers, options)).cluster();
}

/** A connection to a server scripted byte by byte. `answer` gets all bytes so far. Over TLS each of its writes is a record. */
export async function toBytes(
	t: Pick<ExecutionContext, 'teardown'>,
	answer: (all: string, socket: Socket) => void,
	over: 'TCP' | 'TLS' = 'TCP',
): Promise<Connection> {
	const onSocket = (socket: Socket) => {
		let all = '';
		socket
			.on('error', () => undefined)
			.on('data', bytes => {
				all += bytes.toString();
				answer(all, socket);
			});
	};

	const server = await listen(leaf => (over === 'TCP' ? createTcpServer(onSocket) : createTlsServer(leaf, onSocket)), over === 'TCP');
	t.teardown(async () => server.close());
	return (await server.cluster()).connect();
}

/** The socket of an upgrade, whose outcome must be one. */
export async function upgraded(outcome: ReturnType<Connection['upgrade']>): Promise<UpgradedOutcome> {
	const made = await outcome;
	if (!made.upgraded) {
		throw new Error(`not upgraded: ${made.status} ${made.body}`);
	}

	return made;
}

type UpgradedOutcome = Extract<Awaited<ReturnType<Connection['upgrade']>>, {upgraded: true}>;

export const silence: ByHand = () => undefined;

/** Objects are sent as JSON. */
export function reply(status: number, body: string | Buffer | object = '', headers: Record<string, string> = {}): ByHand {
	const isJson = typeof body === 'object' && !Buffer.isBuffer(body);
	return (_, response) =>
		response.writeHead(status, {...(isJson && {'Content-Type': 'application/json'}), ...headers}).end(isJson ? JSON.stringify(body) : body);
}

/** The apiserver's Status of a failure. */
export function refuse(code: number, message: string, reason = '', headers: Record<string, string> = {}): ByHand {
	return reply(code, statusObject(code, message, reason), headers);
}

export function statusObject(code: number, message: string, reason = ''): object {
	return {kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code};
}

/** Sends a part of a longer body and closes the connection. */
export function cutAfter(part: string): ByHand {
	return (request, response) => {
		response.writeHead(200, {'Content-Length': String(part.length + 100)}).write(part);
		setTimeout(() => request.socket.destroy(), 50);
	};
}

/** One answer per request; the last one stays. */
export function inTurn(...answers: readonly Answer[]): ByHand {
	let next = 0;
	return (request, response, query) => answerWith(answers[Math.min(next++, answers.length - 1)]!, request, response, query);
}

export async function startServer(
	{request, upgrade, session}: Scripted,
	{http2 = false, plain = false, onConnection = () => undefined, ...tls}: Carrier = {},
): Promise<ScriptedServer> {
	const answer = request && ((asked: IncomingMessage, response: ServerResponse) => void request(asked, response, queryOf(asked)));
	return listen(leaf => {
		const secure = {...leaf, keepAliveTimeout: 60_000, ...tls};
		const server = plain
			? createPlainServer({keepAliveTimeout: 60_000}, answer)
			: http2
				? createSecureServer({...secure, allowHTTP1: true}, answer as never)
				: createServer(secure, answer);
		if (upgrade) {
			server.on('upgrade', upgrade);
		}

		server.on(plain ? 'connection' : 'secureConnection', onConnection);
		server.on('session', (one: ServerHttp2Session) => {
			one.on('error', () => {});
			session?.(one);
		});
		return server;
	}, plain);
}

function queryOf({url}: IncomingMessage): URLSearchParams {
	return new URL(url!, 'https://x').searchParams;
}

/** The answer of a table as one by hand. */
export function answerFrom(answers: Answers): ByHand {
	if (typeof answers === 'function') {
		return answers;
	}

	return (request, response, query) => {
		const path = request.url!.split('?', 1)[0]!;
		const answer = answers[`${request.method} ${path}`] ?? answers[path] ?? answers['*'] ?? refuse(404, `${path} not found`);
		return answerWith(answer, request, response, query);
	};
}

function answerWith(answer: Answer, ...asked: Parameters<ByHand>): unknown {
	return typeof answer === 'function' ? (answer as ByHand)(...asked) : reply(200, answer)(...asked);
}

async function listen(create: (leaf: {key: string; cert: string}) => Server, isPlain: boolean): Promise<ScriptedServer> {
	const ca = await authority('scripted-ca');
	const leaf = await issue({commonName: 'scripted', ip: ['127.0.0.1'], dns: ['localhost', 'api.example.test']}, ca);
	const folder = await mkdtemp(join(tmpdir(), 'spoke-server-'));
	const server = create({key: leaf.key, cert: leaf.certificate});
	const [raw, sockets] = [new Set<Socket>(), new Set<Socket>()];
	let made = 0;
	server.on('connection', (socket: Socket) => {
		raw.add(socket);
		socket.on('error', () => {}).once('close', () => raw.delete(socket));
	});
	server.on(isPlain ? 'connection' : 'secureConnection', (socket: Socket) => {
		made++;
		sockets.add(socket);
		socket.on('error', () => {}).once('close', () => sockets.delete(socket));
	});
	server.on('tlsClientError', () => {});

	const port = await listenOnLoopback(server);
	const url = `http${isPlain ? '' : 's'}://127.0.0.1:${port}`;
	const opened: ClusterClient[] = [];
	let files = 0;
	const config = async ({user = isPlain ? {} : {token: 'secret-token'}, cluster = {}, flags = []}: ClusterOptions = {}) => {
		const file = join(folder, `config-${++files}`);
		const own = {...(isPlain && {'certificate-authority-data': undefined}), ...cluster};
		await writeFile(file, kubeconfigText({server: url, ca: ca.certificate, user, cluster: own}));
		return ['--kubeconfig', file, ...flags];
	};

	return {
		url,
		port,
		ca: ca.certificate,
		sockets,
		folder,
		connections: () => made,
		config,
		async cluster({environment = {}, ...options} = {}) {
			const access = await createClusterClient(parseCommandLine(connectionFlags, await config(options)).flags, environment);
			opened.push(access);
			return access;
		},
		cut() {
			for (const socket of raw) {
				socket.resetAndDestroy();
			}
		},
		async close() {
			for (const access of opened) {
				access.close();
			}

			for (const socket of raw) {
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
