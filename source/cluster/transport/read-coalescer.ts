/** What a socket brings in one turn of the event loop, as one piece. */
import type {Duplex} from 'node:stream';
import {interceptReads, type ReadSink} from './onread-buffers.ts';

/** A TLS record has no more (RFC 8446 §5.1). */
const largestRead = 16 * 1024;
const slabBytes = 64 * 1024;
const mostInATurn = 64 * 1024;
/** From this much on the next turn can wait until there is more for it: every turn has its price. */
const aGoodTurn = 4 * 1024;
/** Milliseconds. */
const betweenGoodTurns = 4;

export class ReadCoalescer implements ReadSink {
	readonly #socket: Duplex;
	readonly #take: (bytes: Buffer) => void;
	readonly #leavesTime: boolean;
	readonly #endReads: () => void;
	/** Its beginning is where a direct read goes; behind it stands what came. */
	#slab = newSlab();
	buffer = areaOf(this.#slab);
	#from = largestRead;
	#to = largestRead;
	#turn: NodeJS.Immediate | undefined;
	#pause: NodeJS.Timeout | undefined;
	#inThisTurn = 0;
	#isWanted = true;
	#isOver = false;

	/**
	`take` gets bytes that nobody else will read or write: it may change them, and keep them.
	`leavesTime`: of a flood the kernel holds more than is to be read at once, where keys are waited for between two turns.
	*/
	constructor(socket: Duplex, take: (bytes: Buffer) => void, {leavesTime}: {leavesTime: boolean}) {
		this.#socket = socket;
		this.#take = take;
		this.#leavesTime = leavesTime;
		this.#endReads = interceptReads(socket, this);
		socket.on('data', this.#arrived);
	}

	onRead(place: Buffer, length: number): void {
		if (this.#slab.length - this.#to < length) {
			this.flush();
			this.#startSlab();
		}

		if (place === this.buffer) {
			this.#slab.copyWithin(this.#to, 0, length);
		} else {
			place.copy(this.#slab, this.#to, 0, length);
		}

		this.#to += length;
		this.#came(length);
	}

	/** Gives what has come by now. */
	flush(): void {
		clearImmediate(this.#turn);
		this.#turn = undefined;
		if (this.#to > this.#from) {
			const bytes = this.#slab.subarray(this.#from, this.#to);
			this.#from = this.#to;
			this.#take(bytes);
		}
	}

	/** Nothing more is read until `want`. */
	hold(): void {
		this.#isWanted = false;
		this.#socket.pause();
	}

	want(): void {
		this.#isWanted = true;
		this.#goOn();
	}

	/** The socket is somebody else's. */
	end(): void {
		this.#isOver = true;
		clearImmediate(this.#turn);
		clearTimeout(this.#pause);
		this.#endReads();
		this.#socket.off('data', this.#arrived).resume();
	}

	/** Of a socket without direct reads. */
	readonly #arrived = (bytes: Buffer): void => {
		if (bytes.length <= largestRead) {
			this.onRead(bytes, bytes.length);
			return;
		}

		this.flush();
		this.#came(bytes.length);
		this.#take(bytes);
	};

	#came(length: number): void {
		this.#turn ??= setImmediate(this.#nextTurn);
		this.#inThisTurn += length;
		if (this.#isFull && !this.#isOver) {
			this.#socket.pause();
		}
	}

	readonly #nextTurn = (): void => {
		const came = this.#inThisTurn;
		this.#inThisTurn = 0;
		this.flush();
		if (this.#leavesTime && came >= aGoodTurn && came < mostInATurn && !this.#isOver) {
			this.#socket.pause();
			this.#pause = setTimeout(this.#pauseEnds, betweenGoodTurns);
		} else {
			this.#goOn();
		}
	};

	readonly #pauseEnds = (): void => {
		this.#pause = undefined;
		this.#goOn();
	};

	#goOn(): void {
		if (this.#isWanted && this.#pause === undefined && !this.#isFull && !this.#isOver) {
			this.#socket.resume();
		}
	}

	get #isFull(): boolean {
		return this.#leavesTime && this.#inThisTurn >= mostInATurn;
	}

	#startSlab(): void {
		this.#slab = newSlab();
		this.buffer = areaOf(this.#slab);
		this.#from = largestRead;
		this.#to = largestRead;
	}
}

function newSlab(): Buffer {
	return Buffer.allocUnsafeSlow(largestRead + slabBytes);
}

function areaOf(slab: Buffer): Buffer {
	return slab.subarray(0, largestRead);
}
