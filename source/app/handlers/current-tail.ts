/** The tail that a key means. */
import type {TailView} from '../../state/tail/tail-view.ts';
import type {Session} from '../session.ts';
import type {TailRun} from '../tail-run.ts';

/** The tail on top. */
export function currentTail({store, tails}: Session): TailRun | null {
	const layer = store.state.layers.findLast(one => one.kind === 'tail');
	return layer?.kind === 'tail' ? tails.get(layer.id) ?? null : null;
}

/** Nothing where no tail is on top. */
export async function withTail(session: Session, work: (run: TailRun) => Promise<void>): Promise<void> {
	const run = currentTail(session);
	if (run) {
		await work(run);
	}
}

/** Another view of the tail on top, drawn at once. */
export function changeTail(session: Session, to: (view: TailView) => TailView): void {
	const run = currentTail(session);
	if (run) {
		run.view = to(run.view);
		session.store.now({type: 'tail-changed'});
	}
}
