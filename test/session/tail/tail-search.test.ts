/** Search and filter in many lines. */
import test from 'ava';
import {navigationHandlers} from '../../../source/session/frame/navigation-handlers.ts';
import {tailHandlers} from '../../../source/session/tail/tail-handlers.ts';
import type {Session, TextPromptOptions} from '../../../source/session/frame/session.ts';
import {insertLines} from '../../../source/session/tail/insert-lines.ts';
import {LineBuffer, linesPerBlock} from '../../../source/session/tail/line-buffer.ts';
import type {TailRequest, TrackedLine} from '../../../source/session/tail/tail-run.ts';
import {emptyTail, goTo, shownLength} from '../../../source/session/tail/tail-view.ts';
import {fakeSession} from '../../support/fake-session.ts';
import {tailRun} from '../../support/tail-run.ts';

const {'tail/search': promptSearch, 'tail/filter': promptFilter, 'tail.matches-only': toggleMatchesOnly} = tailHandlers;
const {'tail/search.next': goToNext, 'tail/search.previous': goToPrevious} = tailHandlers;

const count = linesPerBlock * 12;
const needles = [10, linesPerBlock * 6, linesPerBlock * 10] as const;

/** Each scan covers one block. */
function heldAt(cursor: number | null, typed: string, regex = false) {
	const buffer = new LineBuffer();
	for (let number = 0; number < count; number++) {
		buffer.append(0, 0, 0, 'text', Buffer.from(needles.includes(number) ? 'needle' : 'hay'));
	}

	const empty = {...emptyTail('tail-1', 'pod/web', buffer), older: {phase: 'none', read: 0, note: ''} as const};
	const run = tailRun({title: 'pod/web'} as TailRequest, []);
	run.view = cursor === null ? empty : goTo(empty, cursor);
	run.scan = () => (run.view.searchIndex?.advance(buffer, -1) ?? true) && (run.view.shownIndex?.advance(buffer, -1) ?? true);
	const told: string[] = [];
	const notes: string[] = [];
	const session = fakeSession({
		work: {get: () => run},
		store: {state: {layers: [{kind: 'tail', id: 'tail-1', line: null}], tails: new Map()}, dispatchNow() {}},
		async promptForText({onChange, note}: {onChange: (text: string, regex: boolean) => void; note: (text: string) => string}) {
			onChange(typed, regex);
			notes.push(note(typed));
			if (notes.at(-1) === '') {
				return typed;
			}

			buffer.append(0, 0, 0, 'text', Buffer.from('needle that came meanwhile'));
			return typed;
		},
		showMessage(text: string) {
			told.push(text);
		},
	});
	return {run, session, told, notes};
}

for (const [from, found] of [
	[0, needles[0]],
	[needles[0] + 1, needles[0]],
	[needles[1], needles[1]],
	[linesPerBlock * 8, needles[2]],
] as const) {
	test(`a search from line ${from} lands on the match at ${found}, at or below the top of the window`, async t => {
		const {run, session, told} = heldAt(from, 'needle');
		await promptSearch(session);
		t.is(run.view.cursor, found);
		t.false(run.view.follow);
		t.deepEqual(told, []);
	});
}

test('a search below the last match says that it wrapped to the top', async t => {
	const {run, session, told} = heldAt(linesPerBlock * 11, 'needle');
	await promptSearch({...session, promptForText: withoutNewLines(session)});
	t.is(run.view.cursor, needles[0]);
	t.deepEqual(told, ['search wrapped to the top']);
});

test('the next match after the last one, and the one before the first, say that they wrapped', async t => {
	const {run, session, told} = heldAt(needles[1], 'needle');
	await promptSearch({...session, promptForText: withoutNewLines(session)});
	await goToNext(session);
	t.deepEqual([run.view.cursor, ...told], [needles[2]]);
	await goToNext(session);
	t.deepEqual([run.view.cursor, ...told], [needles[0], 'search wrapped to the top']);
	await goToPrevious(session);
	t.deepEqual([run.view.cursor, ...told.slice(1)], [needles[2], 'search wrapped to the bottom']);
});

function withoutNewLines({promptForText}: Session): Session['promptForText'] {
	return async options => promptForText({...options, note: () => ''});
}

test('a search in a followed tail lands on the last match at its start', async t => {
	const {run, session} = heldAt(null, 'needle');
	await promptSearch(session);
	t.is(run.view.cursor, needles[2]);
});

test('a search without matches reports none', async t => {
	const {run, session, told} = heldAt(count - 1, 'nowhere');
	await promptSearch(session);
	t.is(run.view.cursor, count - 1);
	t.deepEqual(told, ['no match']);
});

test('a filter keeps the cursor at the nearest visible line and releases it when done', async t => {
	const {run, session} = heldAt(linesPerBlock * 9, 'needle');
	const tracked: TrackedLine[] = [];
	const trackLine = run.trackLine.bind(run);
	run.trackLine = number => {
		tracked.push(trackLine(number));
		return tracked.at(-1)!;
	};

	await promptFilter(session);
	t.is(run.view.cursor, needles[2]);
	run.remapLines(number => number + 1);
	t.deepEqual(
		tracked.map(({hasMoved}) => hasMoved),
		[false],
	);
});

test('a single filtered line is counted as one line', async t => {
	const {session, notes} = heldAt(count - 1, 'needle');
	await promptFilter(session);
	t.deepEqual(notes, ['1 line']);
});

test('matches-only shows only matching lines, and the same key or back shows all', async t => {
	const {run, session, told} = heldAt(needles[2], 'needle');
	await promptSearch(session);
	const shown = async (press: (session: Session) => Promise<void> | void) => {
		await press(session);
		return [shownLength(run.view), run.view.cursor];
	};

	t.deepEqual(await shown(toggleMatchesOnly), [4, needles[2]]);
	t.deepEqual(await shown(toggleMatchesOnly), [count + 1, needles[2]]);
	t.deepEqual(await shown(toggleMatchesOnly), [4, needles[2]]);
	t.deepEqual(await shown(navigationHandlers['view.back']), [count + 1, needles[2]]);
	t.deepEqual(told, []);
	await toggleMatchesOnly(session);
	t.deepEqual(told, ['no search or filter: all lines are shown']);
});

for (const [what, look] of [
	['search', promptSearch],
	['filter', promptFilter],
] as const) {
	test(`a ${what} that is no valid regular expression is reported as such, not as no match`, async t => {
		const {session, notes} = heldAt(null, '(', true);
		await look(session);
		t.deepEqual(notes, ['invalid regular expression: unterminated group']);
	});
}

test('a disabled filter stays disabled when another one is canceled', async t => {
	const {run, session} = heldAt(count - 1, 'needle');
	await promptFilter(session);
	t.is(shownLength(run.view), 4);
	await toggleMatchesOnly(session);
	const givenUp = fakeSession({
		...session,
		async promptForText({onChange}: TextPromptOptions) {
			onChange?.('ne', false);
			return null;
		},
	});
	await promptFilter(givenUp);
	t.deepEqual([run.view.filter.text, run.view.matchesOnly, shownLength(run.view)], ['needle', false, count + 1]);
});

test('a canceled search returns to the lines before it, also if older lines moved them', async t => {
	const {run, session} = heldAt(count - 1, 'needle');
	await promptSearch(session);
	const before = run.view;
	const older = 100;
	const givenUp = fakeSession({
		...session,
		async promptForText({onChange}: TextPromptOptions) {
			onChange?.('hay', false);
			const log = new LineBuffer();
			for (let number = 0; number < older; number++) {
				log.append(0, 0, 0, 'text', Buffer.from('hay'));
			}

			const moved = insertLines(run.view.buffer, [log]);
			run.remapLines(moved);
			return null;
		},
	});
	await promptSearch(givenUp);
	t.deepEqual([run.view.cursor, run.view.top, run.view.search?.text], [before.cursor + older, before.top + older, 'needle']);
	while (!run.scan(0)) {
		// Block by block.
	}

	t.deepEqual(
		Array.from({length: 3}, (_, index) => run.view.searchIndex?.matches.at(index)),
		needles.map(number => number + older),
	);
});
