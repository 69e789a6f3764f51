/** The row of a forward: its events, log and local URL. */
import {joinHostPort} from '../../cluster/transport/server-url.ts';
import {describeForwardEvent, describeForwardUsers, hostOfListener, usuallySpeaksTls} from '../../descriptions/describe-forward-event.ts';
import {abbreviatePodName, joinParts} from '../../descriptions/parts.ts';
import {shortError} from '../../descriptions/describe-error.ts';
import type {ForwardEvent, ConnectionSnapshot} from '../../streams/port-forward/forward-event.ts';
import type {ForwardState} from '../frame/session-state.ts';
import {clockTime} from '../../text/formats.ts';
import {sanitizeLine} from '../../text/sanitize.ts';

/** `live`: connections open after the event. */
export function reduceForward(state: ForwardState, event: ForwardEvent, live: readonly ConnectionSnapshot[]): ForwardState {
	const lines = forwardLogLines(event);
	const log =
		event.event === 'interrupted'
			? lines.reduce((log, line) => appendRetry(log, line, event.attempt), state.log)
			: lines.reduce((log, line) => withLine(log, line), state.log);
	return {...state, ...changeBy(event, state, live), log};
}

/** Empty for an opened connection, which has a row of its own. The pane shows warnings. */
export function forwardLogLines(event: ForwardEvent): string[] {
	return event.event === 'connection-opened'
		? []
		: describeForwardEvent(event)
				.filter(({kind}) => kind !== 'warning')
				.map(({subject, parts}) => {
					const text = joinParts(parts, {short: true, without: ['attempt', 'fix', 'code']});
					return sanitizeLine(subject === 'connection' && 'connection' in event ? `${numberOf(event.connection)}: ${text}` : text);
				});
}

type Log = ForwardState['log'];

export function withLine(log: Log, text: string): Log {
	return [...log.slice(-199), {time: Date.now(), text}];
}

/** Equal attempts share a line, to keep room for connection events. */
function appendRetry(log: Log, lost: string, attempt: number): Log {
	const last = log.at(-1);
	return last?.text === lost || last?.text.startsWith(`${lost} · `)
		? log.with(log.length - 1, {...last, text: `${lost} · ${attempt} attempts, last at ${clockTime(Date.now())}`})
		: withLine(log, lost);
}

function changeBy(event: ForwardEvent, state: ForwardState, live: readonly ConnectionSnapshot[]): Partial<ForwardState> {
	switch (event.event) {
		case 'waiting': {
			return {
				note: describeForwardEvent(event)
					.map(({parts}) => joinParts(parts, {without: ['detail', 'duration']}))
					.join(''),
			};
		}

		case 'ready': {
			return {
				phase: 'open',
				local: event.listen[0]?.port ?? null,
				...onPod(podOf(event.target)),
				portName: event.remotePortName,
			};
		}

		case 'bound-without':
		case 'watch-failed': {
			return {};
		}

		case 'connection-closed': {
			return {closed: state.closed + 1, ...forwardConnectionRows(live)};
		}

		case 'connection-failed': {
			return {failed: state.failed + 1, ...forwardConnectionRows(live)};
		}

		case 'moved': {
			return {phase: 'open', ...onPod(abbreviatePodName(event.to.name)), ...forwardConnectionRows(live)};
		}

		case 'interrupted': {
			return {phase: 'working', note: `${shortError(event.error)} · attempt ${event.attempt}`};
		}

		case 'restored': {
			return {phase: 'open', ...onPod(state.podText)};
		}

		case 'connection-opened':
		case 'connection-congested':
		case 'connection-flowing': {
			return forwardConnectionRows(live);
		}
	}
}

export function forwardNotice(event: ForwardEvent, after: ForwardState): {text: string; role?: 'warn'} | null {
	switch (event.event) {
		case 'ready': {
			return {text: `${forwardUrl(after) ?? ''} forwards to ${event.target.name}`};
		}

		case 'moved': {
			const text = describeForwardEvent(event).map(({parts}) => joinParts(parts, {short: true, without: ['from', 'duration']}));
			return {text: `${forwardUrl(after) ?? 'forward'} ${text.join('')}`, role: 'warn'};
		}

		default: {
			return null;
		}
	}
}

export function forwardUsersText({listen}: Extract<ForwardEvent, {event: 'ready'}>): string | null {
	const [users] = listen.flatMap(listening => describeForwardUsers(listening));
	return users === undefined ? null : joinParts(users.parts, {without: ['detail']});
}

export function forwardConnectionRows(live: readonly ConnectionSnapshot[]): Pick<ForwardState, 'open' | 'openConnections'> {
	const now = Date.now() - performance.now();
	return {
		open: live.length,
		openConnections: live.map(({connection, client, since, up, down, congested}) => ({
			connection: numberOf(connection),
			client,
			since: now + since,
			up,
			down,
			congested,
		})),
	};
}

function onPod(podText: string): Pick<ForwardState, 'podText' | 'note'> {
	return {podText, note: `on ${podText}`};
}

function podOf({name, chosenFrom}: Extract<ForwardEvent, {event: 'ready'}>['target']): string {
	return `${abbreviatePodName(name)}${chosenFrom > 1 ? `, one of ${chosenFrom}` : ''}`;
}

/** `f-1.7` → `#7`. */
function numberOf(connection: string): string {
	return `#${connection.slice(connection.lastIndexOf('.') + 1)}`;
}

/** `null` while it is not listening. */
export function forwardUrl({
	local,
	remote,
	portName,
	address,
	host,
}: Pick<ForwardState, 'local' | 'remote' | 'portName' | 'address' | 'host'>): string | null {
	if (local === null) {
		return null;
	}

	const isHttps = usuallySpeaksTls(Number(remote), portName ?? remote);
	return `${isHttps ? 'https' : 'http'}://${joinHostPort(host ?? hostOfListener(address.split(',')), local)}`;
}
