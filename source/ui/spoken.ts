/** The screen for a screen reader: events above the selection. */
import {Static, Text} from 'ink';
import {createElement, Fragment, type ReactNode} from 'react';
import type {SpokenEvent} from './spoken-events.ts';

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
