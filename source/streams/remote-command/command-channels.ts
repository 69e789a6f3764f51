/** Channels of a remote command, independent of the carrier. */
import type {Readable, Writable} from 'node:stream';
import type {SpokeError} from '../../errors/spoke-error.ts';

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
