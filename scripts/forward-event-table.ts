/** The events of `spoke port-forward -o json`, for docs/json.md: when they happen, and their fields, from the schema. */
import {readFile} from 'node:fs/promises';
import type {ForwardEvent} from '../source/streams/port-forward/forward-event.ts';
import {code, table} from './markdown.ts';

type EventName = ForwardEvent['event'] | 'all-ready' | 'detached' | 'path' | 'ended';

/** In the order of a forward. */
const eventOccasions: Readonly<Record<EventName, string>> = {
	waiting: 'no pod of the target runs, and spoke waits for one',
	ready: 'the forward accepts connections; once per forward, before its connections',
	'bound-without': 'one of several addresses could not be bound',
	'all-ready': 'all forwards are ready; once, also for one forward',
	detached: 'the last event with `--detach`, unless the forwards fail before: they continue in the background',
	path: 'the path of a tunnel is known, or has changed',
	'connection-opened': 'a client has connected; exactly one `connection-closed` or `connection-failed` follows',
	'connection-closed': 'both sides of a connection have ended',
	'connection-failed': 'a connection could not be carried; the forward continues',
	'connection-congested': 'a client does not read, which blocks its tunnel',
	'connection-flowing': 'that client reads again',
	moved: 'the forward uses another pod',
	'watch-failed':
		'the pods cannot be listed, or watching them is refused: the forward keeps its pods, and spoke retries; once per error code, until a watch lasts',
	interrupted: 'the tunnel is lost, and spoke retries; the ports stay bound',
	restored: 'there is a tunnel again',
	ended: 'the last event, unless it is `detached`; `exitStatus` is that of spoke',
};

type Schema = {
	allOf: ReadonlyArray<{
		if: {properties: {event: {const: EventName}}};
		then: {properties: Readonly<Record<string, {description: string; type?: string | readonly string[]}>>; required: readonly string[]};
	}>;
};

export async function forwardEventTable(): Promise<string> {
	const schema = JSON.parse(await readFile(new URL('../schemas/port-forward-event.json', import.meta.url), 'utf8')) as Schema;
	const byEvent = new Map(schema.allOf.map(({if: {properties}, then}) => [properties.event.const, then]));
	const described = new Set<string>();
	return table(
		['event', 'happens when', 'fields'],
		(Object.keys(eventOccasions) as EventName[]).map(event => {
			const {properties, required} = byEvent.get(event)!;
			const {forward: _, ...fields} = properties;
			const more = Object.entries(fields).map(([name, {description}]) => {
				const field = `${code(name)}${required.includes(name) ? '' : ' (can be absent)'}`;
				const whole = `${field}: ${description}`;
				const isRepeated = described.has(whole);
				described.add(whole);
				return isRepeated ? field : whole;
			});
			return [code(event), eventOccasions[event], more.join('; ')];
		}),
	);
}
