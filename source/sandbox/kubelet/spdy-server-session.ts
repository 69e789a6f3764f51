/** Server side of a SPDY/3.1 session. */
import {constants, inflateRawSync} from 'node:zlib';
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
		this.lastAcceptedId = streamId;
		const stream = this.addStream(streamId, this.#reader.read(block));
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

/** Accepts any compression. Every block ends with a flush, so inflating it needs only the 32 KiB before it. */
export class HeaderBlockReader {
	#hasStarted = false;
	#window: Buffer = spdyDictionary;

	read(block: Buffer): Record<string, string> {
		// The first block has zlib's header, with or without the checksum of the dictionary (RFC 1950 §2.2).
		const headerBytes = this.#hasStarted ? 0 : (block[1]! & 0x20) === 0 ? 2 : 6;
		this.#hasStarted = true;
		const plain = inflateRawSync(block.subarray(headerBytes), {dictionary: this.#window, finishFlush: constants.Z_SYNC_FLUSH});
		this.#window = Buffer.concat([this.#window, plain]).subarray(-32_768);
		return decodeHeaders(plain);
	}
}

function decodeHeaders(plain: Buffer): Record<string, string> {
	let at = 4;
	const field = () => {
		const start = at + 4;
		at = start + plain.readUInt32BE(start - 4);
		return plain.toString('utf8', start, at);
	};

	return Object.fromEntries(Array.from({length: plain.readUInt32BE(0)}, () => [field(), field()]));
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
