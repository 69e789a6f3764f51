/** Reading of remaining input after a write error. */
import type {Duplex} from 'node:stream';

/** The socket is destroyed after this time without data. */
const idleTimeoutMs = 2000;

const writeErrorCodes: ReadonlySet<string | undefined> = new Set(['EPIPE', 'ECONNRESET']);

/**
Node destroys a stream when a write fails, and loses unread input (measured: output and status of a command that ended before its input).
Here failed and later writes are reported as written, after `onWriteError`. If the other side does not end the socket, it ends with the
write error.
*/
export function keepReadingAfterWriteError(
	socket: Duplex,
	onWriteError: (error: NodeJS.ErrnoException) => void,
	timeoutMs = idleTimeoutMs,
): void {
	let hasFailed = false;
	const refuse = (error: NodeJS.ErrnoException) => {
		hasFailed = true;
		onWriteError(error);
		// Not while the reader has paused the socket.
		const timer = setInterval(() => {
			if (!socket.isPaused()) {
				socket.destroy(error);
			}
		}, timeoutMs).unref();
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

	const write = socket._write.bind(socket);
	socket._write = (chunk, encoding, done) => {
		if (hasFailed) {
			done();
		} else {
			write(chunk, encoding, after(done));
		}
	};

	const writev = socket._writev?.bind(socket);
	if (writev) {
		socket._writev = (chunks, done) => {
			if (hasFailed) {
				done();
			} else {
				writev(chunks, after(done));
			}
		};
	}
}
