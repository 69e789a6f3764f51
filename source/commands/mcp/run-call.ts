/** Runs one call of a tool within the limits of `spoke mcp`. */
import {clampTimerMs} from '../../async/abortable.ts';
import {toSpokeError, type ErrorObject} from '../../errors/spoke-error.ts';
import type {Path} from '../../evidence/evidence.ts';
import {ByteBudget, CapturedLines} from './captured-lines.ts';
import type {McpCall, McpTool} from './mcp-tool.ts';
import type {CallOutcome, Truncation} from './tool-result.ts';

export type CallLimits = {maxBytes: number; maxTimeMs: number};

/** Each has some kilobytes of evidence, and most of one result are alike. */
const maxPaths = 4;
const maxPathLines = 100;

/** Of one text of an error. */
const maxErrorCharacters = 4096;

/** For a command to close its streams after its signal. */
const graceMs = 5000;

type CallInput = Pick<McpCall, 'place' | 'target' | 'argv' | 'requirements' | 'env'>;

/** `signal`: of the client, which cancels the call. */
export async function runCall(
	tool: McpTool,
	input: CallInput,
	{maxBytes, maxTimeMs}: CallLimits,
	signal: AbortSignal,
): Promise<CallOutcome> {
	const truncated: Truncation[] = [];
	const ending = new AbortController();
	const endEarly = (one: Truncation) => {
		truncated.push(one);
		// Commands take the reason for a signal of the process.
		ending.abort('SIGTERM');
	};

	const budget = new ByteBudget(maxBytes, () => {
		endEarly({
			by: 'bytes',
			limit: maxBytes,
			message: `the data exceeds ${maxBytes} bytes (--max-bytes); the rest is missing: ask for less`,
		});
	});
	const timer = setTimeout(() => {
		endEarly({by: 'time', limit: maxTimeMs, message: `the call took ${maxTimeMs / 1000} s (--max-time); what would come later is missing`});
	}, clampTimerMs(maxTimeMs));
	const interrupted = AbortSignal.any([ending.signal, signal]);
	const [stdout, stderr] = [new CapturedLines(budget), new CapturedLines(budget)];
	const paths = new ReportedPaths();
	const run = async () =>
		tool.run({
			...input,
			stdout,
			stderr,
			interrupted,
			onPath(path) {
				paths.add(path);
			},
		});
	const {exitStatus, error} = await endOf(run, interrupted);
	clearTimeout(timer);
	stdout.endLine();
	stderr.endLine();
	const wasEnded = interrupted.aborted;
	return {
		tool: tool.name,
		context: input.place.context,
		namespace: input.place.namespace,
		exitStatus: wasEnded ? null : exitStatus,
		error: wasEnded ? null : error,
		truncated: [...truncated, ...paths.truncations()],
		...paths.list(),
		lines: stdout.lines,
		notices: stderr.lines,
	};
}

type CallEnd = {exitStatus: number | null; error: ErrorObject | null};

/** Of the command, or of the time that it has to close its streams. */
async function endOf(run: () => Promise<number>, interrupted: AbortSignal): Promise<CallEnd> {
	const ended = run().then(
		(exitStatus): CallEnd => ({exitStatus, error: null}),
		(thrown: unknown): CallEnd => {
			const error = shorten(toSpokeError(thrown).toJSON());
			return {exitStatus: error.exitStatus, error};
		},
	);
	const overdue = Promise.withResolvers<CallEnd>();
	let timer: NodeJS.Timeout | undefined;
	const startTimer = () => {
		timer = setTimeout(() => {
			overdue.resolve({exitStatus: null, error: null});
		}, graceMs);
	};

	interrupted.addEventListener('abort', startTimer, {once: true});
	try {
		return await Promise.race([ended, overdue.promise]);
	} finally {
		interrupted.removeEventListener('abort', startTimer);
		clearTimeout(timer);
	}
}

function shorten(error: ErrorObject): ErrorObject {
	const short = <Text extends string | null>(text: Text) =>
		text !== null && text.length > maxErrorCharacters ? `${text.slice(0, maxErrorCharacters)}… (${text.length} characters)` : text;
	return {...error, message: short(error.message), text: short(error.text), remedy: short(error.remedy)};
}

class ReportedPaths {
	#paths: Path[] = [];
	readonly #lines = new Set<string>();
	#missing = 0;

	/** A path that has settled replaces the one that was being checked. */
	add(path: Path): void {
		this.#paths = this.#paths.filter(one => one.phase !== 'checking' || one.target.uid !== path.target.uid);
		if (this.#paths.length < maxPaths) {
			this.#paths.push(path);
		} else {
			this.#missing++;
		}

		if (path.phase !== 'checking' && this.#lines.size < maxPathLines) {
			this.#lines.add(path.line);
		}
	}

	list(): Pick<CallOutcome, 'paths' | 'pathLines'> {
		return {paths: this.#paths, pathLines: [...this.#lines]};
	}

	truncations(): Truncation[] {
		return this.#missing === 0
			? []
			: [{by: 'paths', limit: maxPaths, message: `${this.#missing} more paths are given only as lines, of up to ${maxPathLines}`}];
	}
}
