/** Runs one forward. */
import {type SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import type {Path} from '../../evidence/evidence.ts';
import {fullMessage} from '../../server-messages/unwrap-message.ts';
import type {ForwardEvent, ConnectionSnapshot} from '../../streams/port-forward/forward-event.ts';
import type {RunningForward} from '../../streams/port-forward/forward-request.ts';
import {type LocalEnd, parseLocalEnd} from '../../streams/port-forward/listen-host.ts';
import {parsePortSpec} from '../../streams/port-forward/port-spec.ts';
import {startForward} from '../../streams/port-forward/start-forward.ts';
import {pathOfEntry, type ConnectionEntry} from '../frame/connection-list.ts';
import type {ForwardState} from '../frame/session-state.ts';
import {parseTarget} from '../../targets/parse-target.ts';
import {sanitizeLine} from '../../text/sanitize.ts';
import {formatBytes} from '../../text/formats.ts';
import type {OpenCluster, Session} from '../frame/session.ts';
import {reduceForward, forwardConnectionRows, forwardNotice, forwardUsersText, withLine} from './reduce-forward.ts';

/** `cluster`: that of the target. */
export type ForwardConfig = Pick<ForwardState, 'target' | 'namespace' | 'port' | 'address' | 'host' | 'onPodLoss'> & {
	cluster: OpenCluster;
};

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
