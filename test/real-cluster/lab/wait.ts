/** Waiting with a timeout that names what was awaited. */
import {createConnection, createServer} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';

/** Until `probe` returns something other than `undefined` or false; after `limitMs` the error names `what` and the last failure. */
export async function waitFor<Value>(
	what: string,
	probe: () => Promise<Value | undefined | false>,
	{limitMs = 60_000, intervalMs = 100} = {},
): Promise<Value> {
	const deadline = Date.now() + limitMs;
	let last: unknown = 'nothing yet';
	for (;;) {
		try {
			const value = await probe();
			if (value !== undefined && value !== false) {
				return value;
			}
		} catch (error) {
			last = error;
		}

		if (Date.now() > deadline) {
			throw new Error(`${what}: not within ${limitMs / 1000} s (${String(last).slice(0, 500)})`);
		}

		await sleep(intervalMs);
	}
}

/** Resolves when something accepts TCP connections. */
export async function waitForPort(what: string, host: string, port: number, limitMs = 60_000): Promise<void> {
	await waitFor(
		`${what} on ${host}:${port}`,
		async () =>
			new Promise<true>((resolve, reject) => {
				const socket = createConnection({host, port}, () => {
					socket.destroy();
					resolve(true);
				});
				socket.once('error', reject);
			}),
		{limitMs},
	);
}

/** After a SIGKILL, a process with many threads can hold its port for a moment longer than its pid. */
export async function waitForFreePort(what: string, host: string, port: number): Promise<void> {
	await waitFor(
		`${what} released ${host}:${port}`,
		async () =>
			new Promise<boolean>(resolve => {
				const server = createServer();
				server.once('error', () => {
					resolve(false);
				});
				server.listen(port, host, () => {
					server.close(() => {
						resolve(true);
					});
				});
			}),
	);
}
