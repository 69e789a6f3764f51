/** The programs that need few lines: an echo port, one that crashes, one that finishes, one that only waits. */
import {option, abortableDelay, type Program} from '../program.ts';
import {noop} from '../../network/noop.ts';

/** Sends back what it gets; keeps half-closed connections open until it has sent everything. `--port=7000`. */
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

/** Fails after `--after=SECONDS`, with a reason on stderr, exit code 1. */
export const crasher: Program = async ({args, stdout, stderr, signal}) => {
	stdout('reading configuration from /etc/app/config.yaml\n');
	await abortableDelay(Number(option(args, 'after') ?? 2) * 1000, signal);
	stderr('fatal: cannot connect to database "orders": connection refused\n');
	return signal.aborted ? 143 : 1;
};

/** Prints `--lines=N`, one each `--pace=MILLISECONDS`, and ends with exit code 0. */
export const finisher: Program = async ({args, stdout, signal}) => {
	const lines = Number(option(args, 'lines') ?? 5);
	const pace = Number(option(args, 'pace') ?? 0);
	for (let line = 1; line <= lines && !signal.aborted; line++) {
		stdout(`step ${line} of ${lines} done\n`);
		if (pace > 0) {
			await abortableDelay(pace, signal);
		}
	}

	return 0;
};

/** Waits to be told to end. */
export const waiter: Program = async ({stdout, signal}) => {
	stdout('ready\n');
	while (!signal.aborted) {
		await abortableDelay(60_000, signal);
	}

	return 0;
};
