/** Starts, changes and stops forwards. */
import {type SpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import {formatQuantity} from '../../base/text/formats.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import {fullMessage} from '../../cluster/server-messages/unwrap-message.ts';
import {parseTarget} from '../../cluster/targets/parse-target.ts';
import type {ForwardEvent, ConnectionSnapshot} from '../../streams/port-forward/forward-event.ts';
import {type RunningForward, localPortOf, parsePortSpec} from '../../streams/port-forward/forward-request.ts';
import {type LocalEnd, parseLocalEnd} from '../../streams/port-forward/local-listener.ts';
import {startForward} from '../../streams/port-forward/start-forward.ts';
import {isRunning, pathOfEntry} from '../frame/connection-list.ts';
import type {ForwardState} from '../frame/session-state.ts';
import type {ClusterTarget, OpenCluster, Session} from '../frame/session.ts';
import {showFailureCard} from '../why/doctor-handlers.ts';
import {forwardConnectionRows, forwardNotice, forwardOf, reduceForward, withLine} from './reduce-forward.ts';

/** `cluster`: that of the target. */
export type ForwardConfig = Pick<ForwardState, 'target' | 'namespace' | 'port' | 'address' | 'host' | 'onPodLoss'> & {
	cluster: OpenCluster;
};

export function startTypedForward(session: Session, where: ClusterTarget, port: string): void {
	startForwardFrom(session, {...where, port, address: 'localhost', host: null, onPodLoss: 'move'});
}

/** Pass the `id` of an ended forward to continue its row and log. */
export function startForwardFrom(session: Session, config: ForwardConfig, id = session.nextId('f')): void {
	const {cluster, target, namespace, port, address, host, onPodLoss} = config;
	const spec = parsePortSpec(port);
	const local = localPortOf(spec);
	session.store.dispatchNow({
		type: 'forward-started',
		since: Date.now(),
		forward: {
			id,
			target,
			namespace,
			port,
			address,
			host,
			onPodLoss,
			context: cluster.context,
			remote: spec.remote,
			local: null,
			asked: local === null ? 'any' : `:${local}`,
			phase: 'working',
			note: 'connecting',
			error: null,
			open: 0,
			closed: 0,
			failed: 0,
			bytesUp: 0,
			bytesDown: 0,
			openConnections: [],
			log: forwardOf(session.store.state, id)?.log ?? [],
			podText: '',
			portName: null,
			listenerUsers: null,
		},
	});
	const abort = new AbortController();
	const done = runForward(session, id, config, abort.signal);
	const onEnded = session.work.start('forward', id, {
		async stop() {
			abort.abort();
			await done;
		},
	});
	void done.then(onEnded);
}

async function runForward(session: Session, id: string, config: ForwardConfig, signal: AbortSignal): Promise<void> {
	const {cluster, target, namespace, port, onPodLoss} = config;
	let hasListened = false;
	let clock: NodeJS.Timeout | undefined;
	try {
		const {host, addresses} = localEndOf(config);
		const running = startForward(
			cluster.access,
			{
				target: parseTarget(target),
				namespace,
				ports: [{id, spec: parsePortSpec(port)}],
				addresses,
				onPodLoss,
				...(host !== null && {host}),
				podRunningTimeoutMs: 60_000,
			},
			{signal, observer: session.observerFor(id, cluster), environment: session.env},
		);
		clock = everySecond(session, id, running);
		for await (const event of running.events) {
			hasListened ||= event.event === 'ready';
			take(session, id, event, running.connections(id));
		}
	} catch (thrown) {
		const error = toSpokeError(thrown);
		change(session, id, ({log}) => ({
			phase: 'failed',
			note: error.message,
			error: error.toJSON(),
			open: 0,
			openConnections: [],
			log: withLine(log, `failed: ${sanitizeLine(fullMessage(error))}`),
		}));
		showForwardFailure(session, id, config, error, {hasListened});
	} finally {
		clearInterval(clock);
	}
}

function showForwardFailure(
	session: Session,
	id: string,
	config: ForwardConfig,
	error: SpokeError,
	{hasListened}: {hasListened: boolean},
): void {
	const about = `forward ${config.target} ${config.port}`;
	const path = pathOfEntry(session.store.state.connections, id);
	if (hasListened) {
		session.showFailure(about, error, path);
	} else {
		// The run ends before the card is closed.
		void showFailureCard(session, {...config, about, error, path, retry: async () => restartForward(session, id)});
	}
}

/** @throws SpokeError ERR_USAGE */
export function localEndOf({address, host}: Pick<ForwardConfig, 'address' | 'host'>): LocalEnd {
	return parseLocalEnd({addresses: address === 'localhost' ? null : address.split(','), host});
}

function take(session: Session, id: string, event: ForwardEvent, live: readonly ConnectionSnapshot[]): void {
	change(session, id, state => reduceForward(state, event, live));
	const notice = forwardNotice(event, forwardOf(session.store.state, id)!);
	if (notice) {
		session.showMessage(notice.text, notice.role);
	}
}

/** Events do not carry byte totals. */
function everySecond(session: Session, id: string, running: RunningForward): NodeJS.Timeout {
	return setInterval(() => {
		const totals = running.totals(id);
		if (totals) {
			const live = running.connections(id);
			change(session, id, ({closed}) => ({
				bytesUp: totals.up,
				bytesDown: totals.down,
				failed: totals.failed,
				...forwardConnectionRows(live),
				closed: Math.max(closed, totals.connections - live.length - totals.failed),
			}));
		}
	}, 1000);
}

function change({store}: Session, id: string, to: (state: ForwardState) => Partial<ForwardState>): void {
	const state = forwardOf(store.state, id);
	if (state) {
		store.dispatch({type: 'forward', forward: {...state, ...to(state)}});
	}
}

export function forwardConfigOf(session: Pick<Session, 'store' | 'clusters'>, id: string | undefined): ForwardConfig | null {
	const state = forwardOf(session.store.state, id);
	const cluster = session.clusters.get(state?.context ?? '');
	return state && cluster ? {...state, cluster} : null;
}

export async function stopForward(session: Session, id: string | undefined): Promise<void> {
	const state = forwardOf(session.store.state, id);
	if (state && !isRunning(state)) {
		session.store.dispatchNow({type: 'forward-gone', id: state.id});
	} else if (state && (await confirmReset(session, 'Stop', state))) {
		await stopImmediately(session, state.id);
	}
}

async function confirmReset(session: Session, what: 'Stop' | 'Restart' | 'Change', state: ForwardState | undefined): Promise<boolean> {
	return state === undefined || state.open === 0 || session.ask(`${what} :${state.local ?? ''}? ${describeResets(state)}.`);
}

export function describeResets({open}: {open: number}): string {
	return `${formatQuantity(open, 'open connection')} will be reset`;
}

export async function stopImmediately(session: Session, id: string): Promise<void> {
	await session.work.end(id, () => {
		change(session, id, () => ({
			phase: 'stopped',
			open: 0,
			openConnections: [],
			note: `stopped by you ${new Date().toTimeString().slice(0, 5)}`,
		}));
	});
}

export async function restartForward(session: Session, id: string | undefined): Promise<void> {
	const config = forwardConfigOf(session, id);
	if (config && id !== undefined) {
		const local = forwardOf(session.store.state, id)?.local ?? null;
		const again = local === null ? config : {...config, port: `${local}:${parsePortSpec(config.port).remote}`};
		await replaceForward(session, id, again, {what: 'Restart', note: 'restarted by you'});
	}
}

export async function changeForward(session: Session, id: string, config: ForwardConfig): Promise<void> {
	await replaceForward(session, id, config, {what: 'Change', note: `changed by you: ${config.target} ${config.port}`});
}

async function replaceForward(
	session: Session,
	id: string,
	config: ForwardConfig,
	{what, note}: {what: 'Restart' | 'Change'; note: string},
): Promise<void> {
	if (await confirmReset(session, what, forwardOf(session.store.state, id))) {
		await session.work.end(id, () => {
			change(session, id, ({log}) => ({log: withLine(log, note)}));
			startForwardFrom(session, config, id);
		});
	}
}
