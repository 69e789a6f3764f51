/** A forward as its view and the connections pane show it: its events, log and local URL. */
import {joinHostPort} from '../../cluster/transport/server-url.ts';
import {
	describeForwardEvent,
	describeForwardUsers,
	hostOfListener,
	usuallySpeaksTls,
} from '../../report/descriptions/describe-forward-event.ts';
import {abbreviatePodName, joinParts} from '../../report/descriptions/parts.ts';
import {shortError} from '../../report/descriptions/describe-error.ts';
import type {ForwardEvent, ConnectionSnapshot} from '../../streams/port-forward/forward-event.ts';
import type {ConnectionEntry} from '../frame/connection-list.ts';
import type {ForwardState, SessionState} from '../frame/session-state.ts';
import {clockTime, formatBytes} from '../../base/text/formats.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';

export function forwardOf({forwards}: Pick<SessionState, 'forwards'>, id: string | undefined): ForwardState | undefined {
	return forwards.find(one => one.id === id);
}

/** What the connections pane shows of it. The view has the time at which the user stopped it. */
export function forwardRow(forward: ForwardState): Partial<ConnectionEntry> & Pick<ConnectionEntry, 'what'> {
	const {phase, note, local, asked, target, remote, open, bytesUp, bytesDown, error, listenerUsers} = forward;
	return {
		phase,
		note: phase === 'open' ? '' : phase === 'stopped' ? 'stopped by you' : note,
		figures: phase === 'open' ? `${open} open · ${formatBytes(bytesUp + bytesDown)}` : '',
		what: `${local === null ? asked : `:${local}`} → ${target}:${remote}`,
		error,
		listenerUsers,
	};
}

/** `live`: connections open after the event. */
export function reduceForward(state: ForwardState, event: ForwardEvent, live: readonly ConnectionSnapshot[]): ForwardState {
	const lines = forwardLogLines(event);
	const log =
		event.event === 'interrupted'
			? lines.reduce((log, line) => appendRetry(log, line, event.attempt), state.log)
			: lines.reduce((log, line) => withLine(log, line), state.log);
	const change = changes[event.event] as Change<ForwardEvent['event']>;
	return {...state, ...change(event, state, live), log};
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

type Change<Type extends ForwardEvent['event']> = (
	event: Extract<ForwardEvent, {event: Type}>,
	state: ForwardState,
	live: readonly ConnectionSnapshot[],
) => Partial<ForwardState>;

const rowsOnly = (_: ForwardEvent, __: ForwardState, live: readonly ConnectionSnapshot[]) => forwardConnectionRows(live);

const changes: {readonly [Type in ForwardEvent['event']]: Change<Type>} = {
	waiting: event => ({
		note: describeForwardEvent(event)
			.map(({parts}) => joinParts(parts, {without: ['detail', 'duration']}))
			.join(''),
	}),
	ready({listen, target: {name, chosenFrom}, remotePortName}) {
		const [users] = listen.flatMap(listening => describeForwardUsers(listening));
		return {
			phase: 'open',
			local: listen[0]?.port ?? null,
			...onPod(`${abbreviatePodName(name)}${chosenFrom > 1 ? `, one of ${chosenFrom}` : ''}`),
			portName: remotePortName,
			listenerUsers: users === undefined ? null : joinParts(users.parts, {without: ['detail']}),
		};
	},
	'bound-without': () => ({}),
	'watch-failed': () => ({}),
	'connection-closed': (_, {closed}, live) => ({closed: closed + 1, ...forwardConnectionRows(live)}),
	'connection-failed': (_, {failed}, live) => ({failed: failed + 1, ...forwardConnectionRows(live)}),
	moved: ({to}, _, live) => ({phase: 'open', ...onPod(abbreviatePodName(to.name)), ...forwardConnectionRows(live)}),
	interrupted: ({error, attempt}) => ({phase: 'working', note: `${shortError(error)} · attempt ${attempt}`}),
	restored: (_, {podText}) => ({phase: 'open', ...onPod(podText)}),
	'connection-opened': rowsOnly,
	'connection-congested': rowsOnly,
	'connection-flowing': rowsOnly,
};

export function forwardNotice(event: ForwardEvent, after: ForwardState): {text: string; role?: 'warn'} | null {
	if (event.event === 'ready') {
		return {text: `${forwardUrl(after) ?? ''} forwards to ${event.target.name}`};
	}

	if (event.event === 'moved') {
		const text = describeForwardEvent(event).map(({parts}) => joinParts(parts, {short: true, without: ['from', 'duration']}));
		return {text: `${forwardUrl(after) ?? 'forward'} ${text.join('')}`, role: 'warn'};
	}

	return null;
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
