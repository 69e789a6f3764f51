/** Records a remote command as an asciicast. Loaded only to record one. */
import {closeSync, openSync, rmSync, writeSync} from 'node:fs';
import {StringDecoder} from 'node:string_decoder';
import {fileErrorText} from '../../cluster/kubeconfig/read-file-bounded.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {quoteForShell, escapeUnsafeCharacters} from '../../base/text/escaping.ts';
import type {CommandRequest, RemoteCommand} from './open-remote-command.ts';

export type RecordRequest = {
	file: string;
	/** Whether to record the input, too. */
	input: boolean;
};

type StreamName = 'stdout' | 'stderr' | 'stdin';

/** Output, input, size of the terminal, and a marker. */
type EventCode = 'o' | 'i' | 'r' | 'm';

/**
Creates the file at once, so that nothing happens in the cluster if that fails. Hands each line to the system at once, so that it
outlives spoke. After a failed write nothing more is written.
@see https://docs.asciinema.org/manual/asciicast/v2/
*/
export class CommandRecording {
	/** Replaced while the terminal is lent. */
	warn: (notice: string) => void;
	/** Why the recording is not complete; `null` if all was written. */
	failure: Error | null = null;
	readonly file: string;
	readonly isInputRecorded: boolean;
	readonly #descriptor: number;
	readonly #decoders = {stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8'), stdin: new StringDecoder('utf8')};
	/** `null` until the command runs. */
	#startedAt: number | null = null;
	/** Then the descriptor can be that of another file. */
	#isClosed = false;
	#isTerminal = false;
	#pathLine: string | null = null;

	/** A file that exists, also as a link, is an error. @throws SpokeError ERR_LOCAL_FILE */
	constructor({file, input}: RecordRequest, {warn}: {warn: (notice: string) => void}) {
		this.file = file;
		this.isInputRecorded = input;
		this.warn = warn;
		try {
			this.#descriptor = openSync(file, 'wx', 0o600);
		} catch (error) {
			const {code, message} = error as NodeJS.ErrnoException;
			const problem = code === 'EEXIST' ? `${file} exists already` : `cannot create ${file}: ${fileErrorText({code, message})}`;
			throw new SpokeError('ERR_LOCAL_FILE', problem, {remedy: 'give --record the name of a new file', cause: error});
		}
	}

	get hasBegun(): boolean {
		return this.#startedAt !== null;
	}

	/** Marks the path when it is known, and when it changes. */
	readonly onPath = ({line}: {line: string}): void => {
		if (line !== this.#pathLine) {
			this.#pathLine = line;
			this.#event('m', line);
		}
	};

	/** `stdin`: the input of the command, unless the caller gives it to `onInput`. Returns a function that stops it. */
	follow(
		command: RemoteCommand,
		{target: {namespace, name, container}, command: words, tty}: CommandRequest,
		{stdin, stdout}: {stdin?: NodeJS.ReadStream; stdout: NodeJS.WriteStream},
	): () => void {
		this.#isTerminal = tty;
		this.#startedAt = performance.now();
		const {columns: width, rows: height} = stdout.isTTY && stdout.columns > 0 ? stdout : {columns: 80, rows: 24};
		const [timestamp, title] = [Math.floor(Date.now() / 1000), [namespace, name, container].join('/')];
		this.#append({version: 2, width, height, timestamp, title, command: words.map(word => quoteForShell(word)).join(' ')});
		if (this.#pathLine !== null) {
			this.#event('m', this.#pathLine);
		}

		const onResize = () => {
			this.#event('r', `${stdout.columns}x${stdout.rows}`);
		};

		const followed = [
			[command.stdout, 'data', this.#recorder('stdout')],
			[command.stderr, 'data', this.#recorder('stderr')],
			[command.stdin ? stdin : null, 'data', this.onInput],
			[tty ? stdout : null, 'resize', onResize],
		] as const;
		for (const [stream, event, listener] of followed) {
			stream?.on(event, listener);
		}

		return () => {
			for (const [stream, event, listener] of followed) {
				stream?.off(event, listener);
			}
		};
	}

	/** Records it only if the request says so. */
	readonly onInput = (chunk: Buffer): void => {
		if (this.isInputRecorded) {
			this.#recorder('stdin')(chunk);
		}
	};

	/** Removes the file if no command ran. */
	end(): void {
		if (this.#isClosed) {
			return;
		}

		for (const stream of ['stdout', 'stderr', 'stdin'] as const) {
			this.#text(stream, this.#decoders[stream].end());
		}

		this.#isClosed = true;
		try {
			closeSync(this.#descriptor);
		} catch (error) {
			this.failure ??= error as Error;
		}

		if (!this.hasBegun) {
			rmSync(this.file, {force: true});
		}
	}

	#recorder(stream: StreamName): (chunk: Buffer) => void {
		return chunk => {
			this.#text(stream, this.#decoders[stream].write(chunk));
		};
	}

	/** Without a remote terminal, a line feed needs a carriage return to show as it did. */
	#text(stream: StreamName, text: string): void {
		if (text !== '') {
			this.#event(stream === 'stdin' ? 'i' : 'o', this.#isTerminal || stream === 'stdin' ? text : text.replaceAll(/\r?\n/g, '\r\n'));
		}
	}

	#event(code: EventCode, text: string): void {
		if (this.#startedAt !== null) {
			this.#append([Number(((performance.now() - this.#startedAt) / 1000).toFixed(6)), code, text]);
		}
	}

	#append(line: object): void {
		if (this.#isClosed || this.failure !== null) {
			return;
		}

		const bytes = Buffer.from(`${escapeUnsafeCharacters(JSON.stringify(line))}\n`);
		try {
			for (let written = 0; written < bytes.length;) {
				written += writeSync(this.#descriptor, bytes, written);
			}
		} catch (error) {
			this.failure = error as Error;
			this.warn(`the recording stopped, and the command continues: cannot write ${this.file}: ${this.failure.message}`);
		}
	}
}
