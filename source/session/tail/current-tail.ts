/** The top tail. */
import {displayOf, type TailView} from './tail-view.ts';
import type {StateAccess} from '../frame/session.ts';
import {shownTail} from '../frame/session-state.ts';
import type {TailRun} from './tail-run.ts';

export function currentTail({store, work}: Pick<StateAccess, 'store' | 'work'>): TailRun | null {
	return work.get('tail', shownTail(store.state)?.id) ?? null;
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
