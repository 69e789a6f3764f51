/** Writes a transcript line by line, and seals it. */
import {createHash, createPublicKey, type KeyObject} from 'node:crypto';
import {closeSync, openSync, rmSync, writeSync} from 'node:fs';
import {StringDecoder} from 'node:string_decoder';
import {fileErrorText} from '../cluster/file-error-text.ts';
import {SpokeError} from '../errors/spoke-error.ts';
import {
	type TranscriptRequest,
	encodeEvent,
	type EventCode,
	headerTime,
	LineChain,
	type TranscriptHeader,
	type StreamTotal,
	type TranscriptEnd,
} from './transcript.ts';
import {encodePublicKey} from './transcript-key.ts';

/** What a killed process or a cut file can lose the seal of. */
const sealIntervalMs = 5000;

export type AsciicastHeader = {width: number; height: number; command: string; env: Record<string, string>};

export type RecordingEnd = Pick<TranscriptEnd, 'how' | 'remoteExitStatus' | 'error'>;

export type StreamName = 'stdout' | 'stderr' | 'stdin';

/**
Each line is handed to the system at once, so that it outlives spoke. After a failed write nothing more is written: `failure` says why.
What comes after the end is ignored.
*/
export class TranscriptWriter {
	failure: Error | null = null;
	readonly #path: string;
	readonly #file: number;
	readonly #privateKey: KeyObject | null;
	readonly #onFailure: (error: Error) => void;
	readonly #chain = new LineChain();
	readonly #streams: Readonly<Record<StreamName, StreamRecorder>> = {
		stdout: new StreamRecorder(),
		stderr: new StreamRecorder(),
		stdin: new StreamRecorder(),
	};
	#startedAt = 0;
	#lastTime = headerTime;
	#sealedLines = 0;
	#sealTimer: NodeJS.Timeout | undefined;
	/** Then the descriptor can be that of another file. */
	#isClosed = false;

	/** A file that exists, also as a link, is an error. @throws SpokeError ERR_LOCAL_FILE */
	constructor(path: string, {privateKey, onFailure}: {privateKey: KeyObject | null; onFailure: (error: Error) => void}) {
		this.#path = path;
		this.#privateKey = privateKey;
		this.#onFailure = onFailure;
		try {
			this.#file = openSync(path, 'wx', 0o600);
		} catch (error) {
			const {code, message} = error as NodeJS.ErrnoException;
			const problem = code === 'EEXIST' ? `${path} exists already` : `cannot create ${path}: ${fileErrorText({code, message})}`;
			throw new SpokeError('ERR_LOCAL_FILE', problem, {
				remedy: 'give --record the name of a new file',
				cause: error,
			});
		}
	}

	get hasBegun(): boolean {
		return this.#chain.lines > 0;
	}

	begin({width, height, command, env}: AsciicastHeader, recording: Omit<TranscriptHeader, 'publicKey'>): void {
		this.#startedAt = performance.now();
		const publicKey = this.#privateKey === null ? null : encodePublicKey(createPublicKey(this.#privateKey));
		const timestamp = Math.floor(Date.parse(recording.recordedAt) / 1000);
		this.#append(
			Buffer.from(`${JSON.stringify({version: 2, width, height, timestamp, command, env, spoke: {...recording, publicKey}})}\n`),
		);
		this.#seal();
		this.#sealTimer = setInterval(() => {
			if (this.#chain.lines > this.#sealedLines) {
				this.#seal();
			}
		}, sealIntervalMs);
		this.#sealTimer.unref();
	}

	/** Output, or input. `raw` is false if the terminal is not remote: then a line feed needs a carriage return to show as it did. */
	data(stream: StreamName, bytes: Buffer, {raw}: {raw: boolean}): void {
		if (!this.#isClosed) {
			this.#text(stream, this.#streams[stream].add(bytes), {raw});
		}
	}

	resize({columns, rows}: {columns: number; rows: number}): void {
		this.#event('r', `${columns}x${rows}`);
	}

	path(path: object): void {
		this.#event('s', JSON.stringify(path));
	}

	request(request: TranscriptRequest): void {
		this.#event('s', JSON.stringify(request));
	}

	end(end: RecordingEnd, {inputRecorded}: {inputRecorded: boolean}): void {
		if (this.#isClosed) {
			return;
		}

		clearInterval(this.#sealTimer);
		for (const stream of ['stdout', 'stderr', 'stdin'] as const) {
			this.#text(stream, this.#streams[stream].rest(), {raw: true});
		}

		const {stdout, stderr, stdin} = this.#streams;
		const trailer: TranscriptEnd = {
			kind: 'TranscriptEnd',
			time: new Date().toISOString(),
			...end,
			durationMs: Math.round(performance.now() - this.#startedAt),
			stdout: stdout.total(),
			stderr: stderr.total(),
			stdin: inputRecorded ? stdin.total() : null,
		};
		this.#event('s', JSON.stringify(trailer));
		this.#seal();
		this.#close();
	}

	/** Nothing was recorded. */
	discard(): void {
		this.#close();
		rmSync(this.#path, {force: true});
	}

	#text(stream: StreamName, text: string, {raw}: {raw: boolean}): void {
		if (text !== '') {
			this.#event(stream === 'stdin' ? 'i' : 'o', raw || stream === 'stdin' ? text : text.replaceAll(/\r?\n/g, '\r\n'));
		}
	}

	#event(code: EventCode, text: string): void {
		this.#lastTime = ((performance.now() - this.#startedAt) / 1000).toFixed(6);
		this.#append(encodeEvent(this.#lastTime, code, text));
	}

	#seal(): void {
		this.#append(this.#chain.seal(this.#lastTime, this.#privateKey));
		this.#sealedLines = this.#chain.lines;
	}

	#append(line: Buffer): void {
		if (this.#isClosed || this.failure !== null) {
			return;
		}

		try {
			for (let written = 0; written < line.length;) {
				written += writeSync(this.#file, line, written);
			}

			this.#chain.add(line);
		} catch (error) {
			this.failure = error as Error;
			clearInterval(this.#sealTimer);
			this.#onFailure(this.failure);
		}
	}

	#close(): void {
		if (this.#isClosed) {
			return;
		}

		this.#isClosed = true;
		try {
			closeSync(this.#file);
		} catch (error) {
			this.failure ??= error as Error;
		}
	}
}

/** Counts the exact bytes of a stream. Its text has U+FFFD for those that are not UTF-8, and a character is never cut in two. */
class StreamRecorder {
	readonly #hash = createHash('sha256');
	readonly #decoder = new StringDecoder('utf8');
	#bytes = 0;

	add(bytes: Buffer): string {
		this.#bytes += bytes.length;
		this.#hash.update(bytes);
		return this.#decoder.write(bytes);
	}

	/** Of a character that was not complete. */
	rest(): string {
		return this.#decoder.end();
	}

	total(): StreamTotal {
		return {bytes: this.#bytes, sha256: this.#hash.digest('hex')};
	}
}
