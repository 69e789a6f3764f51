/** Small programs: echo, crash, finish, wait. */
import {abortableDelay, option, type Program} from '../program.ts';
import {noop} from '../../network/join-streams.ts';

/** Echoes bytes, also over half-closed connections. `--port=7000`. */
export const echoServer: Program = async ({args, stdout, listen, signal}) => {
	const port = Number(option(args, 'port') ?? 7000);
	await listen(port, socket => {
		socket.on('error', noop);
		socket.pipe(socket);
	});
	stdout(`echo on :${port}\n`);
	for (let beat = 1; !signal.aborted; beat++) {
		await abortableDelay(5000, signal);
		stdout(`checkpoint ${beat} complete\n`);
	}

	return 0;
};

/** Exits 1 after `--after=SECONDS`, with a message on stderr. */
export const crasher: Program = async ({args, stdout, stderr, signal}) => {
	stdout('reading configuration from /etc/app/config.yaml\n');
	await abortableDelay(Number(option(args, 'after') ?? 2) * 1000, signal);
	stderr('fatal: cannot connect to database "orders": connection refused\n');
	return signal.aborted ? 143 : 1;
};

/** Prints `--lines=N`, one per `--pace=MILLISECONDS`, then exits 0. */
export const finisher: Program = async ({args, stdout, signal}) => {
	const lines = Number(option(args, 'lines') ?? 5);
	const intervalMs = Number(option(args, 'pace') ?? 0);
	for (let line = 1; line <= lines && !signal.aborted; line++) {
		stdout(`step ${line} of ${lines} done\n`);
		if (intervalMs > 0) {
			await abortableDelay(intervalMs, signal);
		}
	}

	return 0;
};

export const waiter: Program = async ({stdout, signal}) => {
	stdout('ready\n');
	while (!signal.aborted) {
		await abortableDelay(60_000, signal);
	}

	return 0;
};
