/** Konnectivity agent. */
import {createServer} from 'node:http';
import {connect, type TLSSocket} from 'node:tls';
import type {KeyPair} from '../../certificates/issuer.ts';
import {abortableDelay, type Program} from '../containers/program.ts';
import type {AddressPlan, HostPort} from '../network/address-plan.ts';
import {noop} from '../network/join-streams.ts';
import {connectFrom, goDialText} from './direct.ts';
import {AgentConnection} from './agent-connection.ts';

export type AgentConfig = {
	plan: AddressPlan;
	/** `null` while there is no server. */
	server: () => HostPort | null;
	pair: () => Promise<KeyPair>;
	authority: string;
	/** The connections of all agents, so that freezing the agents can pause them. */
	sockets: Set<TLSSocket>;
	isFrozen: () => boolean;
};

/** Agents give up after 5 s, earlier than the apiserver (30 s; both measured). */
const dialTimeoutMs = 5000;

/** The health port is plain HTTP without authentication, as in real agents. */
export function konnectivityAgent({plan, server, pair, authority, sockets, isFrozen}: AgentConfig): Program {
	return async ({address, stdout, listen, signal}) => {
		const counts = {dials: 0, failures: 0, sessions: 0};
		let session: AgentConnection | null = null;
		const metrics = createServer((request, response) => {
			response
				.setHeader('content-type', 'text/plain; version=0.0.4')
				.end(request.url === '/metrics' ? metricsText(counts, session?.openStreams ?? 0) : 'ok');
		});
		await listen(8093, socket => void metrics.emit('connection', socket));
		while (!signal.aborted) {
			const serverAddress = server();
			const socket = serverAddress && (await dialServer(plan, address, serverAddress, await pair(), authority).catch(() => null));
			if (socket) {
				stdout(`connected to the proxy server at ${serverAddress.address}:${serverAddress.port}\n`);
				sockets.add(socket);
				session = new AgentConnection(socket, async (host, port) => dialTarget(plan, address, {address: host, port}, counts));
				if (isFrozen()) {
					socket.pause();
				}

				counts.sessions = 1;
				await untilClosed(socket, signal);
				counts.sessions = 0;
				sockets.delete(socket);
				stdout('connection to the proxy server is gone\n');
			}

			await abortableDelay(200, signal);
		}

		metrics.close();
		return 0;
	};
}

async function dialServer(plan: AddressPlan, from: string, address: HostPort, pair: KeyPair, authority: string): Promise<TLSSocket> {
	const carrier = await connectFrom(plan, from, address, dialTimeoutMs);
	const secure = connect({socket: carrier, ca: authority, cert: pair.chain, key: pair.key, servername: 'konnectivity-server'});
	const {promise, resolve, reject} = Promise.withResolvers<void>();
	secure.once('secureConnect', resolve).once('error', reject);
	await promise;
	secure.on('error', noop);
	return secure;
}

async function dialTarget(plan: AddressPlan, from: string, to: HostPort, counts: {dials: number; failures: number}) {
	try {
		const socket = await connectFrom(plan, from, to, dialTimeoutMs);
		counts.dials++;
		return socket;
	} catch (error) {
		counts.failures++;
		throw new Error(goDialText(to, error as NodeJS.ErrnoException), {cause: error});
	}
}

async function untilClosed(socket: TLSSocket, signal: AbortSignal): Promise<void> {
	const {promise, resolve} = Promise.withResolvers<void>();
	const end = () => {
		socket.destroy();
		resolve();
	};

	socket.once('close', resolve);
	signal.addEventListener('abort', end, {once: true});
	await promise;
	signal.removeEventListener('abort', end);
}

function metricsText({dials, failures, sessions}: {dials: number; failures: number; sessions: number}, open: number): string {
	const prefix = 'konnectivity_network_proxy_agent';
	return [
		`# TYPE ${prefix}_open_endpoint_connections gauge`,
		`${prefix}_open_endpoint_connections ${open}`,
		`# TYPE ${prefix}_open_server_connections gauge`,
		`${prefix}_open_server_connections ${sessions}`,
		`# TYPE ${prefix}_dial_duration_seconds histogram`,
		`${prefix}_dial_duration_seconds_count ${dials}`,
		`# TYPE ${prefix}_endpoint_dial_failure_total counter`,
		`${prefix}_endpoint_dial_failure_total{reason="unknown"} ${failures}`,
		'',
	].join('\n');
}
