/** Forward events in words, for the one-shot and the session. */
import {isLoopback, joinHostPort} from '../cluster/transport/server-url.ts';
import {fullMessage, statusMessage} from '../server-messages/unwrap-message.ts';
import type {BoundAddress, ConnectionEnd, ForwardEvent, MoveReason} from '../streams/port-forward/forward-event.ts';
import {formatBytes} from '../text/format-number.ts';
import {formatDuration, formatShortDuration} from '../text/format-time.ts';
import {abbreviatePodName, type Part} from './parts.ts';
import {shortError} from './describe-error.ts';
import {describeListenerUse} from './describe-listener-use.ts';
import {describeListenerUsers} from './describe-proxy.ts';

type ForwardPart = Part<'statement' | 'from' | 'pod' | 'duration' | 'reason' | 'error' | 'attempt' | 'detail' | 'fix' | 'code'>;

export type ForwardDescription = {
	/** `output` and `error`: kubectl's lines on stdout and stderr. `hint`: how to use the forward. */
	kind: 'output' | 'error' | 'note' | 'hint' | 'warning';
	/** What the parts are about; a layout names a connection. */
	subject: 'forward' | 'connection';
	parts: readonly ForwardPart[];
};

export function describeForwardEvent(event: ForwardEvent): readonly ForwardDescription[] {
	switch (event.event) {
		case 'waiting': {
			const {asked, podCount, timeoutMs} = event;
			return [
				forwardLine('note', [
					statement('waiting: no pod'),
					{role: 'detail', text: ` of ${asked}`},
					statement(podCount === 0 ? ' exists' : ' is running'),
					{role: 'duration', text: ` (for up to ${formatDuration(timeoutMs)})`},
				]),
			];
		}

		case 'ready': {
			return [
				...event.listen.flatMap(listening => [
					forwardLine('output', [
						statement(`Forwarding from ${joinHostPort(listening.address, listening.port)} -> ${event.remotePort}`),
						{role: 'pod', text: `, on ${event.target.name}`},
					]),
					...describeForwardUsers(listening),
				]),
				...describeListenerUse(event).map(text => forwardLine('hint', [statement(text)])),
			];
		}

		case 'bound-without': {
			return [forwardLine('note', [statement(`${event.error.message}; the forward works without it`), codeOf(event.error)])];
		}

		case 'connection-opened': {
			return [forwardLine('output', [statement(`Handling connection for ${event.port}`)])];
		}

		case 'connection-closed': {
			return [
				connectionLine('note', [
					statement(`closed after ${formatShortDuration(event.activeMs)}, ${endings[event.end]}`),
					{role: 'detail', text: `: ${formatBytes(event.up)} sent, ${formatBytes(event.down)} received`},
				]),
			];
		}

		case 'connection-failed': {
			const {message, text, remedy} = event.error;
			const remote = event.remotePort === undefined ? '' : ` -> ${event.remotePort}`;
			const isTextInMessage = text === null || fullMessage({message, text}) === message;
			return [
				connectionLine('error', [
					statement(`an error occurred forwarding ${event.port}${remote}: ${message}`),
					...(remedy === null ? [] : [{role: 'fix' as const, text: ` (${remedy})`}]),
					codeOf(event.error),
				]),
				...(isTextInMessage ? [] : [connectionLine('note', [statement((statusMessage(text) ?? text).trim())])]),
			];
		}

		case 'connection-congested': {
			const tunnel = event.tunnel === null ? 'its tunnel' : `tunnel ${event.tunnel}`;
			return [
				connectionLine('note', [
					statement('blocked because the local client is not reading'),
					{role: 'detail', text: `; ${tunnel} accepts no new connections`},
				]),
			];
		}

		case 'connection-flowing': {
			return [connectionLine('note', [statement('no longer blocked')])];
		}

		case 'moved': {
			return [forwardLine('note', describeMove(event))];
		}

		case 'watch-failed': {
			return [
				forwardLine('note', [
					statement('cannot watch pods: '),
					{role: 'error', text: event.error.message, short: shortError(event.error)},
					{role: 'detail', text: '; the forward keeps its pods'},
					{role: 'attempt', text: ` (next attempt in ${formatDuration(event.retryInMs)})`},
					codeOf(event.error),
				]),
			];
		}

		case 'interrupted': {
			const next = event.retryInMs > 0 ? `, next in ${formatDuration(event.retryInMs)}` : '';
			return [
				forwardLine('note', [
					statement('interrupted: '),
					{role: 'error', text: event.error.message, short: shortError(event.error)},
					{role: 'attempt', text: ` (attempt ${event.attempt}${next})`},
					codeOf(event.error),
				]),
			];
		}

		case 'restored': {
			return [forwardLine('note', [statement(`reconnected after ${formatDuration(event.outageMs)}`)])];
		}
	}
}

export function describeForwardUsers(listening: BoundAddress): ForwardDescription[] {
	return isLoopback(listening.address) ? [] : [forwardLine('warning', describeListenerUsers(listening, {subject: 'this forward'}))];
}

/** The same pod after its sandbox was recreated has not moved. */
function describeMove({from, to, reason, outageMs}: Extract<ForwardEvent, {event: 'moved'}>): ForwardPart[] {
	const isSame = reason === 'sandbox-changed';
	return [
		statement(isSame ? 'reconnected' : 'moved'),
		...(isSame ? [] : [{role: 'from' as const, text: ` from ${from.name}`, short: ` from ${abbreviatePodName(from.name)}`}]),
		{role: 'pod', text: ` to ${to.name}`, short: ` to ${abbreviatePodName(to.name)}`},
		{role: 'duration', text: ` after ${formatDuration(outageMs)}`},
		{role: 'reason', text: `: ${moveReasons[reason]}`},
	];
}

const endings: Readonly<Record<ConnectionEnd, string>> = {
	'client-fin': 'by the client',
	'pod-fin': 'by the pod',
	'client-reset': 'reset by the client',
	'pod-reset': 'reset inside the pod',
	moved: 'because its pod is gone',
	shutdown: 'stopped by you',
};

const moveReasons: Readonly<Record<MoveReason, string>> = {
	deleted: 'pod was deleted',
	'not-ready': 'pod is not ready',
	evicted: 'pod was evicted',
	completed: 'pod completed',
	'sandbox-changed': 'pod sandbox was recreated',
};

function forwardLine(kind: ForwardDescription['kind'], parts: readonly ForwardPart[]): ForwardDescription {
	return {kind, subject: 'forward', parts};
}

function connectionLine(kind: ForwardDescription['kind'], parts: readonly ForwardPart[]): ForwardDescription {
	return {kind, subject: 'connection', parts};
}

function statement(text: string): ForwardPart {
	return {role: 'statement', text};
}

function codeOf({code}: {code: string}): ForwardPart {
	return {role: 'code', text: ` [${code}]`};
}
