/** The top tail. */
import type {TailView} from '../../state/tail/tail-view.ts';
import type {Session} from '../session.ts';
import type {TailRun} from './tail-run.ts';

export function currentTail({store, tails}: Pick<Session, 'store' | 'tails'>): TailRun | null {
	const layer = store.state.layers.findLast(one => one.kind === 'tail');
	return layer?.kind === 'tail' ? (tails.get(layer.id) ?? null) : null;
}

export async function withTail(session: Session, work: (run: TailRun) => Promise<void>): Promise<void> {
	const run = currentTail(session);
	if (run) {
		await work(run);
	}
}

export function changeTail(session: Session, to: (view: TailView) => TailView): void {
	const run = currentTail(session);
	if (run) {
		setView(session, run, to(run.view));
	}
}

export function setView({store}: Session, run: TailRun, view: TailView): void {
	run.view = view;
	store.now({type: 'tail-changed'});
}
