/** Announces messages to a screen reader. */
import {Static, Text} from 'ink';
import {createElement, Fragment, type ReactNode} from 'react';
import type {Message} from './session-state.ts';
import {escapeControls} from '../../text/sanitize-line.ts';

const apartMs = 1000;

/** The number distinguishes events with the same text. */
export type SpokenEvent = {number: number; text: string};

export class SpokenEvents {
	said: SpokenEvent | null = null;
	#last: Message | null = null;
	#saidAt = -apartMs;

	/** Speaks at most one event per second; the rest are counted in the next one. `now` is monotonic, in ms. */
	take(messages: readonly Message[], now: number): boolean {
		const fresh = messages.slice(this.#last === null ? 0 : messages.indexOf(this.#last) + 1);
		if (fresh.length === 0 || now - this.#saidAt < apartMs) {
			return false;
		}

		this.#last = fresh.at(-1)!;
		this.#saidAt = now;
		const worst = fresh.findLast(({role}) => role === 'error') ?? fresh.findLast(({role}) => role === 'warn') ?? fresh.at(-1)!;
		const hint = worst.hint === '' ? '' : `, ${worst.hint}`;
		const more = fresh.length > 1 ? `; ${fresh.length - 1} more in the messages` : '';
		this.said = {number: (this.said?.number ?? 0) + 1, text: `${escapeControls(worst.text)}${hint}${more}`};
		return true;
	}
}

/** A `Static` only appends and keeps every item, so each event has its own. */
export function Spoken({said, text}: {readonly said: SpokenEvent | null; readonly text: string}): ReactNode {
	const events = said === null ? [] : [said.text];
	return createElement(
		Fragment,
		null,
		createElement(Static<string>, {key: said?.number, items: events, children: event => createElement(Text, {key: event}, event)}),
		createElement(Text, null, text),
	);
}
