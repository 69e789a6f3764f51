/** Starts, changes and stops forwards. */
import {localPortOf, parsePortSpec} from '../../streams/port-forward/port-spec.ts';
import {isRunning} from '../frame/connection-list.ts';
import type {ForwardState} from '../frame/session-state.ts';
import {formatQuantity} from '../../text/formats.ts';
import type {ClusterTarget, Session} from '../frame/session.ts';
import {withLine} from './reduce-forward.ts';
import {connectionChange, forwardOf, runForward, type ForwardConfig} from './run-forward.ts';
import {showFailureCard} from '../why/doctor-handlers.ts';

export function forwardConfigOf(session: Pick<Session, 'store' | 'clusters'>, id: string | undefined): ForwardConfig | null {
	const state = forwardOf(session, id);
	const cluster = session.clusters.get(state?.context ?? '');
	return state && cluster ? {...state, cluster} : null;
}

export function startForward(session: Session, {cluster, namespace, target}: ClusterTarget, port: string): void {
	startForwardFrom(session, {
		target,
		namespace,
		port,
		address: 'localhost',
		host: null,
		onPodLoss: 'move',
		cluster,
	});
}

/** Pass the `id` of an ended forward to continue its row and log. */
export function startForwardFrom(session: Session, config: ForwardConfig, id = session.nextId('f')): void {
	const spec = parsePortSpec(config.port);
	const local = localPortOf(spec);
	const before = forwardOf(session, id);
	const {cluster, ...own} = config;
	const state: ForwardState = {
		...own,
		id,
		context: cluster.context,
		remote: spec.remote,
		local: null,
		asked: local === null ? 'any' : `:${local}`,
		phase: 'working',
		note: 'connecting',
		open: 0,
		closed: 0,
		failed: 0,
		bytesUp: 0,
		bytesDown: 0,
		openConnections: [],
		log: before?.log ?? [],
		podText: '',
		portName: null,
	};
	session.store.dispatchNow({type: 'forward', forward: state});
	const {context, namespace} = state;
	session.store.dispatchNow({
		type: 'connections',
		event: {type: 'open', entry: {id, kind: 'forward', context, namespace, since: Date.now(), ...connectionChange(state)}},
	});
	const abort = new AbortController();
	const done = runForward(session, id, config, {
		signal: abort.signal,
		onStartFailed(failure) {
			// The run ends before the card is closed.
			void showFailureCard(session, {...config, ...failure, retry: async () => restartForward(session, id)});
		},
	});
	const onEnded = session.work.start('forward', id, {
		async stop() {
			abort.abort();
			await done;
		},
	});
	void done.then(onEnded);
}

export async function stopForward(session: Session, id: string | undefined): Promise<void> {
	const state = forwardOf(session, id);
	if (!state) {
		return;
	}

	if (!isRunning(state)) {
		session.store.dispatchNow({type: 'forward-gone', id: state.id});
		session.store.dispatchNow({type: 'connections', event: {type: 'close', id: state.id}});
		return;
	}

	if (await confirmReset(session, 'Stop', state)) {
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
		const now = forwardOf(session, id);
		if (now) {
			session.store.dispatchNow({
				type: 'forward',
				forward: {...now, phase: 'stopped', open: 0, openConnections: [], note: `stopped by you ${new Date().toTimeString().slice(0, 5)}`},
			});
			session.store.dispatchNow({
				type: 'connections',
				event: {type: 'change', id, to: {phase: 'stopped', note: 'stopped by you', figures: ''}},
			});
		}
	});
}

export async function restartForward(session: Session, id: string | undefined): Promise<void> {
	const config = forwardConfigOf(session, id);
	if (!config || id === undefined) {
		return;
	}

	const state = forwardOf(session, id);
	if (!(await confirmReset(session, 'Restart', state))) {
		return;
	}

	await session.work.end(id, () => {
		const local = state?.local ?? null;
		note(session, id, 'restarted by you');
		startForwardFrom(session, local === null ? config : {...config, port: `${local}:${parsePortSpec(config.port).remote}`}, id);
	});
}

export async function changeForward(session: Session, id: string, config: ForwardConfig): Promise<void> {
	const state = forwardOf(session, id);
	if (!(await confirmReset(session, 'Change', state))) {
		return;
	}

	await session.work.end(id, () => {
		note(session, id, `changed by you: ${config.target} ${config.port}`);
		startForwardFrom(session, config, id);
	});
}

function note(session: Session, id: string, text: string): void {
	const state = forwardOf(session, id);
	if (state) {
		session.store.dispatchNow({type: 'forward', forward: {...state, log: withLine(state.log, text)}});
	}
}
