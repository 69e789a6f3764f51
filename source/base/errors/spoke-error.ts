/** The error that users see, its line on stderr, and problems in their settings files. */
import {errorTable, type ErrorCode} from './error-table.ts';
import {sanitizeLine} from '../text/sanitize.ts';

/** 0 = local, 1 = you → apiserver, 2 = apiserver → kubelet (or node, pod, service), 3 = inside the pod. */
export type LegNumber = 0 | 1 | 2 | 3;

export type SpokeErrorOptions = {
	/** Defaults to the leg of the code. If `legKnown` is false, this leg is only a guess. */
	leg?: LegNumber;
	/** Defaults to true, except for ERR_STREAM_LOST without `leg`. */
	legKnown?: boolean;
	/** Verbatim text of the server, or of this machine's error. */
	text?: string | null;
	/** Replaces the remedy of the code; `null` keeps it. */
	remedy?: string | null;
	exitStatus?: number;
	/** kubectl's stderr line, which scripts match: `Error from server (NotFound): …`. */
	asKubectl?: string | null;
	cause?: unknown;
};

const kubectlPrefix =
	/^(?:error: )?(?:error from server \(\w+\): |(?:error upgrading connection: )?unable to upgrade connection: |(?:internal error occurred: )*)/i;

export type SourceLocation = {file: string; line: number; column: number};
export type SettingsProblem = SourceLocation & {message: string};

/** `message` is one line without a final period. Match on `code`, never on prose. */
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

	/** Of an equal error, except for its cause. */
	get options() {
		const {leg, legKnown, text, remedy, exitStatus, asKubectl} = this;
		return {leg, legKnown, text, remedy, exitStatus, asKubectl};
	}

	/** Keeps leg, text, remedy and kubectl's line unless given; the exit status, unless the code changes. */
	withChanges({
		code = this.code,
		message = this.message,
		...changes
	}: {code?: ErrorCode; message?: string} & SpokeErrorOptions): SpokeError {
		const {exitStatus, ...kept} = this.options;
		return new SpokeError(code, message, {...kept, ...(code === this.code && {exitStatus}), cause: this, ...changes});
	}

	/** With the status of spoke's own failures, unless its code keeps its status. */
	withFailureStatus(exitStatus: number): SpokeError {
		return errorTable[this.code].keepsStatus ? this : this.withChanges({exitStatus, cause: this.cause});
	}

	/** The `Error` object of the contract (schemas/error.json). */
	toJSON(): ErrorObject {
		const {code, leg, legKnown, message, text, remedy, exitStatus} = this;
		return {code, leg, legKnown, message, text, remedy, exitStatus};
	}
}

export type ErrorObject = {
	code: ErrorCode;
	leg: LegNumber;
	/** False if the failure could be on another leg. */
	legKnown: boolean;
	message: string;
	text: string | null;
	remedy: string | null;
	exitStatus: number;
};

/** Each command and each part is a bundle with its own copy of the class, so `instanceof` is not enough. */
export function isSpokeError(thrown: unknown): thrown is SpokeError {
	return thrown instanceof SpokeError || (thrown instanceof Error && thrown.name === 'SpokeError' && 'exitStatus' in thrown);
}

const unwritable = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO']);

/** Other errors: a closed pipe (141), a full disk or missing own file (14), an exceeded `AbortSignal.timeout` (9), a bug in spoke (70). */
export function toSpokeError(thrown: unknown): SpokeError {
	if (isSpokeError(thrown)) {
		return thrown;
	}

	const error = thrown instanceof Error ? thrown : new Error(String(thrown));
	const {code, syscall} = error as NodeJS.ErrnoException;
	if (code === 'EPIPE') {
		return new SpokeError('ERR_OUTPUT_CLOSED', 'the reader of the output closed it', {cause: error});
	}

	if (code === 'ERR_OWN_FILE') {
		return new SpokeError(code, error.message, {cause: error});
	}

	// Code that opens files reports their errors itself, so this is spoke's own output.
	if (syscall === 'write' && unwritable.has(code ?? '')) {
		return unwritableOutputError(error);
	}

	// Only requests to the apiserver are limited this way; longer waits report their own errors.
	if (error.name === 'TimeoutError') {
		return new SpokeError('ERR_APISERVER_TIMEOUT', 'the apiserver did not respond in time', {cause: error});
	}

	return new SpokeError('ERR_INTERNAL', `bug in spoke: ${error.message}`, {cause: error});
}

/** Of an error of a write to stdout or stderr. Omits Node's name of the system call: `ENOSPC: no space left on device, write`. */
export function unwritableOutputError(error: NodeJS.ErrnoException): SpokeError {
	const {message, syscall} = error;
	const cause = syscall === undefined ? message : message.replace(new RegExp(`, ${syscall}$`), '');
	return new SpokeError('ERR_LOCAL_FILE', `cannot write the output: ${cause}`, {cause: error});
}

/** `error: message (remedy) [ERR_CODE]`, after kubectl's line if any. */
export function errorText(error: SpokeError): string {
	const {remedy, code} = error;
	return `${sanitizeLine(kubectlLineOrMessage(error))}${remedy === null ? '' : sanitizeLine(` (${remedy})`)} [${code}]`;
}

function kubectlLineOrMessage({message, asKubectl}: SpokeError): string {
	if (asKubectl === null) {
		return `error: ${message}`;
	}

	const line = asKubectl.replaceAll(/\s*\n\s*/g, ' ').trim();
	const text = line.replace(kubectlPrefix, '');
	const at = message.lastIndexOf(text);
	const [before, after] = at < 0 ? [message, ''] : [message.slice(0, at), message.slice(at + text.length)];
	const isSaid = before === '' || line.includes(before) || /^(?:the apiserver responded|not allowed to) /.test(before);
	return isSaid ? line + after : `${line}${line.endsWith(':') ? '' : ':'} ${before.replace(/: $/, '')}${after}`;
}

/** `FILE:LINE:COLUMN: message`, from which an editor finds the place. Not sanitized. */
export function formatProblem({file, line, column, message}: SettingsProblem): string {
	return `${file}:${line}:${column}: ${message}`;
}
