/** Where do WebSocket frames (RFC 6455) come from? From ws, which exports its framing without types. */
import type {Duplex, Writable} from 'node:stream';
import * as ws from 'ws';

/** Emits `message` (payload, binary), `ping` and `pong` (payload), `conclude` (code, reason) and, once, `error`. */
type FrameReceiver = Writable;

type SendOptions = {binary: boolean; compress: boolean; fin: boolean; mask: boolean};

type FrameSender = {
	send(payload: Uint8Array, options: SendOptions, sent?: (error?: Error) => void): void;
	ping(payload: Uint8Array, mask: boolean): void;
	pong(payload: Uint8Array, mask: boolean, sent?: (error?: Error) => void): void;
	close(code: number, reason: string, mask: boolean): void;
};

type Framing = {
	Receiver: new (options: {isServer: boolean; maxPayload: number; maxFragments: number; maxBufferedChunks: number}) => FrameReceiver;
	Sender: new (socket: Duplex) => FrameSender;
};

// Not by destructuring: so the rest of ws, with its own HTTP client, stays out of the bundle.
// eslint-disable-next-line prefer-destructuring
export const Receiver = (ws as unknown as Framing).Receiver;
// eslint-disable-next-line prefer-destructuring
export const Sender = (ws as unknown as Framing).Sender;
