/** Replies that the other side provokes and may never read: only so many are under way at once. */

/**
While `maxUnderWay` replies wait to be sent, of those that come meanwhile only the newest is kept.
RFC 6455 section 5.5.3 allows this for pings.
*/
export class BoundedReplies<Reply> {
	readonly #send: (reply: Reply, onSent: () => void) => void;
	readonly #maxUnderWay: number;
	#underWay = 0;
	#newest: {reply: Reply} | undefined;

	/** `send` calls `onSent` once the system has taken the reply, or never will. */
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
