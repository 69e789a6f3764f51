/** Port-forward over SPDY: each pair of streams (`error`, `data`) with the same request id is a connection to a port of the pod. */
import {createConnection, type Socket} from 'node:net';
import type {SpdySession} from '../../wire/spdy-session.ts';
import type {SpdyStream} from '../../wire/spdy-stream.ts';
import type {HostPort} from '../network/address-plan.ts';
import {resetSocket} from '../../wire/reset-socket.ts';
import {noop} from '../network/join-streams.ts';

export type ForwardTarget = {
	/** The address to dial for a port of the pod. */
	locate(port: number): HostPort;
	sandboxId: string;
};

const pairTimeoutMs = 30_000;

/** @see k8s.io/cri-streaming pkg/streaming/portforward/httpstream.go */
export function servePortForward(session: SpdySession, target: ForwardTarget): void {
	const waiting = new Map<string, {error?: SpdyStream; data?: SpdyStream}>();
	const sockets = new Set<Socket>();
	session.on('close', () => {
		for (const socket of sockets) {
			socket.destroy();
		}
	});
	session.on('stream', stream => {
		const {streamtype: type, requestid: id, port} = stream.headers as Record<string, string | undefined>;
		stream.on('error', noop);
		if ((type !== 'error' && type !== 'data') || !Number.isSafeInteger(Number(port)) || Number(port) < 1) {
			stream.reset();
			return;
		}

		stream.reply();
		if (id === undefined) {
			return;
		}

		const pair = waiting.get(id) ?? {};
		pair[type] = stream;
		waiting.set(id, pair);
		if (pair.error && pair.data) {
			waiting.delete(id);
			connect(pair.error, pair.data, Number(port), target, sockets);
		} else {
			setTimeout(() => {
				if (waiting.get(id) !== pair) {
					return;
				}

				waiting.delete(id);
				stream.reset();
			}, pairTimeoutMs).unref();
		}
	});
}

function connect(error: SpdyStream, data: SpdyStream, port: number, {locate, sandboxId}: ForwardTarget, sockets: Set<Socket>): void {
	const {address, port: at} = locate(port);
	const socket = createConnection({host: address, port: at, allowHalfOpen: true});
	sockets.add(socket);
	socket.setNoDelay(true);
	error.resume();
	let connected = false;
	socket.on('connect', () => {
		connected = true;
		data.pipe(socket);
		socket.pipe(data);
	});
	socket.on('error', failure => {
		const reason = connected
			? `: read tcp: ${failure.message}`
			: `failed to execute portforward in network namespace "/var/run/netns/cni-${sandboxId.slice(0, 8)}": failed to connect to localhost:${port} inside namespace "${sandboxId}", IPv4: dial tcp4 127.0.0.1:${port}: connect: connection refused IPv6 dial tcp6: address localhost: no suitable address found `;
		// Measured on 1.36.3 with containerd 2.2: FIN on data, the text on error, then RST of the error stream.
		data.end();
		error.write(`error forwarding port ${port} to pod ${sandboxId}, uid : ${reason}`, () => {
			error.reset();
			data.reset();
		});
	});
	socket.on('close', () => {
		sockets.delete(socket);
		error.end();
	});
	data.on('error', () => {
		resetSocket(socket);
	});
	data.on('close', () => {
		if (!socket.destroyed && !data.readableEnded) {
			resetSocket(socket);
		}
	});
}
