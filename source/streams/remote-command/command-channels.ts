/** Channels of a remote command, independent of the carrier. */
import type {Readable, Writable} from 'node:stream';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {errorFromExplanation, explainMessage} from '../../cluster/server-messages/explain-message.ts';
import {StreamLostError} from '../../wire/protocol-error.ts';
import {parseStatusMessage} from '../../wire/status-message.ts';

export type TerminalSize = {columns: number; rows: number};

export type CommandChannels = {
	/** `end()` ends the remote input, if the carrier can. Later errors are not reported. */
	readonly stdin: Writable | null;
	/** Both outputs must be read: backpressure stops both. */
	readonly stdout: Readable;
	/** `null` with a terminal. */
	readonly stderr: Readable | null;
	resize(size: TerminalSize): void;
	/** Never rejects. */
	readonly ended: Promise<ChannelsResult>;
	/** Bytes. */
	readonly received: number;
	/** Bytes. */
	readonly sent: number;
	close(): void;
};

export type ChannelsResult = {
	/** The error channel, with limited length. */
	status: Buffer;
	/** `null` if the outputs are complete. */
	lost: SpokeError | null;
};

/** Receives round-trip times in milliseconds: to the other end of the WebSocket (apiserver or kubelet), or by SPDY to the runtime. */
export type RoundTripListener = (times: {websocket?: number; runtime?: number}) => void;

/** Below common idle timeouts (60 s); detects a dead connection within a minute. */
export const pingIntervalMs = 10_000;
export const silenceTimeoutMs = 45_000;

const causes = [
	{
		words: /^error sending request:|^error dialing backend:|^unable to upgrade connection:/,
		code: 'ERR_SECOND_LEG',
		leg: 2,
		says: 'the apiserver could not use the kubelet',
	},
	{
		words: /OCI runtime exec failed|failed to start exec|executable file not found/,
		code: 'ERR_COMMAND_NOT_STARTED',
		leg: 3,
		says: 'the command could not be started',
	},
	{
		words:
			/container not found|no running task found|not created or running|container is not running|container .* not found|pod does not exist|pod not found|container_exited|is in .* state/i,
		code: 'ERR_TARGET_GONE',
		leg: 3,
		says: 'the container is not running',
	},
] as const;

/**
0 only for exactly one Success and complete outputs.
@throws SpokeError
- ERR_SECOND_LEG: the apiserver could not reach or verify the kubelet
- ERR_TARGET_GONE, ERR_COMMAND_NOT_STARTED: reported by kubelet or runtime
- ERR_STREAM_LOST: no status, or incomplete outputs
- ERR_PROTOCOL: not exactly one status
*/
export function exitStatusFrom({status, lost}: ChannelsResult): number {
	if (lost) {
		throw lost;
	}

	if (status.length === 0) {
		throw new StreamLostError('the stream ended without a status; the result of the command is unknown', {kind: 'no-status'});
	}

	const result = parseStatusMessage(status);
	switch (result.kind) {
		case 'success': {
			return 0;
		}

		case 'exit': {
			return result.exitStatus;
		}

		case 'failure': {
			throw errorFromFailure(result.message, status.toString());
		}

		case 'unreadable': {
			throw new SpokeError('ERR_PROTOCOL', 'the error channel did not carry exactly one status; the result of the command is unknown', {
				text: result.text,
				leg: 2,
			});
		}
	}
}

/** The message can be the apiserver's (row K4), the kubelet's or the runtime's. */
function errorFromFailure(message: string, status: string): SpokeError {
	const explained = explainMessage(status);
	if (explained) {
		return errorFromExplanation(explained);
	}

	return containerErrorFrom(message, `error: ${message}`) ?? new SpokeError('ERR_APISERVER_ANSWER', message, {text: message, leg: 2});
}

/** Converts a message about a container, from a stream or an upgrade response; `null` for other messages. `asKubectl`: kubectl's line. */
export function containerErrorFrom(message: string, asKubectl: string): SpokeError | null {
	const text = message.replace(/^(?:Internal error occurred: )+/, '').trim();
	const cause = causes.find(({words}) => words.test(text));
	return cause ? new SpokeError(cause.code, `${cause.says}: ${text}`, {text: message, leg: cause.leg, asKubectl}) : null;
}

/**
A missing container or node file is also "not found", so only text about the command counts.
@see runc: `exec: "/bin/sh": stat /bin/sh: no such file or directory`; crun: ``executable file `/bin/sh` not found``
*/
export function isShellMissing({code, text, message}: Pick<SpokeError, 'code' | 'text' | 'message'>): boolean {
	return (
		(code === 'ERR_COMMAND_NOT_STARTED' || code === 'ERR_APISERVER_ANSWER') &&
		/executable file .*not found|\/bin\/sh.*no such file or directory/i.test(text ?? message)
	);
}
