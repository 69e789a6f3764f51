/** The audit view: the picture, the rows, and the evidence of the selected row. */
import {Box} from 'ink';
import type {ReactNode} from 'react';
import {cellWidth, fitToCells} from '../../text/cell-width.ts';
import {auditLegState} from '../../descriptions/describe-audit.ts';
import {viewRows} from '../frame/layout.ts';
import {isAwaitingApiserver, type SessionState, type ShownAuditRow} from '../frame/session-state.ts';
import type {Glyphs} from '../kit/glyphs.ts';
import {CursorRows, describeHiddenRows, Rows} from '../kit/rows.tsx';
import {Rule} from '../kit/rule.tsx';
import {toSessionAdvice} from '../kit/session-advice.ts';
import {useScreen, useScreenWith} from '../kit/screen-input.ts';
import {Row, Words} from '../kit/styled-text.tsx';
import {clipSpans, itemLine, line, styled, type Line} from '../kit/styled-line.ts';
import {textLines, textParts} from '../kit/text-rows.ts';
import {UnreachablePane} from '../lists/list-pane.tsx';
import {auditPicture, verdictRole} from './audit-picture.ts';

const provenHead = 'PROVEN FOR';
const minVerdictWidth = 27;
/** Cursor, sign, basis, code and the blanks between them. */
const otherColumns = 19;
/** Narrower screens show no picture. */
const wideFrom = 60;
/** Of the list, and of the details if they fit. */
const minRows = 4;
/** Narrower screens name only nodes, because most rows count apiservers. */
const unitsFrom = 100;

export function AuditView(): ReactNode {
	const screen = useScreenWith(...textParts, 'audit', 'zoom', 'connections');
	const isUnreachable = useScreen(({state}) => isAwaitingApiserver(state));
	const {
		state: {audit, size},
		theme: {glyphs},
	} = screen;
	if (isUnreachable) {
		return <UnreachablePane />;
	}

	if (audit.rows.length === 0) {
		return (
			<Box flexGrow={1} flexBasis={0} paddingTop={1} paddingLeft={1}>
				<Words role="text.dim">{withoutRows(audit)}</Words>
			</Box>
		);
	}

	const rows = viewRows(screen.state);
	const whole = audit.found === null || size.columns < wideFrom ? [] : auditPicture(audit.found, glyphs, size.columns);
	const picture = rows < whole.length + 2 + 2 * minRows ? [] : whole;
	// A head and a rule.
	const detailRows = Math.min(minRows, rows - 2 - minRows);
	const unit = size.columns < unitsFrom ? 'short' : 'long';
	const widths = columnWidths(
		audit.rows.map(row => cellWidth(verdictText(row, glyphs))),
		Math.max(cellWidth(provenHead), ...audit.rows.map(({provenOn}) => cellWidth(provenOn[unit]))),
		size.columns,
	);
	const at = audit.rows[audit.cursor];
	const list = audit.rows.flatMap((row, index) => [
		...(row.heading === null ? [] : [headingLine(row.heading, size.columns, glyphs)]),
		{...rowLine(row, widths, glyphs, {isAt: row === at, unit}), item: index},
	]);
	const selected = audit.cursor + audit.rows.slice(0, audit.cursor + 1).filter(({heading}) => heading !== null).length;
	return (
		<>
			<Box flexDirection="column" flexShrink={0} aria-hidden>
				{picture.map((row, index) => (
					<Row key={index} {...row} />
				))}
				<Row {...headLine(widths)} />
			</Box>
			<CursorRows lines={list} cursor={selected} grow={3} minHeight={minRows} />
			{detailRows > 0 && (
				<>
					<Rule title={at?.id ?? ''} right={audit.note} />
					<Rows
						minHeight={detailRows}
						draw={({rows: height}) =>
							withHiddenCount(
								textLines(
									screen,
									(at?.lines ?? []).map(one => ({...one, text: toSessionAdvice(screen, one.text)})),
								),
								height,
							)
						}
					/>
				</>
			)}
		</>
	);
}

function withHiddenCount(lines: readonly Line[], height: number): readonly Line[] {
	const shown = lines.slice(0, height - 1);
	return lines.length <= height ? lines : [...shown, line(styled('text.dim', `   ${describeHiddenRows(0, lines.length - shown.length)}`))];
}

function headLine({title, verdict, proven}: Widths): Line {
	const columns = [
		fitToCells('CHECK', title),
		fitToCells('VERDICT', verdict),
		`${fitToCells('BASIS', 10)}${fitToCells(provenHead, proven)}`,
	];
	return line(styled('text.dim', `   ${columns.join(' ')} ROW`));
}

function withoutRows({reading, note}: SessionState['audit']): string {
	if (reading !== null) {
		return 'reading …  open connections are not affected';
	}

	return note === '' ? 'not read yet' : note;
}

type Widths = {title: number; verdict: number; proven: number};

/** Gives the width that verdicts do not need to the title column. */
function columnWidths(verdicts: readonly number[], proven: number, columns: number): Widths {
	const longest = Math.max(...verdicts);
	const needed = Math.min(minVerdictWidth, longest);
	const others = otherColumns + proven;
	const forTitle = columns < wideFrom ? columns - 30 : columns - others - needed;
	const title = Math.max(16, Math.min(44, forTitle));
	return {title, verdict: Math.max(needed, Math.min(Math.max(minVerdictWidth, longest), columns - others - title)), proven};
}

function rowLine(
	row: ShownAuditRow,
	{title, verdict, proven}: Widths,
	glyphs: Glyphs,
	{isAt, unit}: {isAt: boolean; unit: 'short' | 'long'},
): Line {
	const whole = verdictText(row, glyphs);
	// Shorten the route first, because the TLS state after it matters most.
	const found = cellWidth(whole) <= verdict ? whole : verdictText(row, glyphs, {short: true});
	return {
		...itemLine(isAt, glyphs.cursor, [
			{text: `${fitToCells(row.title, title)} `},
			styled(verdictRole[row.verdict], fitToCells(found, verdict)),
			styled('text.dim', ` ${fitToCells(row.basis, 10)}${fitToCells(row.provenOn[unit], proven)} ${row.id}`),
		]),
		label: `${row.title}, ${row.leg === null && row.state === row.verdict ? '' : `${row.verdict}, `}${auditLegState(row)}, ${row.basis}`,
	};
}

function headingLine(text: string, columns: number, {more}: Glyphs): Line {
	return {spans: clipSpans([styled('text.dim', ` ${text}`)], columns - 1, more)};
}

/** The glyph is the verdict and the text is the state, so that color is never the only sign. */
function verdictText(row: ShownAuditRow, {passed, failed, look, strokes}: Glyphs, {short = false}: {short?: boolean} = {}): string {
	const glyph = {pass: passed, fail: failed, warn: look, unknown: strokes.unknown, 'not-applicable': ' '}[row.verdict];
	return `${glyph} ${auditLegState(row, {short})}`;
}
