/** Bounded replies to a peer that may never read them. */

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
