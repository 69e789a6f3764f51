/** Actions that load older lines. */
import {setImmediate as turn} from 'node:timers/promises';
import {goTo, numberAt, positionOf, type TailView} from './tail-view.ts';
import type {Notices, StateAccess} from '../frame/session.ts';
import type {TailRun} from './tail-run.ts';
import {setView} from './open-tail.ts';

/** Lines per log when scrolling up. */
const stepLines = 5000;

export async function goToTop(session: StateAccess & Notices, tail: TailRun): Promise<void> {
	setView(session, tail, toFirst(tail.view));
	await whileStaying(session, tail, null, view => toFirst(view));
}

export async function scrollAbove(session: StateAccess & Notices, tail: TailRun, rows: number): Promise<void> {
	await whileStaying(session, tail, stepLines, view => goTo(view, numberAt(view, positionOf(view, view.cursor) - rows)));
}

/** `find` returns the view with the match. */
export async function searchAllLines(
	session: StateAccess & Notices,
	tail: TailRun,
	find: (view: TailView) => TailView | null,
	none: string,
): Promise<void> {
	const {cursor, follow} = tail.view;
	await finishScan(tail);
	const found = find(tail.view);
	if (found === null) {
		await searchOlderLines(session, tail, find, none);
	} else if (tail.view.cursor === cursor && tail.view.follow === follow) {
		setView(session, tail, found);
	}
}

export async function searchOlderLines(
	session: StateAccess & Notices,
	tail: TailRun,
	find: (view: TailView) => TailView | null,
	none: string,
): Promise<void> {
	if (!tail.scan(0)) {
		await searchAllLines(session, tail, find, none);
		return;
	}

	if (!canHaveOlderLines(tail)) {
		session.showMessage(none);
		return;
	}

	session.showMessage(`${none} in the loaded lines; reading older lines`);
	await whileStaying(session, tail, null, async () => {
		await finishScan(tail);
		const found = find(tail.view);
		session.showMessage(found === null ? none : 'found in older lines');
		return found ?? tail.view;
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
	session: StateAccess & Notices,
	tail: TailRun,
	maxLines: number | null,
	then: (view: TailView) => TailView | Promise<TailView>,
): Promise<void> {
	if (!canHaveOlderLines(tail)) {
		return;
	}

	const {follow} = tail.view;
	const cursor = tail.trackLine(tail.view.cursor);
	await tail.loadOlder(maxLines);
	cursor.release();
	if (tail.view.follow === follow && (follow || tail.view.cursor === cursor.number)) {
		setView(session, tail, await then(tail.view));
	}

	const {note} = tail.view.older;
	if (note !== '') {
		session.showMessage(note, 'warn');
	}
}

function toFirst(view: TailView): TailView {
	return goTo({...view, follow: false}, numberAt(view, 0));
}

export async function finishScan(tail: TailRun): Promise<void> {
	while (!tail.scan(8)) {
		await turn();
	}
}
