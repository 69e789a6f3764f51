/** Shapes of what a transcript says: its signer can be anyone, and what is printed must not fail. */
import {type TranscriptRequest, type TranscriptHeader, transcriptFormat, type TranscriptEnd} from './transcript.ts';

type Check = (value: unknown) => boolean;

export function isTranscriptHeader(value: unknown): value is TranscriptHeader {
	return recording(value);
}

export function isTranscriptRequest(value: unknown): value is TranscriptRequest {
	return request(value);
}

export function isTranscriptEnd(value: unknown): value is TranscriptEnd {
	return end(value);
}

/** A `Path`, of which only the line is printed as text. */
export function isRecordedPath(value: unknown): value is {line: string} {
	return recordedPath(value);
}

const text: Check = value => typeof value === 'string';
const number: Check = value => typeof value === 'number';
const boolean: Check = value => typeof value === 'boolean';

const orNull =
	(check: Check): Check =>
	value =>
		value === null || check(value);

const list =
	(check: Check): Check =>
	value =>
		Array.isArray(value) && value.every(item => check(item));

const oneOf =
	(...values: readonly unknown[]): Check =>
	value =>
		values.includes(value);

const object =
	(fields: Readonly<Record<string, Check>>): Check =>
	value =>
		typeof value === 'object' &&
		value !== null &&
		Object.entries(fields).every(([name, check]) => Object.hasOwn(value, name) && check((value as Record<string, unknown>)[name]));

const recording = object({
	format: oneOf(transcriptFormat),
	version: text,
	recordedAt: text,
	user: orNull(object({name: text, from: oneOf('apiserver', 'kubeconfig')})),
	cluster: object({context: orNull(text), server: text}),
	target: object({namespace: orNull(text), name: text, container: orNull(text), node: orNull(text)}),
	command: list(text),
	stdin: boolean,
	tty: boolean,
	inputRecorded: boolean,
	requirements: list(object({states: list(text), minBasis: text, source: orNull(text)})),
	publicKey: orNull(text),
});

const request = object({carrier: text, status: orNull(number), auditId: object({sent: text, answered: orNull(text)})});

const total = object({bytes: number, sha256: text});

const end = object({
	time: text,
	how: oneOf('exited', 'output-ended', 'detached', 'stream-lost', 'interrupted', 'failed'),
	remoteExitStatus: orNull(number),
	error: orNull(object({code: text, message: text})),
	durationMs: number,
	stdout: total,
	stderr: total,
	stdin: orNull(total),
});

const recordedPath = object({line: text});
