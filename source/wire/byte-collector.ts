/** Collector of byte chunks. */

/** Smaller chunks are copied into a slab, because a view of a chunk costs about 100 bytes and keeps its whole buffer alive. */
const minViewBytes = 4096;
const firstSlabBytes = 4096;
const maxSlabBytes = 64 * 1024;

export class ByteCollector {
	length = 0;
	readonly #maxBytes: number;
	#parts: Buffer[] = [];
	#slab = Buffer.alloc(0);
	#filledBytes = 0;
	#flushedBytes = 0;

	constructor(maxBytes = Infinity) {
		this.#maxBytes = maxBytes;
	}

	/** Returns false, and adds nothing, above the maximum. */
	add(piece: Buffer): boolean {
		if (this.length + piece.length > this.#maxBytes) {
			return false;
		}

		this.length += piece.length;
		if (piece.length >= minViewBytes && piece.length * 4 >= piece.buffer.byteLength) {
			this.#flushSlab();
			this.#parts.push(piece);
		} else {
			this.#copy(piece);
		}

		return true;
	}

	get bytes(): Buffer {
		this.#flushSlab();
		if (this.#parts.length !== 1) {
			this.#parts = [Buffer.concat(this.#parts, this.length)];
		}

		return this.#parts[0]!;
	}

	take(): Buffer {
		const {bytes} = this;
		this.#parts = [];
		this.length = 0;
		return bytes;
	}

	#copy(piece: Buffer): void {
		for (let from = 0; from < piece.length;) {
			if (this.#filledBytes === this.#slab.length) {
				this.#flushSlab();
				this.#slab = Buffer.allocUnsafeSlow(Math.min(maxSlabBytes, Math.max(firstSlabBytes, 2 * this.#slab.length)));
				this.#filledBytes = 0;
				this.#flushedBytes = 0;
			}

			const copied = piece.copy(this.#slab, this.#filledBytes, from);
			this.#filledBytes += copied;
			from += copied;
		}
	}

	#flushSlab(): void {
		if (this.#filledBytes > this.#flushedBytes) {
			this.#parts.push(this.#slab.subarray(this.#flushedBytes, this.#filledBytes));
			this.#flushedBytes = this.#filledBytes;
		}
	}
}

/** Beyond `maxUnderWay`, keeps only the newest reply, as RFC 6455 section 5.5.3 allows for pings. */
export class BoundedReplies<Reply> {
	readonly #send: (reply: Reply, onSent: () => void) => void;
	readonly #maxUnderWay: number;
	#underWay = 0;
	#newest: {reply: Reply} | undefined;

	/** `onSent`: the reply is written or has failed. */
	constructor(maxUnderWay: number, send: (reply: Reply, onSent: () => void) => void) {
		this.#maxUnderWay = maxUnderWay;
		this.#send = send;
	}

	add(reply: Reply): void {
		if (this.#underWay < this.#maxUnderWay) {
			this.#start(reply);
		} else {
			this.#newest = {reply};
		}
	}

	#start(reply: Reply): void {
		this.#underWay++;
		this.#send(reply, () => {
			this.#underWay--;
			const next = this.#newest;
			this.#newest = undefined;
			if (next) {
				this.#start(next.reply);
			}
		});
	}
}
