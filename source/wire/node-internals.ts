/**
The only reach into Node beyond its documented interface. Without a member, spoke does what Node does: it loses unread input after a write
error, takes a connection whose peer reads slowly for one that makes no progress, needs more time to listen, for each accepted connection
and for each line of many logs, or holds more memory. A test runs on every supported version of Node.
*/
import type {Server, Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import process from 'node:process';
import {setV8Flag} from '../base/own-process.ts';

/** The socket is destroyed after this time without data. */
const idleTimeoutMs = 2000;

const writeErrorCodes: ReadonlySet<string | undefined> = new Set(['EPIPE', 'ECONNRESET']);

/** Node documents both for classes of one's own; here a socket of Node gets others. */
type WriteMethods = Partial<Pick<Duplex, '_write' | '_writev'>>;

/** libuv's write queue. A TLS handle's own queue shrinks only when all is sent, so its socket counts (lib/internal/tls/wrap.js). */
type Handle = {writeQueueSize?: number; _parent?: Handle | null};

/**
Node destroys a stream when a write fails, and loses unread input (measured: output and status of a command that ended before its input).
Here failed and later writes are reported as written, after `onWriteError`. If the other side does not end the socket, it ends with the
write error. No option of a socket keeps it: `autoDestroy` is always on (lib/net.js).
*/
export function keepReadingAfterWriteError(socket: Duplex, onWriteError: (error: NodeJS.ErrnoException) => void): void {
	let hasFailed = false;
	const refuse = (error: NodeJS.ErrnoException) => {
		hasFailed = true;
		onWriteError(error);
		// Not while the reader has paused the socket.
		const timer = setInterval(() => {
			if (!socket.isPaused()) {
				socket.destroy(error);
			}
		}, idleTimeoutMs).unref();
		socket.once('close', () => {
			clearInterval(timer);
		});
	};

	const after = (done: (error?: Error | null) => void) => (error?: NodeJS.ErrnoException | null) => {
		if (error && writeErrorCodes.has(error.code) && !hasFailed && !socket.destroyed) {
			refuse(error);
		}

		done(hasFailed ? null : error);
	};

	const methods: WriteMethods = socket;
	const write = methods._write?.bind(socket);
	if (write) {
		methods._write = (chunk, encoding, done) => {
			if (hasFailed) {
				done();
			} else {
				write(chunk, encoding, after(done));
			}
		};
	}

	const writev = methods._writev?.bind(socket);
	if (writev) {
		methods._writev = (chunks, done) => {
			if (hasFailed) {
				done();
			} else {
				writev(chunks, after(done));
			}
		};
	}
}

/**
Changes whenever the system accepts bytes. What Node documents does not: `writableLength` and `bytesWritten` change when a whole write is
done, and over TLS `setTimeout` calls a socket idle that still sends.
*/
export function unsentBytes(stream: Duplex): number {
	const {_handle: handle} = stream as {_handle?: Handle | null};
	return stream.writableLength + ((handle?._parent ?? handle)?.writeQueueSize ?? 0);
}

/** The number of the socket's file descriptor; `undefined` if it is closed or has none. */
export function descriptorOf(socket: Socket): number | undefined {
	const {_handle: handle} = socket as {_handle?: {fd?: number} | null};
	return handle?.fd !== undefined && handle.fd >= 0 ? handle.fd : undefined;
}

/** A handle that reads already, or is closed, returns an error code. */
type ReadHandle = {readStop?(): number; readStart?(): number};

/**
Stops reading from the socket of an HTTP/2 session until the returned function is called, or until the session has written. With
`socket.pause()`, such a write makes Node destroy the socket in `resume()`, because it reads already (EALREADY).
@see lib/net.js tryReadStart; Http2Session::OnStreamAfterWrite in src/node_http2.cc
*/
export function pauseReads(socket: Socket): () => void {
	const handle = () => (socket as {_handle?: ReadHandle | null})._handle;
	handle()?.readStop?.();
	return () => {
		handle()?.readStart?.();
	};
}

type ListenOptions = {address: string; family: 'IPv4' | 'IPv6'; port: number; backlog: number};

/** The last step of `Server.listen` (setupListenHandle in lib/net.js), which emits its events. Its arguments are those of Node 22 to 26. */
type SetupListenHandle = (address: string, port: number, addressType: 4 | 6, backlog: number, fd: undefined, flags: number) => void;

const maxPort = 65_535;
/** UV_TCP_IPV6ONLY of libuv. */
const ipv6Only = 1;

/**
As `server.listen` with an IP address; an IPv6 address accepts no IPv4. Skips `dns.lookup`, a long regular expression that checks its
result, and loading `node:cluster`: 10 of the 112 ms in row "first byte: wall" of `npm run bench -- "start of port"`.
*/
export function listenOn(server: Server, {address, family, port, backlog}: ListenOptions): void {
	const {_listen2: setupListenHandle} = server as {_listen2?: SetupListenHandle};
	// Node reports a port that is too large.
	if (setupListenHandle && port <= maxPort) {
		setupListenHandle.call(server, address, port, family === 'IPv6' ? 6 : 4, backlog, undefined, family === 'IPv6' ? ipv6Only : 0);
	} else {
		server.listen({host: address, port, ipv6Only: family === 'IPv6', backlog});
	}
}

const minCountedBytes = 1024 * 1024;
let countedBytes = 0;

/**
Counts bytes that are relayed in Buffers. After the first MiB, V8 frees dead Buffers when 4 MiB of them wait. By default it waits for
128 MiB, and for 64 MiB of those that outlived one collection: a forward that moved 256 MiB each way held 156 MiB instead of 86.
@see V8's Heap::AllocateExternalBackingStore, which compares with twice the flag's value, doubled without pointer compression
*/
export function countRelayedBytes(length: number): void {
	if (countedBytes > minCountedBytes) {
		return;
	}

	countedBytes += length;
	// It has no effect on the young generation itself, whose size is set at the start.
	if (countedBytes > minCountedBytes && standardCapacity !== undefined) {
		setV8Flag(`--${capacityFlag}=1`, `--${capacityFlag}=${standardCapacity}`);
	}
}

export const capacityFlag = 'scavenger-max-new-space-capacity-mb';
/** By major version of V8, of Node 22 and 24. V8 14 would print that it does not know the flag. */
export const standardCapacities: Readonly<Record<number, number>> = {12: 8, 13: 32};
const standardCapacity = standardCapacities[Number.parseInt(process.versions.v8, 10)];
