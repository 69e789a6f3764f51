/** Local streams of a remote command. */
import {once} from 'node:events';
import {fstatSync, ReadStream} from 'node:fs';
import type {Readable, Writable} from 'node:stream';
import {finished} from 'node:stream/promises';
import {setTimeout as delay} from 'node:timers/promises';
import {exitStatus, exitStatusForSignal} from '../../base/errors/exit-status.ts';
import {SpokeError, unwritableOutputError} from '../../base/errors/spoke-error.ts';
import type {RemoteCommand} from '../../streams/remote-command/open-remote-command.ts';
import {BorrowedTerminal, followSize, pumpOutput} from '../../base/terminal/terminal-modes.ts';
import {DetachKeys} from '../../base/terminal/detach-keys.ts';
import type {Invocation} from '../command.ts';

type DriveOptions = {
	tty: boolean;
	detachKeys: Buffer | null;
	/** A size change makes a program redraw its screen (attach). */
	redraw?: boolean;
};

type DriveResult = {
	exitStatus: number;
	isRemote: boolean;
	detached: boolean;
	hasUnsentInput: boolean;
	/** Why stdin was not read to its end, or `null`. */
	inputProblem: string | null;
	hasOutput: boolean;
};

/**
Resolves when the command has ended and its output is written, when the user detached, or after an interruption.
@throws SpokeError of `RemoteCommand.outcome`, ERR_OUTPUT_CLOSED
*/
export async function driveRemoteCommand(
	command: RemoteCommand,
	invocation: Pick<Invocation, 'stdin' | 'stdout' | 'stderr' | 'interrupted'>,
	{tty, detachKeys, redraw = false}: DriveOptions,
): Promise<DriveResult> {
	const {stdout, stderr, interrupted} = invocation;
	// Reading `stdin` opens it.
	const terminal = tty ? new BorrowedTerminal(invocation.stdin, stdout) : null;
	const ended = Promise.withResolvers<DriveResult>();
	const onInterrupt = () => {
		ended.resolve({...endedByUser, exitStatus: exitStatusForSignal(interrupted.reason)});
	};

	const input = command.stdin
		? new InputPump(invocation.stdin, command.stdin, detachKeys ? new DetachKeys(detachKeys) : null, () => {
				ended.resolve({...endedByUser, exitStatus: exitStatus.ok, detached: true});
			})
		: {problem: null, hasUnsent: async () => false, stop() {}};

	const stopSizes = tty ? followSize(stdout, command, {redraw}) : () => {};
	interrupted.addEventListener('abort', onInterrupt);
	if (interrupted.aborted) {
		onInterrupt();
	}

	let end: DriveResult | undefined;
	try {
		const outputs = Promise.all([
			writeOutput(command.stdout, stdout, terminal),
			...(command.stderr ? [writeOutput(command.stderr, stderr, null)] : []),
		]);
		outputs.catch(() => {
			command.close();
		});
		const done = (async (): Promise<DriveResult> => {
			// Wait for both: output that was received before an interruption must still be written.
			const [outcome, written] = await Promise.allSettled([command.outcome, outputs]);
			if (written.status === 'rejected') {
				throw written.reason;
			}

			if (outcome.status === 'rejected') {
				throw outcome.reason;
			}

			const status = outcome.value;
			return {
				exitStatus: status === 'closed' ? exitStatus.ok : status,
				isRemote: status !== 'closed',
				detached: false,
				hasUnsentInput: await input.hasUnsent(),
				inputProblem: input.problem,
				hasOutput: written.value.includes(true),
			};
		})();
		end = await Promise.race([done, ended.promise]);
		return end;
	} finally {
		interrupted.removeEventListener('abort', onInterrupt);
		stopSizes();
		input.stop();
		command.close();
		terminal?.restore({newLine: end === undefined});
	}
}

async function writeOutput(from: Readable, to: NodeJS.WriteStream, terminal: BorrowedTerminal | null): Promise<boolean> {
	let hasOutput = false;
	const failed = Promise.withResolvers<never>();
	failed.promise.catch(() => {});
	const onError = (error: NodeJS.ErrnoException) => {
		failed.reject(
			error.code === 'EPIPE'
				? new SpokeError('ERR_OUTPUT_CLOSED', 'the reader of the output closed it', {cause: error})
				: unwritableOutputError(error),
		);
		from.destroy();
	};

	to.on('error', onError);
	pumpOutput(from, to, chunk => {
		hasOutput ||= chunk.length > 0;
		terminal?.watch(chunk);
		return to.write(chunk);
	});
	try {
		// The outcome of the command has more detail.
		await Promise.race([finished(from).catch(() => {}), failed.promise]);
		if (to.writableNeedDrain) {
			await Promise.race([once(to, 'drain'), failed.promise]);
		}

		return hasOutput;
	} finally {
		to.off('error', onError);
	}
}

/** By the user, not by the command. */
const endedByUser = {isRemote: false, detached: false, hasUnsentInput: false, inputProblem: null, hasOutput: true} as const;

/** A full pipe provides its next chunk within this time, so it is empty if nothing came. */
const nextPieceMs = 20;

class InputPump {
	/** As kubectl words it. */
	problem: string | null;
	readonly #stdin: NodeJS.ReadStream;
	readonly #sink: Writable;
	readonly #keys: DetachKeys | null;
	readonly #onDetach: () => void;
	#underWay = 0;

	constructor(stdin: NodeJS.ReadStream, sink: Writable, keys: DetachKeys | null, onDetach: () => void) {
		this.#stdin = stdin;
		this.#sink = sink;
		this.#keys = keys;
		this.#onDetach = onDetach;
		// Node ends it as if it were empty.
		this.problem = isDirectory(stdin) ? 'read /dev/stdin: is a directory' : null;
		sink.on('drain', this.#drained);
		stdin.on('data', this.#typed).on('end', this.#ended).on('error', this.#failed);
	}

	/** Call when the command has ended. */
	async hasUnsent(): Promise<boolean> {
		// After an error, process.stdin gives no more events.
		if (this.#underWay === 0 && this.problem === null && !this.#stdin.isTTY && !this.#stdin.readableEnded) {
			await (isRegularFile(this.#stdin) ? nextRead(this.#stdin) : delay(nextPieceMs));
		}

		return this.#underWay > 0;
	}

	stop(): void {
		this.#sink.off('drain', this.#drained);
		this.#stdin.off('data', this.#typed).off('end', this.#ended);
		this.#stdin.pause();
		if (!this.#stdin.isTTY) {
			// An open pipe would keep this process alive.
			this.#stdin.destroy();
		}
	}

	readonly #typed = (typed: Buffer): void => {
		const {pass, detached} = this.#keys?.feed(typed) ?? {pass: typed, detached: false};
		if (detached) {
			this.#onDetach();
		} else if (pass.length > 0) {
			this.#pass(pass);
		}
	};

	readonly #passed = (error?: Error | null): void => {
		this.#underWay -= error ? 0 : 1;
	};

	readonly #drained = (): void => {
		this.#stdin.resume();
	};

	readonly #ended = (): void => {
		this.#sink.end();
	};

	readonly #failed = (error: Error): void => {
		// A terminal that hangs up ends the input.
		this.problem ??= this.#stdin.isTTY ? null : error.message;
		this.#ended();
	};

	#pass(bytes: Buffer): void {
		this.#underWay++;
		if (this.#sink.writable && !this.#sink.write(bytes, this.#passed)) {
			this.#stdin.pause();
		}
	}
}

function isDirectory(stdin: NodeJS.ReadStream): boolean {
	const {fd} = stdin as {fd?: unknown};
	return typeof fd === 'number' && fstatSync(fd).isDirectory();
}

function isRegularFile(stdin: NodeJS.ReadStream): boolean {
	return stdin instanceof ReadStream && !stdin.destroyed && fstatSync((stdin as unknown as {fd: number}).fd).isFile();
}

/** Resolves when the file has given more, has ended or has failed, however long that takes. */
async function nextRead(file: NodeJS.ReadStream): Promise<void> {
	const next = Promise.race(['data', 'end', 'error'].map(async event => once(file, event)));
	file.resume();
	await next.catch(() => undefined);
}
