/** How long is a connection kept that we have ended? */
import type {Duplex} from 'node:stream';

/** Within this the other side takes some of what is left for it, or ends. */
const stillMs = 1000;

/** What was said last goes out for as long as it is taken; a side that neither takes it nor ends is not waited for. */
export function destroyOnceStill(ended: Duplex, leftBefore = Infinity): void {
	setTimeout(() => {
		const left = ended.writableLength;
		if (left > 0 && left < leftBefore) {
			destroyOnceStill(ended, left);
		} else {
			ended.destroy();
		}
	}, stillMs).unref();
}
