/** The top tail. */
import {displayOf, type TailSource, type TailView} from './tail-view.ts';
import {clusterOf} from '../lists/selection.ts';
import type {OpenCluster, Session, StateAccess} from '../frame/session.ts';
import {shownTail} from '../frame/session-state.ts';
import type {TailRun} from './tail-run.ts';

export function currentTail({store, work}: Pick<StateAccess, 'store' | 'work'>): TailRun | null {
	return work.get('tail', shownTail(store.state)?.id) ?? null;
}

/** The cluster of a source. */
export function clusterOfSource(session: Session, tailId: string, {context}: Pick<TailSource, 'context'>): OpenCluster {
	return (context === null ? undefined : session.clusters.get(context)) ?? clusterOf(session, tailId);
}

export async function withTail(session: StateAccess, work: (tail: TailRun) => Promise<void>): Promise<void> {
	const tail = currentTail(session);
	if (tail) {
		await work(tail);
	}
}

export function changeTail(session: StateAccess, to: (view: TailView) => TailView): void {
	const tail = currentTail(session);
	if (tail) {
		setView(session, tail, to(tail.view));
	}
}

export function setView({store}: StateAccess, tail: TailRun, view: TailView): void {
	tail.view = view;
	store.dispatchNow({type: 'tail-display', display: displayOf(view)});
}
