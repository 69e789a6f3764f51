/** Which id does our next stream have, and which may the other side's have? SPDY/3 section 2.3.2. */

/** An id has 31 bits and never comes again: a session that is near their end takes no new streams. */
const lastUsable = 0x7f_ff_ff_00;

export class SpdyStreamIds {
	#own: number;
	#theirs = 0;

	/** A client's ids are odd, a server's even. */
	constructor(role: 'client' | 'server') {
		this.#own = role === 'client' ? -1 : 0;
	}

	get usedUp(): boolean {
		return this.#own >= lastUsable;
	}

	/** The last stream of the other side, for GOAWAY; 0 for none. */
	get lastTheirs(): number {
		return this.#theirs;
	}

	next(): number {
		this.#own += 2;
		return this.#own;
	}

	/** A client's stream is taken when its id is odd and above all before it. */
	takeFromClient(id: number): boolean {
		if (id % 2 === 0 || id <= this.#theirs) {
			return false;
		}

		this.#theirs = id;
		return true;
	}
}
