/** Forward events in words, for the one-shot and the session. */
import {isLoopback, joinHostPort} from '../../cluster/transport/server-url.ts';
import {fullMessage, statusMessage} from '../../cluster/server-messages/unwrap-message.ts';
import type {BoundAddress, ConnectionEnd, ForwardEvent, MoveReason} from '../../streams/port-forward/forward-event.ts';
import type {SpokeError} from '../../base/errors/spoke-error.ts';
import {formatBytes, formatDuration, formatShortDuration} from '../../base/text/formats.ts';
import {abbreviatePodName, type Part} from './parts.ts';
import {shortError} from './describe-error.ts';
import {describeListenerUsers} from './describe-proxy.ts';
import {isBelowLocalhost, loopbackAddressOf} from '../../streams/port-forward/local-listener.ts';

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
	return (descriptions[event.event] as (event: ForwardEvent) => readonly ForwardDescription[])(event);
}

const descriptions: {[Name in ForwardEvent['event']]: (event: ForwardEvent & {event: Name}) => readonly ForwardDescription[]} = {
	waiting: ({asked, podCount, timeoutMs}) => [
		about('forward', 'note', 'waiting: no pod', {role: 'detail', text: ` of ${asked}`}, podCount === 0 ? ' exists' : ' is running', {
			role: 'duration',
			text: ` (for up to ${formatDuration(timeoutMs)})`,
		}),
	],
	ready: event => [
		...event.listen.flatMap(listening => [
			about('forward', 'output', `Forwarding from ${joinHostPort(listening.address, listening.port)} -> ${event.remotePort}`, {
				role: 'pod',
				text: `, on ${event.target.name}`,
			}),
			...describeForwardUsers(listening),
		]),
		...[...describeName(event), ...describeRemoteTls(event)].map(text => about('forward', 'hint', text)),
	],
	'bound-without': ({error}) => [about('forward', 'note', `${error.message}; the forward works without it`, codeOf(error))],
	'connection-opened': ({port}) => [about('forward', 'output', `Handling connection for ${port}`)],
	'connection-closed': ({activeMs, end, up, down}) => [
		about('connection', 'note', `closed after ${formatShortDuration(activeMs)}, ${endings[end]}`, {
			role: 'detail',
			text: `: ${formatBytes(up)} sent, ${formatBytes(down)} received`,
		}),
	],
	'connection-failed'({port, remotePort, error}) {
		const {message, text, remedy} = error;
		const remote = remotePort === undefined ? '' : ` -> ${remotePort}`;
		const isTextInMessage = text === null || fullMessage({message, text}) === message;
		return [
			about(
				'connection',
				'error',
				`an error occurred forwarding ${port}${remote}: ${message}`,
				...(remedy === null ? [] : [{role: 'fix' as const, text: ` (${remedy})`}]),
				codeOf(error),
			),
			...(isTextInMessage ? [] : [about('connection', 'note', (statusMessage(text) ?? text).trim())]),
		];
	},
	'connection-congested': ({tunnel}) => [
		about('connection', 'note', 'blocked because the local client is not reading', {
			role: 'detail',
			text: `; ${tunnel === null ? 'its tunnel' : `tunnel ${tunnel}`} accepts no new connections`,
		}),
	],
	'connection-flowing': () => [about('connection', 'note', 'no longer blocked')],
	moved: ({from, to, reason, outageMs}) => [
		about(
			'forward',
			'note',
			// The same pod after its sandbox was recreated has not moved.
			...(reason === 'sandbox-changed'
				? ['reconnected']
				: ['moved', {role: 'from' as const, text: ` from ${from.name}`, short: ` from ${abbreviatePodName(from.name)}`}]),
			{role: 'pod', text: ` to ${to.name}`, short: ` to ${abbreviatePodName(to.name)}`},
			{role: 'duration', text: ` after ${formatDuration(outageMs)}`},
			{role: 'reason', text: `: ${moveReasons[reason]}`},
		),
	],
	'watch-failed': ({error, retryInMs}) => [
		about(
			'forward',
			'note',
			'cannot watch pods: ',
			messageOf(error),
			{role: 'detail', text: '; the forward keeps its pods'},
			{role: 'attempt', text: ` (next attempt in ${formatDuration(retryInMs)})`},
			codeOf(error),
		),
	],
	interrupted({error, attempt, retryInMs}) {
		const next = retryInMs > 0 ? `, next in ${formatDuration(retryInMs)}` : '';
		return [
			about('forward', 'note', 'interrupted: ', messageOf(error), {role: 'attempt', text: ` (attempt ${attempt}${next})`}, codeOf(error)),
		];
	},
	restored: ({outageMs}) => [about('forward', 'note', `reconnected after ${formatDuration(outageMs)}`)],
};

/** A text is a statement. */
function about(
	subject: ForwardDescription['subject'],
	kind: ForwardDescription['kind'],
	...parts: ReadonlyArray<ForwardPart | string>
): ForwardDescription {
	return {kind, subject, parts: parts.map(part => (typeof part === 'string' ? {role: 'statement', text: part} : part))};
}

function messageOf(error: SpokeError): ForwardPart {
	return {role: 'error', text: error.message, short: shortError(error)};
}

function codeOf({code}: {code: string}): ForwardPart {
	return {role: 'code', text: ` [${code}]`};
}

export function describeForwardUsers(listening: BoundAddress): ForwardDescription[] {
	return isLoopback(listening.address) ? [] : [about('forward', 'warning', ...describeListenerUsers(listening, {subject: 'this forward'}))];
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
