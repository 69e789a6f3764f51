/** Channels of a remote command, independent of the carrier. */
import type {Readable, Writable} from 'node:stream';
import type {SpokeError} from '../../errors/spoke-error.ts';

export type TerminalSize = {columns: number; rows: number};

export type CommandChannels = {
	/** `end()` ends the far side's input, where the carrier can say so; errors once the stream is gone are not told here. */
	readonly stdin: Writable | null;
	/** Both outputs must be read, or nothing comes any more: that is how a slow reader slows the far side. */
	readonly stdout: Readable;
	/** `null` with a terminal: there is one output then. */
	readonly stderr: Readable | null;
	resize(size: TerminalSize): void;
	/** Never rejects. */
	readonly ended: Promise<ChannelsResult>;
	/** Bytes of output so far. */
	readonly received: number;
	/** Bytes of input so far. */
	readonly sent: number;
	/** Ends everything now. */
	close(): void;
};

export type ChannelsResult = {
	/** All that came on the error channel, at most a little more than a status may have. */
	status: Buffer;
	/** Why the outputs may not be whole; `null` when they are. */
	lost: SpokeError | null;
};

/**
 * Round trips as the carrier measures them, or waits for them, milliseconds: a WebSocket's end at the apiserver or kubelet, SPDY's at the
 * runtime.
 */
export type RoundTripListener = (times: {websocket?: number; runtime?: number}) => void;

/** Below every common idle limit (60 s and more), and often enough to notice a dead link within the minute. */
export const pingIntervalMs = 10_000;
export const silenceTimeoutMs = 45_000;
