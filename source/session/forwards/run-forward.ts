/** Runs one forward, and keeps its row: its events, log and local URL. */
import {joinHostPort} from '../../cluster/transport/server-url.ts';
import {shortError} from '../../descriptions/describe-error.ts';
import {describeForwardEvent, describeForwardUsers, hostOfListener, usuallySpeaksTls} from '../../descriptions/describe-forward-event.ts';
import {abbreviatePodName, joinParts} from '../../descriptions/parts.ts';
import {type SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import type {Path} from '../../evidence/evidence.ts';
import {fullMessage} from '../../server-messages/unwrap-message.ts';
import type {ForwardEvent, ConnectionSnapshot} from '../../streams/port-forward/forward-event.ts';
import type {RunningForward} from '../../streams/port-forward/forward-request.ts';
import {type LocalEnd, parseLocalEnd} from '../../streams/port-forward/listen-host.ts';
import {parsePortSpec} from '../../streams/port-forward/port-spec.ts';
import {startForward} from '../../streams/port-forward/start-forward.ts';
import {formatBytes, clockTime} from '../../text/formats.ts';
import {pathOfEntry, type ConnectionEntry} from '../frame/connection-list.ts';
import type {ForwardState} from '../frame/session-state.ts';
import {parseTarget} from '../../targets/parse-target.ts';
import {sanitizeLine} from '../../text/sanitize.ts';
import type {OpenCluster, Session} from '../frame/session.ts';

/** `cluster`: that of the target. */
export type ForwardConfig = Pick<ForwardState, 'target' | 'namespace' | 'port' | 'address' | 'host' | 'onPodLoss'> & {
	cluster: OpenCluster;
};

type Log = ForwardState['log'];

export function forwardOf({store}: Pick<Session, 'store'>, id: string | undefined): ForwardState | undefined {
	return store.state.forwards.find(one => one.id === id);
}

export async function runForward(
	session: Session,
	id: string,
	config: ForwardConfig,
	{signal, onStartFailed}: {signal: AbortSignal; onStartFailed: (failure: {about: string; error: SpokeError; path: Path | null}) => void},
): Promise<void> {
	let hasListened = false;
	let clock: NodeJS.Timeout | undefined;
	try {
		const {host, addresses} = localEndOf(config);
		const running = startForward(
			config.cluster.access,
			{
				target: parseTarget(config.target),
				namespace: config.namespace,
				ports: [{id, spec: parsePortSpec(config.port)}],
				addresses,
				onPodLoss: config.onPodLoss,
				...(host !== null && {host}),
				podRunningTimeoutMs: 60_000,
			},
			{signal, observer: session.observerFor(id, config.cluster), environment: session.env},
		);
		clock = everySecond(session, id, running);
		for await (const event of running.events) {
			hasListened ||= event.event === 'ready';
			take(session, id, event, running.connections(id));
		}
	} catch (thrown) {
		const error = toSpokeError(thrown);
		change(session, id, state => ({
			...state,
			phase: 'failed',
			note: error.message,
			open: 0,
			openConnections: [],
			log: withLine(state.log, `failed: ${sanitizeLine(fullMessage(error))}`),
		}));
		changeConnections(session, id, {error: error.toJSON()});
		const failure = {about: `forward ${config.target} ${config.port}`, error, path: pathOfEntry(session.store.state.connections, id)};
		if (hasListened) {
			session.showFailure(failure.about, error, failure.path);
		} else {
			onStartFailed(failure);
		}
	} finally {
		clearInterval(clock);
	}
}

/** @throws SpokeError ERR_USAGE */
export function localEndOf({address, host}: Pick<ForwardConfig, 'address' | 'host'>): LocalEnd {
	return parseLocalEnd({addresses: address === 'localhost' ? null : address.split(','), host});
}

function take(session: Session, id: string, event: ForwardEvent, live: readonly ConnectionSnapshot[]): void {
	if (event.event === 'ready') {
		changeConnections(session, id, {listenerUsers: forwardUsersText(event)});
	}

	change(session, id, state => reduceForward(state, event, live));
	const notice = forwardNotice(event, forwardOf(session, id)!);
	if (notice) {
		session.showMessage(notice.text, notice.role);
	}
}

/** Events do not carry byte totals. */
function everySecond(session: Session, id: string, running: RunningForward): NodeJS.Timeout {
	let carried = 0;
	return setInterval(() => {
		const totals = running.totals(id);
		if (totals) {
			const live = running.connections(id);
			change(session, id, state => ({
				...state,
				bytesUp: totals.up,
				bytesDown: totals.down,
				failed: totals.failed,
				...forwardConnectionRows(live),
				closed: Math.max(state.closed, totals.connections - live.length - totals.failed),
			}));
			const {bytesUp, bytesDown} = forwardOf(session, id)!;
			const value = Math.max(0, bytesUp + bytesDown - carried);
			session.store.dispatch({type: 'connections', event: {type: 'sample', id, value}});
			carried = bytesUp + bytesDown;
		}
	}, 1000);
}

function change(session: Session, id: string, to: (state: ForwardState) => ForwardState): void {
	const state = forwardOf(session, id);
	if (state) {
		const next = to(state);
		session.store.dispatch({type: 'forward', forward: next});
		changeConnections(session, id, connectionChange(next));
	}
}

function changeConnections(session: Session, id: string, to: Partial<ConnectionEntry>): void {
	session.store.dispatch({type: 'connections', event: {type: 'change', id, to}});
}

/** What the connection list shows of a forward. */
export function connectionChange(forward: ForwardState): Pick<ConnectionEntry, 'phase' | 'note' | 'figures' | 'what'> {
	const {phase, note, local, asked, target, remote} = forward;
	return {
		phase,
		note: phase === 'open' ? '' : note,
		figures: figuresOf(forward),
		what: `${local === null ? asked : `:${local}`} → ${target}:${remote}`,
	};
}

function figuresOf({phase, open, bytesUp: up, bytesDown: down}: ForwardState): string {
	return phase === 'open' ? `${open} open · ${formatBytes(up + down)}` : '';
}

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

function forwardConnectionRows(live: readonly ConnectionSnapshot[]): Pick<ForwardState, 'open' | 'openConnections'> {
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
