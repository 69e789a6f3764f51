/** Channel messages of exec and attach (`v5.channel.k8s.io`, `v4.channel.k8s.io`). */
import {protocolError} from './protocol-error.ts';

/** First byte of a message (KEP 4006; apimachinery pkg/util/remotecommand/constants.go). */
export const channel = {stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255} as const;

export type ChannelMessage = {channel: 'stdout' | 'stderr' | 'error'; bytes: Buffer};

const fromServer: Readonly<Record<number, ChannelMessage['channel']>> = {
	[channel.stdout]: 'stdout',
	[channel.stderr]: 'stderr',
	[channel.error]: 'error',
};

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
