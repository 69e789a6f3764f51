/** Wheel and clicks in a tail. */
import type {Session} from '../frame/session.ts';
import {changeTail, currentTail} from './current-tail.ts';
import {goTo, numberAt, positionOf, topOf} from './tail-view.ts';
import {scrollTail} from './tail-window.ts';

/** Above the first line it reads older lines, as the key does. */
export function scrollTailRows(session: Session, rows: number): void {
	const view = currentTail(session)?.view;
	if (view && rows < 0 && positionOf(view, topOf(view)) === 0) {
		changeTail(session, at => goTo(at, numberAt(at, 0)));
		session.perform('move.up');
	} else {
		changeTail(session, at => scrollTail(at, rows));
	}
}

export function selectTailLine(session: Session, number: number): void {
	changeTail(session, view => goTo({...view, top: topOf(view)}, number));
}
