/** Result of a remote command. */
import {SpokeError} from '../base/errors/spoke-error.ts';
import {isJsonObject, type JsonObject} from './json.ts';
import {protocolError} from './protocol-error.ts';

/**
- `success`: one explicit Success
- `exit`: exit status 1 to 255
- `failure`: not started, its stream failed, or an exit status above 255; `message` is the server's
- `unreadable`: not exactly one valid Status
*/
type CommandResult =
	| {kind: 'success'}
	| {kind: 'exit'; exitStatus: number; message: string}
	| {kind: 'failure'; message: string; reason: string | null; code: number | null}
	| {kind: 'unreadable'; text: string};

/** A Status has a few hundred bytes. */
export const maxStatusBytes = 1 << 20;

/** First byte of a message (KEP 4006; apimachinery pkg/util/remotecommand/constants.go). */
export const channel = {stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255} as const;

type ChannelMessage = {channel: 'stdout' | 'stderr' | 'error'; bytes: Buffer};

const fromServer: Readonly<Record<number, ChannelMessage['channel']>> = {
	[channel.stdout]: 'stdout',
	[channel.stderr]: 'stderr',
	[channel.error]: 'error',
};

export function statusTooLong(): SpokeError {
	return new SpokeError('ERR_PROTOCOL', `the status of the command is longer than ${maxStatusBytes >> 20} MiB, so its result is unknown`, {
		leg: 2,
	});
}

/**
`bytes` is the whole error channel. Exit 0 requires an explicit Success.
@see k8s.io/apimachinery/pkg/util/remotecommand/constants.go, client-go tools/remotecommand/v4.go
*/
export function parseStatusMessage(bytes: Buffer): CommandResult {
	const text = bytes.toString();
	const status = bytes.length <= maxStatusBytes ? parseObject(text) : undefined;
	return (status && resultOf(status)) ?? {kind: 'unreadable', text: text.slice(0, 4096)};
}

function resultOf(status: JsonObject): CommandResult | undefined {
	switch (status['status']) {
		case 'Success': {
			return {kind: 'success'};
		}

		case 'Failure': {
			return status['reason'] === 'NonZeroExitCode' ? exitOf(status) : failureOf(status);
		}

		default: {
			return undefined;
		}
	}
}

function exitOf(status: JsonObject): CommandResult | undefined {
	const exitStatus = exitStatusOf(status);
	if (exitStatus === undefined) {
		return undefined;
	}

	// Windows containers can exit with more than 255. A local process cannot: 256 would become 0.
	return exitStatus > 255 ? failureOf(status) : {kind: 'exit', exitStatus, message: messageOf(status)};
}

function failureOf(status: JsonObject): CommandResult {
	const {reason, code} = status;
	return {
		kind: 'failure',
		message: messageOf(status),
		reason: typeof reason === 'string' ? reason : null,
		code: typeof code === 'number' ? code : null,
	};
}

function messageOf({message}: JsonObject): string {
	return typeof message === 'string' ? message : '';
}

/** `undefined` for 0 or an invalid number. */
function exitStatusOf({details}: JsonObject): number | undefined {
	const causes: readonly unknown[] = isJsonObject(details) && Array.isArray(details['causes']) ? details['causes'] : [];
	const text = causes.find((cause): cause is JsonObject => isJsonObject(cause) && cause['reason'] === 'ExitCode')?.['message'];
	return typeof text === 'string' && /^\d{1,10}$/.test(text) && Number(text) > 0 ? Number(text) : undefined;
}

function parseObject(text: string): JsonObject | undefined {
	try {
		const value: unknown = JSON.parse(text);
		return isJsonObject(value) ? value : undefined;
	} catch {
		return undefined;
	}
}

/**
`bytes` can be empty, as in the server's first message.
@throws SpokeError ERR_PROTOCOL
*/
export function decodeChannelMessage(message: Buffer): ChannelMessage {
	const number = message[0];
	if (number === undefined) {
		throw protocolError('a channel message is empty');
	}

	const name = fromServer[number];
	if (!name) {
		throw protocolError(`unexpected message on channel ${number}`);
	}

	return {channel: name, bytes: message.subarray(1)};
}

export function stdinMessage(bytes: Uint8Array): Buffer {
	const message = Buffer.allocUnsafe(bytes.length + 1);
	message[0] = channel.stdin;
	message.set(bytes, 1);
	return message;
}

/** Only v5 has it. */
export function stdinEndMessage(): Buffer {
	return Buffer.from([channel.close, channel.stdin]);
}

export function resizeMessage(columns: number, rows: number): Buffer {
	return Buffer.concat([Buffer.from([channel.resize]), Buffer.from(JSON.stringify({Width: columns, Height: rows}))]);
}
