/** Audit: the hub and its spokes as a picture, one row a path, and under them what was read of the row under the cursor. */
import {cellWidth, fitToCells} from '../text/cell-width.ts';
import {stateWords} from '../state/route-words.ts';
import type {ShownAuditRow} from '../state/session-state.ts';
import {auditPicture} from './audit-picture.ts';
import {titledRule} from './chrome.ts';
import type {Glyphs} from './glyphs.ts';
import type {Screen} from './screen.ts';
import {line, of, type Line} from './styled-line.ts';
import {fillUp, textLines} from './text-screen.ts';
import {verdictRole} from './verdict-role.ts';

const leastVerdict = 27;
/** Besides what a row is called and its verdict. */
const otherColumns = 30;

export function auditScreen(screen: Screen, rows: number): Line[] {
	const {state: {audit, size}, theme: {glyphs}} = screen;
	if (audit.rows.length === 0) {
		return fillUp([line(''), line(' ', of('text.dim', audit.busy ? 'reading …  connections are not touched' : audit.note === '' ? 'not read yet' : audit.note))], rows);
	}

	const picture = audit.found === null || size.columns < 60 ? [] : auditPicture(audit.found, glyphs, size.columns);
	const longest = Math.max(...audit.rows.map(row => cellWidth(verdictWords(row, glyphs))));
	// What the verdicts do not need is the titles'.
	const needed = Math.min(leastVerdict, longest);
	const titleWidth = Math.max(16, Math.min(44, size.columns < 60 ? size.columns - 30 : size.columns - otherColumns - needed));
	const verdictWidth = Math.max(needed, Math.min(Math.max(leastVerdict, longest), size.columns - otherColumns - titleWidth));
	// TLS decides, and stands behind the route.
	const found = (row: ShownAuditRow) => {
		const whole = verdictWords(row, glyphs);
		return cellWidth(whole) <= verdictWidth ? whole : verdictWords(row, glyphs, {short: true});
	};

	const room = Math.max(4, rows - picture.length - 2 - Math.max(4, Math.floor(rows / 4)));
	const top = Math.max(0, Math.min(audit.at - room + 1, audit.rows.length - room));
	const list = audit.rows.slice(top, top + room).map((row, index): Line => {
		const isAt = top + index === audit.at;
		return {
			spans: [{text: ' '}, isAt ? of('focus', glyphs.cursor) : {text: ' '}, {text: ` ${row.id.padEnd(5)}${fitToCells(row.title, titleWidth)} `}, of(verdictRole[row.verdict], fitToCells(found(row), verdictWidth)), of('text.dim', ` ${fitToCells(row.basis, 10)}${row.readOn}`)],
			...isAt && {ground: 'selection' as const},
		};
	});
	const at = audit.rows[audit.at];
	return fillUp([
		...picture, line(of('text.dim', `   ROW  ${fitToCells('WHAT', titleWidth)} ${fitToCells('VERDICT', verdictWidth)} ${fitToCells('BASIS', 10)}READ ON`)), ...list,
		titledRule(screen, at?.id ?? '', {right: audit.note}), ...textLines(screen, at?.lines ?? []),
	], rows);
}

/** `✗ unverified`: the sign is the verdict, the word what was found; colour alone says nothing. */
function verdictWords({verdict, state}: ShownAuditRow, {passed, failed, look, strokes}: Glyphs, {short = false}: {short?: boolean} = {}): string {
	const sign = {pass: passed, fail: failed, warn: look, unknown: strokes.unknown, 'not-applicable': ' '}[verdict];
	return `${sign} ${stateWords(state === '' ? verdict : state, {short})}`;
}
