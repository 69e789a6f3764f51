/** A tail as a row of the dock: what it follows, how it is, how much comes. */
import type {DockEntry} from '../../state/connections.ts';
import {podCount, rateWords, type TailView} from '../../state/tail/tail-view.ts';
import type {Session} from '../session.ts';
import type {TailRun} from './tail-run.ts';

/** Once a second: every tail's clock, and its row. */
export function tickTails(session: Session): void {
	for (const run of session.tails.values()) {
		run.tick();
		tellDock(session, run);
	}
}

/** Its row as it is now. */
export function tellDock({store}: Pick<Session, 'store'>, run: TailRun): void {
	const entry = store.state.dock.find(one => one.id === run.id);
	if (entry) {
		store.data({type: 'dock', event: {type: 'change', id: run.id, to: tailInDock(run, entry)}});
	}
}

const phaseInDock: Readonly<Record<TailView['phase'], DockEntry['phase']>> = {opening: 'working', following: 'open', waiting: 'working', ended: 'stopped', failed: 'failed'};

function tailInDock({ask, view}: TailRun, {samples}: DockEntry): Partial<DockEntry> {
	const {phase, note, rate, sources} = view;
	const pods = podCount(sources);
	return {
		what: pods > 1 ? `${ask.title}, ${pods} pods` : ask.title,
		phase: phaseInDock[phase],
		note: phase === 'following' ? '' : note || phase,
		figures: phase === 'following' && rate !== null ? rateWords(rate) : '',
		samples: [...samples.slice(-23), rate ?? 0],
	};
}
