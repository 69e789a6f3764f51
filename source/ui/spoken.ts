/** The screen for a screen reader: events are appended, and the sentences about the selection are redrawn below them. */
import {Static, Text} from 'ink';
import {createElement, Fragment, type ReactNode} from 'react';
import type {SpokenEvent} from './spoken-events.ts';

/** Each event has a `Static` of its own: one only appends, and keeps every item it was given. */
export function Spoken({said, text}: {readonly said: SpokenEvent | null; readonly text: string}): ReactNode {
	const events = said === null ? [] : [said.text];
	return createElement(
		Fragment,
		null,
		createElement(Static<string>, {key: said?.number, items: events, children: event => createElement(Text, {key: event}, event)}),
		createElement(Text, null, text),
	);
}
