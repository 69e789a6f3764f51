/** What asks for lines that are older than the first ones of a tail: its top, the way up, a search, a jump that finds nothing above. */
import {setImmediate as turn} from 'node:timers/promises';
import {goTo, numberAt, placeOf, type TailView} from '../../state/tail/tail-view.ts';
import type {Session} from '../session.ts';
import type {TailRun} from './tail-run.ts';
import {setView} from './current-tail.ts';

/** Of each log, when the way up leads beyond the first line. */
const stepLines = 5000;

/** To the first line of the log; it is fetched where it is not here yet. */
export async function goToTop(session: Session, run: TailRun): Promise<void> {
	setView(session, run, toFirst(run.view));
	await whileStaying(session, run, null, view => toFirst(view));
}

/** Further up than the first line here: the older ones are read, and the move goes on. */
export async function scrollAbove(session: Session, run: TailRun, rows: number): Promise<void> {
	await whileStaying(session, run, stepLines, view => goTo(view, numberAt(view, placeOf(view, view.cursor) - rows)));
}

/** Looks through all lines here, then in older ones. `find` gives the view with what was found, or `null`. */
export async function searchAllLines(
	session: Session,
	run: TailRun,
	find: (view: TailView) => TailView | null,
	none: string,
): Promise<void> {
	const {cursor, follow} = run.view;
	await finishScan(run);
	const found = find(run.view);
	if (found === null) {
		await searchOlderLines(session, run, find, none);
	} else if (run.view.cursor === cursor && run.view.follow === follow) {
		setView(session, run, found);
	}
}

/** For what was not found in what is looked through so far: looks in the rest and in older lines. */
export async function searchOlderLines(
	session: Session,
	run: TailRun,
	find: (view: TailView) => TailView | null,
	none: string,
): Promise<void> {
	if (!run.scan(0)) {
		await searchAllLines(session, run, find, none);
		return;
	}

	if (!canHaveOlderLines(run)) {
		session.tell(none);
		return;
	}

	session.tell(`${none} in what is loaded; older lines are read`);
	await whileStaying(session, run, null, async () => {
		await finishScan(run);
		const found = find(run.view);
		session.tell(found === null ? none : 'found in older lines');
		return found ?? run.view;
	});
}

/** Whether its logs may hold lines before the first one here. */
export function canHaveOlderLines({
	view: {
		older: {phase},
	},
}: TailRun): boolean {
	return phase === 'unread' || phase === 'reading';
}

/** `then` is done unless the person has gone elsewhere meanwhile. */
async function whileStaying(
	session: Session,
	run: TailRun,
	most: number | null,
	then: (view: TailView) => TailView | Promise<TailView>,
): Promise<void> {
	if (!canHaveOlderLines(run)) {
		return;
	}

	const stays = {cursor: run.view.cursor, follow: run.view.follow};
	const moved = (to: (number: number) => number) => {
		stays.cursor = to(stays.cursor);
	};

	run.onMoved.add(moved);
	await run.loadOlder(most);
	run.onMoved.delete(moved);
	if (run.view.follow === stays.follow && (stays.follow || run.view.cursor === stays.cursor)) {
		setView(session, run, await then(run.view));
	}

	const {note} = run.view.older;
	if (note !== '') {
		session.tell(note, 'warn');
	}
}

function toFirst(view: TailView): TailView {
	return goTo({...view, follow: false}, numberAt(view, 0));
}

/** Until all lines here are looked through, by the search and by the filter. Key presses go between the steps. */
export async function finishScan(run: TailRun): Promise<void> {
	while (!run.scan(8)) {
		await turn();
	}
}
