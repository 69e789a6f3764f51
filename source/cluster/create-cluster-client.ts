/** Client of one cluster, configured as kubectl is. */
import process from 'node:process';
import {Semaphore} from '../base/async/queues.ts';
import type {ConnectionFlags} from '../base/command-line/connection-flags.ts';
import {SpokeError} from '../base/errors/spoke-error.ts';
import {readSettings} from './access-settings.ts';
import {type ClusterClient, ClusterRecords, type ApiResponse, type RequestOptions} from './cluster-client.ts';
import {ConnectionPool, SharedConnections} from './connection-pool.ts';
import {anonymousCredentials} from './credentials/request-headers.ts';
import type {PluginTerminal} from './credentials/run-plugin.ts';
import {type ConnectionConfig, type ApiserverConnection, openConnection} from './apiserver-connection.ts';
import {readJsonResponse} from './read-json-response.ts';
import {traceVerbosity} from './request-trace.ts';
import {withWholeTimeout} from './transport/response-body.ts';
import {type DialRoute, peerNameOf} from './transport/open-socket.ts';
import {parseServerUrl} from './transport/server-url.ts';

/** More would flood an apiserver that has just restarted. With 16, 100 logs with connections of their own begin later. */
const maxHandshakes = 32;

/**
`isInteractive`: the user types meanwhile, so large responses must not delay key presses.
@throws SpokeError ERR_NO_KUBECONFIG, ERR_KUBECONFIG_INVALID, ERR_CONTEXT_UNKNOWN, ERR_CLIENT_CERTIFICATE
*/
export async function createClusterClient(
	flags: ConnectionFlags,
	environment: NodeJS.ProcessEnv = process.env,
	options: {
		terminal?: PluginTerminal;
		isInteractive?: boolean;
	} = {},
): Promise<ClusterClient> {
	const {
		access: {trace, ...settings},
		facts,
	} = await readSettings(flags, environment, options);
	const access: ConnectionConfig = {...settings, trace: flags.v >= traceVerbosity ? toStderr : trace};
	const handshakes = new Semaphore(maxHandshakes);
	const onReleased = (connection: ApiserverConnection) => {
		pool.keepReleased(connection);
	};

	const open = async (signal?: AbortSignal, config = access) =>
		handshakes.run(async () => openConnection(config, {signal, onReleased}), signal);
	const pool = new ConnectionPool(open);
	const shared = new SharedConnections(access, {isDisabled: (environment['DISABLE_HTTP2'] ?? '') !== '', onReleased});
	const peerName = peerNameOf(access.route);
	const request = async (options: RequestOptions) => pool.request(withWholeTimeout(options, peerName));
	return {
		facts,
		records: new ClusterRecords(),
		async connect({canShare = false, mustDial = false, dialTimeoutMs, ...options} = {}) {
			const one = mustDial ? null : canShare ? await shared.connect(options.signal) : await pool.acquireRecent(options);
			return one ?? open(options.signal, dialTimeoutMs === undefined ? access : withDialTimeout(access, dialTimeoutMs));
		},
		connectAt: async (address, {signal, timeoutMs = 0} = {}) => openConnection(accessAt(access, address, timeoutMs), {signal}),
		request,
		async json<T>({maxBytes, exact = false, ...options}: RequestOptions & {maxBytes?: number; exact?: boolean}): Promise<T> {
			const limit = maxBytes === undefined ? {} : {maxBytes};
			return (await readJsonResponse(await request(options), {...options, ...limit, exact}, {peerName, identity: facts})) as T;
		},
		async logIn(signal) {
			await access.credentials.current(signal);
		},
		connectEarly() {
			pool.connectEarly();
		},
		anonymous: async options => anonymousRequest(access, options),
		close() {
			shared.close();
			pool.close();
		},
	};
}

function toStderr(line: string): void {
	process.stderr.write(`${line}\n`);
}

/** A name in every apiserver's certificate. @see https://kubernetes.io/docs/setup/best-practices/certificates/ */
const apiserverDnsName = 'kubernetes.default.svc';

function accessAt(access: ConnectionConfig, address: string, timeoutMs: number): ConnectionConfig {
	const {tls, proxy, isMarkedAsSandbox} = access.route;
	const server = parseServerUrl(`https://${address}`);
	if (!tls || tls.insecure || tls.trust.from !== 'kubeconfig-ca' || proxy) {
		throw new SpokeError(
			'ERR_APISERVER_TLS',
			`spoke does not connect to ${server.shown}: ${proxy ? 'the path to the apiserver uses a proxy' : 'the kubeconfig has no CA to verify it with'}`,
		);
	}

	return {...access, route: {server, proxy: null, tls: {...tls, serverName: apiserverDnsName, timeoutMs}, timeoutMs, isMarkedAsSandbox}};
}

function withDialTimeout(access: ConnectionConfig, dialTimeoutMs: number): ConnectionConfig {
	const {route} = access;
	const shorten = (timeoutMs: number) => (timeoutMs > 0 ? Math.min(timeoutMs, dialTimeoutMs) : dialTimeoutMs);
	const shortenTls = (tls: DialRoute['tls']) => tls && {...tls, timeoutMs: shorten(tls.timeoutMs)};
	return {
		...access,
		route: {
			...route,
			tls: shortenTls(route.tls),
			proxy: route.proxy && {...route.proxy, tls: shortenTls(route.proxy.tls)},
			timeoutMs: shorten(route.timeoutMs),
		},
	};
}

async function anonymousRequest(access: ConnectionConfig, options: RequestOptions): Promise<ApiResponse> {
	const connection = await openConnection({...access, credentials: anonymousCredentials, headers: {}}, {signal: options.signal});
	try {
		const response = await connection.request(options);
		response.body.once('close', () => {
			connection.close();
		});
		return response;
	} catch (error) {
		connection.close();
		throw error;
	}
}
