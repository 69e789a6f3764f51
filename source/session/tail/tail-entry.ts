/** Connection list row of a tail. */
import type {ConnectionEntry} from '../frame/connection-list.ts';
import {describeActivity, podCount, type TailView} from './tail-view.ts';
import type {Session} from '../frame/session.ts';
import type {TailRun} from './tail-run.ts';

export function tickTails(session: Session): void {
	const listed = new Set(session.store.state.connections.map(({id}) => id));
	for (const tail of session.tails.values()) {
		if (!listed.has(tail.id)) {
			tail.stop();
			session.tails.delete(tail.id);
			continue;
		}

		tail.tick();
		emitConnections(session, tail, entry => ({...rowOf(tail), samples: [...entry.samples.slice(-23), tail.view.rate ?? 0]}));
	}
}

/** Tails that ended because a pod is gone. */
export function unreadableTails({tails}: Pick<Session, 'tails'>): readonly string[] {
	return [...tails.values()].filter(({view}) => view.sources.some(({isGone}) => isGone === true)).map(({id}) => id);
}

/** A failure changes the available keys. */
export function showTailFailure(session: Pick<Session, 'store'>, tail: TailRun): void {
	emitConnections(session, tail, ({phase}) => ((phase === 'failed') === (tail.view.phase === 'failed') ? null : rowOf(tail)));
}

function emitConnections(
	{store}: Pick<Session, 'store'>,
	{id}: TailRun,
	changed: (entry: ConnectionEntry) => Partial<ConnectionEntry> | null,
): void {
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

function rowOf({ask, view}: TailRun): Partial<ConnectionEntry> {
	const {phase, sources} = view;
	const pods = podCount(sources);
	const activity = describeActivity(view);
	return {
		what: pods > 1 ? `${ask.title}, ${pods} pods` : ask.title,
		phase: connectionPhase[phase],
		note: phase === 'following' ? '' : activity || phase,
		figures: phase === 'following' ? activity : '',
	};
}
