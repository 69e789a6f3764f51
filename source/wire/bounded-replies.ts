/** Bounded replies to a peer that may never read them. */

/**
While `maxUnderWay` replies are being sent, only the newest further reply is kept. RFC 6455 section 5.5.3 allows this for pings.
*/
export class BoundedReplies<Reply> {
	readonly #send: (reply: Reply, onSent: () => void) => void;
	readonly #maxUnderWay: number;
	#underWay = 0;
	#newest: {reply: Reply} | undefined;

	/** `send` calls `onSent` when the reply is written or has failed. */
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
