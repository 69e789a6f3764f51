/** A TCP relay that resets or swallows on demand. */
import {connect, createServer, type Socket} from 'node:net';
import {listenOnLoopback} from './listen-on-loopback.ts';

export type TcpCutter = {
	/** `127.0.0.1:PORT` */
	readonly address: string;
	readonly open: number;
	reset(): void;
	/** Drops all bytes in both directions without closing. */
	swallow(on: boolean): void;
	refuse(on: boolean): void;
	/** Each new connection passes this many bytes towards the client, then none, without closing; 0 means no limit. */
	stopAfter(bytes: number): void;
	readonly stopped: number;
	stop(): Promise<void>;
};

/** @param target `host:port` */
export async function startTcpCutter(target: string): Promise<TcpCutter> {
	const [host, port] = target.split(/:(?=\d+$)/) as [string, string];
	const pairs = new Set<readonly [Socket, Socket]>();
	let swallowing = false;
	let refusing = false;
	let limit = 0;
	let stopped = 0;
	const server = createServer({noDelay: true}, client => {
		client.on('error', () => {});
		if (refusing) {
			client.resetAndDestroy();
			return;
		}

		const upstream = connect({host, port: Number(port), noDelay: true});
		const pair = [client, upstream] as const;
		pairs.add(pair);
		let left = limit === 0 ? Infinity : limit;
		let isStopped = false;
		for (const [from, to] of [
			[client, upstream],
			[upstream, client],
		] as const) {
			from.on('error', () => {});
			from.on('data', chunk => {
				const passed = from === upstream ? chunk.subarray(0, Math.min(chunk.length, left)) : chunk;
				if (from === upstream) {
					left -= passed.length;
				}

				if (!to.write(passed)) {
					from.pause();
				}

				if (left === 0 && !isStopped) {
					isStopped = true;
					stopped++;
					client.pause();
					upstream.pause();
				}
			});
			to.on('drain', () => {
				if (!swallowing && !isStopped) {
					from.resume();
				}
			});
			from.on('end', () => to.end());
			from.on('close', () => {
				to.destroy();
				pairs.delete(pair);
			});
		}

		if (swallowing) {
			client.pause();
			upstream.pause();
		}
	});
	const localPort = await listenOnLoopback(server);
	const each = (act: (socket: Socket) => void) => {
		for (const pair of pairs) {
			pair.map(act);
		}
	};

	return {
		address: `127.0.0.1:${localPort}`,
		get open() {
			return pairs.size;
		},
		reset() {
			each(socket => {
				socket.resetAndDestroy();
			});
		},
		swallow(on) {
			swallowing = on;
			each(socket => (on ? socket.pause() : socket.resume()));
		},
		refuse(on) {
			refusing = on;
		},
		stopAfter(bytes) {
			limit = bytes;
		},
		get stopped() {
			return stopped;
		},
		async stop() {
			each(socket => {
				socket.destroy();
			});
			server.close();
		},
	};
}
