/**
The format of a transcript: an asciicast v2 file whose lines are chained by hash, with seals that sign the chain.

A line of code `s` is spoke's own: readers of asciicast ignore it. Its text is a JSON object with a `kind`.
@see https://docs.asciinema.org/manual/asciicast/v2/
*/
import {createHash, type KeyObject, sign, verify} from 'node:crypto';
import {escapeUnsafeCharacters} from '../text/safe-json.ts';

export const transcriptFormat = 1;

/** The time of the header, which the first seal repeats. */
export const headerTime = '0.000000';

/** Of output, input, a size of the terminal, and spoke's own lines. */
export type EventCode = 'o' | 'i' | 'r' | 's';

/** What the `spoke` field of the header says about a recording. */
export type TranscriptHeader = {
	format: number;
	/** Of spoke. */
	version: string;
	recordedAt: string;
	/** `from`: whether the apiserver named the user, or only the kubeconfig. */
	user: {name: string; from: 'apiserver' | 'kubeconfig'} | null;
	cluster: {context: string | null; server: string};
	target: {namespace: string | null; name: string; container: string | null; node: string | null};
	/** Empty for an attach. */
	command: readonly string[];
	stdin: boolean;
	tty: boolean;
	inputRecorded: boolean;
	/** What the path had to be before the command could start. */
	requirements: ReadonlyArray<{states: readonly string[]; minBasis: string; source: string | null}>;
	/** DER of the Ed25519 public key, in base64; `null` if the transcript is not signed. */
	publicKey: string | null;
};

/** A request that started the command, or tried to. */
export type TranscriptRequest = {
	kind: 'TranscriptRequest';
	carrier: 'websocket' | 'spdy';
	/** `null` without a response. */
	status: number | null;
	/** `answered` is `null` if the response names no id, as when a kubelet answers through the apiserver. */
	auditId: {sent: string; answered: string | null};
};

export type StreamTotal = {bytes: number; sha256: string};

export type TranscriptEnd = {
	kind: 'TranscriptEnd';
	time: string;
	/** `output-ended`: of an attach, which reports no status of the process. */
	how: 'exited' | 'output-ended' | 'detached' | 'stream-lost' | 'interrupted' | 'failed';
	/** As the remote side reported it, or `null`. */
	remoteExitStatus: number | null;
	error: {code: string; message: string} | null;
	durationMs: number;
	/** Of the exact bytes. `stdin` is `null` without --record-input. */
	stdout: StreamTotal;
	stderr: StreamTotal;
	stdin: StreamTotal | null;
};

/** Lines have a hash each: SHA-256 of the hash of the line before, then the line with its line feed. */
export class LineChain {
	#head = createHash('sha256').update(domain).digest();
	#lines = 0;

	get lines(): number {
		return this.#lines;
	}

	add(line: Buffer): void {
		this.#head = createHash('sha256').update(this.#head).update(line).digest();
		this.#lines++;
	}

	/** `time` is that of the line before, so that each byte of the seal follows from what it seals. */
	seal(time: string, privateKey: KeyObject | null): Buffer {
		return encodeSeal(time, {
			lines: this.#lines,
			head: this.#head.toString('hex'),
			signature: privateKey === null ? null : sign(null, this.#message(), privateKey).toString('hex'),
		});
	}

	/** Whether `line` is the seal of all lines so far. */
	isSealedBy(line: Buffer, time: string, publicKey: KeyObject | null): boolean {
		const signature = signatureIn(line);
		return (
			encodeSeal(time, {lines: this.#lines, head: this.#head.toString('hex'), signature}).equals(line) &&
			(publicKey === null
				? signature === null
				: signature !== null && verify(null, this.#message(), publicKey, Buffer.from(signature, 'hex')))
		);
	}

	#message(): Buffer {
		return Buffer.from(`${domain}${this.#lines} ${this.#head.toString('hex')}\n`);
	}
}

const domain = `spoke-transcript/v${transcriptFormat}\n`;

const sealKind = 'TranscriptSeal';

type Seal = {lines: number; head: string; signature: string | null};

function encodeSeal(time: string, {lines, head, signature}: Seal): Buffer {
	return encodeEvent(time, 's', JSON.stringify({kind: sealKind, lines, head, signature}));
}

/** In lower case: another spelling of a signature is another byte, and no seal. */
function signatureIn(line: Buffer): string | null {
	return /\\"signature\\":\\"(?<hex>[\da-f]{128})\\"/.exec(line.toString('latin1'))?.groups?.['hex'] ?? null;
}

/** `time`: seconds since the start. The text is JSON that no terminal acts upon. */
export function encodeEvent(time: string, code: EventCode, text: string): Buffer {
	return Buffer.from(`[${time}, "${code}", ${escapeUnsafeCharacters(JSON.stringify(text))}]\n`);
}

export type TranscriptEvent = {time: string; code: string; text: string};

/** `null` if the line is no event. */
export function decodeEvent(line: Buffer): TranscriptEvent | null {
	const event = parseJson(line.toString());
	if (!Array.isArray(event) || event.length !== 3) {
		return null;
	}

	const [seconds, code, text] = event as unknown[];
	const time = /^\[(?<time>[^,]*),/.exec(line.toString('latin1'))?.groups?.['time'];
	return typeof seconds === 'number' && typeof code === 'string' && typeof text === 'string' && time !== undefined
		? {time, code, text}
		: null;
}

export type OwnLine = {kind: string} & Record<string, unknown>;

/** The object of a line of spoke's own; `null` for other lines. */
export function decodeOwnLine({code, text}: TranscriptEvent): OwnLine | null {
	const object = code === 's' ? parseJson(text) : null;
	return typeof object === 'object' && object !== null && 'kind' in object && typeof object.kind === 'string' ? (object as OwnLine) : null;
}

export function isSeal(own: OwnLine | null): boolean {
	return own?.kind === sealKind;
}

/** `undefined` if the text is no JSON. */
export function parseJson(text: string): unknown {
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return undefined;
	}
}
