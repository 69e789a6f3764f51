/** Applies forward events to the row of a forward. */
import {isLoopback} from '../../cluster/transport/loopback.ts';
import {joinHostPort} from '../../cluster/transport/server-url.ts';
import {fullMessage} from '../../server-messages/unwrap-message.ts';
import type {ConnectionEnd, ForwardEvent, ConnectionSnapshot, MoveReason} from '../../streams/port-forward/forward-event.ts';
import type {ForwardState} from '../../state/session-state.ts';
import {abbreviatePodName} from '../../state/qualify-name.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import {formatAge} from '../../text/format-time.ts';
import {formatBytes} from '../../text/format-number.ts';
import {shortError} from '../../descriptions/short-error.ts';
import {withLine, appendRetry} from './forward-log.ts';
import {forwardUrl} from './forward-url.ts';

/** `live`: connections open after the event. */
export function reduceForward(state: ForwardState, event: ForwardEvent, live: readonly ConnectionSnapshot[]): ForwardState {
	const line = lineOf(event);
	const log = event.event === 'interrupted' ? appendRetry(state.log, `lost: ${shortError(event.error)}`, event.attempt) : state.log;
	return {...state, ...changeBy(event, state, live), log: line === null ? log : withLine(log, line)};
}

function changeBy(event: ForwardEvent, state: ForwardState, live: readonly ConnectionSnapshot[]): Partial<ForwardState> {
	switch (event.event) {
		case 'ready': {
			return {phase: 'open', local: event.listen[0]?.port ?? null, ...onPod(podOf(event.target)), portName: event.remotePortName};
		}

		case 'bound-without': {
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
			return {phase: 'open', ...onPod(state.on)};
		}

		case 'connection-opened':
		case 'connection-congested':
		case 'connection-flowing': {
			return forwardConnectionRows(live);
		}
	}
}

function lineOf(event: ForwardEvent): string | null {
	switch (event.event) {
		case 'ready': {
			return `listening on ${event.listen.map(({address, port}) => joinHostPort(address, port)).join(' and ')}, on ${event.target.name}`;
		}

		case 'bound-without': {
			return `not bound: ${event.error.message}`;
		}

		case 'connection-closed': {
			return `${numberOf(event.connection)} closed after ${lasted(event.durationMs)}: ${formatBytes(event.up)} sent, ${formatBytes(event.down)} received, ${endings[event.end]}`;
		}

		case 'connection-failed': {
			return `${numberOf(event.connection)} failed: ${sanitizeLine(fullMessage(event.error))}`;
		}

		case 'moved': {
			return `moved from ${abbreviatePodName(event.from.name)} to ${abbreviatePodName(event.to.name)} in ${outage(event.outageMs)}: ${reasons[event.reason]}`;
		}

		case 'restored': {
			return `reconnected after ${outage(event.outageMs)}`;
		}

		case 'connection-congested': {
			return `${numberOf(event.connection)} is blocked: the local client is not reading`;
		}

		case 'connection-flowing': {
			return `${numberOf(event.connection)} is no longer blocked`;
		}

		case 'connection-opened':
		case 'interrupted': {
			return null;
		}
	}
}

export function forwardNotice(event: ForwardEvent, after: ForwardState): {text: string; role?: 'warn'} | null {
	switch (event.event) {
		case 'ready': {
			return {text: `${forwardUrl(after) ?? ''} forwards to ${event.target.name}`};
		}

		case 'moved': {
			return {
				text: `${forwardUrl(after) ?? 'forward'} moved to ${abbreviatePodName(event.to.name)}: ${reasons[event.reason]}`,
				role: 'warn',
			};
		}

		default: {
			return null;
		}
	}
}

export function describeForwardUsers({listen}: Extract<ForwardEvent, {event: 'ready'}>): string | null {
	const forOthers = listen.find(({address}) => !isLoopback(address));
	return forOthers ? `anyone who can reach this machine can use :${forOthers.port}` : null;
}

export function forwardConnectionRows(live: readonly ConnectionSnapshot[]): Pick<ForwardState, 'open' | 'live'> {
	const now = Date.now() - performance.now();
	return {
		open: live.length,
		live: live.map(({connection, client, since, up, down, congested}) => ({
			connection: numberOf(connection),
			client,
			since: now + since,
			up,
			down,
			congested,
		})),
	};
}

function onPod(on: string): Pick<ForwardState, 'on' | 'note'> {
	return {on, note: `on ${on}`};
}

function podOf({name, chosenFrom}: Extract<ForwardEvent, {event: 'ready'}>['target']): string {
	return `${abbreviatePodName(name)}${chosenFrom > 1 ? `, one of ${chosenFrom}` : ''}`;
}

/** `f-1.7` → `#7`. */
function numberOf(connection: string): string {
	return `#${connection.slice(connection.lastIndexOf('.') + 1)}`;
}

function lasted(ms: number): string {
	return ms < 10_000 ? `${ms} ms` : formatAge(ms);
}

function outage(ms: number): string {
	return `${(ms / 1000).toFixed(1)} s`;
}

const endings: Readonly<Record<ConnectionEnd, string>> = {
	'client-fin': 'by the client',
	'pod-fin': 'by the pod',
	'client-reset': 'reset by the client',
	'pod-reset': 'reset by the pod',
	moved: 'its pod is gone',
	shutdown: 'stopped by you',
};
const reasons: Readonly<Record<MoveReason, string>> = {
	deleted: 'pod was deleted',
	'not-ready': 'pod is not ready',
	evicted: 'pod was evicted',
	completed: 'pod completed',
	'sandbox-changed': 'pod sandbox was recreated',
};
