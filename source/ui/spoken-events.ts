/** What happened, as a screen reader hears it: each once, at most one a second, the rest as a number. */
import type {Message} from '../state/session-state.ts';
import {harmless} from '../text/sanitise-line.ts';

const apartMs = 1000;

export class SpokenEvents {
	/** All that was said, in order. */
	said: readonly string[] = [];
	#last: Message | null = null;
	#saidAt = -apartMs;

	/** Whether there is something new to say, `now` in milliseconds of a steady clock; what comes too soon is counted into the next. */
	take(messages: readonly Message[], now: number): boolean {
		const fresh = messages.slice(this.#last === null ? 0 : messages.indexOf(this.#last) + 1);
		if (fresh.length === 0 || now - this.#saidAt < apartMs) {
			return false;
		}

		this.#last = fresh.at(-1)!;
		this.#saidAt = now;
		const worst = fresh.findLast(({role}) => role === 'error') ?? fresh.findLast(({role}) => role === 'warn') ?? fresh.at(-1)!;
		this.said = [...this.said, `${harmless(worst.text)}${worst.hint === '' ? '' : `, ${worst.hint}`}${fresh.length > 1 ? `; ${fresh.length - 1} more in the messages` : ''}`];
		return true;
	}
}
