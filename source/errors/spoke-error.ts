/** How a failure is told: a constant code, the leg that failed, the other side's own words, what to do, and the exit status. */
import {errorTable, type ErrorCode} from './error-table.ts';

/** 0 = here, 1 = you → apiserver, 2 = apiserver → kubelet (or node, pod, service), 3 = inside the pod. */
export type LegNumber = 0 | 1 | 2 | 3;

export type SpokeErrorOptions = {
	/** Which leg failed; the row's own leg when left out, and with `legKnown` false where the number is no finding. */
	leg?: LegNumber;
	/** Whether it is known that it was this leg: false by default for a stream that was lost, of which no leg is named. */
	legKnown?: boolean;
	/** The other side's own words, kept byte for byte (sanitised only where they reach a terminal); `null`, as of an error that is told anew, where it said nothing. */
	text?: string | null;
	/** What to do, where the row's remedy can be made more exact; with `null` it is the row's. */
	remedy?: string | null;
	/** Only where a failure carries its own status, as a remote command does. */
	exitStatus?: number;
	/** How kubectl tells the same failure on stderr, where scripts look for its words: `Error from server (NotFound): …`. */
	asKubectl?: string | null;
	cause?: unknown;
};

/**
Every failure that a user sees is one of these. `message` is one line without a final full stop.
Match on `code`, never on prose.
*/
export class SpokeError extends Error {
	override readonly name = 'SpokeError';
	readonly code: ErrorCode;
	readonly leg: LegNumber;
	readonly legKnown: boolean;
	readonly text: string | null;
	readonly remedy: string | null;
	readonly exitStatus: number;
	readonly asKubectl: string | null;

	constructor(code: ErrorCode, message: string, options: SpokeErrorOptions = {}) {
		super(message, options.cause === undefined ? undefined : {cause: options.cause});
		const row = errorTable[code];
		this.code = code;
		this.leg = options.leg ?? row.leg;
		this.legKnown = options.legKnown ?? (code !== 'ERR_STREAM_LOST' || options.leg !== undefined);
		this.text = options.text ?? null;
		this.remedy = options.remedy ?? row.remedy;
		this.exitStatus = options.exitStatus ?? row.exitStatus;
		this.asKubectl = options.asKubectl ?? null;
	}

	/** The same failure in other words, or by another code: with its leg, the other side's words and, where no other is given, its remedy. */
	anew({code = this.code, message = this.message, ...options}: {code?: ErrorCode; message?: string} & SpokeErrorOptions): SpokeError {
		const {leg, legKnown, text, remedy, asKubectl} = this;
		return new SpokeError(code, message, {leg, legKnown, text, remedy, asKubectl, cause: this, ...options});
	}

	/** The `Error` object of the JSON contract (schemas/error.json). */
	toJSON(): ErrorObject {
		const {code, leg, legKnown, message, text, remedy, exitStatus} = this;
		return {code, leg, legKnown, message, text, remedy, exitStatus};
	}
}

export type ErrorObject = {
	code: ErrorCode;
	leg: LegNumber;
	/** False where a stream was lost on this leg or another. */
	legKnown: boolean;
	message: string;
	text: string | null;
	remedy: string | null;
	exitStatus: number;
};

/** What the system says where no more can be written to a disk or terminal. */
const unwritable = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO']);

/** Anything thrown, as a SpokeError; what is not one already is a bug of ours (status 70), a closed pipe (141) or a full disk (14). */
export function toSpokeError(thrown: unknown): SpokeError {
	// Each command is a bundle with a class of its own, so the class alone does not tell.
	if (thrown instanceof SpokeError || (thrown instanceof Error && thrown.name === 'SpokeError' && 'exitStatus' in thrown)) {
		return thrown as SpokeError;
	}

	const error = thrown instanceof Error ? thrown : new Error(String(thrown));
	const {code, syscall} = error as NodeJS.ErrnoException;
	if (code === 'EPIPE') {
		return new SpokeError('ERR_OUTPUT_CLOSED', 'the reader of our output is gone', {cause: error});
	}

	// Files are named by whoever opens them; what is left is our own output.
	if (syscall === 'write' && unwritable.has(code ?? '')) {
		return new SpokeError('ERR_LOCAL_FILE', `the output cannot be written: ${error.message}`, {cause: error});
	}

	return new SpokeError('ERR_INTERNAL', `bug in spoke: ${error.message}`, {cause: error});
}
