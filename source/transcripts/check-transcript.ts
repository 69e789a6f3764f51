/** Checks a transcript line by line. */
import type {KeyObject} from 'node:crypto';
import {
	type TranscriptRequest,
	decodeEvent,
	decodeOwnLine,
	headerTime,
	isSeal,
	LineChain,
	type OwnLine,
	parseJson,
	type TranscriptHeader,
	type TranscriptEnd,
} from './transcript.ts';
import {decodePublicKey, fingerprint} from './transcript-key.ts';
import {isTranscriptRequest, isRecordedPath, isTranscriptHeader, isTranscriptEnd} from './transcript-shapes.ts';

/**
`verified`: complete, unchanged, and signed by a key that the user named or owns. `changed`: a line was changed, removed, added or moved.
*/
export type TranscriptState = 'verified' | 'unknown-key' | 'unsigned' | 'incomplete' | 'other-key' | 'changed' | 'not-a-transcript';

export type TranscriptCheck = {
	state: TranscriptState;
	/** Complete lines that were read; for `changed`, the number of the line that does not follow from the others. */
	lines: number;
	/** How many lines the last valid seal covers. */
	sealedLines: number;
	/** `null` if the transcript is not signed, or names no valid key. */
	signedBy: {fingerprint: string; known: 'named' | 'own' | null} | null;
	/** What the sealed lines say; all empty if the transcript was changed. */
	recording: TranscriptHeader | null;
	requests: readonly TranscriptRequest[];
	paths: ReadonlyArray<{line: string}>;
	end: TranscriptEnd | null;
};

/** `named`: by --public-key, and then the only one that counts. */
export type KnownKeys = {named: KeyObject | null; own: KeyObject | null};

/** Longer lines are in no transcript: one line has at most one chunk of output. */
const maxLineBytes = 16 * 1024 * 1024;

export async function checkTranscript(chunks: AsyncIterable<Buffer>, known: KnownKeys): Promise<TranscriptCheck> {
	const checker = new TranscriptChecker(known);
	let pending: Buffer = Buffer.alloc(0);
	for await (const chunk of chunks) {
		pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
		for (let end = pending.indexOf(lineFeed); end !== -1; end = pending.indexOf(lineFeed)) {
			checker.line(pending.subarray(0, end + 1));
			pending = pending.subarray(end + 1);
		}

		if (pending.length > maxLineBytes) {
			checker.tooLong();
			break;
		}
	}

	return checker.result({hasRest: pending.length > 0});
}

const lineFeed = 0x0a;

class TranscriptChecker {
	readonly #known: KnownKeys;
	readonly #chain = new LineChain();
	#recording: TranscriptHeader | null = null;
	#publicKey: KeyObject | null = null;
	#sealedLines = 0;
	#lastTime = headerTime;
	#failure: 'changed' | 'not-a-transcript' | null = null;
	/** Of lines that no seal covers yet. */
	#unsealed: Array<() => void> = [];
	readonly #requests: TranscriptRequest[] = [];
	readonly #paths: Array<{line: string}> = [];
	#end: TranscriptEnd | null = null;

	constructor(known: KnownKeys) {
		this.#known = known;
	}

	line(line: Buffer): void {
		if (this.#failure === null) {
			this.#failure = this.#chain.lines === 0 ? this.#readHeader(line) : this.#readEvent(line);
			this.#chain.add(line);
		}
	}

	tooLong(): void {
		this.#failure ??= this.#chain.lines === 0 ? 'not-a-transcript' : 'changed';
	}

	result({hasRest}: {hasRest: boolean}): TranscriptCheck {
		const isComplete = this.#end !== null && !hasRest && this.#sealedLines === this.#chain.lines - 1;
		const signedBy = this.#publicKey === null ? null : {fingerprint: fingerprint(this.#publicKey), known: this.#knownAs(this.#publicKey)};
		const state = this.#state(isComplete, signedBy);
		const isSealed = state !== 'changed' && state !== 'not-a-transcript' && this.#sealedLines > 0;
		return {
			state,
			lines: this.#chain.lines,
			sealedLines: this.#sealedLines,
			signedBy,
			recording: isSealed ? this.#recording : null,
			requests: isSealed ? this.#requests : [],
			paths: isSealed ? this.#paths : [],
			end: isSealed ? this.#end : null,
		};
	}

	#state(isComplete: boolean, signedBy: TranscriptCheck['signedBy']): TranscriptState {
		if (this.#failure !== null || this.#recording === null) {
			return this.#failure ?? 'not-a-transcript';
		}

		if (this.#known.named !== null && signedBy?.known !== 'named') {
			return 'other-key';
		}

		if (!isComplete) {
			return 'incomplete';
		}

		return signedBy === null ? 'unsigned' : signedBy.known === null ? 'unknown-key' : 'verified';
	}

	#knownAs(publicKey: KeyObject): 'named' | 'own' | null {
		const {named, own} = this.#known;
		if (named !== null) {
			return publicKey.equals(named) ? 'named' : null;
		}

		return own !== null && publicKey.equals(own) ? 'own' : null;
	}

	#readHeader(line: Buffer): 'not-a-transcript' | null {
		const header = parseJson(line.toString());
		const recording = isObject(header) && header['version'] === 2 ? header['spoke'] : null;
		if (!isTranscriptHeader(recording)) {
			return 'not-a-transcript';
		}

		try {
			this.#publicKey = recording.publicKey === null ? null : decodePublicKey(recording.publicKey);
		} catch {
			return 'not-a-transcript';
		}

		this.#recording = recording;
		return null;
	}

	#readEvent(line: Buffer): 'changed' | null {
		const event = decodeEvent(line);
		const isAfterEnd = this.#end !== null;
		if (event === null || isAfterEnd || Number(event.time) < Number(this.#lastTime)) {
			return 'changed';
		}

		const own = decodeOwnLine(event);
		if (isSeal(own)) {
			return this.#readSeal(line);
		}

		this.#lastTime = event.time;
		if (own !== null) {
			this.#unsealed.push(() => {
				this.#note(own);
			});
		}

		return null;
	}

	#readSeal(line: Buffer): 'changed' | null {
		if (!this.#chain.isSealedBy(line, this.#lastTime, this.#publicKey)) {
			return 'changed';
		}

		this.#sealedLines = this.#chain.lines;
		for (const note of this.#unsealed.splice(0)) {
			note();
		}

		return null;
	}

	/** Ignores kinds that a later version may add. */
	#note(own: OwnLine): void {
		if (own.kind === 'TranscriptRequest' && isTranscriptRequest(own)) {
			this.#requests.push(own);
		} else if (own.kind === 'Path' && isRecordedPath(own)) {
			this.#paths.push(own);
		} else if (own.kind === 'TranscriptEnd' && isTranscriptEnd(own)) {
			this.#end = own;
		}
	}
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
