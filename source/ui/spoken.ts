/** The screen as a screen reader has it: what happens is appended, and the few sentences of the place stand anew under it. */
import {Static, Text} from 'ink';
import {createElement, Fragment, type ReactNode} from 'react';
import type {SpokenEvent} from './spoken-events.ts';

/** A `Static` never goes back over what it wrote, and counts what it was given for as long as it lives: each event has one of its own. */
export function Spoken({said, text}: {readonly said: SpokenEvent | null; readonly text: string}): ReactNode {
	const events = said === null ? [] : [said.text];
	return createElement(
		Fragment,
		null,
		createElement(Static<string>, {key: said?.number, items: events, children: event => createElement(Text, {key: event}, event)}),
		createElement(Text, null, text),
	);
}
