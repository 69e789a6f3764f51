/** Connection list row of a tail. */
import type {ConnectionEntry} from '../frame/connection-list.ts';
import {describeActivity, describePods} from './describe-tail.ts';
import {podCount, type TailView} from './tail-view.ts';
import type {Session} from '../frame/session.ts';
import type {Store} from '../frame/store.ts';
import type {TailRun} from './tail-run.ts';

export function tickTails(session: Pick<Session, 'store' | 'work'>): void {
	const listed = new Set(session.store.state.connections.map(({id}) => id));
	for (const {id, run} of session.work.list('tail')) {
		if (!listed.has(id)) {
			void session.work.end(id);
			continue;
		}

		run.tick();
		emitConnections(session.store, run, () => rowOf(run));
		session.store.dispatch({type: 'connections', event: {type: 'sample', id, value: run.view.rate ?? 0}});
	}
}

/** A failure changes the available keys. */
export function showTailFailure(store: Store, tail: TailRun): void {
	emitConnections(store, tail, ({phase}) => ((phase === 'failed') === (tail.view.phase === 'failed') ? null : rowOf(tail)));
}

function emitConnections(store: Store, {id}: TailRun, changed: (entry: ConnectionEntry) => Partial<ConnectionEntry> | null): void {
	const entry = store.state.connections.find(one => one.id === id);
	const to = entry === undefined ? null : changed(entry);
	if (to !== null) {
		store.dispatch({type: 'connections', event: {type: 'change', id, to}});
	}
}

const connectionPhase: Readonly<Record<TailView['phase'], ConnectionEntry['phase']>> = {
	opening: 'working',
	following: 'open',
	waiting: 'working',
	ended: 'stopped',
	failed: 'failed',
};

function rowOf({request, view}: TailRun): Partial<ConnectionEntry> {
	const {phase, sources} = view;
	const activity = describeActivity(view);
	return {
		what: podCount(sources) > 1 ? `${request.title}, ${describePods(sources)}` : request.title,
		phase: connectionPhase[phase],
		note: phase === 'following' ? '' : activity || phase,
		figures: phase === 'following' ? activity : '',
	};
}
