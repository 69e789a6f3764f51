/** The audit view: the hub with spokes, the rows, and the evidence of the selected row. */
import {Box} from 'ink';
import type {ReactNode} from 'react';
import {
	auditEndNames,
	auditLegState,
	auditRowState,
	auditStateBasis,
	commonRoute,
	kubeletsRow,
	routeToNodes,
} from '../../report/descriptions/describe-audit.ts';
import {routeName, tlsName} from '../../report/descriptions/describe-verdict.ts';
import type {Audit, AuditedLeg, AuditRow, RowId, RowVerdict} from '../../evidence/audit/audit-object.ts';
import {cellWidth, fitToCells, truncateToCells} from '../../base/text/cell-width.ts';
import {viewRows} from '../frame/layout.ts';
import {isAwaitingApiserver, type ShownAuditRow} from '../frame/session-state.ts';
import type {Glyphs, Role} from '../kit/theme.ts';
import {tlsRoleOf} from '../kit/path-line-spans.ts';
import {CursorRows, describeHiddenRows, Rows, Row, Rule, Words} from '../kit/styled-text.tsx';
import {useScreen, useScreenWith, toSessionAdvice} from '../kit/screen-input.ts';
import {clipSpans, itemLine, line, lineWidth, styled, type Line, type Span} from '../kit/styled-line.ts';
import {textLines, textParts} from '../kit/text-rows.ts';
import {UnreachablePane} from '../lists/list-pane.tsx';

const minVerdictWidth = 27;
/** Narrower screens show no picture. */
const pictureFrom = 110;
/** Of the list, and of the details if they fit. */
const minRows = 4;

const leftRows = ['N1', 'N2', 'N3', 'N4'] as const;
const rightRows = ['C4', 'C6', 'C7', 'C8'] as const;
const kubeletStreams = ['C1', 'C2', 'C3'] as const;
const hub = ' apiserver ';
const nameWidth = 15;

const verdictRole: Readonly<Record<RowVerdict, Role>> = {
	pass: 'tls.verified',
	warn: 'level.warn',
	fail: 'state.failed',
	unknown: 'tls.unknown',
	'not-applicable': 'text.dim',
};

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
				<Words role="text.dim">
					{audit.reading === null ? audit.note || 'not read yet' : 'reading …  open connections are not affected'}
				</Words>
			</Box>
		);
	}

	const rows = viewRows(screen.state);
	const whole = audit.found === null || size.columns < pictureFrom ? [] : auditPicture(audit.found, glyphs, size.columns);
	const picture = rows < whole.length + 2 + 2 * minRows ? [] : whole;
	// A head and a rule.
	const detailRows = Math.min(minRows, rows - 2 - minRows);
	const widths = columnWidths(Math.max(...audit.rows.map(row => cellWidth(verdictText(row, glyphs)))), size.columns);
	const at = audit.rows[audit.cursor]!;
	const list = audit.rows.flatMap((row, index) => [
		...(row.heading === null ? [] : [{spans: clipSpans([styled('text.dim', ` ${row.heading}`)], size.columns - 1, glyphs.more)}]),
		{...rowLine(row, widths, glyphs, row === at), item: index},
	]);
	const selected = audit.cursor + audit.rows.slice(0, audit.cursor + 1).filter(({heading}) => heading !== null).length;
	return (
		<>
			<Box flexDirection="column" flexShrink={0} aria-hidden>
				{picture.map((row, index) => (
					<Row key={index} {...row} />
				))}
				<Row {...line(styled('text.dim', `   ${fitToCells('CHECK', widths.title)} VERDICT`))} />
			</Box>
			<CursorRows lines={list} cursor={selected} grow={3} minHeight={minRows} />
			{detailRows > 0 && (
				<>
					<Rule title={at.id} after={at.howKnown} right={audit.note} />
					<Rows
						minHeight={detailRows}
						draw={({rows: height}) =>
							withHiddenCount(
								textLines(
									screen,
									at.lines.map(one => ({...one, text: toSessionAdvice(screen, one.text)})),
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

type Widths = {title: number; verdict: number};

/** Gives the width that verdicts do not need to the title column. */
function columnWidths(longestVerdict: number, columns: number): Widths {
	const both = columns - 5;
	const title = Math.max(16, Math.min(44, both - Math.min(minVerdictWidth, longestVerdict)));
	return {title, verdict: both - title};
}

function rowLine(row: ShownAuditRow, {title, verdict}: Widths, glyphs: Glyphs, isAt: boolean): Line {
	const whole = verdictText(row, glyphs);
	// Shorten the route first, because the TLS state after it matters most.
	const found = cellWidth(whole) <= verdict ? whole : verdictText(row, glyphs, {short: true});
	return {
		...itemLine(isAt, glyphs.cursor, [
			{text: `${fitToCells(row.title, title)} `},
			styled(verdictRole[row.verdict], fitToCells(found, verdict)),
		]),
		label: `${row.title}, ${row.leg === null && row.state === row.verdict ? '' : `${row.verdict}, `}${auditLegState(row)}, ${row.basis}`,
	};
}

/** The glyph is the verdict and the text is the state, so that color is never the only sign. Each state has the stroke of its own basis. */
function verdictText(row: ShownAuditRow, {passed, failed, look, strokes}: Glyphs, {short = false}: {short?: boolean} = {}): string {
	const {verdict, leg, basis} = row;
	const glyph = {pass: passed, fail: failed, warn: look, unknown: strokes.unknown, 'not-applicable': ' '}[verdict];
	return leg === null
		? `${glyph} ${strokes[basis]} ${auditRowState(row, {short})}`
		: `${glyph} ${strokes[leg.route.basis]} ${routeName(leg.route.state, {short})} ${strokes[leg.tls.basis]} ${tlsName(leg.tls.state)}`;
}

export function auditPicture({rows}: Pick<Audit, 'rows'>, glyphs: Glyphs, width: number): Line[] {
	const {frame} = glyphs;
	const side = Math.min(48, Math.floor((width - cellWidth(hub) - 5) / 2));
	const row = (id: RowId) => rows.find(one => one.id === id)!;
	const edge = (left: string, right: string) =>
		styled('rule', `${' '.repeat(side + 1)}${left}${frame.along.repeat(cellWidth(hub))}${right}`);
	const middle = leftRows.map((id, index) => {
		const farId = rightRows[index]!;
		const centre = index === 1 ? styled('title', hub) : {text: ' '.repeat(cellWidth(hub))};
		return line(
			' ',
			spokeIn(auditEndNames[id].text, row(id), side, glyphs),
			styled('rule', frame.side),
			centre,
			styled('rule', frame.side),
			spokeOut(
				auditEndNames[farId].text,
				{...(farId === 'C4' ? kubeletsRow(rows) : row(farId)), broken: row(farId === 'C4' ? 'C2' : farId).broken},
				commonRoute(rows, farId === 'C4' ? kubeletStreams : [farId]),
				glyphs,
			),
		);
	});
	const toNodes = routeToNodes(rows);
	const route = `route: ${toNodes.basis === 'unknown' ? '' : `${glyphs.strokes[toNodes.basis]} `}${toNodes.name}`;
	const ssh = `SSH: ${auditRowState(row('C9'), {short: true})}`;
	return [
		line(edge(frame.topLeft, frame.topRight)),
		...middle,
		line(edge(frame.bottomLeft, frame.bottomRight), styled('text.dim', `  ${route} ${glyphs.dot} ${ssh}`)),
	];
}

/** `kubelets: ! static tokens on ━►`, with the long state if it fits. */
function spokeIn(name: string, row: AuditRow, width: number, {strokes, arrow, failed, look}: Glyphs): Span[] {
	const glyph = row.verdict === 'warn' ? `${look} ` : row.verdict === 'fail' ? `${failed} ` : '';
	const textWidth = width - nameWidth - 4;
	const [state, short] = [false, true].map(isShort => `${glyph}${auditRowState(row, {short: isShort})}`) as [string, string];
	const lead = [
		{text: `${name}:`.padEnd(nameWidth)},
		styled(roleOf(row), truncateToCells(cellWidth(state) <= textWidth ? state : short, textWidth)),
	];
	const stroke = strokes[row.basis];
	return [...lead, styled(roleOf(row), ` ${stroke.repeat(Math.max(1, width - lineWidth(lead) - 2))}${arrow}`)];
}

/** `━ konnectivity ━ unverified ━► kubelets`: each stroke is the basis of the word after it. */
function spokeOut(name: string, row: AuditRow, route: AuditedLeg['route'] | null, {strokes, arrow, broke}: Glyphs): Span[] {
	const stroke = strokes[auditStateBasis(row)];
	const end = row.broken ? styled('state.failed', ` ${broke}`) : styled(roleOf(row), ` ${stroke}${arrow}`);
	const shownRoute =
		route !== null && ['konnectivity', 'direct', 'egress', 'egress-http-connect', 'ssh-tunnel'].includes(route.state)
			? [styled('route', `${strokes[route.basis]} ${routeName(route.state)} `)]
			: [];
	return [...shownRoute, styled(roleOf(row), `${stroke} ${auditRowState(row, {short: true})}`), end, {text: ` ${name}`}];
}

function roleOf({state, verdict}: AuditRow) {
	return tlsRoleOf(state) ?? verdictRole[verdict];
}
