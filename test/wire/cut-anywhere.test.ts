import {once, type EventEmitter} from 'node:events';
import {duplexPair, type Duplex} from 'node:stream';
import test from 'ava';
import {seededRandom} from '../support/random.ts';
import {ResponseDecoder} from '../support/response-decoder.ts';
import {maskedMessage, WebSocketMessages} from '../../source/wire/websocket-messages.ts';
import {synReplyFrame} from '../../source/sandbox/kubelet/spdy-server-session.ts';
import {dataFrameHead, goAwayFrame, pingFrame, rstStreamFrame, synStreamFrame, SpdyFrameDecoder} from '../../source/wire/spdy-frame.ts';
import {WebSocketCarrier} from '../../source/wire/websocket-carrier.ts';
import {serverWebSocket} from '../support/server-websocket.ts';

type Chance = {
	/** 0 to `most`, both included. */
	upTo(most: number): number;
	bytes(length: number): Buffer;
	one<Value>(of: readonly Value[]): Value;
};

function chance(seed: number): Chance {
	const next = seededRandom(seed);
	const upTo = (most: number) => Math.floor(next() * (most + 1));
	return {upTo, bytes: length => Buffer.from(Array.from({length}, () => upTo(255))), one: of => of[upTo(of.length - 1)]!};
}

/** Some of one byte, some of none. */
function pieces(bytes: Buffer, {upTo, one}: Chance): Buffer[] {
	const cut: Buffer[] = [];
	for (let at = 0; at < bytes.length;) {
		const length = one([0, 1, 1, 2, 7, 8, upTo(100), upTo(5000)]);
		cut.push(bytes.subarray(at, at + length));
		at += length;
	}

	return cut;
}

type Valid = {bytes: Buffer; meant: string[]};
type Kind = {
	some(by: Chance): Valid;
	read(cut: readonly Buffer[]): string[] | Promise<string[]>;
};

const data = (id: number, payload: Buffer, fin: boolean): Valid => ({
	bytes: Buffer.concat([dataFrameHead(id, payload.length, fin), payload]),
	meant: [...[...payload].map(byte => `data ${id} ${byte}`), ...(fin ? [`fin ${id}`] : [])],
});

/** The decoder emits data in pieces as they arrive, so the comparison is by byte. */
const spdyFrames: Kind = {
	some({upTo, bytes, one}) {
		const id = 1 + upTo(0x7f_ff_ff_fe);
		const block = bytes(upTo(300));
		const fin = one([true, false]);
		return one<() => Valid>([
			() => ({bytes: synStreamFrame(id, block, fin), meant: [`syn-stream ${id} ${fin} ${block.toString('hex')}`]}),
			() => ({bytes: synReplyFrame(id, block, fin), meant: [`syn-reply ${id} ${fin} ${block.toString('hex')}`]}),
			() => ({bytes: rstStreamFrame(id, 1 + upTo(6)), meant: [`rst-stream ${id} undefined undefined`]}),
			() => ({bytes: pingFrame(id), meant: ['ping undefined undefined undefined']}),
			() => ({bytes: goAwayFrame(id), meant: ['go-away undefined undefined undefined']}),
			() => data(id, bytes(upTo(one([0, 3, 2000]))), fin),
			() => data(id, bytes(upTo(one([0, 3, 2000]))), fin),
		])();
	},
	read(cut) {
		const seen: string[] = [];
		const decoder = new SpdyFrameDecoder({
			onControl(frame) {
				const {type, streamId, fin, block} = frame as {type: string; streamId?: number; fin?: boolean; block?: Buffer};
				seen.push(`${type} ${streamId} ${fin} ${block?.toString('hex')}`);
			},
			onData(id, piece, fin) {
				seen.push(...[...piece].map(byte => `data ${id} ${byte}`), ...(fin ? [`fin ${id}`] : []));
			},
		});
		for (const piece of cut) {
			decoder.push(piece);
		}

		return [...seen, ...(decoder.isAtFrameBoundary ? [] : ['cut'])];
	},
};

const answers: Kind = {
	some({upTo, bytes, one}) {
		const body = bytes(upTo(one([0, 5, 3000])));
		const status = one([200, 403, 500]);
		const meant = [`${status} ${body.toString('hex')}`];
		if (one([true, false])) {
			return {bytes: Buffer.concat([Buffer.from(`HTTP/1.1 ${status} x\r\nContent-Length: ${body.length}\r\n\r\n`), body]), meant};
		}

		const chunks: Buffer[] = [];
		for (let at = 0; at < body.length;) {
			const chunk = body.subarray(at, at + 1 + upTo(one([0, 20, 1000])));
			chunks.push(Buffer.from(`${chunk.length.toString(16)}${one(['', '', ';x=y', ' '])}\r\n`), chunk, Buffer.from('\r\n'));
			at += chunk.length;
		}

		return {
			bytes: Buffer.concat([
				Buffer.from(`${one(['', 'HTTP/1.1 103 Early\r\n\r\n'])}HTTP/1.1 ${status} x\r\nTransfer-Encoding: chunked\r\n\r\n`),
				...chunks,
				Buffer.from(`0\r\n${one(['', 'T: t\r\n'])}\r\n`),
			]),
			meant,
		};
	},
	read(cut) {
		const decoder = new ResponseDecoder({maxBodyBytes: 10_000});
		const whole = cut.flatMap(piece => decoder.push(piece));
		return [...whole.map(({status, body}) => `${status} ${body.toString('hex')}`), ...(decoder.hasStarted ? ['cut'] : [])];
	},
};

function frame(opcode: number, fin: boolean, payload: Buffer): Buffer {
	const length =
		payload.length > 0xff_ff ? Buffer.alloc(9, 127) : payload.length > 125 ? Buffer.alloc(3, 126) : Buffer.from([payload.length]);
	if (length.length === 3) {
		length.writeUInt16BE(payload.length, 1);
	} else if (length.length === 9) {
		length.writeBigUInt64BE(BigInt(payload.length), 1);
	}

	return Buffer.concat([Buffer.from([(fin ? 0x80 : 0) | opcode]), length, payload]);
}

/** One frame or several, with pings between. */
function fragments(payload: Buffer, {upTo, one}: Chance): Buffer {
	const ping = () => one([Buffer.alloc(0), frame(9, true, payload.subarray(0, 3))]);
	const at = upTo(payload.length);
	return Buffer.concat(
		one([
			[frame(2, true, payload), ping()],
			[frame(2, false, payload.subarray(0, at)), ping(), frame(0, true, payload.subarray(at))],
		]),
	);
}

const lengths = [0, 1, 125, 126, 127, 3000];

const ofServer: Kind = {
	some(by) {
		const payload = by.bytes(by.one(lengths));
		return {bytes: fragments(payload, by), meant: [payload.toString('hex')]};
	},
	read: async cut => messagesOf(cut, socket => new WebSocketMessages(socket)),
};

const ofClient: Kind = {
	some(by) {
		const payload = by.bytes(by.one(lengths));
		const at = by.upTo(payload.length);
		return {bytes: maskedMessage([payload.subarray(0, at), payload.subarray(at)], true), meant: [payload.toString('hex')]};
	},
	read: async cut => messagesOf(cut, serverWebSocket),
};

async function messagesOf(cut: readonly Buffer[], over: (socket: Duplex) => EventEmitter): Promise<string[]> {
	const [near, far] = duplexPair();
	far.resume();
	const messages = over(near);
	const seen: string[] = [];
	messages.on('message', (payload: Buffer) => seen.push(payload.toString('hex')));
	const closed = once(messages, 'close');
	for (const piece of cut) {
		// A server unmasks in place.
		far.write(Buffer.from(piece));
	}

	far.end();
	await closed;
	return seen;
}

/** Message borders have no meaning. */
const carried: Kind = {
	some(by) {
		const payload = by.bytes(by.one(lengths));
		return {bytes: fragments(payload, by), meant: [...payload].map(String)};
	},
	async read(cut) {
		const [near, far] = duplexPair();
		far.resume();
		const carrier = new WebSocketCarrier(near);
		const seen: string[] = [];
		carrier.on('data', (piece: Buffer) => seen.push(...[...piece].map(String)));
		const ended = once(carrier, 'end');
		for (const piece of cut) {
			far.write(piece);
		}

		far.end(frame(8, true, Buffer.from([3, 232])));
		await ended;
		return seen;
	},
};

const kinds: ReadonlyArray<[title: string, Kind]> = [
	['SPDY frames', spdyFrames],
	['answers', answers],
	['WebSocket messages of a server', ofServer],
	['WebSocket messages of a client', ofClient],
	['the bytes that a WebSocket carries', carried],
];

function series(kind: Kind, by: Chance, count: number): Valid {
	const all = Array.from({length: count}, () => kind.some(by));
	return {bytes: Buffer.concat(all.map(({bytes}) => bytes)), meant: all.flatMap(({meant}) => meant)};
}

for (const [title, kind] of kinds) {
	test(`${title} are read the same when split at every byte`, async t => {
		for (let seed = 1; ; seed++) {
			const {bytes, meant} = series(kind, chance(seed), 6);
			if (bytes.length < 1000) {
				t.deepEqual(await kind.read([...bytes].map(byte => Buffer.from([byte]))), meant, 'byte by byte');
				for (let at = 0; at <= bytes.length; at++) {
					t.deepEqual(await kind.read([bytes.subarray(0, at), bytes.subarray(at)]), meant, `seed ${seed}, split at ${at}`);
				}

				return;
			}
		}
	});

	test(`${title} are read the same when split at random places`, async t => {
		for (let seed = 1; seed <= 100; seed++) {
			const by = chance(seed);
			const {bytes, meant} = series(kind, by, 1 + by.upTo(12));
			t.deepEqual(await kind.read(pieces(bytes, by)), meant, `seed ${seed}`);
		}
	});
}
