/** Server side of a SPDY/3.1 session. */
import {constants, inflateRawSync} from 'node:zlib';
import {protocolError, resetStatus} from '../../wire/protocol-error.ts';
import {controlFrame, flagFin, frameType, HeaderBlockWriter, type ControlFrame} from '../../wire/spdy-frame.ts';
import {SpdySession} from '../../wire/spdy-session.ts';
import type {SpdyStream} from '../../wire/spdy-stream.ts';

/** Accepts the streams of the client; opens and pings none itself. */
export class SpdyServerSession extends SpdySession {
	readonly #reader = new HeaderBlockReader();
	readonly #writer = new HeaderBlockWriter();

	reply(stream: SpdyStream): void {
		this.sender.write(synReplyFrame(stream.id, this.#writer.write({}), false));
	}

	protected override acceptStream(frame: ControlFrame & {type: 'syn-stream'}): void {
		const {streamId, block, fin} = frame;
		const headers = this.#reader.read(block);
		if (streamId % 2 === 0 || streamId <= this.lastAcceptedId) {
			this.sender.refusal(streamId, resetStatus.protocolError);
			return;
		}

		this.lastAcceptedId = streamId;
		if (this.streamCount >= this.maxStreams) {
			this.sender.refusal(streamId, resetStatus.refused);
			return;
		}

		const stream = this.addStream(streamId, headers);
		this.emit('stream', stream);
		if (fin) {
			this.endRemote(stream);
		}
	}

	/** Also for an ended stream: the blocks are one zlib stream (SPDY/3 section 2.6.10.1). */
	protected override readHeaders(block: Buffer): void {
		this.#reader.read(block);
	}

	protected override acceptPing(id: number): void {
		this.sender.pingReply(id);
	}
}

export function synReplyFrame(streamId: number, block: Buffer, fin: boolean): Buffer {
	const frame = controlFrame(frameType.synReply, fin ? flagFin : 0, 4 + block.length);
	frame.writeUInt32BE(streamId, 8);
	block.copy(frame, 12);
	return frame;
}

/** As in the server's library (moby/spdystream spdy/types.go), and one for the block. */
const limits = {headers: 1000, fieldBytes: 1 << 20, blockBytes: 4 << 20} as const;

/** Accepts any compression, at most 4 MiB per block. Every block ends with a flush, so inflating it needs only the 32 KiB before it. */
export class HeaderBlockReader {
	#hasStarted = false;
	#window: Buffer = spdyDictionary;

	/** @throws SpokeError ERR_PROTOCOL */
	read(block: Buffer): Record<string, string> {
		const plain = this.#inflate(this.#hasStarted ? block : this.#withoutZlibHeader(block));
		this.#window = Buffer.concat([this.#window, plain]).subarray(-32_768);
		return decodeHeaders(plain);
	}

	#withoutZlibHeader(block: Buffer): Buffer {
		this.#hasStarted = true;
		if (block.length < 2 || block.readUInt16BE(0) % 31 !== 0 || (block[0]! & 0x0f) !== 8) {
			throw protocolError('a SPDY header block is not zlib');
		}

		const namesDictionary = (block[1]! & 0x20) !== 0;
		if (!namesDictionary) {
			this.#window = Buffer.alloc(0);
			return block.subarray(2);
		}

		if (block.length < 6 || block.readUInt32BE(2) !== 0xe3_c6_a7_c2) {
			throw protocolError('a SPDY header block names an unknown dictionary');
		}

		return block.subarray(6);
	}

	#inflate(block: Buffer): Buffer {
		try {
			return inflateRawSync(block, {
				...(this.#window.length > 0 && {dictionary: this.#window}),
				finishFlush: constants.Z_SYNC_FLUSH,
				maxOutputLength: limits.blockBytes,
			});
		} catch (error) {
			throw protocolError(`a SPDY header block cannot be inflated: ${(error as Error).message}`);
		}
	}
}

function decodeHeaders(plain: Buffer): Record<string, string> {
	let at = 0;
	const number = (): number => {
		if (at + 4 > plain.length) {
			throw protocolError('a SPDY header block is too short');
		}

		at += 4;
		return plain.readUInt32BE(at - 4);
	};

	const field = (): string => {
		const length = number();
		if (length > limits.fieldBytes) {
			throw protocolError(`a SPDY header field of ${length} bytes is longer than 1 MiB`);
		}

		if (at + length > plain.length) {
			throw protocolError('a SPDY header block is too short');
		}

		at += length;
		return plain.toString('utf8', at - length, at);
	};

	const count = number();
	if (count > limits.headers) {
		throw protocolError(`a SPDY frame has ${count} headers; at most ${limits.headers} are accepted`);
	}

	const headers: Record<string, string> = Object.create(null) as Record<string, string>;
	for (let index = 0; index < count; index++) {
		const name = field();
		if (name === '' || name !== name.toLowerCase() || name in headers) {
			throw protocolError(`a SPDY header name is empty, not in lower case or repeated: ${JSON.stringify(name.slice(0, 80))}`);
		}

		headers[name] = field();
	}

	if (at !== plain.length) {
		throw protocolError('a SPDY header block has bytes left over');
	}

	return headers;
}

const words = (
	'options,head,post,put,delete,trace,accept,accept-charset,accept-encoding,accept-language,accept-ranges,age,allow,' +
	'authorization,cache-control,connection,content-base,content-encoding,content-language,content-length,content-location,' +
	'content-md5,content-range,content-type,date,etag,expect,expires,from,host,if-match,if-modified-since,if-none-match,' +
	'if-range,if-unmodified-since,last-modified,location,max-forwards,pragma,proxy-authenticate,proxy-authorization,range,' +
	'referer,retry-after,server,te,trailer,transfer-encoding,upgrade,user-agent,vary,via,warning,www-authenticate,method,' +
	'get,status,200 OK,version,HTTP/1.1,url,public,set-cookie,keep-alive,origin'
).split(',');

const tail =
	'100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505' +
	'203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found' +
	'500 Internal Server Error501 Not Implemented503 Service Unavailable' +
	'Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT' +
	'chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=' +
	'gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.';

/** SPDY/3 draft, section 2.6.10.1: 1,423 bytes, Adler-32 E3C6A7C2. */
export const spdyDictionary: Buffer = Buffer.concat([
	...words.map(word => Buffer.concat([lengthOf(word), Buffer.from(word, 'latin1')])),
	Buffer.from(tail, 'latin1'),
]);

function lengthOf(word: string): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32BE(word.length);
	return bytes;
}
