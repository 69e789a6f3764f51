/** Jumps to errors, gaps and marks. */
import {isErrorLevel} from '../../lines/line-level.ts';
import {kindMask, levelMask, noticeFlags} from './line-buffer.ts';
import {findLine, jumpTo, selectedLine, shownLength, type TailView} from './tail-view.ts';
import type {Handlers, Session} from '../frame/session.ts';
import {changeTail, withTail} from './current-tail.ts';
import {searchOlderLines} from './seek-older-lines.ts';

type IsWanted = (view: TailView, number: number) => boolean;

export const jumpHandlers = {
	'tail.next-error': async session => jump(session, 1, isError, 'no error below'),
	'tail.previous-error': async session => jump(session, -1, isError, 'no error above'),
	'tail.next-mark': async session => jump(session, 1, isMark, 'no mark below'),
	'tail.previous-mark': async session => jump(session, -1, isMark, 'no mark above'),
	'tail.next-gap': async session => jump(session, 1, isGap, 'no gap, reconnect or restart below'),
	'tail.previous-gap': async session => jump(session, -1, isGap, 'no gap, reconnect or restart above'),
} satisfies Handlers;

async function jump(session: Session, direction: 1 | -1, isWanted: IsWanted, none: string): Promise<void> {
	const find = (view: TailView) => {
		const number = nextWanted(view, direction, isWanted);
		return number === null ? null : jumpTo(view, number);
	};

	await withTail(session, async tail => {
		const found = find(tail.view);
		if (found !== null) {
			changeTail(session, () => found);
		} else if (direction > 0) {
			session.showMessage(none);
		} else {
			await searchOlderLines(session, tail, find, none);
		}
	});
}

/** The next matching line. While following, the last line itself can match, because the cursor has not been on it. */
function nextWanted(view: TailView, direction: 1 | -1, isWanted: IsWanted): number | null {
	const last = selectedLine(view);
	if (view.follow && direction < 0 && shownLength(view) > 0 && isWanted(view, last)) {
		return last;
	}

	const from = view.follow ? view.buffer.end - (direction > 0 ? 1 : 0) : view.cursor;
	return findLine(view, from, direction, number => isWanted(view, number));
}

function isError(view: TailView, number: number): boolean {
	return isErrorLevel(flagsAt(view, number) & levelMask);
}

function isGap(view: TailView, number: number): boolean {
	return (flagsAt(view, number) & kindMask) === noticeFlags;
}

function isMark(view: TailView, number: number): boolean {
	return view.buffer.line(number)?.kind === 'mark' || view.marked.has(number);
}

function flagsAt({buffer}: TailView, number: number): number {
	const block = buffer.blockOf(number);
	return block === null ? 0 : block.flags[number - block.first]!;
}
