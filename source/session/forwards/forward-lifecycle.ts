/** Starts, changes and stops forwards. */
import {localPortOf, parsePortSpec} from '../../streams/port-forward/port-spec.ts';
import {currentNamespace, type ForwardState} from '../frame/session-state.ts';
import {formatQuantity} from '../../text/format-number.ts';
import type {Session} from '../frame/session.ts';
import {withLine} from './reduce-forward.ts';
import {showFailureCard} from '../why/failure-card.ts';
import {runForward, forwardOf, type ForwardConfig} from './run-forward.ts';

type Run = {config: ForwardConfig; abort: AbortController; done: Promise<void>};

/** Kept outside the state, which holds plain values only. */
const runs = new WeakMap<Session, Map<string, Run>>();

function runsOf(session: Session): Map<string, Run> {
	const known = runs.get(session) ?? new Map<string, Run>();
	runs.set(session, known);
	return known;
}

export function forwardConfigOf(session: Session, id: string | undefined): ForwardConfig | null {
	return runsOf(session).get(id ?? '')?.config ?? null;
}

export function startForward(session: Session, target: string, port: string): void {
	startForwardFrom(session, {
		target,
		namespace: currentNamespace(session.store.state.cluster),
		port,
		address: 'localhost',
		onPodLoss: 'move',
		cluster: session.cluster,
	});
}

/** Pass the `id` of an ended forward to continue its row and log. */
export function startForwardFrom(session: Session, config: ForwardConfig, id = session.nextId('f')): void {
	const spec = parsePortSpec(config.port);
	const local = localPortOf(spec);
	const before = forwardOf(session, id);
	const state: ForwardState = {
		id,
		context: config.cluster.context,
		namespace: config.namespace,
		target: config.target,
		remote: spec.remote,
		local: null,
		asked: local === null ? 'any' : `:${local}`,
		address: config.address,
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
	session.store.dispatchNow({
		type: 'connections',
		event: {
			type: 'open',
			entry: {
				id,
				kind: 'forward',
				what: `${state.asked} → ${config.target}:${spec.remote}`,
				context: config.cluster.context,
				namespace: config.namespace,
				since: Date.now(),
			},
		},
	});
	const run: Run = {config, abort: new AbortController(), done: Promise.resolve()};
	runsOf(session).set(id, run);
	run.done = runForward(session, id, config, {
		signal: run.abort.signal,
		onStartFailed(failure) {
			// The run ends before the card is closed.
			void showFailureCard(session, {...config, ...failure, retry: async () => restartForward(session, id)});
		},
	});
}

export async function stopForward(session: Session, id: string | undefined): Promise<void> {
	const state = forwardOf(session, id);
	if (!state) {
		return;
	}

	if (state.phase === 'stopped' || state.phase === 'failed') {
		runsOf(session).delete(state.id);
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

export function describeResets({open}: Pick<ForwardState, 'open'>): string {
	return `${formatQuantity(open, 'open connection')} will be reset`;
}

export async function stopImmediately(session: Session, id: string): Promise<void> {
	await endForward(session, id, () => {
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

/**
Ends the forward, even if a new run replaced it meanwhile. `then` runs before other callers continue, so that two keys pressed in quick
succession act in order.
*/
async function endForward(session: Session, id: string, then: () => void = () => {}): Promise<void> {
	const current = () => runsOf(session).get(id);
	let ended: Run | undefined;
	do {
		ended = current();
		ended?.abort.abort();
		await ended?.done;
	} while (current() !== ended);

	then();
}

export async function restartForward(session: Session, id: string | undefined): Promise<void> {
	const run = runsOf(session).get(id ?? '');
	if (!run || id === undefined) {
		return;
	}

	const state = forwardOf(session, id);
	if (!(await confirmReset(session, 'Restart', state))) {
		return;
	}

	await endForward(session, id, () => {
		const local = state?.local ?? null;
		note(session, id, 'restarted by you');
		startForwardFrom(session, local === null ? run.config : {...run.config, port: `${local}:${parsePortSpec(run.config.port).remote}`}, id);
	});
}

export async function changeForward(session: Session, id: string, config: ForwardConfig): Promise<void> {
	const state = forwardOf(session, id);
	if (!(await confirmReset(session, 'Change', state))) {
		return;
	}

	await endForward(session, id, () => {
		note(session, id, `changed by you: ${config.target} ${config.port}`);
		startForwardFrom(session, config, id);
	});
}

export async function closeForwards(session: Session): Promise<void> {
	await Promise.all([...runsOf(session).keys()].map(async id => endForward(session, id)));
}

function note(session: Session, id: string, text: string): void {
	const state = forwardOf(session, id);
	if (state) {
		session.store.dispatchNow({type: 'forward', forward: {...state, log: withLine(state.log, text)}});
	}
}
