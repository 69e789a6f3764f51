/** Writes log lines: `--rate=LINES_PER_SECOND`, `--format=plain|json|numbered`, `--stderr-every=N`. */
import {createHash} from 'node:crypto';
import {option, abortableDelay, type Program} from '../program.ts';

export const logWriter: Program = async ({args, env, stdout, stderr, signal}) => {
	const rate = Number(option(args, 'rate') ?? 1);
	const line = lines[option(args, 'format') ?? 'plain'] ?? plainLine;
	const stderrEvery = Number(option(args, 'stderr-every') ?? 0);
	const started = Date.now();
	stdout(`starting on ${env['HOSTNAME'] ?? 'unknown'}\n`);
	for (let sequence = 1; !signal.aborted;) {
		// Batches of at least 10 ms, so that high rates do not need a timer per line.
		const due = Math.floor(((Date.now() - started) / 1000) * rate);
		for (; sequence <= due; sequence++) {
			(stderrEvery > 0 && sequence % stderrEvery === 0 ? stderr : stdout)(line(sequence));
		}

		await abortableDelay(Math.max(10, 1000 / rate), signal);
	}

	stdout('caught SIGTERM, shutting down\n');
	return 0;
};

const paths = ['/', '/cart', '/products/17', '/healthz', '/login', '/search?q=lamp'];
const levels = ['info', 'info', 'info', 'debug', 'info', 'warn', 'info', 'info', 'error'];

const plainLine = (sequence: number) => {
	const level = levels[sequence % levels.length]!;
	return `${new Date().toISOString()} ${level.toUpperCase().padEnd(5)} GET ${paths[sequence % paths.length]} ${level === 'error' ? 502 : 200} ${3 + ((sequence * 7) % 40)}ms request=${sequence}\n`;
};

const jsonLine = (sequence: number) => {
	const level = levels[sequence % levels.length]!;
	return `${JSON.stringify({
		time: new Date().toISOString(),
		level,
		msg: level === 'error' ? 'upstream timed out' : 'request served',
		path: paths[sequence % paths.length],
		status: level === 'error' ? 504 : 200,
		durationMs: 3 + ((sequence * 7) % 40),
		request: sequence,
	})}\n`;
};

/** Number and digest, so that a reader can detect missing, duplicate and corrupt lines. */
const numberedLine = (sequence: number) => `${sequence} ${createHash('sha256').update(String(sequence)).digest('hex').slice(0, 16)}\n`;

const lines: Readonly<Record<string, (sequence: number) => string>> = {plain: plainLine, json: jsonLine, numbered: numberedLine};
