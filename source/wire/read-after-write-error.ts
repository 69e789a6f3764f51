/** What the other side said last is read also where it takes nothing more: it may have ended with our bytes still on their way. */
import type {Duplex} from 'node:stream';

/** What is there already is read in no time; a side that says nothing more and does not end is given up. */
const idleTimeoutMs = 2000;

const writeErrorCodes: ReadonlySet<string | undefined> = new Set(['EPIPE', 'ECONNRESET']);

/**
A stream of Node's is destroyed with its first write that fails, and what has come but was not read is lost (measured: output and status of a command that ended before its input).
From here on such a write and all behind it are dropped; `onRefused` is called once, before the first of them is called written. Without an end of its own the socket ends with the write's error.
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
		// Whoever reads slowly is not hurried.
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
