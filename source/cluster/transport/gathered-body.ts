/** The body of an answer that comes in very small pieces, as a stream of few large ones. */
import {Readable, type Duplex} from 'node:stream';
import {ignored} from './ignored.ts';

/** From this size on a piece goes on as it is: to copy it costs more than it saves. */
const largePiece = 4096;
const slabBytes = 64 * 1024;
const mostHeld = 256 * 1024;
/** Of a flood the kernel holds more than that. Keys are read between two turns, and must not wait until all of it is taken. */
const mostInATurn = 64 * 1024;

/**
What arrives in one turn of the event loop is given on as one piece. The socket is held back while nobody reads, and until the next turn when much has come in this one.
A followed log comes in one TLS record a line: a stream of its own for each costs more than all that is done with it afterwards.
*/
export class GatheredBody extends Readable {
	readonly #socket: Duplex;
	readonly #done: () => void;
	#slab: Buffer | undefined;
	/** Of the slab: what waits stands between them. */
	#from = 0;
	#to = 0;
	#turn: NodeJS.Immediate | undefined;
	#inThisTurn = 0;
	/** Somebody reads, and may have more. */
	#isWanted = true;

	/** `done` is called when the body has come whole, and when nobody wants the rest of it. */
	constructor(socket: Duplex, done: () => void) {
		super({highWaterMark: mostHeld});
		this.#socket = socket;
		this.#done = done;
		// A cut that nobody looks for must not bring the process down.
		this.on('error', ignored);
	}

	/** Takes a piece; one that is small is copied. */
	gather(piece: Buffer): void {
		this.#turn ??= setImmediate(this.#nextTurn);
		this.#inThisTurn += piece.length;
		if (this.#inThisTurn >= mostInATurn) {
			this.#socket.pause();
		}

		if (piece.length >= largePiece) {
			this.#give();
			this.#push(piece);
			return;
		}

		if (!this.#slab || this.#slab.length - this.#to < piece.length) {
			this.#give();
			this.#slab = Buffer.allocUnsafeSlow(slabBytes);
			[this.#from, this.#to] = [0, 0];
		}

		this.#slab.set(piece, this.#to);
		this.#to += piece.length;
	}

	/** All has come. */
	finish(): void {
		clearImmediate(this.#turn);
		this.#give();
		this.push(null);
		this.#socket.resume();
		this.#done();
	}

	/** Nothing more will come, and not all has: what has come is read first. */
	fail(error: Error): void {
		clearImmediate(this.#turn);
		this.#give();
		// What was pushed in this turn is there to be read until the next one.
		setImmediate(() => {
			this.destroy(error);
		});
	}

	override _read(): void {
		this.#isWanted = true;
		if (this.#inThisTurn < mostInATurn) {
			this.#socket.resume();
		}
	}

	override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
		clearImmediate(this.#turn);
		this.#done();
		callback(error);
	}

	readonly #nextTurn = (): void => {
		this.#turn = undefined;
		this.#inThisTurn = 0;
		this.#give();
		if (this.#isWanted) {
			this.#socket.resume();
		}
	};

	#give(): void {
		if (this.#to > this.#from) {
			const piece = this.#slab!.subarray(this.#from, this.#to);
			this.#from = this.#to;
			this.#push(piece);
		}
	}

	#push(piece: Buffer): void {
		if (!this.push(piece)) {
			this.#isWanted = false;
			this.#socket.pause();
		}
	}
}
