/** Actions that load older lines. */
import {setImmediate as turn} from 'node:timers/promises';
import {goTo, numberAt, positionOf, type TailView} from '../../state/tail/tail-view.ts';
import type {Session} from '../session.ts';
import type {TailRun} from './tail-run.ts';
import {setView} from './current-tail.ts';

/** Lines per log when scrolling up. */
const stepLines = 5000;

export async function goToTop(session: Session, run: TailRun): Promise<void> {
	setView(session, run, toFirst(run.view));
	await whileStaying(session, run, null, view => toFirst(view));
}

export async function scrollAbove(session: Session, run: TailRun, rows: number): Promise<void> {
	await whileStaying(session, run, stepLines, view => goTo(view, numberAt(view, positionOf(view, view.cursor) - rows)));
}

/** `find` returns the view with the match. */
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

	session.tell(`${none} in the loaded lines; reading older lines`);
	await whileStaying(session, run, null, async () => {
		await finishScan(run);
		const found = find(run.view);
		session.tell(found === null ? none : 'found in older lines');
		return found ?? run.view;
	});
}

export function canHaveOlderLines({
	view: {
		older: {phase},
	},
}: TailRun): boolean {
	return phase === 'unread' || phase === 'reading';
}

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

export async function finishScan(run: TailRun): Promise<void> {
	while (!run.scan(8)) {
		await turn();
	}
}
