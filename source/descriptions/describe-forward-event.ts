/** Forward events in words, for the one-shot and the session. */
import {isLoopback, joinHostPort} from '../cluster/transport/server-url.ts';
import {fullMessage, statusMessage} from '../server-messages/unwrap-message.ts';
import type {BoundAddress, ConnectionEnd, ForwardEvent, MoveReason} from '../streams/port-forward/forward-event.ts';
import {formatBytes, formatDuration, formatShortDuration} from '../text/formats.ts';
import {abbreviatePodName, type Part} from './parts.ts';
import {shortError} from './describe-error.ts';
import {describeListenerUsers} from './describe-proxy.ts';
import {isBelowLocalhost, loopbackAddressOf} from '../streams/port-forward/listen-host.ts';

type ForwardPart = Part<'statement' | 'from' | 'pod' | 'duration' | 'reason' | 'error' | 'attempt' | 'detail' | 'fix' | 'code'>;

export type ForwardDescription = {
	/** `output` and `error`: kubectl's lines on stdout and stderr. `hint`: how to use the forward. */
	kind: 'output' | 'error' | 'note' | 'hint' | 'warning';
	/** What the parts are about; a layout names a connection. */
	subject: 'forward' | 'connection';
	parts: readonly ForwardPart[];
};

type ReadyEvent = Extract<ForwardEvent, {event: 'ready'}>;

/** The last two are wildcard addresses. */
const localhostAddresses = new Set(['localhost', '127.0.0.1', '0.0.0.0', '::']);

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

/** Lines for a person. Empty for a forward that needs no words. */
function describeListenerUse(ready: ReadyEvent): readonly string[] {
	return [...describeName(ready), ...describeRemoteTls(ready)];
}

/** `localhost`, or the first address if it does not answer there. */
export function hostOfListener(addresses: readonly string[]): string {
	const [first = 'localhost'] = addresses;
	return addresses.some(address => localhostAddresses.has(address)) ? 'localhost' : first;
}

/** By convention: only a client that tries knows whether it does. */
export function usuallySpeaksTls(port: number, name: string | null): boolean {
	return [443, 6443, 8443].includes(port) || (name !== null && /^https(?:-|$)/.test(name));
}

/** spoke writes nothing to the hosts file. */
function describeName({host, listen: [first]}: ReadyEvent): string[] {
	if (host === null || first === undefined) {
		return [];
	}

	const line = `${first.address} ${host}`;
	if (isBelowLocalhost(host)) {
		return [`browsers, curl and systemd-resolved find ${host} by themselves; for other programs, the line of /etc/hosts is: ${line}`];
	}

	const own = loopbackAddressOf(host);
	return [
		`for ${host}, add this line to /etc/hosts: ${line}`,
		...(first.address === own
			? []
			: [`this system has only 127.0.0.1 for it; \`sudo ifconfig lo0 alias ${own}\` adds an address of its own for the next start`]),
	];
}

/** curl verifies the name that the certificate has, and connects to the forward. */
function describeRemoteTls({remotePort, remotePortName, target, listen: [first]}: ReadyEvent): string[] {
	if (first === undefined || !usuallySpeaksTls(remotePort, remotePortName)) {
		return [];
	}

	const [, service] = /^(?:svc|services?)\/(.+)$/.exec(target.asked) ?? [];
	const name = service === undefined ? 'NAME' : `${service}.${target.namespace}.svc`;
	const where = service === undefined ? ', with a NAME of its certificate' : '';
	const endpoint = joinHostPort(first.address, first.port);
	return [`if port ${remotePort} speaks TLS${where}: curl --connect-to ${name}:${remotePort}:${endpoint} https://${name}:${remotePort}/`];
}
